// The public face of projections. What is told of them is read from their stored checkpoints, so that it is the same beside a
// writer in another process.

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include "checkpoint.h"
#include "forge/projections/audit_index.h"
#include "forge/store/projection.h"
#include "log_fold.h"
#include "projections_state.h"
#include "store_state.h"

namespace forge {

using internal::Checkpoint;
using internal::Database;
using internal::Pass;
using internal::ProjectionHost;
using internal::Projector;
using internal::message::Telling;

namespace {

Status not_found(const std::string& name) {
  Status status(ErrorId::kProjectionNotFound, "there is no projection '" + name + "'");
  return name == kAuditIndex ? std::move(status).remedy("switch it on: forgectl projection rebuild audit") : status;
}

// Nothing where there is no such row. Errors: kDataCorrupt, kIoError.
Result<std::optional<Checkpoint>> read(const Database& database, std::string_view name, const std::string& key,
                                       const rocksdb::Snapshot* snapshot) {
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool found, database.get(Table::kCursors, key, row, snapshot));
  if (!found) return std::optional<Checkpoint>();
  FORGE_ASSIGN(Checkpoint checkpoint, internal::read_checkpoint(name, internal::view_of(row)));
  return std::optional<Checkpoint>(std::move(checkpoint));
}

// Both rows of a projection as of one moment.
struct Stored {
  Checkpoint live;
  std::optional<Checkpoint> shadow;
};

Result<Stored> read_both(const Database& database, const std::string& name) {
  rocksdb::ManagedSnapshot snapshot(&database.db());
  Stored out;
  FORGE_ASSIGN(std::optional<Checkpoint> live, read(database, name, internal::checkpoint_key(name), snapshot.snapshot()));
  if (!live) return not_found(name);
  out.live = *std::move(live);
  FORGE_ASSIGN(out.shadow, read(database, name, internal::shadow_key(name), snapshot.snapshot()));
  return out;
}

ProjectionState state_of(const Stored& stored, std::uint64_t lag) {
  if (stored.live.is_paused) return ProjectionState::kPaused;
  if (stored.shadow || stored.live.wants_rebuild) return ProjectionState::kRebuilding;
  if (stored.live.failure) return ProjectionState::kStalled;
  return lag == 0 ? ProjectionState::kLive : ProjectionState::kBehind;
}

ProjectionInfo describe(const std::string& name, const Stored& stored, Seq head) {
  const Checkpoint& live = stored.live;
  ProjectionInfo info;
  info.name = name;
  info.mode = live.mode;
  info.code_version = live.code_version;
  info.seq = live.seq;
  info.lag = head - std::min(head, live.seq);
  info.state = state_of(stored, info.lag);
  info.errors = live.errors + (stored.shadow ? stored.shadow->errors : 0);
  info.skipped = live.skipped;
  info.updated = live.updated;
  const auto& failure = stored.shadow && stored.shadow->failure ? stored.shadow->failure : live.failure;
  if (failure) info.failure = ProjectionFailure{.seq = failure->seq, .at = failure->at, .error = failure->text};
  if (stored.shadow) info.rebuilt_to = stored.shadow->seq;
  return info;
}

Status stopped(const std::string& name, std::string why) {
  return Status(ErrorId::kProjectionStopped, "the projection '" + name + "' stands still")
      .why(std::move(why))
      .remedy("see: forgectl projection show " + name);
}

std::string failed_at(const internal::FoldFailure& failure) {
  return "it failed on event " + std::to_string(failure.seq) + ": " + failure.text;
}

}  // namespace

std::string_view name_of(ProjectionState state) {
  switch (state) {
    case ProjectionState::kLive:
      return "live";
    case ProjectionState::kBehind:
      return "behind";
    case ProjectionState::kRebuilding:
      return "rebuilding";
    case ProjectionState::kStalled:
      return "stalled";
    case ProjectionState::kPaused:
      return "paused";
    case ProjectionState::kDamaged:
      break;
  }
  return "damaged";
}

// --- views ----------------------------------------------------------------------------------------------------------------------

