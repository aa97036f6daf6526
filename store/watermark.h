#pragma once

// The watermark: how far the log was known to be durable, and the tree's root there, kept apart from RocksDB's files. A store that
// comes back with less has lost acknowledged events, and one whose tree has another root there was altered.
//
// One thread may write synced while another writes unsynced; no more than that.

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "forge/events/envelope.h"
#include "forge/events/merkle.h"
#include "forge/events/status.h"
#include "store_files.h"

namespace forge::internal {

struct Watermark {
  Uuid store;
  Seq seq = 0;
  Hash root{};
  Time time_floor;     // no later commit is at or before this
  bool clean = false;  // the store was closed in order and nothing was written since
};

class WatermarkFile {
 public:
  // Opens or makes the file; `damaged_slots` of an existing one are counted, not fatal.
  static Result<std::unique_ptr<WatermarkFile>> open(StoreFiles& files);
  // Reads without opening for writing: the newest sound slot, if any.
  struct Reading {
    std::optional<Watermark> newest;
    int damaged_slots = 0;
  };
  static Result<Reading> read(const StoreFiles& files);

  // Writes the watermark; with `sync` it is on disk when this returns. Without, it survives the process but perhaps not the power.
  Status write(const Watermark& watermark, bool sync);

 private:
  WatermarkFile() = default;
  std::unique_ptr<rocksdb::FSRandomRWFile> file_;
  std::atomic<std::uint64_t> counter_{0};
  std::uint64_t synced_writes_ = 0;  // the next goes to the older of the two synced slots
};

}  // namespace forge::internal
