#pragma once

// What workflows would miss in a schema, in words and as JSON.

#include <string>
#include <vector>

#include "forge/events/value.h"
#include "forge/workflows/schema_gaps.h"

namespace forge::cli {

// "workflow checkout  step.reserve.action  Stock has no action 'reserve'  MISSING, 2 open runs: r-1, r-2".
std::string gap_text(const SchemaGap& gap);
// [{workflow, place, missing, in_force, open_runs, runs}].
List gap_list(const std::vector<SchemaGap>& gaps);

}  // namespace forge::cli
