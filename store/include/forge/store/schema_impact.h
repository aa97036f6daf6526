#pragma once

// What changes of the schema would meet in a store: the events and records that an incompatible one breaks, and the records that
// an upcast does not bring up.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "forge/events/domain.h"
#include "forge/store/store.h"
#include "forge/store/view.h"

namespace forge {

// Of a field that goes or changes: events that set or cleared it, and living records in which it is not null. Of whole records (a
// new required field, a new constraint, a resource that goes): all events and living records of the resource.
struct SchemaImpact {
  std::uint64_t events = 0;
  std::uint64_t records = 0;
};

// One for each of `changes`, in their order; zero for a compatible one. `changes` are from the view's domain to another. Reads the
// log once, and the records of each resource that is hit, unless all changes are compatible. Errors: kDataCorrupt, kClosed.
Result<std::vector<SchemaImpact>> impact_of(const View& view, std::span<const SchemaChange> changes);

// A resource whose records could not all be brought to a later schema version.
struct UpcastRefusal {
  std::string resource;
  std::uint64_t records = 0;  // that could not
  Status first;               // why the first of them could not: kUpcastFailed, kUniqueTaken, kReferenceMissing or kKeyInvalid
};

// For each resource to whose upcasts a schema of these files would add, whether the records that live now can be brought up, as
// Store::add_schema does; only those that it would refuse, in the order of the schema. Reads each record of these resources once;
// writes nothing. Errors: those of the schema's files; kDataCorrupt, kIoError, kClosed.
Result<std::vector<UpcastRefusal>> refused_upcasts(const Store& store, std::vector<SourceFile> sources);

}  // namespace forge