struct ProjectionView::State {
  explicit State(const Store::State& store)
      : gate(store.gate), database(*store.database), snapshots(store.snapshots), snapshot(snapshots->take()) {}
  ~State() { snapshots->release(snapshot); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const std::shared_ptr<internal::Gate> gate;
  const Database& database;  // used by those inside only, as is the snapshot
  const std::shared_ptr<internal::HeldSnapshots> snapshots;
  const rocksdb::Snapshot* const snapshot;
  Seq seq = 0;
  std::string space;
};

ProjectionView::ProjectionView(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProjectionView::ProjectionView(ProjectionView&&) noexcept = default;
ProjectionView& ProjectionView::operator=(ProjectionView&&) noexcept = default;
ProjectionView::~ProjectionView() = default;

Seq ProjectionView::seq() const {
  return state_->seq;
}

Result<std::optional<std::string>> ProjectionView::get(std::string_view key) const {
  const Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool found, state_->database.get(Table::kRows, state_->space + std::string(key), row, state_->snapshot));
  return found ? std::optional<std::string>(row.ToString()) : std::nullopt;
}

Status ProjectionView::scan(std::string_view prefix,
                            const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  const std::string full_prefix = state_->space + std::string(prefix);
  const auto row = state_->database.iterate(Table::kRows, true, state_->snapshot);
  for (row->Seek(full_prefix); row->Valid() && row->key().starts_with(full_prefix); row->Next()) {
    if (!visit(internal::view_of(row->key()).substr(state_->space.size()), internal::view_of(row->value()))) return {};
  }
  return Database::check(*row, "reading the rows of a projection");
}

// --- reading --------------------------------------------------------------------------------------------------------------------

Result<std::vector<ProjectionInfo>> Projections::list() const {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  const Database& database = *state_.store.database;
  std::vector<std::string> names;
  const auto row = database.iterate(Table::kCursors);
  const rocksdb::Slice prefix = internal::slice_of(internal::kCheckpointPrefix);
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
    names.emplace_back(internal::view_of(row->key()).substr(prefix.size()));
  }
  FORGE_TRY(Database::check(*row, "reading the projections"));
  std::vector<ProjectionInfo> out;
  for (const std::string& name : names) {
    Result<ProjectionInfo> info = get(name);
    if (info.status().id() == ErrorId::kProjectionNotFound) continue;  // dropped meanwhile
    FORGE_TRY(info.status());
    out.push_back(*std::move(info));
  }
  return out;
}

Result<ProjectionInfo> Projections::get(const std::string& name) const {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  if (state_.store.attachment != nullptr) return state_.store.attachment->projection(name);
  const Database& database = *state_.store.database;
  const Result<Stored> stored = read_both(database, name);
  if (stored.ok()) return describe(name, *stored, state_.store.head());
  if (stored.status().id() != ErrorId::kDataCorrupt) return stored.status();
  ProjectionInfo damaged;
  damaged.name = name;
  damaged.state = ProjectionState::kDamaged;
  damaged.lag = state_.store.head();
  return damaged;
}

// What an inline projection wrote is in the tables before it is on disk.
Result<ProjectionView> Projections::view(const std::string& name) const {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  const Database& database = *state_.store.database;
  auto state = std::make_unique<ProjectionView::State>(state_.store);
  FORGE_ASSIGN(const std::optional<Checkpoint> checkpoint, read(database, name, internal::checkpoint_key(name), state->snapshot));
  if (!checkpoint) return not_found(name);
  if (checkpoint->seq > state_.store.head() && state_.store.writer != nullptr) FORGE_TRY(state_.store.writer->sync_written());
  state->seq = checkpoint->seq;
  state->space = internal::space_key(checkpoint->space);
  return ProjectionView(std::move(state));
}

Result<bool> Projections::State::wait(std::chrono::microseconds timeout, const std::function<Result<bool>()>& is_done) const {
  if (host != nullptr) return host->wait(timeout, is_done);
  FORGE_ASSIGN(const bool done, is_done());
  if (done) return done;
  return Status(ErrorId::kProjectionStopped, "projections stand still here").why("the store is open for reading only");
}

Status Projections::await(const std::string& name, Seq seq, std::chrono::microseconds timeout) const {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  if (state_.store.attachment != nullptr) return state_.store.attachment->await_projection(name, seq, timeout);
  const Database& database = *state_.store.database;
  if (const Seq head = state_.store.head(); seq > head) {
    return Status(ErrorId::kTimeInFuture, "event " + std::to_string(seq) + " is past the head of the log")
        .why("the head is event " + std::to_string(head));
  }
  const bool followed = state_.host != nullptr && state_.host->is_followed(name);
  FORGE_ASSIGN(const bool done, state_.wait(timeout, [&]() -> Result<bool> {
    FORGE_ASSIGN(const Stored stored, read_both(database, name));
    const Checkpoint& live = stored.live;
    if (live.seq >= seq) return true;
    if (live.is_paused) return stopped(name, "it is paused");
    if (stored.shadow && !stored.shadow->failure && followed) return false;
    if (stored.shadow && stored.shadow->failure && live.failure) return stopped(name, failed_at(*stored.shadow->failure));
    if (live.failure) return stopped(name, failed_at(*live.failure));
    if (!followed) return stopped(name, "its code is not in this process");
    return false;
  }));
  if (done) return {};
  return Status(ErrorId::kDeadlinePassed, "the projection '" + name + "' has not reached event " + std::to_string(seq) + " yet");
}

