#pragma once

#include <memory>

#include "rocksdb/env.h"
#include "support/simulated_disk.h"

namespace forge::testing_support {

// Mounts the disk for RocksDB: a FaultFileSystem and a clock that does not wait. After a failed flush or compaction a
// background thread of RocksDB sleeps for a second, and closing waits for it; on a full disk it looks for space every five.
std::unique_ptr<rocksdb::Env> new_fault_env(std::shared_ptr<SimulatedDisk> disk);

}  // namespace forge::testing_support
