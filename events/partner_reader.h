#pragma once

// Reads what `with` says of an action.

#include <vector>

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

// Reads the attribute into action.partners. All of `actions`, among which they are found, are in their final place.
void read_partners(const AttributeOutline& attribute, const std::vector<Action>& actions, SchemaFindings& findings, Action& action);

}  // namespace forge::internal
