#pragma once

// The records of a file that RocksDB writes record by record (a write-ahead log, a MANIFEST), as they lie on disk, and where the
// file stops being sound. RocksDB 7, "log format": blocks of 32 KiB; in each, fragments with a 7-byte header: masked CRC-32C u32
// over type and payload, length u16, type u8 (1 full, 2 first, 3 middle, 4 last; 5 to 8 the same in a recycled file, which Forge
// has none of), all little-endian. Fewer than 7 bytes at a block's end are filled with zeros.

#include <cstdint>
#include <string_view>

namespace forge::internal {

class LogRecordVisitor {
 public:
  LogRecordVisitor() = default;
  virtual ~LogRecordVisitor() = default;
  LogRecordVisitor(const LogRecordVisitor&) = delete;
  LogRecordVisitor& operator=(const LogRecordVisitor&) = delete;

  // A record whose checksums fit. `begin` and `end` are offsets in the file; the bytes live until this returns.
  virtual void take(std::string_view record, std::uint64_t begin, std::uint64_t end) = 0;
  // What stands at `offset` cannot be read. Sound records may follow, from the next block on.
  virtual void damage(std::uint64_t offset, const char* what) = 0;
};

// Space at the end that was reserved and never written is no damage; a last record that lacks its end is.
void read_log_records(std::string_view bytes, LogRecordVisitor& visitor);

}  // namespace forge::internal
