#pragma once

// Reads `min`, `max`, `length` and `match` of fields and arguments, and durations.

#include <chrono>
#include <optional>

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

// Sets the limits of every field of `table` that has some. Adds a finding for each that is malformed, does not fit its field, is
// empty, or is broken by the field's own default.
void read_limits(const TableOutline& outline, SchemaFindings& findings, TableType& table);

// "250ms", "2s", "3m", "1h"; nothing where it is none, or 0.
std::optional<std::chrono::microseconds> read_duration(std::string_view text);

}  // namespace forge::internal
