#include "projection_host.h"

#include <algorithm>
#include <set>

#include "forge/projections/audit_index.h"
#include "names.h"

namespace forge::internal {
namespace {

// At the head so long is gathered what comes, unless somebody waits for it: each step costs the writer a write.
constexpr std::chrono::milliseconds kGather{2};
constexpr std::chrono::seconds kTryAgain{1};

Status closed() {
  return Status(ErrorId::kClosed, "the store is closed").state("nothing was written");
}

}  // namespace

// --- taking up what is stored ---------------------------------------------------------------------------------------------------

Status ProjectionHost::start(std::vector<Projection> projections, std::vector<std::string>& notices) {
  const bool gives_audit = std::any_of(projections.begin(), projections.end(),
                                       [](const Projection& projection) { return projection.name == kAuditIndex; });
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool has_audit, store_.database.get(Table::kCursors, checkpoint_key(kAuditIndex), row));
  if (has_audit && !gives_audit) projections.push_back(audit_index());
  for (Projection& projection : projections) {
    std::string warning;
    FORGE_TRY(add(std::move(projection), warning));
    if (!warning.empty()) notices.push_back(std::move(warning));
  }
  return {};
}

// Of each projection whose rows are of use: what is read, and what is built beside it.
Result<std::vector<Checkpoint>> ProjectionHost::sound_checkpoints() const {
  std::vector<Checkpoint> out;
  const auto take = [&](std::string_view row) {
    const Result<Checkpoint> checkpoint = read_checkpoint("", row);
    const bool is_sound = checkpoint.ok() && checkpoint->store == store_.store && checkpoint->seq <= store_.writer.head();
    if (is_sound) out.push_back(*checkpoint);
    return is_sound;
  };
  const auto row = store_.database.iterate(Table::kCursors);
  const rocksdb::Slice prefix = slice_of(kCheckpointPrefix);
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
    if (!take(view_of(row->value()))) continue;
    rocksdb::PinnableSlice shadow;
    const std::string name(view_of(row->key()).substr(prefix.size()));
    FORGE_ASSIGN(const bool has_shadow, store_.database.get(Table::kCursors, shadow_key(name), shadow));
    if (has_shadow) take(view_of(shadow));
  }
  FORGE_TRY(Database::check(*row, "reading the checkpoints"));
  return out;
}

// Removes rows that no checkpoint names: those of one that was damaged, or of a drop that was cut short.
Status ProjectionHost::sweep() {
  FORGE_ASSIGN(const std::vector<Checkpoint> checkpoints, sound_checkpoints());
  std::set<RowSpace> named;
  for (const Checkpoint& checkpoint : checkpoints) named.insert(checkpoint.space);
  rocksdb::WriteBatch batch;
  const auto row = store_.database.iterate(Table::kRows);
  for (row->SeekToFirst(); row->Valid();) {
    const RowSpace space = space_of(view_of(row->key())).value_or(RowSpace());
    if (!named.contains(space)) {
      batch.DeleteRange(store_.database.handle(Table::kRows), space_key(space), end_of_space(space)).PermitUncheckedError();
    }
    row->Seek(end_of_space(space));
  }
  FORGE_TRY(Database::check(*row, "reading the rows of projections"));
  return store_.writer.write_rows(batch);
}

Result<std::uint16_t> ProjectionHost::free_number() const {
  FORGE_ASSIGN(const std::vector<Checkpoint> checkpoints, sound_checkpoints());
  std::set<std::uint16_t> taken;
  for (const Checkpoint& checkpoint : checkpoints) taken.insert(checkpoint.space.number);
  for (std::uint16_t number = 1; number != UINT16_MAX; ++number) {
    if (!taken.contains(number)) return number;
  }
  return Status(ErrorId::kTooLarge, "the store has as many projections as it can have").state("nothing was written");
}

Status ProjectionHost::add(Projection projection, std::string& warning) {
  if (!is_name(projection.name)) {
    return Status(ErrorId::kProjectionName, "'" + projection.name + "' cannot name a projection").state("nothing was written");
  }
  const MutexLock adding(adding_);
  const std::string name = projection.name;
  const bool is_inline = projection.mode == ProjectionMode::kInline;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return closed();
    const auto found = projectors_.find(name);
    if (found != projectors_.end() && found->second->has_code()) {
      return Status(ErrorId::kProjectionExists, "the projection '" + name + "' was added already").state("nothing was changed");
    }
    if (found != projectors_.end()) {
      found->second->close();
      projectors_.erase(found);
    }
  }
  if (!is_swept_) FORGE_TRY(sweep());
  is_swept_ = true;
  FORGE_ASSIGN(const std::uint16_t number, free_number());
  auto projector = std::make_shared<Projector>(store_, name, std::move(projection));
  FORGE_TRY(projector->open(number, warning));
  if (is_inline) static_cast<void>(projector->step().ok());  // at the head it takes part at once; what failed is tried again
  const MutexLock lock(mutex_);
  if (stopping_) return closed();
  projectors_[name] = std::move(projector);
  has_news_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  called_.notify_one();
  return {};
}

