#pragma once

// Fills indexes that a new schema version declares over records that are there already.

#include <rocksdb/write_batch.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "forge/events/cell.h"
#include "forge/events/domain.h"

namespace forge::internal {

// The entries of records in some indexes of their resource. Not safe for concurrent use.
class IndexEntries {
 public:
  // `resource` and the indexes outlive it.
  IndexEntries(const Resource& resource, std::vector<const Index*> indexes) : resource_(resource), indexes_(std::move(indexes)) {}

  // Gives the entries of the record `key`, by its row of the table `current`; none where it does not live.
  // Errors: kDataCorrupt, kKeyInvalid where a stored value cannot be indexed.
  Status each(std::string_view key, std::string_view current, const std::function<void(std::string_view entry)>& visit);

 private:
  const Resource& resource_;
  const std::vector<const Index*> indexes_;
  AlignedBytes bytes_;
  Row row_;
  std::string entry_;
};

// Appends to `batch` the entries of every index of `next` that `before` does not have, for all records that live now. They are
// written with the schema version itself: either both are there or neither is. Entries that an index of the same definition left
// in an earlier version are removed first. Nothing else may write meanwhile. Errors: kTransactionTooLarge above 1 GiB of entries,
// kKeyInvalid where a stored value cannot be indexed, kDataCorrupt, kIoError.
Status fill_new_indexes(const Database& database, const Domain& before, const Domain& next, rocksdb::WriteBatch& batch);

}  // namespace forge::internal
