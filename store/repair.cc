// The longest sound beginning of a damaged log, in two steps. First the log is read as far as it goes: every event decodes, follows
// the one before it, and fits the leaf that its tile holds; where a tile or the watermark contradicts the events, the beginning
// ends at the last seq that one of them proves. Then it is folded into the new store; an event that does not fold ends it, too, and
// the fold begins again up to there.

#include "forge/store/repair.h"

#include <algorithm>

#include "forge/events/key.h"
#include "forge/store/enclosure.h"
#include "log_reader.h"
#include "log_tree.h"
#include "repairing.h"
#include "transaction_order.h"
#include "wreck.h"

namespace forge {
namespace internal {
namespace {

constexpr std::string_view kActor = "forgectl repair";

// Reads the log from its beginning while it is sound.
class Beginning {
 public:
  explicit Beginning(const Wreck& wreck) : wreck_(wreck), log_(wreck.database().iterate(Table::kLog)) {}

  // The last event of the last sound whole transaction; reason() says what ends it there.
  Seq find() {
    log_->SeekToFirst();
    for (Seq seq = 1; take(seq); ++seq) log_->Next();
    if (proof_failed_) whole_ = proven_;
    return whole_;
  }
  const Status& reason() const { return reason_; }

 private:
  bool take(Seq seq) {
    if (const Status readable = Database::check(*log_, "reading the log"); !readable.ok()) return end(readable);
    if (!log_->Valid()) return false;
    if (log_->key().size() != 8 || read_u64(log_->key().data()) != seq)
      return end(Status(ErrorId::kDataTruncated, "event " + std::to_string(seq) + " is missing from the log"));
    const Result<Envelope> event = decode_event(seq, view_of(log_->value()), bytes_);
    if (!event.ok()) return end(event.status());
    if (std::string why = order_.problem(*event); !why.empty())
      return end(Status(ErrorId::kDataCorrupt, "event " + std::to_string(seq) + " is not sound").why(std::move(why)));
    order_.take(*event);
    leaves_.push_back(tree_.leaf_of({reinterpret_cast<const std::uint8_t*>(log_->value().data()), log_->value().size()}));
    tree_.append(leaves_.back(), [](std::string_view, std::string_view) {});
    const bool is_sound = check_watermark(seq) && check_tile(seq);
    if (is_sound && order_.is_whole()) whole_ = seq;
    if (proven_now_) proven_ = whole_;
    return is_sound;
  }

  bool check_watermark(Seq seq) {
    proven_now_ = false;
    const std::optional<Watermark>& watermark = wreck_.watermark();
    if (!watermark || watermark->seq != seq) return true;
    if (tree_.frontier().root(hasher_) == watermark->root) return proven_now_ = true;
    const Result<Tile> tile = read_tile(wreck_.database(), (seq - 1) / kTileLeaves);
    return end_at_altered(seq, tile, leaves_,
                          Status(ErrorId::kEventAltered, "the log was altered")
                              .why("events 1 to " + std::to_string(seq) + " have another root than the watermark says"));
  }

  // At the end of a tile. A tile that cannot be read says nothing about its events.
  bool check_tile(Seq seq) {
    if (seq % kTileLeaves != 0) return true;
    const std::vector<Hash> leaves = std::exchange(leaves_, {});
    const Result<Tile> tile = read_tile(wreck_.database(), seq / kTileLeaves - 1);
    if (!tile.ok()) return true;
    if (tile->frontier == tree_.frontier().hashes()) return proven_now_ = true;
    return end_at_altered(seq, tile, leaves,
                          Status(ErrorId::kDataCorrupt, "the tree and the log differ before event " + std::to_string(seq + 1)));
  }

  // The events of `leaves`, up to `seq`, have another root than was recorded: the first one whose leaf is another than in the tile
  // ends the beginning. Without one the events up to the last proof are the ones to keep.
  bool end_at_altered(Seq seq, const Result<Tile>& tile, const std::vector<Hash>& leaves, Status otherwise) {
    for (std::size_t i = 0; tile.ok() && i < leaves.size(); ++i) {
      if (mark_of(leaves[i]) == tile->marks[i]) continue;
      const Seq bad = seq - leaves.size() + 1 + i;
      whole_ = whole_before(bad);
      return end(altered_event(bad, tile->marks[i], leaves[i]));
    }
    proof_failed_ = true;
    return end(std::move(otherwise));
  }

  Seq whole_before(Seq bad) {
    for (Seq seq = bad - 1; seq > 0; --seq) {
      const Result<Envelope> event = read_event(wreck_.database(), seq, bytes_);
      if (event.ok() && event->place + 1 == event->count) return seq;
    }
    return 0;
  }

  bool end(Status reason) {
    reason_ = std::move(reason);
    return false;
  }

