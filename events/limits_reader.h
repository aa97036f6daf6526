#pragma once

// Reads `min`, `max`, `length` and `match` of fields and arguments.

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

// Sets the limits of every field of `table` that has some. Adds a finding for each that is malformed, does not fit its field, is
// empty, or is broken by the field's own default.
void read_limits(const TableOutline& outline, SchemaFindings& findings, TableType& table);

}  // namespace forge::internal
