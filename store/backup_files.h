#pragma once

// The files of a backup directory (store/FORMAT.md, "Backups"): segments of events and the manifest that names them. What is read
// is checked: the manifest against its own checksum, a segment against the manifest's.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/store/backup.h"
#include "store_files.h"

namespace forge::internal {

inline constexpr std::int64_t kBackupFormat = 1;

// SHA-256 in hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

struct Segment {
  Seq first = 0, last = 0;
  Time last_at;  // recorded_at of the last event
  std::uint64_t bytes = 0;
  std::string sha256;
  Hash root{};  // of the tree over events 1 to `last`

  std::string name() const;  // "events-000000000001-000000004096.fgs"
};

struct Manifest {
  Uuid store;
  std::vector<Segment> segments;     // in order, without gaps, from event 1
  std::vector<BackupPoint> backups;  // at least one

  Seq last() const { return segments.empty() ? 0 : segments.back().last; }
  // Of the tree over all events.
  Hash root() const;
};

// One backup directory over a file system.
class BackupFiles {
 public:
  BackupFiles(std::shared_ptr<rocksdb::FileSystem> file_system, const std::string& directory);

  const std::string& directory() const { return files_.paths().root; }
  std::string manifest_path() const { return directory() + "/manifest.json"; }
  bool is_there() const { return files_.exists(directory()); }
  StoreFiles& files() { return files_; }

  // Nothing where the directory holds no manifest. Errors: kBackupCorrupt, kBackupTooNew, kIoError.
  Result<std::optional<Manifest>> read_manifest() const;
  // Replaces the manifest; returns its SHA-256.
  Result<std::string> write_manifest(const Manifest& manifest);
  Result<std::string> manifest_sha256() const;
  // The bytes of a segment file, which are what the manifest says. Errors: kBackupCorrupt, kIoError.
  Result<std::string> read_segment(const Segment& segment) const;
  // Whether every segment file is there with its size; what is in it is not read. Errors: kBackupCorrupt, kIoError.
  Status check_sizes(const Manifest& manifest) const;
  // The names of files that are a backup's and that `manifest` does not need. Errors: kTargetNotEmpty where there are others than a
  // backup's.
  Result<std::vector<std::string>> leftovers(const std::optional<Manifest>& manifest) const;
  Status remove(const std::string& name);

 private:
  Status corrupt(const std::string& name, const std::string& why) const;
  Status check_size(const Segment& segment) const;
  Result<Manifest> parse_manifest(const std::string& text) const;

  StoreFiles files_;
};

}  // namespace forge::internal
