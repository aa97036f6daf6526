// Where a step stands is read from the run's journal; what is to become of it is one fact, which the decider judges again: the run
// may have gone on meanwhile, and then the fact changes nothing.

#include "forge/workflows/steering.h"

#include <algorithm>
#include <optional>
#include <set>

#include "run_journal.h"

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

Status not_steered(const RunInfo& info, const std::string& step, const char* what) {
  const bool undone = info.status == "compensated" || info.status == "cancelled" || info.status == "expired";
  return Status(ErrorId::kStepWaitsNot, "step '" + step + "' of run '" + info.id + "' " + what)
      .why("the run is " + info.status)
      .state("nothing was written")
      .remedy(undone ? "go on from there in another run: forgectl workflow fork " + info.id + " --from " + step
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
  return not_steered(now, fold.path_of_hop(fact.hop), "went on meanwhile");
}

}  // namespace

Status retry_step(Store& store, const std::string& id, const std::string& step, const ActOptions& options) {
  FORGE_ASSIGN(const SteeredRun to, steered_run(store.view(), id));
  const RunFold& fold = *to.run.fold;
  const std::optional<HopId> hop = !to.info.has_ended()              ? backing_off(fold, step, false)
                                   : to.info.status == "failed"      ? failed_hop(fold, step)
                                   : to.info.status == "undo_failed" ? given_up(fold, step)
                                                                     : std::nullopt;
  if (!hop) return not_steered(to.info, step, "is not to be tried again");
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
  if (!hop) return not_steered(to.info, step, "has no undo that fails");
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

// {STEP: {result}} of those that were done, {STEP: {}} of those that were skipped.
Result<Object> taken_over(const SteeredRun& earlier, const RunFork& how, std::vector<std::string>& names) {
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
  FORGE_ASSIGN(const SteeredRun earlier, steered_run(store.view(), id, {.keep_results = true}));
  ForkReceipt receipt;
  FORGE_ASSIGN(Object taken, taken_over(earlier, how, receipt.taken));
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
  if (!started.ok()) return started.status();
  receipt.id = started->actions.at(0).key;
  return receipt;
}

}  // namespace forge
