#pragma once

#include "plan.h"

namespace forge::internal {

// Marks the maps over files (PlannedStep::is_pure) whose steps need nothing but values: no action, read, function, program, wait,
// timer or halt, and nothing that may have to be undone.
void mark_pure_maps(Plan& plan);
// The same of the whole workflow (Plan::ends_at_once), where it has few steps and repeats none.
void mark_ends_at_once(Plan& plan);

}  // namespace forge::internal
