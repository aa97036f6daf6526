#pragma once

// What differs between the constraints of two versions of a resource, as part of compare().

#include <vector>

#include "forge/events/domain.h"

namespace forge::internal {

// Appends the differences of keys, unique constraints, indexes, references, computed fields and transitions. A constraint that
// stored records may break by now is not safe.
void compare_constraints(const Resource& before, const Resource& after, std::vector<SchemaChange>& changes);
// Appends those of what a field allows and how it is treated. `path` is "Order.qty".
void compare_marks(const std::string& path, const Field& before, const Field& after, std::vector<SchemaChange>& changes);

}  // namespace forge::internal
