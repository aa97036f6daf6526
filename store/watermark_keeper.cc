#include "watermark_keeper.h"

#include <algorithm>

namespace forge::internal {

Result<std::unique_ptr<WatermarkKeeper>> WatermarkKeeper::start(StoreFiles& files, const Watermark& start,
                                                                std::function<Status()> sync_log,
                                                                std::chrono::milliseconds interval) {
  FORGE_ASSIGN(std::unique_ptr<WatermarkFile> file, WatermarkFile::open(files));
  FORGE_TRY(file->write(start, true));
  FORGE_TRY(file->write(start, false));  // the power may have torn that slot
  std::unique_ptr<WatermarkKeeper> keeper(new WatermarkKeeper(files, std::move(file), start, std::move(sync_log), interval));
  keeper->thread_ = std::thread([raw = keeper.get()] { raw->keep(); });
  return keeper;
}

WatermarkKeeper::WatermarkKeeper(StoreFiles& files, std::unique_ptr<WatermarkFile> file, const Watermark& start,
                                 std::function<Status()> sync_log, std::chrono::milliseconds interval)
    : files_(files),
      file_(std::move(file)),
      store_(start.store),
      sync_log_(std::move(sync_log)),
      interval_(interval),
      newest_(start),
      synced_(start) {}

WatermarkKeeper::~WatermarkKeeper() {
  end_thread();
}

void WatermarkKeeper::note(Seq seq, const MerkleFrontier& frontier, Time time_floor) {
  const Hash root = frontier.root(hasher_);
  const MutexLock noting(note_mutex_);
  Watermark watermark;
  {
    const MutexLock lock(mutex_);
    newest_.seq = seq;
    newest_.root = root;
    newest_.time_floor = std::max(newest_.time_floor, time_floor);
    watermark = newest_;
  }
  if (sync_log_) return;
  const Status written = file_->write(watermark, false);
  if (written.ok()) return;
  const MutexLock lock(mutex_);
  failure_ = written;
}

// Where commits are not synced by themselves, what is written must not be ahead of the log: the last synced one with another floor.
Status WatermarkKeeper::raise_floor(Time time) {
  const MutexLock noting(note_mutex_);
  Watermark watermark;
  {
    const MutexLock lock(mutex_);
    if (time <= newest_.time_floor) return {};
    watermark = sync_log_ ? synced_ : newest_;
  }
  watermark.time_floor = time;
  FORGE_TRY(file_->write(watermark, false));
  const MutexLock lock(mutex_);
  newest_.time_floor = time;
  return {};
}

void WatermarkKeeper::keep() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (wake_.wait_for(mutex_, interval_)) continue;
    const Watermark watermark = newest_;
    const bool is_synced = watermark.seq == synced_.seq && watermark.time_floor == synced_.time_floor;
    lock.unlock();
    const Status looked = look_for_store();
    if (!looked.ok()) return lose(looked);
    if (is_synced) {
      lock.lock();
      continue;
    }
    const Status synced = sync(watermark);
    lock.lock();
    failure_ = synced;
    if (!synced.ok()) continue;
    synced_ = watermark;
    const std::function<void()> call = on_sync_;
    lock.unlock();
    if (call) call();
    lock.lock();
  }
}

// Files that are open can be written when their names are gone; nobody would find what they hold. An error of the disk says
// nothing.
Status WatermarkKeeper::look_for_store() const {
  const Result<bool> found = files_.holds_store(store_);
  if (!found.ok() || *found) return {};
  return Status(ErrorId::kIoFatal, "the store is gone")
      .why("the directory " + files_.paths().root + " was removed, moved or replaced while the store was open")
      .state("whether it was stored is unknown, and the store takes no more writes");
}

void WatermarkKeeper::lose(const Status& why) {
  const MutexLock lock(mutex_);
  loss_ = why;
  is_lost_ = true;
}

Status WatermarkKeeper::loss() const {
  if (!is_lost_) return {};
  const MutexLock lock(mutex_);
  return loss_;
}

Status WatermarkKeeper::sync(const Watermark& watermark) {
  if (sync_log_) FORGE_TRY(sync_log_());
  return file_->write(watermark, true);
}

void WatermarkKeeper::on_sync(std::function<void()> call) {
  const MutexLock lock(mutex_);
  on_sync_ = std::move(call);
}

void WatermarkKeeper::end_thread() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status WatermarkKeeper::finish(Time time_floor) {
  end_thread();
  const MutexLock lock(mutex_);
  newest_.clean = true;
  newest_.time_floor = std::max(newest_.time_floor, time_floor);
  Status written = file_->write(newest_, true);
  file_.reset();
  return written;
}

void WatermarkKeeper::abandon() {
  end_thread();
  file_.reset();
}

Status WatermarkKeeper::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

Seq WatermarkKeeper::synced_seq() const {
  const MutexLock lock(mutex_);
  return synced_.seq;
}

}  // namespace forge::internal
