// How attempts are made. Actions need no thread: they are decided by the store with the fact. What reads or calls code of the
// program goes to the loop's threads, and comes back with its outcome.

#include <algorithm>
#include <chrono>

#include "exec_work.h"
#include "fetch_work.h"
#include "map_progress.h"
#include "run_engine.h"

namespace forge::internal {
namespace {

const char* purpose_suffix(Purpose purpose) {
  return purpose == Purpose::kUndo ? "/undo" : purpose == Purpose::kCompensate ? "/compensate" : "";
}

// The same for all attempts of a hop, and another for what reverses it.
std::string idempotency_key(const std::string& run, const Work& work) {
  return run + "/" + std::to_string(work.hop.frame) + "/" + std::to_string(work.hop.step) + purpose_suffix(work.purpose);
}

// How tests name what is attempted: "charge", "charge/undo".
std::string tested_name(const Plan& plan, const Work& work) {
  return plan.steps[work.hop.step].path + purpose_suffix(work.purpose);
}

Status missing_code(const std::string& path, const std::string& what, const std::string& name, std::string remedy) {
  return Status(ErrorId::kWorkflowReference, "step '" + path + "' calls an unknown " + what + " '" + name + "'")
      .why("this program has not registered it")
      .state("the run stands still")
      .remedy(std::move(remedy));
}

// What waited for a thread until it was told to stop is not called any more: the run may have gone on without it, or be undone.
template <typename Body>
StepOutcome outcome_of(const Body& body, const Work& work, StepContext& context) {
  if (context.stop().stop_requested()) return StepOutcome::failed("stopped", "it was told to stop before it began");
  try {
    return body(work, context);
  } catch (const std::exception& error) {
    return StepOutcome::failed("exception", error.what());
  } catch (...) {
    return StepOutcome::failed("exception", "it threw something that is no std::exception");
  }
}

// Runs are told something by functions of their own, and not by actions of a step.
WorkOutcome with_actions(WorkOutcome outcome, std::vector<ActionRequest> actions) {
  const auto own = std::find_if(actions.begin(), actions.end(), [](const auto& one) { return one.action.starts_with('_'); });
  if (own != actions.end()) {
    outcome.outcome = failure_of(Status(ErrorId::kUnknownAction, "'" + own->action + "' is not to be issued by a step"));
    return outcome;
  }
  outcome.actions = std::move(actions);
  return outcome;
}

std::int64_t nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void RunEngine::start_work(LiveRun& live, const OpenCommand& open) {
  if (stopped_ || live.parked) return;
  Work work = work_of(live.run.fold->plan(), open);
  // Somebody cancelled the run before anybody here began it. A child that has begun is cancelled itself, and waited for.
  const bool is_unbegun = !live.attempts.contains(work.hop) && is_cancelled(*live.run.fold) && !has_child(live, work);
  if (work.purpose == Purpose::kRun && is_unbegun) {
    return answer(live, work, {.outcome = StepOutcome::failed("stopped", "the run was cancelled before it began")});
  }
  work.idempotency_key = idempotency_key(live.run.head.id, work);
  const std::string transform = transform_of(work, live.run.fold->plan());
  if (transform.empty()) return carry_out(live, work);
  Result<Body> body = function_named(live, work, transform);
  if (!body.ok()) return stand_still(live, work, body.status());
  auto attempt = std::make_shared<Attempt>();
  attempt->hop = work.hop;
  attempt->number = work.attempt;
  attempt->transforms = true;
  call(live, work, attempt, *std::move(body));
}

void RunEngine::carry_out(LiveRun& live, const Work& work) {
  tell_start(live, work);
  if (options_.replacement) {
    const std::string& workflow = live.run.fold->definition().name();
    const std::string step = tested_name(live.run.fold->plan(), work);
    const StepFunction* function = options_.replacement(workflow, step, std::max(work.attempt, 1U));
    if (function != nullptr && work.purpose == Purpose::kFetch) return stand_in_for_source(live, work, *function);
    if (function != nullptr) return stand_in(live, work, *function);
  }
  if (undoes_from_log(work, live.run.fold->plan())) {
    const View view = store_.view();
    WorkOutcome undone = undo_from_log(view, live.run.fold->done_at(work.hop));
    undone.saw = view.seq();
    return answer(live, work, std::move(undone));
  }
  const fb::Body kind = work.step->body.type;
  const bool in_one_commit = kind == fb::Body::TransactionStep;
  const Status declared = check_declared(live, work);
  if (!declared.ok() && !in_one_commit) return stand_still(live, work, declared);
  const bool child = stands_for_run(work, live.run.fold->plan());
  if (mends_by_run(work, live.run.fold->plan())) return start_child(live, work);
  if (child && (!is_dynamic(*work.step) || has_child(live, work))) return start_child(live, work);
  if (child && work.purpose == Purpose::kUndo) return answer(live, work, {.outcome = StepOutcome::done()});
  const fb::SignalStepT* signal = work.step->body.AsSignalStep();
  if (kind == fb::Body::ActionStep || (signal != nullptr && !signal->refuse)) {
    return answer(live, work, request_action(work, *store_.domain(), options_.clock->now()));
  }
  if (in_one_commit) {
    const View view = store_.view();
    WorkOutcome planned = plan_transaction(*live.run.fold, work, view, live.run.head.actor);
    planned.saw = view.seq();
    const Status read = live.run.fold->results().let_go();
    // What is missing may be in a step of it that is skipped.
    if (!declared.ok() && planned.outcome.code == failure_of(declared).code) return stand_still(live, work, declared);
    return read.ok() ? answer(live, work, std::move(planned)) : park(live, read);
  }
  start_attempt(live, work);
}

void RunEngine::stand_in(LiveRun& live, const Work& work, const StepFunction& function) {
  auto attempt = std::make_shared<Attempt>();
  attempt->hop = work.hop;
  attempt->number = work.attempt;
  call(live, work, attempt, [&function](const Work& of, StepContext& context) { return function(given_to(of), context); });
}

// What stands for the source of a map gives its rows once; bad ones that are to be set aside are not written.
void RunEngine::stand_in_for_source(LiveRun& live, const Work& work, const StepFunction& function) {
  const Value* failures = work.fetch.find(kFetchFailures);
  if (work.fetch.find(kFetchFlush) != nullptr) {
    const std::size_t written = failures == nullptr || failures->if_list() == nullptr ? 0 : failures->if_list()->size();
    return answer(live, work, {.outcome = StepOutcome::done(Object{{"written", written}})});
  }
  stand_in(live, work, function);
}

void RunEngine::start_attempt(LiveRun& live, const Work& work) {
  const bool is_outside = work.step->body.type == fb::Body::RunStep || work.step->body.type == fb::Body::ExecStep ||
                          fetches_files(work) || is_http(work);
  if (is_outside && options_.refusal) {
    const StepFunction* function = options_.refusal(tested_name(live.run.fold->plan(), work), work);
    if (function != nullptr) return stand_in(live, work, *function);
  }
  auto attempt = std::make_shared<Attempt>();
  attempt->hop = work.hop;
  attempt->number = work.attempt;
  if (work.step->body.type == fb::Body::RunStep || work.step->body.type == fb::Body::ExecStep) {
    Result<Body> body = body_of(live, work);
    attempt->is_program = work.step->body.type == fb::Body::ExecStep;
    return body.ok() ? call(live, work, attempt, *std::move(body)) : stand_still(live, work, body.status());
  }
  if (fetches_files(work)) return fetch(live, work, attempt);
  if (is_http(work)) return start_call(live, work, attempt);
  const bool signals = work.step->body.type == fb::Body::SignalStep;
  const bool reads = work.step->body.type == fb::Body::ReadStep || work.purpose == Purpose::kFetch;
  if (!reads && !signals) {
    return park(live,
                Status(ErrorId::kWorkflowUnsupported, "step '" + live.run.fold->path_of_hop(work.hop) + "' cannot be carried out")
                    .why("the runner of this version does not know its kind"));
  }
  live.attempts[work.hop] = attempt;
  loop_.start([this, id = live.run.head.id, work, attempt, actor = live.run.head.actor, signals] {
    const auto begin = std::chrono::steady_clock::now();
    const View view = store_.view();
    WorkOutcome outcome = signals ? signal_received(work, store_, actor, options_.clock->now()) : read_for(work, view, actor);
    if (!signals) outcome.saw = view.seq();
    const std::int64_t took = nanoseconds_since(begin);
    loop_.post([this, id, work, attempt, outcome = std::move(outcome), took]() mutable {
      take_outcome(id, attempt, work, std::move(outcome), took);
    });
  });
}

// The code that carries it out. Errors: kWorkflowReference where this program has none of that name.
Result<RunEngine::Body> RunEngine::body_of(const LiveRun& live, const Work& work) const {
  const std::string path = live.run.fold->path_of_hop(work.hop);
  if (const fb::ExecStepT* exec = work.step->body.AsExecStep()) {
    const auto found = options_.programs.find(exec->program);
    if (found == options_.programs.end()) {
      return missing_code(path, "program", exec->program, "register it in the file that --programs names");
    }
    if (!found->second.unusable.empty()) {
      return Status(ErrorId::kWorkflowReference, "step '" + path + "' calls program '" + exec->program + "', which cannot be run")
          .why(found->second.unusable)
          .state("the run stands still")
          .remedy("mend its command in the file that --programs names, and carry out runs anew");
    }
    return Body([&name = found->first, &program = found->second](const Work& of, StepContext& context) {
      return run_program(name, program, of, context);
    });
  }
  return function_named(live, work, work.step->body.AsRunStep()->function);
}

Result<RunEngine::Body> RunEngine::function_named(const LiveRun& live, const Work& work, const std::string& name) const {
  const auto found = options_.functions.find(name);
  if (found == options_.functions.end()) {
    const std::string path = live.run.fold->path_of_hop(work.hop);
    return missing_code(path, "function", name, "run it by the program that has the function");
  }
  return Body([&function = found->second](const Work& of, StepContext& context) { return function(of.args, context); });
}

void RunEngine::call(LiveRun& live, const Work& work, const std::shared_ptr<Attempt>& attempt, Body body) {
  if (abandoned_ >= options_.abandoned_max) {
    return answer(live, work,
                  {.outcome = StepOutcome::failed(
                       "abandoned", std::to_string(abandoned_) + " functions were given up on"
                                                                 " and have not returned: none is called until one of them does")});
  }
  live.attempts[work.hop] = attempt;
  if (work.step->timeout > 0) {
    add_timer(Time{options_.clock->now().micros + work.step->timeout},
              {.kind = Due::kAttemptTimeout, .run = live.run.head.id, .hop = work.hop, .attempt = work.attempt});
  }
  const std::string path = live.run.fold->path_of_hop(work.hop);
  loop_.start([this, head = live.run.head, work, attempt, path, body = std::move(body)] {
    const View view = store_.view();
    StepContext context(view, attempt->stop.get_token());
    context.run = head.id;
    context.correlation = head.correlation;
    context.step = path;
    context.attempt = std::max(work.attempt, 1U);
    context.hops_left = work.hops;
    context.idempotency_key = work.idempotency_key;
    const auto begin = std::chrono::steady_clock::now();
    attempt->runs = true;
    WorkOutcome outcome{.outcome = outcome_of(body, work, context)};
    attempt->runs = false;
    if (work.purpose == Purpose::kFetch) outcome = fetch_rows(work, std::move(outcome.outcome));
    const std::int64_t took = nanoseconds_since(begin);
    if (outcome.outcome.kind == StepOutcome::Kind::kDone) outcome = with_actions(std::move(outcome), context.take_actions());
    if (context.has_looked()) outcome.saw = view.seq();
    loop_.post([this, id = head.id, work, attempt, outcome = std::move(outcome), took]() mutable {
      take_outcome(id, attempt, work, std::move(outcome), took);
    });
  });
}

void RunEngine::take_outcome(const std::string& id, const std::shared_ptr<Attempt>& attempt, const Work& work, WorkOutcome outcome,
                             std::int64_t duration_ns) {
  if (attempt->counts) --abandoned_;
  LiveRun* live = find(id);
  if (live == nullptr || attempt->abandoned || stopped_) return;
  const auto known = live->attempts.find(work.hop);
  if (known == live->attempts.end() || known->second != attempt) return;
  live->attempts.erase(known);
  const bool made = attempt->transforms && outcome.outcome.kind == StepOutcome::Kind::kDone;
  if (made) {
    const Result<Work> transformed = with_arguments(work, outcome);
    transformed.ok() ? carry_out(*live, *transformed) : answer(*live, work, {.outcome = failure_of(transformed.status())});
    return settle(id);
  }
  if (outcome.outcome.steps != nullptr && !attempt->late) {
    start_further(*live, work, outcome);
    return settle(id);
  }
  if (attempt->late) outcome = {.outcome = StepOutcome::failed("timeout", "it took longer than its timeout")};
  answer(*live, work, std::move(outcome), Object{{"duration_ns", duration_ns}});
  settle(id);
}

// A function is asked to stop and given a while for it; what is only waiting to be written is written or not, as it comes.
void RunEngine::stop_hop(LiveRun& live, const HopId& hop) {
  const auto found = live.attempts.find(hop);
  if (found == live.attempts.end() || !found->second->stop.request_stop()) return;
  if (live.run.fold->work(hop) == nullptr) {
    abandon(*found->second);
    live.attempts.erase(found);
    return;
  }
  add_timer(Time{options_.clock->now().micros + options_.stop_grace_us},
            {.kind = Due::kGrace, .run = live.run.head.id, .hop = hop, .attempt = found->second->number});
}

void RunEngine::answer(LiveRun& live, const Work& work, WorkOutcome outcome, Object details) {
  replace(live, work, outcome);
  Entry entry{.fact = fact_of(work, outcome.outcome), .details = std::move(details), .causation = work.since, .answers_work = true};
  if (stands_for_run(work, live.run.fold->plan())) entry.fact.hops = work.hops > 0 ? work.hops - 1 : 0;
  entry.fact.pause_us = outcome.pause_us;
  if (entry.fact.kind == Fact::Kind::kItems) {
    entry.fact.items = std::move(outcome.items);
    entry.fact.cursor = outcome.cursor;
    entry.fact.last = outcome.last && outcome.cursor.is_null();
    if (const auto progress = progress_after(*live.run.fold, entry.fact, options_.clock->now())) {
      entry.details.add("message", text_of(*progress));
    }
  }
  if (outcome.saw) entry.details.add("saw", *outcome.saw);
  const bool done = outcome.outcome.kind == StepOutcome::Kind::kDone || outcome.outcome.kind == StepOutcome::Kind::kHalted;
  if (done) {
    entry.actions = std::move(outcome.actions);
    entry.condition = std::move(outcome.condition);
    entry.rest = std::move(outcome.rest);
    if (work.purpose == Purpose::kRun) entry.result = outcome.result;
    if (!entry.actions.empty() || entry.rest != nullptr) entry.timeout = std::chrono::microseconds(work.step->timeout);
  }
  // What reverses an action says which event it reverses.
  if (work.purpose == Purpose::kUndo) entry.causation = live.run.fold->done_at(work.hop).value_or(work.since);
  add(live, std::move(entry));
}

}  // namespace forge::internal
