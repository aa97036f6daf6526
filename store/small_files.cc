// A store that is opened anew for each command gets a table file of a few rows in most of its tables at each opening: what stood in
// the write-ahead log. RocksDB moves files that touch no others down as they are, so those of the log, whose keys only ascend,
// would stay as small as they are for ever, and each opening reads all of them.

#include <rocksdb/metadata.h>

#include <algorithm>

#include "database.h"

namespace forge::internal {
namespace {

constexpr std::uint64_t kSmallBytes = 1 << 20;
constexpr std::size_t kManyFiles = 16;
constexpr std::size_t kFilesAtOnce = 64;  // all of them are open meanwhile

// Neighbours in one level, by their names.
struct FileRow {
  int level = 0;
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};

// The longest row of small files.
FileRow longest_row(const rocksdb::ColumnFamilyMetaData& table) {
  FileRow longest;
  for (const rocksdb::LevelMetaData& level : table.levels) {
    if (level.level == 0) continue;  // RocksDB merges those, or moves them
    FileRow row{.level = level.level};
    const auto end_row = [&] {
      if (row.names.size() > longest.names.size()) longest = std::move(row);
      row = {.level = level.level};
    };
    for (const rocksdb::SstFileMetaData& file : level.files) {
      if (file.size >= kSmallBytes || file.being_compacted) {
        end_row();
        continue;
      }
      row.names.push_back(file.name);
      row.bytes += file.size;
    }
    end_row();
  }
  return longest;
}

}  // namespace

Status Database::merge_small_files() {
  FileRow longest;
  rocksdb::ColumnFamilyHandle* of = nullptr;
  for (rocksdb::ColumnFamilyHandle* table : handles_) {
    rocksdb::ColumnFamilyMetaData files;
    db_->GetColumnFamilyMetaData(table, &files);
    FileRow row = longest_row(files);
    if (row.names.size() <= longest.names.size()) continue;
    longest = std::move(row);
    of = table;
  }
  if (longest.names.size() < kManyFiles) return {};
  const int open_most = db_->GetDBOptions().max_open_files;
  const std::size_t at_once = open_most < 0 ? kFilesAtOnce : std::min(kFilesAtOnce, static_cast<std::size_t>(open_most) / 4);
  longest.names.resize(std::min(longest.names.size(), std::max<std::size_t>(at_once, 2)));
  std::uint64_t free = 0;
  const bool is_known = env_->GetFileSystem()->GetFreeSpace(db_->GetName(), rocksdb::IOOptions(), &free, nullptr).ok();
  if (is_known && free < 2 * longest.bytes + kSmallBytes) return {};
  const rocksdb::Status merged = db_->CompactFiles({}, of, longest.names, longest.level);
  const bool came_too_late = merged.IsAborted() || merged.IsInvalidArgument();  // RocksDB has begun to merge some of them
  return came_too_late ? Status() : to_status(merged, "merging small table files");
}

}  // namespace forge::internal
