#pragma once

// Stored rows of earlier schema versions, read as a later version has them. Everything that reads a record's row for use, and not
// to compare bytes, goes through here: deciding, reading, history, folding, verifying, filling indexes.

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string_view>

#include "catalog.h"
#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/projections/record_entry.h"

namespace forge::internal {

// What was stored under one schema version, beside the resource that it is to be read as.
class StoredForm {
 public:
  // `resource`, which outlives this, is that of a version in the catalog, not earlier than `schema_version`.
  StoredForm(const Catalog& catalog, const Resource& resource, std::uint32_t schema_version);

  // What was stored lacks upcasts of the resource. Otherwise it is read as it is.
  bool is_older() const { return stored_ != nullptr; }
  // Brings the row up, version by version, so that each step sees the defaults of its time. `seq` is that of the event which left
  // it so. Only where it is older. Errors: kUpcastFailed, naming record, event, step and the schema versions.
  Status upcast(std::string_view key, Seq seq, std::pmr::memory_resource& memory, Row& row) const;
  // The same for the row of a current entry, whose next version is then stored whole.
  Status upcast(std::string_view key, CurrentEntry& entry, std::pmr::memory_resource& memory, Row& row) const;

 private:
  Status explained(const Status& failure, std::uint32_t version, std::string_view key, Seq seq) const;

  const Catalog& catalog_;
  const Resource& resource_;
  const std::uint32_t schema_version_;
  std::shared_ptr<const Domain> domain_;  // owns stored_
  const Resource* stored_ = nullptr;      // null: nothing is lacking
};

// Reads rows of the table `current` as one resource has them. Not safe for concurrent use.
class CurrentRows {
 public:
  // Both outlive it.
  CurrentRows(const Catalog& catalog, const Resource& resource) : catalog_(catalog), resource_(resource) {}
  const Resource& resource() const { return resource_; }

  // The record's row with defaults and key, verified and brought up; null where it does not live. It lives until the next call, and
  // as long as `key`. Errors: kDataCorrupt, kUpcastFailed.
  Result<const Row*> read(std::string_view key, std::string_view current);

 private:
  const Catalog& catalog_;
  const Resource& resource_;
  AlignedBytes bytes_;
  std::pmr::monotonic_buffer_resource memory_;
  Row row_;
};

}  // namespace forge::internal
