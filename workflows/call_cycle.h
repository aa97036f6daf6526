#pragma once

// Workflows that call themselves, directly or through others.

#include <string>
#include <vector>

#include "forge/workflows/definition.h"
#include "workflow_generated.h"

namespace forge::internal {

// A step by which every run of a workflow starts another run of that workflow, and waits for it: none of them can end by itself.
struct EndlessCall {
  std::string place;                 // "step.again.workflow"
  std::string step;                  // its name
  std::vector<std::string> through;  // the workflows in between, in order
};

// Those of `definition`. A call may end where a condition stands on the way: a `where`, guard, switch or map around it or on it, or
// a step beside it, or in one beside it, that ends the run (a fail, a halt, a guard that does, a read that halts), a clause of it
// that goes on where it fails. Children that `around` does not know are passed over.
std::vector<EndlessCall> endless_calls(const fb::WorkflowDefinitionT& definition, const WorkflowSurroundings& around);

}  // namespace forge::internal
