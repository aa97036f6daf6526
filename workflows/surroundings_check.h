#pragma once

// Holds a definition against what it is to be declared to: the actions, resources and queries of a schema, and other workflows.
// Pure. What can never do is an error; what may come to be there later is a warning.

#include "forge/workflows/definition.h"
#include "table_reader.h"

namespace forge::internal {

// Takes time linear in the definition, but for hooks and waits, which are held against every type of event.
void check_surroundings(const fb::WorkflowDefinitionT& definition, const WorkflowSurroundings& around, const Findings& errors,
                        const Findings& warnings);

}  // namespace forge::internal
