#pragma once

// Whether an event starts a run, and with which input.

#include <optional>
#include <string>

#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/workflows/definition.h"
#include "plan.h"
#include "run.h"
#include "run_journal.h"

namespace forge::internal {

struct HookedRun {
  std::string id;
  Object input;  // held against the declared inputs
  Value event;   // as ${event} is; of a signal with ${signal} in it
  std::uint32_t hops = 0;
  RunError error = {};  // why it cannot begin; without a code where it can
};

// Whether an event is one of those that a hook or a wait names. Those of runs themselves are only where the pattern names them.
bool is_for(const std::string& pattern, const Event& event);
// Whether it is one that the hook is for, or a signal of its name and key; its condition aside.
bool is_hooked(const fb::HookT& hook, const Event& event);

// Nothing where the event is not one that the hook is for, or its condition is not true. The id follows from the event, or from the
// key of a hook on events. Errors: kPathMissing, kRunInput and those of expressions, where it is but no run can be started.
Result<std::optional<HookedRun>> hooked_run(const WorkflowDefinition& definition, const Event& event);

// The run that stands for the one which the event should have started and, for that reason, cannot: it ends as failed where it
// begins. Its id follows from the workflow and the event, and is never that of a run which could begin, so that one can be started
// for the event once the reason is gone, and takes no key from other events. Nothing where the event has no hops for a run.
std::optional<HookedRun> unstarted_run(const WorkflowDefinition& definition, const Event& event, const Status& why);
inline constexpr const char* kUnstarted = "~unstarted";  // what such an id ends with

// The action that begins the run.
ActionRequest hooked_request(const DefinitionPin& pin, const HookedRun& run, std::uint32_t max_concurrency);
// In whose name a run for the event is.
Actor actor_of_event(const Event& event);

}  // namespace forge::internal
