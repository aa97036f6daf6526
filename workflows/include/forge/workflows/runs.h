#pragma once

// Workflows and their runs as a store holds them. Everything here is an event: declaring a workflow, starting a run, telling it
// something; so all of it works from any process that may act on the store, whether or not a runner (runner.h) is at work. A run
// goes on as soon as one is. An attached store knows workflows and runs as of its opening, but for those it declares and starts
// itself. Functions are safe from any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/action_target.h"
#include "forge/store/store.h"
#include "forge/workflows/definition.h"

namespace forge {

struct WorkflowInfo {
  std::string name;
  std::string hash;      // of the definition in force
  Version declared = 0;  // how many times it was declared so far; runs keep to the one that they were started with
  Seq seq = 0;           // of the event that declared it
};

// Declares the workflow to the store, unless this very definition is in force. Hooks (`on`) hold for events after that. Errors:
// kWorkflowUnsupported naming the first step of a kind that no runner of this version carries out; as Store::act.
Result<WorkflowInfo> add_workflow(Store& store, const WorkflowDefinition& definition, const ActOptions& options = {});
// By name; the one in force. Errors: kDataCorrupt, kClosed; of the second kWorkflowNotFound naming the nearest one that there is.
Result<std::vector<WorkflowInfo>> workflows(const View& view);
Result<std::shared_ptr<const WorkflowDefinition>> workflow(const View& view, const std::string& name);

// What a workflow that is declared to the store now is held against (parse_workflow): its schema and its workflows. Keeps what it
// needs of the view. Errors: as workflows.
Result<WorkflowSurroundings> surroundings(const View& view);

struct RunStart {
  // Without slashes, which are for the runs of steps, and control characters; empty: a new one. A run of that id that was started
  // with the same workflow and input is not started again.
  std::string id = {};
  Object input = {};
  std::optional<std::uint8_t> hops = {};  // instead of the definition's ttl_hops
  std::uint32_t max_concurrency =
      0;                    // steps in flight, for as long as the run lasts; 0: 64, or what the runner says that starts it
  ActOptions options = {};  // actor, reason, correlation, causation; a dry run checks only
};

// Starts a run of the workflow in force under that name. Returns its id once that is durable. Errors: kWorkflowNotFound, kRunInput,
// kKeyInvalid where the id cannot be one, kRecordExists where a run of that id had another workflow or input; as Store::act.
Result<std::string> start_run(Store& store, const std::string& workflow, const RunStart& how);
// The same for a definition, which is declared first where it is not in force (add_workflow, in a transaction of its own).
Result<std::string> start_run(Store& store, const WorkflowDefinition& definition, const RunStart& how);

// Starts the run that the hook of the workflow in force starts for the event at `seq`: where it could not begin (unstarted_event),
// or the hook did not hold yet. It has the id, input and hops that the hook gives it, and the event's correlation; of `how`, the
// options and max_concurrency count. Where that run is there, it is not started again. Errors: kWorkflowNotFound, those of reading
// the event; kWorkflowReference where the workflow has no hook, or its hook is not for the event or its condition does not hold;
// those of making the input and the key (kPathMissing, kRunInput, …); as Store::act.
Result<std::string> start_run_for(Store& store, const std::string& workflow, Seq seq, const RunStart& how = {});

// What generic actions with `workflow` need (OpenOptions::workflow_target): such an action starts a run, which gets its arguments
// as inputs, with what the transaction has left of hops, else all that the definition gives. It is refused where no workflow of
// that name is declared, or does not take these inputs.
ActionTarget workflow_target();

struct RunInfo {
  std::string id;
  std::string workflow;
  std::string hash;  // of the definition that it keeps to
  std::string
      status;  // "running", "halted", "completed", "compensated", "failed", "undo_failed", "cancelled", "terminated", "expired"
  std::string result;  // as JSON, with "[secret]" for what a secret input stands in; empty: there is none, or it is over 64 KiB
  std::string error;   // what made it fail; the same of it
  bool warnings = false;
  std::string parked;  // why the runner that has it cannot go on with it: what is missing; empty where it goes on, or none has it.
                       // Of one that waits for a run that stands still, standing_below()
  Seq seq = 0;         // of the last event of its journal

