#pragma once

// What the upcasts of a new schema version make of the records that live when it is added. Each is brought up once, so that a
// version under which one could not be read is refused; and the unique values that come of it are written with the version.

#include <rocksdb/write_batch.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "forge/events/domain.h"
#include "stored_form.h"

namespace forge::internal {

// The constraints of `next` whose entries rest on fields that its upcasts set on what was stored as `before`.
std::vector<const UniqueConstraint*> upcast_constraints(const Resource& before, const Resource& next);
// Whether the entry is one of these constraints.
bool is_entry_of(const std::vector<const UniqueConstraint*>& constraints, std::string_view entry);

// The entries of records in some unique constraints of their resource. Not safe for concurrent use.
class UniqueEntries {
 public:
  // All outlive it.
  UniqueEntries(const Catalog& catalog, const Resource& resource, std::vector<const UniqueConstraint*> constraints)
      : resource_(resource), constraints_(std::move(constraints)), rows_(catalog, resource) {}

  // Takes the entries of the record `key`, by its row of the table `current`, and gives that row as it is read; null where the
  // record does not live. Errors: kUniqueTaken naming both records, kUpcastFailed, kKeyInvalid, kRuleFailed, kDataCorrupt.
  Result<const Row*> take(std::string_view key, std::string_view current);
  // From entry to the record's key, in order.
  const std::map<std::string, std::string, std::less<>>& entries() const { return entries_; }

 private:
  const Resource& resource_;
  const std::vector<const UniqueConstraint*> constraints_;
  CurrentRows rows_;
  std::map<std::string, std::string, std::less<>> entries_;
};

// Brings up the records of one resource, each once. Not safe for concurrent use.
class UpcastFilling {
 public:
  // All outlive it.
  UpcastFilling(const Database& database, const Catalog& catalog, const Resource& before, const Resource& next);

  // The next record, by its row of the table `current`; where it does not live, nothing. Every reference over the fields that are
  // set must name a living record. Errors: those of UniqueEntries::take, kReferenceMissing, kIoError.
  Status take(std::string_view key, std::string_view current);
  // Appends the unique values of what was taken, and the removal of those before. Errors: kTransactionTooLarge above 1 GiB.
  Status write_unique(rocksdb::WriteBatch& batch) const;

 private:
  Status check_references(std::string_view key, const Row& row);
  Result<bool> lives(const Resource& target, std::string_view key) const;

  const Database& database_;
  const Resource& resource_;
  const std::vector<const UniqueConstraint*> constraints_;
  UniqueEntries unique_;
  std::vector<const Reference*> references_;
  std::string entry_;
};

// Brings up every record of each resource to whose upcasts `next` adds, and appends to `batch` what follows for unique values.
// Nothing else may write meanwhile. Errors: those of UpcastFilling.
Status fill_upcast(const Database& database, const Catalog& catalog, const Domain& next, rocksdb::WriteBatch& batch);

}  // namespace forge::internal
