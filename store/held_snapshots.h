#pragma once

// Snapshots of RocksDB that outlast the call which took them. Their holders share this with the store, which lets go of all of them
// when it closes: a holder that lives on holds nothing then. Safe from any thread.

#include <rocksdb/db.h>

#include <set>

#include "forge/events/status.h"
#include "forge/events/thread_annotations.h"

namespace forge::internal {

class HeldSnapshots {
 public:
  explicit HeldSnapshots(rocksdb::DB& db) : db_(&db) {}
  ~HeldSnapshots() { close(); }
  HeldSnapshots(const HeldSnapshots&) = delete;
  HeldSnapshots& operator=(const HeldSnapshots&) = delete;

  // Before close(). What is taken is released once, by its holder or by close().
  const rocksdb::Snapshot* take() FORGE_EXCLUDES(mutex_);
  void release(const rocksdb::Snapshot* snapshot) FORGE_EXCLUDES(mutex_);
  void close() FORGE_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  rocksdb::DB* db_ FORGE_GUARDED_BY(mutex_);  // null: closed
  std::set<const rocksdb::Snapshot*> held_ FORGE_GUARDED_BY(mutex_);
};

}  // namespace forge::internal
