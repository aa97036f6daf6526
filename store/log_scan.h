#pragma once

// Reads the log in seq order, each event held against the leaf that the tree recorded for it. Events behind the last complete tile
// have no recorded leaf; for them the root is what to compare. Not safe for concurrent use.

#include <rocksdb/snapshot.h>

#include <memory>
#include <optional>
#include <string_view>

#include "database.h"
#include "log_tree.h"

namespace forge::internal {

// One event as it stands in the log; the row is borrowed until the next one is read.
struct LogRow {
  Seq seq = 0;
  std::string_view row;
  Hash leaf{};
};

class LogScan {
 public:
  // Events `first` to `last`, which must be in the log. The database outlives the scan.
  LogScan(const Database& database, Seq first, Seq last);

  // The next event; false behind the last. Errors: kEventAltered, kDataTruncated where one is missing, kDataCorrupt, kIoError.
  Result<bool> next(LogRow& out);

 private:
  Status compare(const LogRow& row);

  const Database& database_;
  rocksdb::ManagedSnapshot snapshot_;
  std::unique_ptr<rocksdb::Iterator> log_;
  const Seq last_;
  Seq next_;
  bool has_row_ = false;       // the iterator stands on the row given last
  const std::uint64_t tiles_;  // complete ones within the range
  std::optional<std::uint64_t> tile_index_;
  Tile tile_;
  Hasher hasher_;
};

// "event 7 was altered: leaf recorded 91ab…, computed 03ce…".
Status altered_event(Seq seq, const LeafMark& recorded, const Hash& computed);

}  // namespace forge::internal
