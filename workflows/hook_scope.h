#pragma once

// Whether an event starts a run, and with which input.

#include <optional>
#include <string>

#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/workflows/definition.h"
#include "plan.h"

namespace forge::internal {

struct HookedRun {
  std::string id;
  Object input;  // held against the declared inputs
  Value event;   // as ${event} is; of a signal with ${signal} in it
  std::uint32_t hops = 0;
};

// Whether an event is one of those that a hook or a wait names. Those of runs themselves are only where the pattern names them.
bool is_for(const std::string& pattern, const Event& event);
// Whether it is one that the hook is for, or a signal of its name and key; its condition aside.
bool is_hooked(const fb::HookT& hook, const Event& event);

// Nothing where the event is not one that the hook is for, or its condition is not true. The id follows from the event, or from the
// key of a hook on events. Errors: kPathMissing, kRunInput and those of expressions, where it is but no run can be started.
Result<std::optional<HookedRun>> hooked_run(const WorkflowDefinition& definition, const Event& event);

}  // namespace forge::internal
