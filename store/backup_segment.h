#pragma once

// The bytes of one segment file of a backup (store/FORMAT.md, "Backups"): a header, then events, compressed.

#include <string>
#include <string_view>

#include "backup_files.h"

namespace forge::internal {

inline constexpr std::size_t kSegmentBytes = 32 << 20;          // of events, uncompressed; one more event may go past it
inline constexpr std::size_t kSegmentFileBytesMax = 258 << 20;  // no file is larger

// Packs events into the bytes of one segment.
class SegmentWriter {
 public:
  SegmentWriter(const Uuid& store, Seq first);
  // Errors: kTooLarge for an event that no segment can hold.
  Status add(std::string_view event);
  bool is_full() const { return events_.size() >= kSegmentBytes; }
  // The file's bytes. Errors: kNoMemory.
  Result<std::string> finish();

 private:
  std::string header_;
  std::string events_;
};

// The events of one segment, one after another.
class SegmentReader {
 public:
  // Errors: kBackupCorrupt where the bytes are no such segment.
  static Result<SegmentReader> open(const Uuid& store, const Segment& segment, std::string_view bytes);
  // The next event's row; false at the end. The row lives as long as the reader. Errors: kBackupCorrupt.
  Result<bool> next(std::string_view& row);

 private:
  SegmentReader() = default;
  Status corrupt(const char* why) const;

  std::string name_;
  std::string events_;
  std::size_t at_ = 0;
};

}  // namespace forge::internal
