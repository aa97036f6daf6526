#include "held_snapshots.h"

namespace forge::internal {

const rocksdb::Snapshot* HeldSnapshots::take() {
  const MutexLock lock(mutex_);
  FORGE_ASSERT(db_ != nullptr);
  const rocksdb::Snapshot* const snapshot = db_->GetSnapshot();
  held_.insert(snapshot);
  return snapshot;
}

void HeldSnapshots::release(const rocksdb::Snapshot* snapshot) {
  const MutexLock lock(mutex_);
  if (db_ == nullptr) return;
  held_.erase(snapshot);
  db_->ReleaseSnapshot(snapshot);
}

void HeldSnapshots::close() {
  const MutexLock lock(mutex_);
  if (db_ == nullptr) return;
  for (const rocksdb::Snapshot* const snapshot : held_) db_->ReleaseSnapshot(snapshot);
  held_.clear();
  db_ = nullptr;
}

}  // namespace forge::internal
