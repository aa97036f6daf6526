#include "projector.h"

#include "log_fold.h"

namespace forge::internal {
namespace {

// An inline projection that is no further behind catches up while the writer waits, and takes part from then on.
constexpr Seq kJoinWithin = 512;

RowWrite put_row(std::string key, const Checkpoint& checkpoint) {
  return {.table = Table::kCursors, .key = std::move(key), .value = encode(checkpoint)};
}

}  // namespace

// --- opening --------------------------------------------------------------------------------------------------------------------

Checkpoint Projector::first_checkpoint(const RowSpace& space) const {
  Checkpoint out;
  out.store = store_.store;
  out.space = space;
  out.code_version = code_->code_version;
  out.mode = code_->mode;
  out.updated = store_.clock.now();
  return out;
}

// Nothing where there is no such row or where it is of no use, and then `why` says so.
Result<std::optional<Checkpoint>> Projector::usable(const std::string& key, std::string& why) const {
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool found, store_.database.get(Table::kCursors, key, row));
  if (!found) return std::optional<Checkpoint>();
  const Result<Checkpoint> checkpoint = read_checkpoint(name_, view_of(row));
  if (!checkpoint.ok()) {
    why = "is damaged";
  } else if (checkpoint->store != store_.store) {
    why = "belongs to the store " + checkpoint->store.to_string();
  } else if (checkpoint->seq > store_.writer.head()) {
    why = "is at event " + std::to_string(checkpoint->seq) + ", past the head of the log";
  } else {
    return std::optional<Checkpoint>(*checkpoint);
  }
  return std::optional<Checkpoint>();
}

Status Projector::open(std::uint16_t free_number, std::string& warning) {
  const MutexLock lock(mutex_);
  std::string why;
  FORGE_ASSIGN(live_, usable(checkpoint_key(name_), why));
  if (!code_) {
    FORGE_ASSIGN(shadow_, usable(shadow_key(name_), why));
    return {};
  }
  if (!why.empty()) {
    warning =
        "the checkpoint of the projection '" + name_ + "' " + why + ": it was discarded, its rows are built again from the log";
    if (store_.log) store_.log(LogLevel::kWarning, warning);
  }
  if (!live_) return begin_anew(free_number);
  FORGE_ASSIGN(shadow_, usable(shadow_key(name_), why));
  const bool is_of_this_code =
      shadow_ && shadow_->code_version == code_->code_version && shadow_->space.number == live_->space.number;
  if (is_of_this_code) return {};
  const bool is_needed = shadow_ || live_->wants_rebuild || live_->code_version != code_->code_version;
  return is_needed ? begin_shadow() : Status();
}

Status Projector::begin_anew(std::uint16_t number) {
  Checkpoint begun = first_checkpoint({.number = number, .generation = 1});
  rocksdb::WriteBatch batch;
  batch.Delete(store_.database.handle(Table::kCursors), shadow_key(name_)).PermitUncheckedError();
  batch.Put(store_.database.handle(Table::kCursors), checkpoint_key(name_), encode(begun)).PermitUncheckedError();
  FORGE_TRY(store_.writer.write_rows(batch));
  live_ = std::move(begun);
  shadow_.reset();
  return {};
}

// Over whatever an earlier one left.
Status Projector::begin_shadow() {
  Checkpoint begun = first_checkpoint({.number = live_->space.number, .generation = live_->space.generation + 1});
  rocksdb::WriteBatch batch;
  discard(begun, shadow_key(name_), batch);
  batch.Put(store_.database.handle(Table::kCursors), shadow_key(name_), encode(begun)).PermitUncheckedError();
  FORGE_TRY(store_.writer.write_rows(batch));
  shadow_ = std::move(begun);
  return {};
}

void Projector::discard(const Checkpoint& checkpoint, const std::string& key, rocksdb::WriteBatch& batch) const {
  batch.Delete(store_.database.handle(Table::kCursors), slice_of(key)).PermitUncheckedError();
  batch.DeleteRange(store_.database.handle(Table::kRows), space_key(checkpoint.space), end_of_space(checkpoint.space))
      .PermitUncheckedError();
}

void Projector::close() {
  const MutexLock lock(mutex_);
  is_closed_ = true;
}

// --- going forward --------------------------------------------------------------------------------------------------------------

Result<bool> Projector::step() {
  const MutexLock lock(mutex_);
  if (is_closed_ || !code_ || !live_) return false;
  if (joined_ != nullptr && !joined_->is_joined()) FORGE_TRY(leave_inline());
  if (live_->is_paused) return false;
  bool more = false;
  if (live_->wants_rebuild && !shadow_) FORGE_TRY(begin_shadow());
  if (shadow_ && !shadow_->failure) {
    FORGE_ASSIGN(more, advance_shadow());
  }
  if (may_advance()) {
    FORGE_ASSIGN(const bool more_rows, advance());
    more = more || more_rows;
  }
  return more;
}

// Rows made by other code are left as they are.
bool Projector::may_advance() const {
  return joined_ == nullptr && !live_->failure && live_->code_version == code_->code_version;
}

