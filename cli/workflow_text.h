#pragma once

// A workflow as text for somebody who did not write it: what starts it, what it takes, and what each step does.

#include <string>

#include "forge/workflows/definition.h"

namespace forge::cli {

// Several lines, of which the first has the name and the hops. Everything that the definition declares is in it.
std::string workflow_text(const WorkflowDefinition& definition);

}  // namespace forge::cli
