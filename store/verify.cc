#include "forge/store/verify.h"

#include <rocksdb/snapshot.h>

#include <algorithm>

#include "forge/events/key.h"
#include "log_reader.h"
#include "store_state.h"
#include "verify_projections.h"
#include "verify_state.h"
#include "verify_tree.h"

namespace forge {

using internal::AlignedBytes;
using internal::Database;
using internal::is_full;
using internal::report;

namespace {

constexpr Seq kProgressEvery = 50'000;

// Walks the log once for all checks. Nothing stops it: what cannot be read is passed over and reported.
class LogWalk {
 public:
  LogWalk(const Database& database, const rocksdb::Snapshot* snapshot, Seq head, const VerifyOptions& options,
          VerifyCheck& tree_check)
      : head_(head), options_(options), tree_check_(tree_check), log_(database.iterate(Table::kLog, true, snapshot)) {}

  void run(internal::TreeCheck& tree, internal::StateCheck* state, internal::ProjectionsCheck* projections) {
    log_->SeekToFirst();
    for (Seq next = 1; next <= head_;) {
      const Status readable = Database::check(*log_, "reading the log");
      if (log_->Valid() && !is_event_from(next)) {
        log_->Next();
        continue;
      }
      if (log_->Valid() && seq_at() == next) {
        event(next, tree, state, projections);
        log_->Next();
      } else {
        tree.missing(next, readable);
        if (!readable.ok()) log_->Seek(log_key(next + 1));  // a damaged block: try behind the event
      }
      if (options_.progress && (next % kProgressEvery == 0 || next == head_)) options_.progress(next, head_);
      ++next;
    }
    for (; log_->Valid() && !is_full(tree_check_); log_->Next()) is_event_from(head_ + 1);
  }

 private:
  Seq seq_at() const { return read_u64(log_->key().data()); }

  // False, and a finding, for a row that cannot be an event at or after `next`.
  bool is_event_from(Seq next) {
    if (log_->key().size() == 8 && seq_at() >= next && seq_at() <= head_) return true;
    report(tree_check_,
           Status(ErrorId::kDataCorrupt, "the log holds a row that is no event")
               .why("its key is " + to_hex({reinterpret_cast<const std::uint8_t*>(log_->key().data()), log_->key().size()})));
    return false;
  }

  void event(Seq seq, internal::TreeCheck& tree, internal::StateCheck* state, internal::ProjectionsCheck* projections) {
    const std::string_view row = internal::view_of(log_->value());
    const Result<Envelope> envelope = internal::decode_event(seq, row, bytes_);
    tree.event(seq, row, envelope);
    if (state != nullptr && envelope.ok()) state->event(*envelope);
    if (projections != nullptr && envelope.ok()) projections->event(*envelope);
  }

  const Seq head_;
  const VerifyOptions& options_;
  VerifyCheck& tree_check_;
  std::unique_ptr<rocksdb::Iterator> log_;
  AlignedBytes bytes_;
};

// Compares the log's root with one that is kept elsewhere.
class HeadCheck {
 public:
  HeadCheck(Seq head, const internal::TreeCheck& tree) : head_(head), tree_(tree) {}

  void compare(const std::string& whose, Seq size, const Hash& root) {
    check_.count = std::max(check_.count, size);
    if (size > head_) {
      report(check_,
             Status(ErrorId::kDataTruncated, "acknowledged events are missing")
                 .why(whose + " knows " + std::to_string(size) + " events, the log ends at event " + std::to_string(head_)));
      return;
    }
    const std::optional<Hash> found = tree_.root(size);
    if (!found || *found == root) return;  // where it cannot be known, the tree's check says why
    std::string why = "the tree over events " + internal::range_text(1, size) + " has root " + to_hex(*found) + ", " + whose +
                      " says " + to_hex(root);
    const Seq recorded = size - size % internal::kTileLeaves;
    if (recorded > 0) why += "; events " + internal::range_text(1, recorded) + " have leaves recorded beside them";
    report(check_, Status(ErrorId::kEventAltered, "the log was altered").why(std::move(why)));
  }

  VerifyCheck take() { return std::move(check_); }

 private:
  const Seq head_;
  const internal::TreeCheck& tree_;
  VerifyCheck check_{.name = "head", .count = 0, .findings = {}};
};

// What the log is held against. Another process may have written since this one opened the store for reading: then it is what was
// known at that time.
std::optional<internal::Watermark> watermark_for(const Store::State& state, const Result<internal::WatermarkFile::Reading>& reading,
                                                 Seq head) {
  if (!reading.ok() || !reading->newest || reading->newest->store != state.identity.id) return std::nullopt;
  return state.options.read_only && reading->newest->seq > head ? state.read_watermark : reading->newest;
}

}  // namespace

bool VerifyReport::ok() const {
  return std::all_of(checks.begin(), checks.end(), [](const VerifyCheck& check) { return check.findings.empty(); });
}

// Beside a writer nothing may look like damage: the watermark is read first, then the head, then one snapshot holds the store
// still. A batch is whole transactions with all that follows from them, so the snapshot is the state just after its last event.
Result<VerifyReport> verify(const Store& store, const VerifyOptions& options) {
  const Store::State& state = StoreAccess::state(store);
  const internal::Pass pass(*state.gate);
  if (!pass) return internal::closed_error();
  VerifyReport out;
  if (options.files) out.checks.push_back(internal::check_files(store));

  const Result<internal::WatermarkFile::Reading> reading = internal::WatermarkFile::read(*state.files);
  const Seq known = store.head();
  if (options.from > std::max<Seq>(known, 1)) {
    return Status(ErrorId::kTimeInFuture, "event " + std::to_string(options.from) + " is past the head of the log")
        .why("the head is event " + std::to_string(known));
  }
  rocksdb::ManagedSnapshot snapshot(&state.database->db());
  const Result<Seq> last = internal::last_seq(*state.database, snapshot.snapshot());
  const Seq head = std::max(known, last.ok() ? *last : 0);

  VerifyCheck tree_check{.name = "tree", .count = 0, .findings = {}}, state_check{.name = "state", .count = 0, .findings = {}};
  internal::TreeCheck tree(*state.database, state.catalog, head, options.from, tree_check);
  std::optional<internal::StateCheck> tables;
  std::optional<internal::ProjectionsCheck> projections;
  if (options.state) {
    tables.emplace(*state.database, state.catalog, snapshot.snapshot(), head, state_check);
    projections.emplace(*state.database, state.catalog, snapshot.snapshot(), state.identity.id);
  }
  const std::optional<internal::Watermark> watermark = watermark_for(state, reading, head);
  tree.want(head);
  if (watermark) tree.want(watermark->seq);
  if (options.expected) tree.want(options.expected->size);
  LogWalk(*state.database, snapshot.snapshot(), head, options, tree_check)
      .run(tree, tables ? &*tables : nullptr, projections ? &*projections : nullptr);
  tree.finish();
  if (tables) tables->finish();

  HeadCheck heads(head, tree);
  if (watermark) heads.compare("the watermark", watermark->seq, watermark->root);
  if (options.expected) heads.compare("the head given", options.expected->size, options.expected->hash);
  out.root.size = head;
  if (const std::optional<Hash> root = tree.root(head)) out.root.hash = *root;
  out.checks.push_back(std::move(tree_check));
  if (tables) out.checks.push_back(std::move(state_check));
  if (projections) {
    if (std::optional<VerifyCheck> check = projections->finish()) out.checks.push_back(*std::move(check));
  }
  out.checks.push_back(heads.take());
  return out;
}

}  // namespace forge
