#pragma once

// What people do about single steps of a run: try one again, let an undo be, and go another way from a step. Each is an event with
// the actor and the reason of `options`, written before anything follows from it; whichever runner has the store takes it up. As in
// runs.h, all of it works from any process that may act on the store. Functions are safe from any thread.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/store.h"
#include "forge/workflows/definition.h"
#include "forge/workflows/runs.h"

namespace forge {

// Tries once more, and at once, what `step` names by its path:
// - a step, or the undo of one, that backs off, without waiting for its time;
// - in a run that is `failed`, the step that failed. The run goes on as the same run, with the same idempotency keys; what was
//   stopped with that step begins again, and deadlines count anew;
// - in a run that is `undo_failed`, the undo that was given up. The run ends once more: as it would have, where nothing else is
// left. A run that ended otherwise is not opened again: what it did is undone, so fork it. Errors: kRunNotFound, kStepWaitsNot; as
// Store::act.
Status retry_step(Store& store, const std::string& id, const std::string& step, const ActOptions& options = {});

// Says that the undo of `step` need not be tried again, where it was given up or backs off: somebody has seen to it. The run goes
// on without it, ends as it would have with it, and has warnings. Errors: as retry_step.
Status waive_undo(Store& store, const std::string& id, const std::string& step, const ActOptions& options = {});

// The steps for which these have something to do now, by their paths: what failed or backs off, what could not be undone. An undo
// that can be waived can be tried again, too.
struct SteerableSteps {
  std::vector<std::string> to_retry;
  std::vector<std::string> to_waive;
};
// Errors: kRunNotFound; as reading.
Result<SteerableSteps> steerable_steps(const View& view, const std::string& id);

struct RunFork {
  std::string id = {};                        // of the new run, as RunStart::id; empty: a new one
  std::string from = {};                      // the step to begin at; one of the workflow itself, not one inside another
  Object input = {};                          // instead of the inputs of those names
  std::map<std::string, Value> results = {};  // instead of what the steps of those names had come to; they must be taken over
  ActOptions options = {};                    // actor, reason; a dry run checks only
};

struct ForkReceipt {
  std::string id;
  std::vector<std::string> taken;  // steps of the earlier run whose results stand, in declared order
};

// The definition that a run keeps to. Errors: kRunNotFound, kWorkflowNotFound; as reading.
Result<std::shared_ptr<const WorkflowDefinition>> run_definition(const View& view, const std::string& id);

// Starts another run of the same definition that begins at `from`. It takes over what the earlier run has come to so far, all but
// `from`, what was undone, and whatever waits for one of these: those steps run. Steps that were taken over are not undone with the
// new run; what they did is the earlier one's, which goes on unharmed where it has not ended. The new run has the earlier one's
// event, correlation and hops, and names it as its cause. The start and all that is taken over are one event. An approval of a
// role that is taken over, or stands inside a step that is, in a workflow that the step calls, too, is given for the new run by
// whoever forks: without that role it is refused. Errors: kRunNotFound, kWorkflowReference where `from` or a result names no such
// step, kPolicyDenied, kRunInput, kKeyInvalid where the id cannot be one, kRecordExists where there is a run of that id; as
// Store::act.
Result<ForkReceipt> fork_run(Store& store, const std::string& id, const RunFork& how);

}  // namespace forge
