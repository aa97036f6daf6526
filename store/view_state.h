#pragma once

// What a View looks at.

#include <memory>

#include "catalog.h"
#include "database.h"
#include "forge/events/time.h"
#include "forge/store/view.h"
#include "gate.h"
#include "record_reader.h"

namespace forge {

struct View::State {
  std::shared_ptr<internal::Gate> gate;  // database and catalog are used by those inside only; null where the caller is
  const internal::Database* database = nullptr;
  const internal::Catalog* catalog = nullptr;
  Clock* clock = nullptr;                // what queries may take goes by it
  std::shared_ptr<const Domain> domain;  // in force at `seq`
  Seq seq = 0;
  Uuid store;

  // Errors: kUnknownResource, kKeyInvalid.
  struct Target {
    const Resource* resource = nullptr;
    std::string key;  // encoded
  };
  Result<Target> target(std::string_view resource, std::string_view key) const;
  // Errors: kRecordNotFound, kDataCorrupt, kIoError.
  Result<Record> record_at(const Target& target, Seq seq, ReadPlan* plan) const;
  Result<Record> record_of(const Resource& resource, std::string_view key, internal::RecordState state) const;
};

namespace internal {

// kRecordNotFound. `key` is encoded.
Status no_record(const Resource& resource, std::string_view key);

// Every version of a record at or before `seq`, newest first, until `visit` returns false. Errors: kDataCorrupt, kIoError.
Status each_version(const Database& database, const Resource& resource, std::string_view key, Seq seq,
                    const std::function<Result<bool>(Seq, const VersionEntry&)>& visit);

// What separates two rows of one table, in declared order; the key field is left out.
std::vector<VersionRow::Change> changes_between(const Resource& resource, const Row& before, const Row& after);

}  // namespace internal
}  // namespace forge