  bool has_ended() const { return status != "running" && status != "halted"; }
};

// A pulse: one entry of a run's journal, as people read it.
struct Pulse {
  Seq seq = 0;
  Time at;
  std::string step;  // its path; empty for the run itself
  std::string what;  // "started", "completed", "retried", "failed", "undone", "ttl_expired", …
  std::uint32_t attempt = 0;
  std::string code;
  std::string message;
  std::string actor;   // of what people told it: who
  std::string reason;  // and why
  std::optional<std::int64_t> duration_ns;
  std::optional<std::uint8_t> hops_left;  // that it passed on
  std::optional<Seq> saw;                 // as of which the step's body read the store, where it did
  std::vector<Seq> caused;                // events of the same transaction that are not the run's own
};

// How far a map is.
struct MapProgress {
  std::uint64_t items = 0;                    // that are done
  std::uint64_t bad = 0;                      // of these
  std::optional<double> part = {};            // of the whole, from 0 to 1, where that is known
  std::optional<double> items_a_second = {};  // since the map began
  std::optional<std::int64_t> left_us = {};   // about
};
// "45000 items, 3 bad, 45%, 12000/s, 4 s left".
std::string text_of(const MapProgress& progress);

// A step that has begun and is not done.
struct OpenStep {
  std::string step;
  std::string state;  // "executing", "standing still", "undoing", "compensating", "fetching", "mapping", "sleeping", "backing off",
                      // "waiting"
  std::string waits_for;      // of a wait: the signal or event, with its key; of an approval: the question; of a workflow: its run
  bool is_approval = false;   // somebody is asked: approve_step
  std::string role = {};      // of an approval: whose it is; empty: anybody's
  std::string stands = {};    // of a workflow: that its run, or one below that, stands still, and why; empty where none does
  std::optional<Time> until;  // of a timer: when
  std::optional<MapProgress> progress;  // of a map over what comes from elsewhere, as of the last entry of the journal
};

struct RunDetail {
  RunInfo info;
  std::vector<Pulse> pulses;
  std::vector<OpenStep> open;
};

// The event that should have started a run and could not, which this failed run stands for; nothing for other runs.
std::optional<Seq> unstarted_event(const RunInfo& run);
// Errors: kRunNotFound, kDataCorrupt, kClosed; of run_detail also those of reading the definition.
Result<RunInfo> run_info(const View& view, const std::string& id);
Result<RunDetail> run_detail(const View& view, const std::string& id);
// The run that it is a step of; empty where it is none. Errors: as run_info.
Result<std::string> parent_of_run(const View& view, const std::string& id);
// The first run below it that stands still, so that it cannot go on either: one that a step of it stands for, or a step of such a
// one. Empty where none does. Errors: as reading.
Result<std::optional<RunInfo>> standing_below(const View& view, const std::string& id);
// In order of their ids, from the one after `after` on; `status` empty: all. At most `limit`, where that is not 0. Reads the
// records of those runs and no others, also with a status, except at a point of the past with more than 1,000 events behind it.
Result<std::vector<RunInfo>> runs(const View& view, const std::string& status = {}, std::size_t limit = 0,
                                  const std::string& after = {});
// Of each of these runs, the maps that are open in it and take their items from elsewhere, with their progress. Reads the journals
// of those runs alone whose workflow has such a map. Empty also where a run cannot be read, of which run_detail tells.
std::vector<std::vector<OpenStep>> open_maps(const View& view, const std::vector<RunInfo>& of);

// What people tell a run. Each is an event of its journal with the actor and the reason of `options`. A runner takes it up.
enum class RunTelling : std::uint8_t {
  kCancel,     // undo what was done
  kTerminate,  // stop and undo nothing
  kPause,      // halt when what is in flight is done
  kResume,     // go on after a halt or a pause
};
// A run that cannot be read, since the file of a map that it has begun with is gone or another one, ends at once when it is to
// terminate. Errors: kRunNotFound, kRunEnded; kStepWaitsNot where a run is to be resumed that has not halted and is not about to,
// or was told the same already, or unwinds, so that telling it would do nothing; kInputUnreadable and kItemsDiffer where it cannot
// be read; as Store::act.
Status tell_run(Store& store, const std::string& id, RunTelling telling, const ActOptions& options = {});
// Answers an `approve` step that waits, named by its path. Its result is {approved, by, reason}. Errors: kRunNotFound, kRunEnded,
// kStepWaitsNot; kPolicyDenied where the step names another role than the actor's, or no actor is given; as Store::act.
Status approve_step(Store& store, const std::string& id, const std::string& step, bool approved, const ActOptions& options = {});

struct SignalOptions {
  std::optional<Time> keep_until = {};  // runs that begin to wait until then get it, too
  bool refuse = false;                  // where nobody would receive it; not beside `keep_until`
  ActOptions options = {};              // actor, reason, idempotency key; a dry run checks only
};

// Sends a signal to every run that waits for it under that key, to hooks (`on = { signal = … }`), each of which starts a run, and
// to consumers (Runner::on_signal). An empty key is none. One that nobody receives is recorded, and reaches nobody but those for
// whom it is kept; or it is refused, as asked. Receivers are those of the moment before; an attached store knows of runs and hooks
// as of its opening. A wait that has its signal already is none, nor is a hook whose condition does not hold for it. Errors:
// kKeyInvalid, kSignalUnreceived, kUsage for keeping and refusing at once; as Store::act.
Status send_signal(Store& store, const std::string& name, const std::string& key, const Value& value,
                   const SignalOptions& how = {});

}  // namespace forge
