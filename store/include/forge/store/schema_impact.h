#pragma once

// What changes of the schema would meet in a store: the events and records that an incompatible one breaks.

#include <cstdint>
#include <span>
#include <vector>

#include "forge/events/domain.h"
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

}  // namespace forge
