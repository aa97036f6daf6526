// Current records that change are in several files: the newest version in one, the older ones that it hides in others. Whoever
// lists records reads the hidden ones, too. RocksDB merges such files once there are four of them.

#include <rocksdb/experimental.h>
#include <rocksdb/metadata.h>

#include "database.h"

namespace forge::internal {
namespace {

constexpr std::uint64_t kFewBytes = 256 << 10;  // what they hide costs nothing worth mending
constexpr std::uint64_t kOldOfNew = 8;          // so many times the new ones, what these hide is a small part

}  // namespace

void Database::merge_current() {
  rocksdb::ColumnFamilyHandle* const current = handle(Table::kCurrent);
  rocksdb::ColumnFamilyMetaData files;
  db_->GetColumnFamilyMetaData(current, &files);
  if (files.levels.empty()) return;
  const std::uint64_t recent = files.levels[0].size;
  const std::uint64_t older = files.size - recent;
  if (recent < kFewBytes || older == 0 || older > kOldOfNew * recent || files.size > write_buffer_bytes_) return;
  std::uint64_t free = 0;
  const bool is_known = env_->GetFileSystem()->GetFreeSpace(db_->GetName(), rocksdb::IOOptions(), &free, nullptr).ok();
  if (is_known && free < 2 * files.size + write_buffer_bytes_) return;
  // Without it all is as it was.
  rocksdb::experimental::SuggestCompactRange(db_.get(), current, nullptr, nullptr).PermitUncheckedError();
}

}  // namespace forge::internal
