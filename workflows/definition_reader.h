#pragma once

// Reads a declared workflow into the model of schemas/workflow.fbs.

#include "declaration.h"
#include "table_reader.h"

namespace forge::internal {

// Whatever can be read is there, also where there are findings.
fb::WorkflowDefinitionT read_definition(const Declared& declared, const Findings& findings);

}  // namespace forge::internal
