// Where a step stands is read from the run's journal; what is to become of it is one fact, which the decider judges again: the run
// may have gone on meanwhile, and then the fact changes nothing.

#include "forge/workflows/steering.h"

#include <algorithm>
#include <optional>
#include <set>

#include "run_id.h"
#include "run_journal.h"
#include "step_work.h"

namespace forge {

using internal::Fact;
using internal::HopId;
using internal::ReadRun;
using internal::RunFold;
using internal::StepIndex;
using internal::TimerKind;

namespace {

struct SteeredRun {
  RunInfo info;
  ReadRun run;
};

Result<SteeredRun> steered_run(const View& view, const std::string& id, const internal::RunOptions& options = {}) {
  internal::DefinitionCache cache;
  SteeredRun found;
  Result<RunInfo> info = run_info(view, id);
  if (!info.ok()) return Status(info.status()).state("nothing was written");
  found.info = *std::move(info);
  FORGE_ASSIGN(found.run, internal::read_run(view, id, cache, options));
  return found;
}

// ---- One step

std::optional<HopId> backing_off(const RunFold& fold, const std::string& step, bool undo_only) {
  for (const auto& [timer, open] : fold.timers()) {
    const bool backs_off = timer.second == TimerKind::kUndoRetry || (!undo_only && timer.second == TimerKind::kRetry);
    if (backs_off && fold.path_of_hop(timer.first) == step) return timer.first;
  }
  return std::nullopt;
}

std::optional<HopId> given_up(const RunFold& fold, const std::string& step) {
  const auto& unreversed = fold.state().unreversed;
  const auto found = std::find_if(unreversed.rbegin(), unreversed.rend(),
                                  [&](const auto& one) { return fold.path_of_hop(one.second.hop) == step; });
  return found == unreversed.rend() ? std::nullopt : std::optional(found->second.hop);
}

std::optional<HopId> failed_hop(const RunFold& fold, const std::string& step) {
  for (const auto& [id, frame] : fold.state().frames) {
    for (const StepIndex index : fold.plan().blocks[frame.block].steps) {
      const HopId hop{id, index};
      const bool has_failed = frame.slots[fold.plan().steps[index].place].status == internal::StepStatus::kFailed;
      if (has_failed && fold.path_of_hop(hop) == step) return hop;
    }
  }
  return std::nullopt;
}

// Steps that stand as failed, the innermost last.
std::vector<std::string> failed_steps(const RunFold& fold) {
  std::vector<std::string> steps;
  for (const auto& [id, frame] : fold.state().frames) {
    for (const StepIndex index : fold.plan().blocks[frame.block].steps) {
      const bool has_failed = frame.slots[fold.plan().steps[index].place].status == internal::StepStatus::kFailed;
      if (has_failed) steps.push_back(fold.path_of_hop({id, index}));
    }
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::string listed(const char* before, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? before : ", ") + name;
  return text;
}

// Why a step is not among those: how the run stands, and which are.
std::string why_not_among(const RunInfo& info, const std::vector<std::string>& steps) {
  return "the run is " + info.status + (steps.empty() ? "" : listed("; these can be: ", steps));
}

// `command` is of those that can be.
Status not_steered(const RunInfo& info, const std::string& step, const char* what, const char* command,
                   const std::vector<std::string>& steps = {}) {
  const bool undone = info.status == "compensated" || info.status == "cancelled" || info.status == "expired";
  return Status(ErrorId::kStepWaitsNot, "step '" + step + "' of run '" + info.id + "' " + what)
      .why(why_not_among(info, steps))
      .state("nothing was written")
      .remedy(undone           ? "go on from there in another run: forgectl workflow fork " + info.id + " --from " + step
              : !steps.empty() ? "name one of these: forgectl workflow " + std::string(command) + " " + info.id + " " + steps[0]
                               : "see: forgectl workflow trace " + info.id);
}

Status steer(Store& store, const SteeredRun& to, Fact fact, const ActOptions& given) {
  fact.actor = given.actor.id;
  fact.reason = given.reason;
  ActOptions options = given;
  options.correlation = to.run.head.correlation;
  const RunFold& fold = *to.run.fold;
  ActionRequest request = to.info.has_ended() ? internal::reopen_request(fold, fact) : internal::tell_request(fold, fact, "");
  if (to.info.has_ended()) request.if_version = to.run.version;
  Status told = store.transact({std::move(request)}, options).status();
  const bool went_on = told.id() == ErrorId::kRuleViolated || told.id() == ErrorId::kVersionConflict;
  if (!went_on) return told;
  FORGE_ASSIGN(const RunInfo now, run_info(store.view(), to.info.id));
  return not_steered(now, fold.path_of_hop(fact.hop), "went on meanwhile", "");
}

}  // namespace

namespace {

SteerableSteps steerable_in(const SteeredRun& at) {
  const RunFold& fold = *at.run.fold;
  SteerableSteps steps;
  for (const auto& [timer, open] : fold.timers()) {
    if (timer.second != TimerKind::kUndoRetry && timer.second != TimerKind::kRetry) continue;
    steps.to_retry.push_back(fold.path_of_hop(timer.first));
    if (timer.second == TimerKind::kUndoRetry) steps.to_waive.push_back(steps.to_retry.back());
  }
  if (at.info.status == "failed") steps.to_retry = failed_steps(fold);
  if (at.info.status == "undo_failed") {
    const auto& unreversed = fold.state().unreversed;
    for (auto one = unreversed.rbegin(); one != unreversed.rend(); ++one) {
      steps.to_waive.push_back(fold.path_of_hop(one->second.hop));
    }
    steps.to_retry = steps.to_waive;
  }
  return steps;
}

}  // namespace

Result<SteerableSteps> steerable_steps(const View& view, const std::string& id) {
  FORGE_ASSIGN(const SteeredRun at, steered_run(view, id));
  return steerable_in(at);
}

Status retry_step(Store& store, const std::string& id, const std::string& step, const ActOptions& options) {
  FORGE_ASSIGN(const SteeredRun to, steered_run(store.view(), id));
  const RunFold& fold = *to.run.fold;
  const std::optional<HopId> hop = !to.info.has_ended()              ? backing_off(fold, step, false)
                                   : to.info.status == "failed"      ? failed_hop(fold, step)
                                   : to.info.status == "undo_failed" ? given_up(fold, step)
                                                                     : std::nullopt;
  if (!hop) return not_steered(to.info, step, "is not to be tried again", "retry", steerable_in(to).to_retry);
  Fact fact;
  fact.kind = Fact::Kind::kRetryStep;
  fact.hop = *hop;
  return steer(store, to, std::move(fact), options);
}

Status waive_undo(Store& store, const std::string& id, const std::string& step, const ActOptions& options) {
  FORGE_ASSIGN(const SteeredRun to, steered_run(store.view(), id));
  const RunFold& fold = *to.run.fold;
  const std::optional<HopId> hop = !to.info.has_ended()              ? backing_off(fold, step, true)
                                   : to.info.status == "undo_failed" ? given_up(fold, step)
                                                                     : std::nullopt;
  if (!hop) return not_steered(to.info, step, "has no undo that fails", "waive", steerable_in(to).to_waive);
  Fact fact;
  fact.kind = Fact::Kind::kWaive;
  fact.hop = *hop;
  return steer(store, to, std::move(fact), options);
}

// ---- Forks

namespace {

// The steps that run in a fork: `from`, those that the earlier run has not done, or undone again, and whatever waits for one.
std::set<StepIndex> steps_to_run(const RunFold& fold, StepIndex from) {
  std::set<StepIndex> to_run{from};
  const auto& slots = fold.state().frames.at(0).slots;
  for (const StepIndex step : fold.plan().blocks[0].steps) {
    const internal::StepStatus status = slots[fold.plan().steps[step].place].status;
    const bool done = status == internal::StepStatus::kDone || status == internal::StepStatus::kSkipped;
    if (!done || fold.is_reversed(step)) to_run.insert(step);
  }
  std::vector<StepIndex> open(to_run.begin(), to_run.end());
  while (!open.empty()) {
    const StepIndex step = open.back();
    open.pop_back();
    for (const StepIndex next : fold.plan().steps[step].successors) {
      if (to_run.insert(next).second) open.push_back(next);
    }
  }
  return to_run;
}

std::optional<StepIndex> own_step(const RunFold& fold, const std::string& name) {
  for (const StepIndex step : fold.plan().blocks[0].steps) {
    if (fold.plan().steps[step].path == name) return step;
  }
  return std::nullopt;
}

Status no_step(const RunInfo& info, const std::string& what) {
  return Status(ErrorId::kWorkflowReference, what)
      .state("no run was started")
      .remedy("see its steps: forgectl workflow show " + info.workflow);
}

// An approval that only a role gives.
struct AskedRole {
  std::string step;
  std::string role;
};

bool is_within(const internal::Plan& plan, StepIndex step, StepIndex within) {
  while (step != within && step < plan.steps.size()) step = plan.blocks[plan.steps[step].block].owner;
  return step == within;
}

// The workflow that the step calls, or under whose name further steps of it are declared; empty where there is none.
std::string called_by(const WorkflowDefinition& definition, const internal::PlannedStep& step) {
  if (const auto* child = step.declared->body.AsWorkflowStep()) return child->workflow;
  return internal::is_dynamic(*step.declared) ? definition.name() + "/" + step.path : std::string();
}

class AskedRoles {
 public:
  explicit AskedRoles(const View& view) : view_(view) {}

