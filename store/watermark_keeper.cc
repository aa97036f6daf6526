#include "watermark_keeper.h"

#include <chrono>

namespace forge::internal {

constexpr std::chrono::milliseconds kSyncInterval{1000};

Result<std::unique_ptr<WatermarkKeeper>> WatermarkKeeper::start(StoreFiles& files, const Watermark& start) {
  FORGE_ASSIGN(std::unique_ptr<WatermarkFile> file, WatermarkFile::open(files));
  FORGE_TRY(file->write(start, true));
  std::unique_ptr<WatermarkKeeper> keeper(new WatermarkKeeper(std::move(file)));
  keeper->newest_ = start;
  keeper->thread_ = std::thread([raw = keeper.get()] { raw->keep(); });
  return keeper;
}

WatermarkKeeper::WatermarkKeeper(std::unique_ptr<WatermarkFile> file) : file_(std::move(file)) {}

WatermarkKeeper::~WatermarkKeeper() { end_thread(); }

void WatermarkKeeper::note(Seq seq, const MerkleFrontier& frontier, Time time_floor) {
  const std::lock_guard lock(mutex_);
  newest_.seq = seq;
  newest_.root = frontier.root(hasher_);
  newest_.time_floor = time_floor;
  const Status written = file_->write(newest_, false);
  if (!written.ok()) failure_ = written;
  unsynced_ = true;
}

void WatermarkKeeper::keep() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, kSyncInterval, [this] { return stopping_; });
    if (!unsynced_ || stopping_) continue;
    failure_ = file_->write(newest_, true);
    unsynced_ = false;
  }
}

void WatermarkKeeper::end_thread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status WatermarkKeeper::finish(Time time_floor) {
  end_thread();
  const std::lock_guard lock(mutex_);
  newest_.clean = true;
  newest_.time_floor = std::max(newest_.time_floor, time_floor);
  return file_->write(newest_, true);
}

void WatermarkKeeper::abandon() { end_thread(); }

Status WatermarkKeeper::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace forge::internal