Status Projector::fold_to(Seq to, Checkpoint& checkpoint, const std::string& key, rocksdb::WriteBatch& batch) const {
  const Time now = store_.clock.now();
  FORGE_TRY(fold_log(store_.database, store_.catalog, *code_, to, now, checkpoint, batch));
  checkpoint.updated = now;
  batch.Put(store_.database.handle(Table::kCursors), slice_of(key), encode(checkpoint)).PermitUncheckedError();
  return {};
}

void Projector::warn(const Checkpoint& checkpoint) const {
  if (!checkpoint.failure || !store_.log) return;
  store_.log(LogLevel::kWarning, "the projection '" + name_ + "' failed on event " + std::to_string(checkpoint.failure->seq) +
                                     " and stands still: " + checkpoint.failure->text);
}

// An inline projection comes to the head by joining only: then who awaited it finds each later event in its rows.
Result<bool> Projector::advance() {
  const Seq head = store_.writer.head();
  const bool is_inline = code_->mode == ProjectionMode::kInline;
  if (is_inline && head - live_->seq <= kJoinWithin) return join();
  if (live_->seq >= head) return false;
  const Seq to = is_inline ? head - kJoinWithin : head;
  Checkpoint next = *live_;
  rocksdb::WriteBatch batch;
  FORGE_TRY(fold_to(to, next, checkpoint_key(name_), batch));
  FORGE_TRY(store_.writer.write_rows(batch));
  live_ = next;
  warn(next);
  return !next.failure && next.seq < head;
}

// Up to the last event there is. Only where the writer waits.
Status Projector::fold_rest(Checkpoint& checkpoint, rocksdb::WriteBatch& batch) const {
  const Seq head = store_.writer.head();
  if (checkpoint.seq >= head) return {};
  FORGE_TRY(fold_log(store_.database, store_.catalog, *code_, head, store_.clock.now(), checkpoint, batch));
  if (checkpoint.seq == head || checkpoint.failure) return {};
  return Status(ErrorId::kOverloaded, "the projection '" + name_ + "' has not caught up yet");
}

Result<bool> Projector::join() {
  const Checkpoint before = *live_;
  Checkpoint next = before;
  const std::string key = checkpoint_key(name_);
  std::shared_ptr<InlineFold> joined;
  const Status written = store_.writer.write_rows_alone(
      [&](rocksdb::WriteBatch& batch) -> Status {
        FORGE_TRY(fold_rest(next, batch));
        if (next == before) return {};
        next.updated = store_.clock.now();
        batch.Put(store_.database.handle(Table::kCursors), slice_of(key), encode(next)).PermitUncheckedError();
        return {};
      },
      [&] {
        if (!next.failure) joined = store_.inline_folds.join(store_.database, *code_, next);
      });
  if (written.id() == ErrorId::kOverloaded) return true;  // the writer was faster
  FORGE_TRY(written);
  live_ = next;
  joined_ = std::move(joined);
  warn(next);
  return false;
}

// What the decider wrote last is in the database once nothing is in flight.
Status Projector::leave_inline() {
  if (joined_ == nullptr) return {};
  const std::shared_ptr<InlineFold> joined = joined_;
  std::optional<Checkpoint> stored;
  FORGE_TRY(store_.writer.write_rows_alone(
      [&](rocksdb::WriteBatch&) -> Status {
        std::string why;
        FORGE_ASSIGN(stored, usable(checkpoint_key(name_), why));
        if (!stored) return Status(ErrorId::kDataCorrupt, "the checkpoint of the projection '" + name_ + "' " + why);
        store_.inline_folds.leave(*joined);
        return {};
      },
      [] {}));
  live_ = std::move(stored);
  joined_ = nullptr;
  return {};
}

// --- building beside ------------------------------------------------------------------------------------------------------------

Result<bool> Projector::advance_shadow() {
  const Seq head = store_.writer.head();
  Checkpoint next = *shadow_;
  if (next.seq < head) {
    rocksdb::WriteBatch batch;
    FORGE_TRY(fold_to(head, next, shadow_key(name_), batch));
    FORGE_TRY(store_.writer.write_rows(batch));
    shadow_ = next;
    warn(next);
  }
  if (next.failure) return false;
  if (head - next.seq > kJoinWithin) return true;
  FORGE_TRY(exchange());
  return true;
}

// The writer waits, so that the new rows end at the head and no reader is set back. An inline projection takes part with its new
// rows from the next event on.
Status Projector::exchange() {
  Checkpoint next = *shadow_;
  const Checkpoint old = *live_;
  const std::shared_ptr<InlineFold> was_joined = joined_;
  std::shared_ptr<InlineFold> joined;
  const Status written = store_.writer.write_rows_alone(
      [&](rocksdb::WriteBatch& batch) -> Status {
        FORGE_TRY(fold_rest(next, batch));
        next.updated = store_.clock.now();
        rocksdb::ColumnFamilyHandle* const cursors = store_.database.handle(Table::kCursors);
        if (next.failure) return to_status(batch.Put(cursors, shadow_key(name_), encode(next)), "noting a failure");
        discard(old, shadow_key(name_), batch);
        batch.Put(cursors, checkpoint_key(name_), encode(next)).PermitUncheckedError();
        if (was_joined != nullptr) store_.inline_folds.leave(*was_joined);
        return {};
      },
      [&] {
        const bool takes_part = !next.failure && next.mode == ProjectionMode::kInline;
        if (takes_part) joined = store_.inline_folds.join(store_.database, *code_, next);
      });
  if (written.id() == ErrorId::kOverloaded) return {};
  FORGE_TRY(written);
  if (next.failure) {
    shadow_ = next;
    warn(next);
    return {};
  }
  live_ = next;
  shadow_.reset();
  joined_ = std::move(joined);
  return {};
}

