#pragma once

// The names of a schema's types and fields, before anything is known about their meaning.

#include <vector>

#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

// Adds a finding for each field name that is not lower_snake_case, begins with '_' or is taken in its table, for each enum
// value whose name is taken in its enum, and for each table or enum whose name is taken in its namespace.
void check_names(const std::vector<FileOutline>& outlines, SchemaFindings& findings);

}  // namespace forge::internal
