#pragma once

// The attributes of schemas/forge.fbs and of FlatBuffers: which declarations they belong on and what they take.

#include <vector>

#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

// Adds a finding for each attribute that is unknown, repeated, on the wrong kind of declaration, given or missing a value against
// its grammar, or of a later version; and for each table that is both a resource and an action.
void check_attributes(const std::vector<FileOutline>& outlines, SchemaFindings& findings);

}  // namespace forge::internal