// --- being told -----------------------------------------------------------------------------------------------------------------

Status Projector::other_state(const std::string& why) const {
  return Status(ErrorId::kProjectionOtherState, "the projection '" + name_ + "' " + why)
      .state("nothing was changed")
      .remedy("see: forgectl projection show " + name_);
}

Status Projector::tell(const char* action, Args args, const ActOptions& options, std::vector<RowWrite> rows) const {
  args.add("name", name_);
  return store_.act({.action = action, .args = std::move(args), .if_version = {}}, options, std::move(rows));
}

// Afterwards nobody but the caller writes its rows.
Status Projector::ready_to_be_told() {
  if (is_closed_) return Status(ErrorId::kClosed, "the projection '" + name_ + "' is closed").state("nothing was written");
  if (!live_) {
    return Status(ErrorId::kDataCorrupt, "the checkpoint of the projection '" + name_ + "' is damaged")
        .state("nothing was written")
        .remedy("open the store with the projection's code, which builds it anew, or drop it");
  }
  return leave_inline();
}

Status Projector::rebuild(const ActOptions& options) {
  const MutexLock lock(mutex_);
  FORGE_TRY(ready_to_be_told());
  const bool is_under_way = shadow_ ? !shadow_->failure : live_->wants_rebuild;
  if (is_under_way) return other_state("is being rebuilt already");
  Checkpoint next = *live_;
  next.wants_rebuild = true;
  FORGE_TRY(tell("_projection.rebuild", {}, options, {put_row(checkpoint_key(name_), next)}));
  if (options.dry_run) return {};
  live_ = next;
  return code_ ? begin_shadow() : Status();
}

Status Projector::pause(const ActOptions& options) {
  const MutexLock lock(mutex_);
  FORGE_TRY(ready_to_be_told());
  if (live_->is_paused) return other_state("is paused already");
  Checkpoint next = *live_;
  next.is_paused = true;
  FORGE_TRY(tell("_projection.pause", {}, options, {put_row(checkpoint_key(name_), next)}));
  if (!options.dry_run) live_ = next;
  return {};
}

Status Projector::resume(const ActOptions& options) {
  const MutexLock lock(mutex_);
  FORGE_TRY(ready_to_be_told());
  if (!live_->is_paused) return other_state("is not paused");
  Checkpoint next = *live_;
  next.is_paused = false;
  FORGE_TRY(tell("_projection.resume", {}, options, {put_row(checkpoint_key(name_), next)}));
  if (!options.dry_run) live_ = next;
  return {};
}

Result<Seq> Projector::retry(const ActOptions& options) {
  const MutexLock lock(mutex_);
  return settle_failure(false, options);
}

Result<Seq> Projector::skip(const ActOptions& options) {
  const MutexLock lock(mutex_);
  return settle_failure(true, options);
}

// Where a rebuilding failed, that is what is meant.
Result<Seq> Projector::settle_failure(bool passes_over, const ActOptions& options) {
  FORGE_TRY(ready_to_be_told());
  const bool is_shadow = shadow_ && shadow_->failure;
  Checkpoint next = is_shadow ? *shadow_ : *live_;
  if (!next.failure) return other_state("did not fail");
  const FoldFailure failure = *next.failure;
  next.failure.reset();
  if (passes_over) {
    next.seq = failure.seq;
    ++next.skipped;
  }
  FORGE_TRY(tell(passes_over ? "_projection.skip" : "_projection.retry", {{"seq", failure.seq}, {"error", failure.text}}, options,
                 {put_row(is_shadow ? shadow_key(name_) : checkpoint_key(name_), next)}));
  if (!options.dry_run) (is_shadow ? shadow_ : live_) = next;
  return failure.seq;
}

// The rows go in a write of their own: should that not come to pass, nothing names them any more, and the next opening sweeps them.
Status Projector::drop(const ActOptions& options) {
  const MutexLock lock(mutex_);
  if (live_) FORGE_TRY(ready_to_be_told());
  FORGE_TRY(tell("_projection.drop", {}, options,
                 {{.table = Table::kCursors, .key = checkpoint_key(name_), .value = std::nullopt},
                  {.table = Table::kCursors, .key = shadow_key(name_), .value = std::nullopt}}));
  if (options.dry_run) return {};
  is_closed_ = true;
  rocksdb::WriteBatch batch;
  if (live_) discard(*live_, checkpoint_key(name_), batch);
  if (shadow_) discard(*shadow_, shadow_key(name_), batch);
  return store_.writer.write_rows(batch);
}

}  // namespace forge::internal
