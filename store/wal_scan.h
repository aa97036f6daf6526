#pragma once

// Reads RocksDB's write-ahead logs as they lie on disk, without opening the database: which of our events they hold, where they
// stop being sound, and whether sound records follow a damaged one. RocksDB's own recovery drops everything after the first damaged
// record without a word; this names the file, the offset and the first event that is lost.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "log_file_system.h"
#include "store_files.h"

namespace forge::internal {

struct WalDamage {
  std::string file;
  std::uint64_t offset = 0;        // of the first record that does not verify
  std::string what;                // "its checksum does not fit"
  std::optional<Seq> first_after;  // the first event in a sound record behind it: not merely a torn end
};

struct WalScan {
  std::vector<std::string> files;  // the oldest first
  std::uint64_t bytes = 0;
  Seq last_sound = 0;  // the last event before any damage; 0: none
  std::vector<WalDamage> damages;

  // The first damage that hides sound records, or null.
  const WalDamage* hidden() const;
  // What stands before a damage: of its file the beginning, of the files after it nothing.
  std::vector<FilePrefix> before(const WalDamage& damage) const;
};

// Scans the logs in the data directory, oldest first, from the one with the number `from`: those before it are not needed any more,
// and a power loss may have brought them back. Errors: kIoError.
Result<WalScan> scan_wals(const StoreFiles& files, std::uint64_t from);

// One log's bytes; for tests, too.
void scan_wal(std::string_view bytes, const std::string& file, WalScan& scan);

}  // namespace forge::internal