Result<std::shared_ptr<Projector>> ProjectionHost::find(const std::string& name) {
  const MutexLock adding(adding_);
  {
    const MutexLock lock(mutex_);
    if (stopping_) return closed();
    if (const auto found = projectors_.find(name); found != projectors_.end()) return found->second;
  }
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool is_stored, store_.database.get(Table::kCursors, checkpoint_key(name), row));
  if (!is_stored) {
    return Status(ErrorId::kProjectionNotFound, "there is no projection '" + name + "'").state("nothing was changed");
  }
  auto projector = std::make_shared<Projector>(store_, name, std::nullopt);
  std::string warning;
  FORGE_TRY(projector->open(0, warning));
  const MutexLock lock(mutex_);
  projectors_[name] = projector;
  return projector;
}

void ProjectionHost::forget(const std::string& name) {
  const MutexLock lock(mutex_);
  projectors_.erase(name);
  stepped_.notify_all();
}

bool ProjectionHost::is_followed(const std::string& name) const {
  const MutexLock lock(mutex_);
  const auto found = projectors_.find(name);
  return found != projectors_.end() && found->second->has_code();
}

// --- following ------------------------------------------------------------------------------------------------------------------

void ProjectionHost::wake() {
  if (has_news_.exchange(true)) return;
  { const MutexLock lock(mutex_); }
  called_.notify_one();
}

std::vector<std::shared_ptr<Projector>> ProjectionHost::all() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Projector>> out;
  for (const auto& [name, projector] : projectors_) out.push_back(projector);
  return out;
}

// False when the store closes.
bool ProjectionHost::await_news() {
  const MutexLock lock(mutex_);
  while (!has_news_ && !stopping_) {
    if (!is_troubled_) {
      called_.wait(mutex_);
    } else if (!called_.wait_for(mutex_, kTryAgain)) {
      break;
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + kGather;
  while (waiting_ == 0 && !stopping_ && !is_troubled_) {
    if (!called_.wait_for(mutex_, deadline - std::chrono::steady_clock::now())) break;
  }
  return !stopping_;
}

// True where more can be done at once.
bool ProjectionHost::step_all() {
  bool more = false, is_troubled = false;
  for (const std::shared_ptr<Projector>& projector : all()) {
    const Result<bool> stepped = projector->step();
    more = more || (stepped.ok() && *stepped);
    is_troubled = is_troubled || !stepped.ok();
    if (!stepped.ok() && store_.log) {
      store_.log(LogLevel::kWarning, "the projection '" + projector->name() + "' cannot go on: " + stepped.status().message());
    }
  }
  const MutexLock lock(mutex_);
  is_troubled_ = is_troubled;
  if (waiting_ > 0) stepped_.notify_all();
  return more && !stopping_;
}

void ProjectionHost::run() {
  const OwnThread own(store_.gate);
  for (bool more = false; more || await_news();) {
    has_news_ = false;
    more = step_all();
  }
}

Result<bool> ProjectionHost::wait(std::chrono::microseconds timeout, const std::function<Result<bool>()>& is_done) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const MutexLock lock(mutex_);
  ++waiting_;
  called_.notify_one();
  Result<bool> done = is_done();
  bool in_time = true;
  while (done.ok() && !*done && in_time && !is_wait_over_) {
    in_time = stepped_.wait_for(mutex_, deadline - std::chrono::steady_clock::now());
    done = is_done();
  }
  --waiting_;
  if (done.ok() && !*done && is_wait_over_) return closed();
  return done;
}

void ProjectionHost::end_waiting() {
  const MutexLock lock(mutex_);
  is_wait_over_ = true;
  stepped_.notify_all();
}

void ProjectionHost::close() {
  end_waiting();
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    thread.swap(thread_);
  }
  called_.notify_all();
  if (thread.joinable()) thread.join();
  for (const std::shared_ptr<Projector>& projector : all()) {
    static_cast<void>(projector->step().ok());  // what it does not reach is done after opening
    projector->close();
  }
}

}  // namespace forge::internal