  // Those of the step, inside it, and in what it calls; of all steps where it is kNone. `before` stands before their paths.
  void add(const WorkflowDefinition& definition, StepIndex within, const std::string& before) {
    const internal::Plan& plan = definition.plan();
    for (StepIndex i = 0; i < plan.steps.size(); ++i) {
      if (within != internal::kNone && !is_within(plan, i, within)) continue;
      const internal::PlannedStep& step = plan.steps[i];
      const fb::ApproveStepT* asks = step.declared->body.AsApproveStep();
      if (asks != nullptr && !asks->role.empty()) found_.push_back({before + step.path, asks->role});
      const std::string called = called_by(definition, step);
      if (called.empty() || !seen_.insert(called).second) continue;
      const Result<internal::DeclaredWorkflow> declared = internal::newest_definition(view_, called, cache_);
      if (declared.ok()) add(*declared->definition, internal::kNone, before + step.path + "/");
    }
  }

  const std::vector<AskedRole>& found() const { return found_; }

 private:
  const View& view_;
  internal::DefinitionCache cache_;
  std::set<std::string> seen_;
  std::vector<AskedRole> found_;
};

// An approval is for what was asked then. Who lets it stand for another run, which may have other inputs and results, gives it
// anew.
Status check_approvals(const View& view, const SteeredRun& earlier, StepIndex step, const Actor& actor) {
  AskedRoles roles(view);
  const WorkflowDefinition& definition = earlier.run.fold->definition();
  roles.add(definition, step, "");
  for (const AskedRole& asked : roles.found()) {
    if (asked.role == actor.role) continue;
    const std::string& name = definition.plan().steps[step].path;
    return Status(ErrorId::kPolicyDenied, "the approval '" + asked.step + "' of run '" + earlier.info.id + "' is for the role '" +
                                              asked.role + "' to give, also for a fork")
        .why(actor.role.empty() ? "whoever forks has no role" : "whoever forks has the role '" + actor.role + "'")
        .state("no run was started")
        .remedy("fork as somebody who may give it: --role " + asked.role + "   or let it be asked again: --from " + name);
  }
  return {};
}

// {STEP: {result}} of those that were done, {STEP: {}} of those that were skipped.
Result<Object> taken_over(const View& view, const SteeredRun& earlier, const RunFork& how, std::vector<std::string>& names) {
  const RunFold& fold = *earlier.run.fold;
  const std::optional<StepIndex> from = own_step(fold, how.from);
  if (!from) return no_step(earlier.info, "'" + how.from + "' is no step of workflow '" + earlier.info.workflow + "' itself");
  const std::set<StepIndex> to_run = steps_to_run(fold, *from);
  Object taken;
  for (const StepIndex step : fold.plan().blocks[0].steps) {
    if (to_run.contains(step)) continue;
    const internal::PlannedStep& planned = fold.plan().steps[step];
    const internal::Slot& slot = fold.state().frames.at(0).slots[planned.place];
    const auto other = how.results.find(planned.path);
    const bool skipped = slot.status == internal::StepStatus::kSkipped && other == how.results.end();
    if (!skipped) FORGE_TRY(check_approvals(view, earlier, step, how.options.actor));
    Object how_it_ended;
    if (!skipped && other != how.results.end()) {
      how_it_ended.add("result", other->second);
    } else if (!skipped) {
      FORGE_ASSIGN(Value result, fold.result_at({0, step}));
      how_it_ended.add("result", std::move(result));
    }
    taken.add(planned.path, std::move(how_it_ended));
    names.push_back(planned.path);
  }
  for (const auto& [name, value] : how.results) {
    if (taken.find(name) != nullptr) continue;
    return no_step(earlier.info, "the result of step '" + name + "' cannot be given: the fork runs it, or there is no such step");
  }
  return taken;
}

Result<Object> forked_input(const SteeredRun& earlier, const Object& changes) {
  const Object* recorded = earlier.run.fold->state().input.if_object();
  Object input = changes;
  if (recorded != nullptr) {
    for (const auto& [name, value] : recorded->members()) {
      if (changes.find(name) == nullptr) input.add(name, value);
    }
  }
  return earlier.run.fold->definition().take_inputs(input);
}

}  // namespace

Result<std::shared_ptr<const WorkflowDefinition>> run_definition(const View& view, const std::string& id) {
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const internal::JournalHead head, internal::read_head(view, id));
  return internal::read_definition(view, head.pin, cache);
}

Result<ForkReceipt> fork_run(Store& store, const std::string& id, const RunFork& how) {
  FORGE_TRY(internal::check_run_id(how.id));
  const View view = store.view();
  FORGE_ASSIGN(const SteeredRun earlier, steered_run(view, id, {.keep_results = true}));
  ForkReceipt receipt;
  FORGE_ASSIGN(Object taken, taken_over(view, earlier, how, receipt.taken));
  Result<Object> input = forked_input(earlier, how.input);
  if (!input.ok()) return Status(input.status()).state("no run was started");
  Fact fact;
  fact.hops = earlier.run.fold->state().hops;
  fact.concurrency = earlier.run.fold->state().max_concurrency;
  fact.value = Object{{"input", *std::move(input)}, {"event", earlier.run.fold->state().event}, {"taken", std::move(taken)}};
  ActionRequest request = internal::start_request(earlier.run.head.pin, fact);
  if (!how.id.empty()) request.args.add("id", how.id);
  ActOptions options = how.options;
  options.correlation = earlier.run.head.correlation;
  options.causation = earlier.run.seq;
  options.hops_left = static_cast<std::uint8_t>(fact.hops);
  const Result<TransactionReceipt> started = store.transact({std::move(request)}, options);
  if (started.status().id() == ErrorId::kRecordExists) return internal::run_exists(how.id, "a fork is a run of its own");
  if (!started.ok()) return started.status();
  receipt.id = started->actions.at(0).key;
  return receipt;
}

}  // namespace forge
