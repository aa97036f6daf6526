#pragma once

// Fills the indexes of a new schema version over records that are there already: those that it declares, and those over fields that
// its upcasts set.

#include <rocksdb/write_batch.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "forge/events/domain.h"
#include "stored_form.h"

namespace forge::internal {

// What a new schema version may write beside itself, in one batch.
inline constexpr std::size_t kFillingBytesMax = std::size_t{1} << 30;

// The entries of records in some indexes of their resource. Not safe for concurrent use.
class IndexEntries {
 public:
  // `catalog`, `resource` and the indexes outlive it.
  IndexEntries(const Catalog& catalog, const Resource& resource, std::vector<const Index*> indexes)
      : resource_(resource), indexes_(std::move(indexes)), rows_(catalog, resource) {}

  // Gives the entries of the record `key`, by its row of the table `current`; none where it does not live.
  // Errors: kDataCorrupt, kUpcastFailed, kKeyInvalid where a stored value cannot be indexed.
  Status each(std::string_view key, std::string_view current, const std::function<void(std::string_view entry)>& visit);

 private:
  const Resource& resource_;
  const std::vector<const Index*> indexes_;
  CurrentRows rows_;
  std::string entry_;
};

// Appends to `batch` the entries of every index of `next` that the schema in force does not have or whose fields the upcasts of
// `next` set, for all records that live now. They are written with the schema version itself: either both are there or neither is.
// Entries that the index had, also in an earlier version, are removed first. Nothing else may write meanwhile. Errors:
// kTransactionTooLarge above 1 GiB of entries, kKeyInvalid where a stored value cannot be indexed, kUpcastFailed, kDataCorrupt,
// kIoError.
Status fill_new_indexes(const Database& database, const Catalog& catalog, const Domain& next, rocksdb::WriteBatch& batch);

// Visits every row of the resource in the table `current`, by the record's encoded key, until that is an error. Errors: kIoError.
Status each_current(const Database& database, const Resource& resource,
                    const std::function<Status(std::string_view key, std::string_view current)>& visit);

}  // namespace forge::internal