Status Projections::await_rebuild(const std::string& name, std::chrono::microseconds timeout) const {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  if (state_.store.attachment != nullptr) return state_.store.attachment->await_projection(name, std::nullopt, timeout);
  const Database& database = *state_.store.database;
  const bool followed = state_.host != nullptr && state_.host->is_followed(name);
  FORGE_ASSIGN(const bool done, state_.wait(timeout, [&]() -> Result<bool> {
    FORGE_ASSIGN(const Stored stored, read_both(database, name));
    if (!stored.shadow && !stored.live.wants_rebuild) return true;
    if (stored.live.is_paused) return stopped(name, "it is paused");
    if (stored.shadow && stored.shadow->failure) return stopped(name, failed_at(*stored.shadow->failure));
    if (!followed) return stopped(name, "its code is not in this process");
    return false;
  }));
  if (done) return {};
  return Status(ErrorId::kDeadlinePassed, "the projection '" + name + "' is still being rebuilt");
}

// --- telling --------------------------------------------------------------------------------------------------------------------

Result<ProjectionHost*> Projections::State::open_host() const {
  if (host != nullptr) return host.get();
  return Status(ErrorId::kReadOnly, "the store " + store.path + " is open for reading only").state("nothing was written");
}

// An inline projection has left for it, and takes part again at once where it may.
template <typename Tell>
auto Projections::State::tell(const std::string& name, const Tell& tell_it) const -> decltype(tell_it(std::declval<Projector&>())) {
  const Pass pass(*store.gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(ProjectionHost * opened, open_host());
  FORGE_ASSIGN(const std::shared_ptr<Projector> projector, opened->find(name));
  auto told = tell_it(*projector);
  static_cast<void>(projector->step().ok());  // what fails is tried again by the thread that follows
  opened->wake();
  return told;
}

// The code of a projection cannot be sent; that of Forge's own is there, too.
Status Projections::add(Projection projection) {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  if (state_.store.writes_elsewhere()) {
    if (projection.name == kAuditIndex) return state_.tell_elsewhere(Telling::kAddAudit, projection.name, {}).status();
    return Status(ErrorId::kReadOnly, "a projection's code runs in the process that holds the store")
        .why("this one is attached to it")
        .state("nothing was written")
        .remedy("add it in that process, or open the store while no other holds it");
  }
  FORGE_ASSIGN(ProjectionHost * host, state_.open_host());
  std::string warning;
  return host->add(std::move(projection), warning);
}

Result<Seq> Projections::State::tell_elsewhere(internal::message::Telling telling, const std::string& name,
                                               const ActOptions& options) const {
  const Pass pass(*store.gate);
  if (!pass) return internal::closed_error();
  return store.attachment->tell_projection(telling, name, options);
}

Status Projections::rebuild(const std::string& name, const ActOptions& options) {
  if (state_.store.writes_elsewhere()) return state_.tell_elsewhere(Telling::kRebuild, name, options).status();
  return state_.tell(name, [&](Projector& projector) { return projector.rebuild(options); });
}

Status Projections::pause(const std::string& name, const ActOptions& options) {
  if (state_.store.writes_elsewhere()) return state_.tell_elsewhere(Telling::kPause, name, options).status();
  return state_.tell(name, [&](Projector& projector) { return projector.pause(options); });
}

Status Projections::resume(const std::string& name, const ActOptions& options) {
  if (state_.store.writes_elsewhere()) return state_.tell_elsewhere(Telling::kResume, name, options).status();
  return state_.tell(name, [&](Projector& projector) { return projector.resume(options); });
}

Result<Seq> Projections::retry(const std::string& name, const ActOptions& options) {
  if (state_.store.writes_elsewhere()) return state_.tell_elsewhere(Telling::kRetry, name, options);
  return state_.tell(name, [&](Projector& projector) { return projector.retry(options); });
}

Result<Seq> Projections::skip(const std::string& name, const ActOptions& options) {
  if (state_.store.writes_elsewhere()) return state_.tell_elsewhere(Telling::kSkip, name, options);
  return state_.tell(name, [&](Projector& projector) { return projector.skip(options); });
}

Status Projections::drop(const std::string& name, const ActOptions& options) {
  const Pass pass(*state_.store.gate);
  if (!pass) return internal::closed_error();
  if (state_.store.writes_elsewhere()) return state_.tell_elsewhere(Telling::kDrop, name, options).status();
  Status dropped = state_.tell(name, [&](Projector& projector) { return projector.drop(options); });
  if (dropped.ok() && !options.dry_run) state_.host->forget(name);
  return dropped;
}

}  // namespace forge
