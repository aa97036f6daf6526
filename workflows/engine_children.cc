// Steps that are workflows. Such a step stands for a run of its own: the child, whose id follows from the hop and whose first fact
// names the parent and that hop. So whoever reads both journals knows what one expects of the other, and nothing else is stored:
// the engine holds them against each other whenever one of them has changed. A child that its parent no longer waits for is told
// to cancel, or to terminate with it; one that has come to an end, or halts, is told to the parent as the outcome of its hop.

#include "commit_errors.h"
#include "forge/workflows/runs.h"
#include "run_engine.h"

namespace forge::internal {
namespace {

// Errors: those of reading what it came to.
Result<StepOutcome> child_outcome(const RunFold& child) {
  const RunState& state = child.state();
  const bool halted = state.phase == RunPhase::kHalted;
  if (halted || state.outcome == RunOutcome::kCompleted) {
    FORGE_ASSIGN(Value value, child.last_value());
    return halted ? StepOutcome::halted(std::move(value)) : StepOutcome::done(std::move(value));
  }
  const std::string ending(name_of(state.outcome));
  const bool late = state.outcome == RunOutcome::kExpired;
  const std::string code = late ? "timeout" : state.cause.code.empty() ? ending : state.cause.code;
  // Where the child failed with a child of its own, that one says it: the chain is in the names.
  if (state.cause.message.starts_with("run '" + child.id() + "/")) return StepOutcome::failed(code, state.cause.message);
  const std::string why = state.cause.message.empty() ? "" : ": " + state.cause.message;
  return StepOutcome::failed(code, "run '" + child.id() + "' ended as " + ending + why);
}

}  // namespace

// Begins the child, or takes up the one that there is.
void RunEngine::start_child(LiveRun& live, const Work& work) {
  const std::string id = live.run.fold->child_id(work.hop);
  live.children.insert(id);
  if (find(id) == nullptr) {
    Result<ReadRun> read = read_run(store_.view(), id, definitions_, options_.run);
    if (read.status().id() == ErrorId::kRunNotFound) {
      const bool nothing = work.purpose == Purpose::kUndo && stands_for_run(work, live.run.fold->plan());
      return nothing ? answer(live, work, {.outcome = StepOutcome::done()}) : commit_child(live, work);
    }
    if (!read.ok()) return answer_for_unread(live, work, id, read.status());
    if (read->fold->state().parent != live.run.head.id) return refuse_child(live, work, id);
    return adopt(*std::move(read));
  }
  const LiveRun& child = *find(id);
  if (child.run.fold == nullptr) return answer_for_unread(live, work, id, child.parked.value_or(Status()));
  if (child.run.fold->state().parent != live.run.head.id) return refuse_child(live, work, id);
  settle(id);
}

// A child whose journal cannot be folded may have been ended all the same.
void RunEngine::answer_for_unread(LiveRun& live, const Work& work, const std::string& id, const Status& unread) {
  const Result<RunInfo> info = run_info(store_.view(), id);
  if (!info.ok() || !info->has_ended() || info->status == "completed") return park(live, unread);
  answer(live, work, {.outcome = StepOutcome::failed(info->status, "run '" + id + "' ended as " + info->status)});
}

void RunEngine::refuse_child(LiveRun& live, const Work& work, const std::string& id) {
  const Status taken = Status(ErrorId::kRecordExists, "there is a run '" + id + "' already").why("somebody else started it");
  answer(live, work, {.outcome = failure_of(taken)});
}

void RunEngine::commit_child(LiveRun& live, const Work& work) {
  const std::string& name = work.step->body.AsWorkflowStep()->workflow;
  const Result<DeclaredWorkflow> declared = newest_definition(store_.view(), name, definitions_);
  if (!declared.ok()) {
    return stand_still(live, work,
                       Status(declared.status())
                           .why("step '" + live.run.fold->path_of_hop(work.hop) + "' is a run of it")
                           .state("the run stands still")
                           .remedy("declare it: forgectl workflow add FILE"));
  }
  // Cleaning up and undoing cost no hops, so they have what any run of the workflow has.
  const bool mends = mends_by_run(work, live.run.fold->plan());
  const std::uint32_t hops = mends ? declared->definition->plan().declared->ttl_hops : work.hops - 1;
  Result<Object> input = declared->definition->take_inputs(work.args);
  if (!input.ok()) return answer(live, work, {.outcome = failure_of(input.status())});
  loop_.commit({child_request(live, work, declared->pin, *std::move(input), hops)}, child_options(live, work, hops),
               [this, parent = live.run.head.id, hop = work.hop](const Result<TransactionReceipt>& committed) {
                 take_child_start(parent, hop, committed.status());
               });
}

ActionRequest RunEngine::child_request(const LiveRun& live, const Work& work, const DefinitionPin& pin, Object input,
                                       std::uint32_t hops) const {
  Fact fact;
  fact.hop = work.hop;
  fact.parent = live.run.head.id;
  fact.hops = hops;
  fact.concurrency = live.run.fold->state().max_concurrency;
  fact.deadline_us = work.step->timeout;
  fact.value = Object{{"input", std::move(input)}, {"event", nullptr}};
  ActionRequest request = start_request(pin, fact);
  request.args.add("id", live.run.fold->child_id(work.hop));
  return request;
}

ActOptions RunEngine::child_options(const LiveRun& live, const Work& work, std::uint32_t hops) const {
  ActOptions options{.actor = live.run.head.actor, .correlation = live.run.head.correlation, .causation = work.since};
  options.hops_left = static_cast<std::uint8_t>(hops);
  return options;
}

// A child that was begun comes as an event.
void RunEngine::take_child_start(const std::string& parent, const HopId& hop, const Status& started) {
  LiveRun* live = find(parent);
  if (started.ok() || stopped_ || live == nullptr || live->parked) return;
  const OpenCommand* open = live->run.fold->work(hop);
  if (open == nullptr) return;
  if (is_passing(started)) {
    return add_timer(Time{options_.clock->now().micros + kAgainAfterUs}, {.kind = Due::kWorkAgain, .run = parent, .hop = hop});
  }
  if (is_final(started)) return fail(started);
  if (started.id() == ErrorId::kRecordExists) {
    start_work(*live, *open);
  } else {
    answer(*live, work_of(live->run.fold->plan(), *open), {.outcome = failure_of(started)});
  }
  settle(parent);
}

// ---- Steps that a function returns

bool RunEngine::has_child(const LiveRun& live, const Work& work) const {
  const std::string id = live.run.fold->child_id(work.hop);
  return runs_.contains(id) || run_info(store_.view(), id).status().id() != ErrorId::kRunNotFound;
}

void RunEngine::start_further(LiveRun& live, const Work& work, const WorkOutcome& outcome) {
  const std::string what = "step '" + live.run.fold->path_of_hop(work.hop) + "'";
  const auto refuse = [&](const std::string& why) {
    answer(live, work, {.outcome = StepOutcome::failed("steps", what + " returned further steps: " + why)});
  };
  if (!is_dynamic(*work.step) || !stands_for_run(work, live.run.fold->plan()))
    return refuse("it is not declared with dynamic = true");
  if (!outcome.actions.empty()) return refuse("it asked for actions, too");
  const WorkflowDefinition& steps = *outcome.outcome.steps;
  if (const Status known = check_supported(steps.plan()); !known.ok()) return refuse(failure_of(known).message);
  Result<Object> input = steps.take_inputs(outcome.outcome.input);
  if (!input.ok()) return refuse(failure_of(input.status()).message);
  commit_further(live, work, outcome, *std::move(input));
}

// The definition and the run that keeps to it are one transaction. It is declared under a name that no other workflow can have, and
// once for all runs in which the step returns the same.
void RunEngine::commit_further(LiveRun& live, const Work& work, const WorkOutcome& outcome, Object input) {
  const WorkflowDefinition& steps = *outcome.outcome.steps;
  const RunFold& fold = *live.run.fold;
  const std::string name = fold.definition().name() + "/" + fold.plan().steps[work.hop.step].path;
  const std::string hash = to_hex(steps.hash());
  const Result<Record> known = store_.view().get("_workflow", name);
  DefinitionPin pin{.workflow = name, .declared = known.ok() ? known->version() : 0, .hash = hash};
  std::vector<ActionRequest> actions;
  if (!known.ok() || (*known)["hash"] != Value(hash)) {
    const std::span<const std::uint8_t> bytes = steps.bytes();
    Args args{{"name", name}, {"hash", hash}, {"definition", Bytes(bytes.begin(), bytes.end())}};
    actions.push_back({.action = "_workflow.add", .args = std::move(args), .if_version = pin.declared});
    ++pin.declared;
  }
  actions.push_back(child_request(live, work, pin, std::move(input), work.hops - 1));
  live.children.insert(fold.child_id(work.hop));
  loop_.commit(std::move(actions), child_options(live, work, work.hops - 1),
               [this, parent = live.run.head.id, work, outcome](const Result<TransactionReceipt>& committed) {
                 take_further(parent, work, outcome, committed.status());
               });
}

// Where another run declared other steps of that name meanwhile, it is done again on what is there now.
void RunEngine::take_further(const std::string& parent, const Work& work, const WorkOutcome& outcome, const Status& started) {
  LiveRun* live = find(parent);
  if (started.id() != ErrorId::kVersionConflict || live == nullptr || stopped_ || live->parked) {
    return take_child_start(parent, work.hop, started);
  }
  const OpenCommand* open = live->run.fold->work(work.hop);
  if (open != nullptr && open->command.attempt == work.attempt) start_further(*live, work, outcome);
  settle(parent);
}

// Holds a child against its parent. Returns the run that something was added to: the child, the parent, or none (empty).
std::string RunEngine::attend(LiveRun& child) {
  if (child.run.fold == nullptr || stopped_) return "";
  const RunState& state = child.run.fold->state();
  if (state.parent.empty()) return "";
  LiveRun* parent = find(state.parent);
  if (parent == nullptr) return attend_orphan(child);
  if (parent->parked || parent->run.fold == nullptr) return "";
  const RunFold& fold = *parent->run.fold;
  const HopId hop = state.parent_hop;
  const bool recorded = child.run.fold->records().empty() && !child.committing && child.entries.empty();
  const bool over = recorded && state.phase == RunPhase::kEnded;
  if (fold.child_id(hop) != child.run.head.id || !fold.awaits_child(hop)) {
    return over ? ""
                : tell_child(child, fold.state().outcome == RunOutcome::kTerminated ? Fact::Kind::kTerminate : Fact::Kind::kCancel);
  }
  const OpenCommand* open = fold.work(hop);
  if (open == nullptr) return "";  // both have halted
  const Work work = work_of(fold.plan(), *open);
  const bool mends = mends_by_run(work, fold.plan());
  const bool undone = work.purpose == Purpose::kUndo && !mends;
  if (over)
    return undone && state.outcome == RunOutcome::kCompleted ? tell_child(child, Fact::Kind::kUnwind)
                                                             : tell_parent(*parent, *open, child);
  if (mends) return "";
  if (undone || fold.stops(hop)) return tell_child(child, Fact::Kind::kCancel);
  if (child.parked) return "";
  if (state.phase == RunPhase::kHalted && recorded) {
    return child.run.fold->halted_at() > open->since ? tell_parent(*parent, *open, child) : tell_child(child, Fact::Kind::kResume);
  }
  return fold.state().phase == RunPhase::kHalting ? tell_child(child, Fact::Kind::kPause) : "";
}

// The parent has ended without it, or is yet to be read.
std::string RunEngine::attend_orphan(LiveRun& child) {
  const RunState& state = child.run.fold->state();
  if (state.phase >= RunPhase::kFailing) return "";
  const Result<RunInfo> parent = run_info(store_.view(), state.parent);
  if (!parent.ok() || !parent->has_ended()) return "";
  const bool terminated = parent->status == name_of(RunOutcome::kTerminated);
  return tell_child(child, terminated ? Fact::Kind::kTerminate : Fact::Kind::kCancel);
}

std::string RunEngine::tell_child(LiveRun& child, Fact::Kind kind) {
  const RunPhase phase = child.run.fold->state().phase;
  const bool moot =
      (kind == Fact::Kind::kCancel && phase >= RunPhase::kFailing) || (kind == Fact::Kind::kPause && phase != RunPhase::kRunning);
  if (child.told == kind || moot) return "";
  child.told = kind;
  Entry entry{.told = true};
  entry.fact.kind = kind;
  entry.fact.actor = child.run.head.actor.id;
  entry.fact.reason = "as run '" + child.run.fold->state().parent + "', which it is a step of";
  add(child, std::move(entry));
  return child.run.head.id;
}

std::string RunEngine::tell_parent(LiveRun& parent, const OpenCommand& open, LiveRun& child) {
  if (child.answered == child.run.seq) return "";
  child.answered = child.run.seq;
  const RunState& state = child.run.fold->state();
  const Work work = work_of(parent.run.fold->plan(), open);
  const bool undone = work.purpose == Purpose::kUndo && stands_for_run(work, parent.run.fold->plan());
  const Result<StepOutcome> outcome = undone ? StepOutcome::done() : child_outcome(*child.run.fold);
  if (!outcome.ok()) return park(parent, outcome.status()), "";
  Entry entry{.fact = fact_of(work, *outcome), .causation = child.run.seq, .answers_work = true};
  entry.fact.hops = state.frames.at(0).passed;
  entry.fact.warnings = state.warnings && state.outcome == RunOutcome::kCompleted;
  entry.fact.undo_failed = state.outcome == RunOutcome::kUndoFailed;
  add(parent, std::move(entry));
  return parent.run.head.id;
}

bool RunEngine::waits_for_child(const LiveRun& live, const OpenCommand& open) const {
  const RunFold& fold = *live.run.fold;
  return needs_run(fold.plan(), open.command) && runs_.contains(fold.child_id(open.command.hop));
}

}  // namespace forge::internal