  const Wreck& wreck_;
  std::unique_ptr<rocksdb::Iterator> log_;
  AlignedBytes bytes_;
  TransactionOrder order_;
  LogTree tree_{nullptr};
  Hasher hasher_;
  std::vector<Hash> leaves_;  // of the tile at hand
  Seq whole_ = 0, proven_ = 0;
  bool proven_now_ = false, proof_failed_ = false;
  Status reason_;
};

// What lies behind the kept beginning: the last seq that is known, and what of it can be read.
void count_lost(const Wreck& wreck, RepairPlan& plan) {
  plan.known = std::max(plan.kept, wreck.watermark() ? wreck.watermark()->seq : 0);
  plan.readable = plan.lost_transactions = 0;
  const auto log = wreck.database().iterate(Table::kLog);
  AlignedBytes bytes;
  for (log->Seek(log_key(plan.kept + 1)); log->Valid(); log->Next()) {
    if (log->key().size() != 8) continue;
    const Seq seq = read_u64(log->key().data());
    plan.known = std::max(plan.known, seq);
    const Result<Envelope> event = decode_event(seq, view_of(log->value()), bytes);
    if (!event.ok()) continue;
    ++plan.readable;
    if (event->place == 0) ++plan.lost_transactions;
  }
}

Result<RepairPlan> plan_for(const Wreck& wreck) {
  RepairPlan plan;
  plan.store = wreck.id();
  plan.manifest = wreck.manifest();
  Beginning beginning(wreck);
  plan.kept = beginning.find();
  plan.reason = beginning.reason().ok() ? wreck.damage() : beginning.reason();
  const Status& loss = wreck.log_loss();
  if (plan.reason.id() == ErrorId::kDataTruncated && !loss.ok()) {
    plan.reason = std::move(plan.reason).why(loss.text().why).place(loss.text().place);
  }
  count_lost(wreck, plan);
  if (plan.reason.ok() && plan.lost() > 0) {
    plan.reason = Status(ErrorId::kDataTruncated, "acknowledged events are missing")
                      .why("the watermark knows " + std::to_string(plan.known) + " events, the log ends at event " +
                           std::to_string(plan.kept));
  }
  return plan;
}

// Feeds the kept events. Where one does not fold, `plan` ends before its transaction and false is returned.
Result<bool> feed_salvaged(const Wreck& wreck, const CopyOptions& options, RepairPlan& plan, StoreBuilder& builder) {
  const auto log = wreck.database().iterate(Table::kLog);
  Hasher hasher;
  AlignedBytes bytes;
  log->SeekToFirst();
  Seq whole = 0;
  for (LogRow row{.seq = 1, .row = {}, .leaf = {}}; row.seq <= plan.kept; ++row.seq, log->Next()) {
    FORGE_TRY(Database::check(*log, "reading the log"));
    if (!log->Valid()) return Status(ErrorId::kDataTruncated, "the log became shorter while it was read");
    row.row = view_of(log->value());
    row.leaf = hasher.leaf({reinterpret_cast<const std::uint8_t*>(row.row.data()), row.row.size()});
    const Status added = builder.add(row);
    if (added.id() == ErrorId::kDataCorrupt) {
      plan.kept = whole;
      plan.reason = added;
      return false;
    }
    FORGE_TRY(added);
    FORGE_ASSIGN(const Envelope event, decode_event(row.seq, row.row, bytes));
    if (event.place + 1 == event.count) whole = row.seq;
    FORGE_TRY(tell_progress(options, row.seq, plan.kept));
  }
  return true;
}

// What the new store says about what is missing: the lost history must not look as if it had never been.
std::string loss_of(const RepairPlan& plan) {
  return "events " + std::to_string(plan.kept + 1) + " to " + std::to_string(plan.known) + " of the store " + plan.store +
         " are lost: " + plan.reason.text().what;
}

Status build(const Wreck& wreck, const std::string& target, const CopyOptions& options, const std::shared_ptr<rocksdb::Env>& env,
             RepairReport& report) {
  for (RepairPlan& plan = report.plan;;) {
    FORGE_ASSIGN(const std::unique_ptr<StoreBuilder> builder,
                 StoreBuilder::begin(build_target(target, options, env), {plan.store, plan.kept}));
    FORGE_ASSIGN(const bool fed, feed_salvaged(wreck, options, plan, *builder));
    if (!fed) continue;
    count_lost(wreck, plan);
    if (plan.lost() > 0) {
      FORGE_ASSIGN(report.note, builder->add_note(kActor, loss_of(plan)));
    }
    FORGE_ASSIGN(const BuiltStore built, builder->finish());
    report.copy = copy_of(built);
    return {};
  }
}

}  // namespace

std::string scratch_of(const std::string& target) {
  const std::size_t end = target.find_last_not_of('/');
  return (end == std::string::npos ? target : target.substr(0, end + 1)) + ".salvage";
}

Result<RepairReport> repair_wreck(Wreck& wreck, const std::string& target, const CopyOptions& options,
                                  const std::shared_ptr<rocksdb::Env>& env) {
  RepairReport report;
  FORGE_TRY(wreck.open());
  FORGE_ASSIGN(report.plan, plan_for(wreck));
  const Status built = build(wreck, target, options, env, report);
  if (!built.ok()) return copy_failure(built, "nothing was changed");
  return report;
}

}  // namespace internal

Result<RepairPlan> plan_repair(const std::string& path, const std::string& target, const CopyOptions& options) {
  FORGE_TRY(check_outside(target));
  internal::Wreck wreck(path, internal::scratch_of(target), options);
  FORGE_TRY(wreck.open());
  return internal::plan_for(wreck);
}

Result<RepairReport> repair(const std::string& path, const std::string& target, const CopyOptions& options) {
  FORGE_TRY(check_outside(target));
  internal::Wreck wreck(path, internal::scratch_of(target), options);
  return internal::repair_wreck(wreck, target, options, nullptr);
}

}  // namespace forge
