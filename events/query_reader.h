#pragma once

// Reads what a table with `reads` says of its query, and refuses attributes where they mean nothing.

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

// Adds a finding for each attribute that an action of this kind cannot have: `set` on a query, `where` on any other.
void check_kind_attributes(const TableOutline& outline, const Action& action, SchemaFindings& findings);

// Reads `where`, `order` and `limit` into action.query. The tables of the action and its resource are in their final place.
void read_query(const TableOutline& outline, SchemaFindings& findings, Action& action);

}  // namespace forge::internal
