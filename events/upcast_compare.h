#pragma once

// The part of comparing two versions of a domain that is about upcasts.

#include <cstddef>
#include <vector>

#include "forge/events/domain.h"

namespace forge::internal {

// Appends what became of the resource's steps: further ones at the end are safe, any other difference is not, since stored data may
// have been brought up by them. Of the resource's changes, which are those from `first` on, it makes safe those that speak of a
// field which a further step sets: what was stored then has the value that the step gives, and not what its bytes would read as.
void compare_upcasts(const Resource& before, const Resource& after, std::size_t first, std::vector<SchemaChange>& changes);

}  // namespace forge::internal
