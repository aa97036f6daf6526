// What follows when a step fails: another attempt, a clause by which it cleans up after itself, or the end of the item or run
// around it. An item of a map that may fail alone unwinds by itself while the rest goes on; a run that fails lets what is in flight
// come to its end and then undoes all that was done, the last first.

#include <algorithm>

#include "backoff.h"
#include "decider.h"
#include "secret_inputs.h"

namespace forge::internal {

RunError error_of(const Status& status) {
  const ErrorText& text = status.text();
  std::string message = text.what;
  if (!text.why.empty()) message += ": " + text.why;
  if (!text.place.empty()) message += " (" + text.place + ")";
  return {"E" + std::to_string(static_cast<int>(status.id())), std::move(message)};
}

bool RunDecider::may_retry(HopId hop, std::uint32_t attempt, const std::string& code) const {
  const fb::StepT& declared = *planned(hop).declared;
  if (declared.retry == nullptr || attempt >= declared.retry->max_attempts) return false;
  const bool http = declared.body.type == fb::Body::HttpStep || declared.body.type == fb::Body::MapStep;
  return http && declared.retry->on.empty() ? is_transient(code) : retries(*declared.retry, code);
}

void RunDecider::retry_later(HopId hop, std::uint32_t attempt) {
  const std::int64_t backoff = backoff_us(*planned(hop).declared->retry, attempt, seed_of(state_.id, hop));
  state_.pending.insert(hop);
  set_timer(hop, TimerKind::kRetry, std::max(backoff, fact_.pause_us));
}

void RunDecider::attempt_failed(HopId hop, const RunError& error, bool asked) {
  Slot& at = slot(hop);
  at.error = SecretInputs(plan_, state_).hidden(error);
  const fb::RetryT* retry = planned(hop).declared->retry.get();
  const bool more = retry != nullptr && at.attempt < retry->max_attempts && (asked || may_retry(hop, at.attempt, error.code));
  if (is_unwinding() || is_failed(hop.frame)) return fail_step(hop, at.error);
  if (!more) return compensate(hop);
  at.status = StepStatus::kBackingOff;
  retry_later(hop, at.attempt);
}

// It did nothing, so there is nothing to clean up after.
void RunDecider::fail_before_start(HopId hop, const Status& error) {
  state_.loops.erase(hop);
  state_.pending.erase(hop);
  fail_step(hop, error_of(error));
}

void RunDecider::expire(HopId hop) {
  command(Command::Kind::kTombstone, hop);
  fail_step(hop, {"ttl_expired", path_of(plan_, state_, hop) + " received no hops"});
}

void RunDecider::compensate(HopId hop) {
  RunScope scope = scope_at(hop);
  Slot& at = slot(hop);
  scope.set_error(at.error, at.attempt);
  const std::vector<PlannedClause>& clauses = planned(hop).clauses;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const Result<bool> matches = clauses[i].when.holds(scope);
    if (!matches.ok() || !*matches) continue;
    at.clause = static_cast<std::uint32_t>(i);
    if (clauses[i].declared->body == nullptr) return conclude_clause(hop);
    Result<Value> given = given_to(clauses[i].body, scope);
    if (!given.ok()) break;
    at.status = StepStatus::kCompensating;
    set_busy(hop, true);
    Command& made = command(Command::Kind::kCompensate, hop);
    made.value = *std::move(given);
    made.clause = at.clause;
    return;
  }
  fail_step(hop, at.error);
}

// A clause lets its step be tried again once; when it fails again, the failure stands.
void RunDecider::conclude_clause(HopId hop) {
  Slot& at = slot(hop);
  const PlannedClause& clause = planned(hop).clauses.at(at.clause);
  const std::uint64_t bit = std::uint64_t{1} << (at.clause % 64);
  const fb::ClauseOutcome outcome = clause.declared->outcome;
  if (outcome == fb::ClauseOutcome::Continue || outcome == fb::ClauseOutcome::Error) {
    RunScope scope = scope_at(hop);
    scope.set_error(at.error, at.attempt);
    Result<Value> value = clause.value.make(scope);
    if (!value.ok()) return fail_step(hop, at.error, value.status().message());
    if (outcome == fb::ClauseOutcome::Error) return fail_step(hop, at.error, *std::move(value));
    return finish(hop, {.value = *std::move(value)}, StepStatus::kDone, at.hops - 1);
  }
  const bool again = outcome == fb::ClauseOutcome::Retry && (at.clauses_retried & bit) == 0;
  if (!again || is_unwinding() || is_failed(hop.frame)) return fail_step(hop, at.error);
  at.clauses_retried |= bit;
  at.status = StepStatus::kWaiting;
  state_.ready.insert({hop.step, hop.frame});
}

void RunDecider::fail_step(HopId hop, const RunError& given, const Value& beside) {
  const SecretInputs secrets(plan_, state_);
  const RunError error = secrets.hidden(given);
  slot(hop).status = StepStatus::kFailed;
  slot(hop).error = error;
  Command& failed = command(Command::Kind::kFailed, hop);
  failed.attempt = slot(hop).attempt;
  failed.error = error;
  failed.value = secrets.hidden(beside);
  release_key(hop);
  const FrameId item = lone_item(hop.frame);
  if (item == kNoFrame) return fail_run(RunOutcome::kCompensated, error);
  if (!state_.frames.at(item).failed) state_.frames.at(item).failed_step = planned(hop).path;
  fail_item(item, error);
}

void RunDecider::fail_item(FrameId item, const RunError& error) {
  if (is_unwinding()) return;
  RunFrame& frame = state_.frames.at(item);
  if (!frame.failed) {
    frame.failed = true;
    frame.error = error;
    for (const HopId& hop : state_.in_flight) {
      const bool inside = is_failed(hop.frame) && lone_item(hop.frame) == item && !state_.undoing.contains(hop);
      if (inside) command(Command::Kind::kStop, hop).attempt = slot(hop).attempt;
    }
    std::erase_if(state_.pending, [&](const HopId& hop) { return is_failed(hop.frame); });
  }
  drain_item(item);
}

// Undoes the item's newest entry; once there is none, the item has failed.
void RunDecider::drain_item(FrameId item) {
  RunFrame& frame = state_.frames.at(item);
  if (frame.busy > 0 || is_unwinding()) return;
  std::vector<std::uint64_t> undo_list;
  gather_undo(item, undo_list);
  std::sort(undo_list.begin(), undo_list.end());
  frame.undo = std::move(undo_list);
  while (!frame.undo.empty()) {
    const std::uint64_t number = frame.undo.back();
    frame.undo.pop_back();
    if (state_.undo.contains(number) && undo(number)) return;
  }
  const HopId map = frame.owner;
  Loop& loop = state_.loops.at(map);
  --loop.running;
  note_bad(loop, frame);
  erase_frame(item);
  if (is_failed(map.frame)) return;
  stop_when_too_bad(map);
  continue_map(map);
}

// Takes the entries of all items inside: they were not done when this one failed.
void RunDecider::gather_undo(FrameId id, std::vector<std::uint64_t>& undo) {
  RunFrame& frame = state_.frames.at(id);
  undo.insert(undo.end(), frame.undo.begin(), frame.undo.end());
  frame.undo.clear();
  for (const FrameId inside : frame.inside) gather_undo(inside, undo);
}

void RunDecider::fail_run(RunOutcome ending, const RunError& error) {
  if (is_unwinding()) return;
  state_.phase = RunPhase::kFailing;
  state_.ending = ending;
  state_.cause = error;
  state_.ready.clear();
  state_.alone.clear();
  state_.parked.clear();
  stop_fetches();
  state_.pending.clear();
  for (const HopId& hop : state_.in_flight) {
    if (!state_.undoing.contains(hop)) command(Command::Kind::kStop, hop).attempt = slot(hop).attempt;
  }
}

void RunDecider::halt(StepResult value) {
  if (state_.phase != RunPhase::kRunning) return;
  state_.phase = RunPhase::kHalting;
  state_.halt_value = std::move(value);
}

// Whatever waited for the last hop in flight goes on.
void RunDecider::drain() {
  if (!state_.in_flight.empty()) return;
  if (state_.phase == RunPhase::kHalting) {
    state_.phase = RunPhase::kHalted;
    command(Command::Kind::kHalted, {}).value = value_of({}, state_.halt_value);
  } else if (state_.phase == RunPhase::kFailing) {
    state_.phase = RunPhase::kUndoing;
    undo_next();
  }
}

// ---- Undoing

void RunDecider::undo_next() {
  while (!state_.undo.empty()) {
    if (undo(state_.undo.rbegin()->first)) return;
  }
  const bool nothing = state_.undone == 0 && state_.ending == RunOutcome::kCompensated && !state_.unwound;
  const bool undo_failed = state_.undo_failed || !state_.unreversed.empty();
  end_run(undo_failed ? RunOutcome::kUndoFailed : nothing ? RunOutcome::kFailed : state_.ending, nullptr);
}

// False where what it is given cannot be made: then it cannot be undone, and is settled.
bool RunDecider::undo(std::uint64_t number) {
  const UndoEntry& entry = state_.undo.at(number);
  const PlannedBody& body = entry.abort != kNone ? plan_.steps[entry.abort].body : planned(entry.hop).undo;
  Result<Value> given = given_to(body, scope_at(entry.hop));
  if (!given.ok()) {
    settle_undo(number, false);
    return false;
  }
  state_.undoing[entry.hop] = number;
  if (!state_.in_flight.contains(entry.hop)) set_busy(entry.hop, true);
  Command& made = command(Command::Kind::kUndo, entry.hop);
  made.attempt = ++state_.undo_tries[entry.hop];
  made.step = entry.abort;
  made.value = *std::move(given);
  const Value& args = slot(entry.hop).args;
  if (entry.abort == kNone && body.args.recipes.empty() && !args.is_null()) made.value = Object{{"args", args}};
  return true;
}

void RunDecider::take_undo_fact(bool done) {
  const HopId hop = fact_.hop;
  const auto found = state_.undoing.find(hop);
  if (found == state_.undoing.end() || state_.undo_tries[hop] != fact_.attempt) return;
  if (!done && fact_.attempt < options_.undo_attempts_max) {
    state_.undo_backing_off.insert(hop);
    return set_timer(hop, TimerKind::kUndoRetry, options_.undo_backoff_us << std::min(fact_.attempt - 1, 20U));
  }
  note_trouble();
  settle_undo(found->second, done);
  if (state_.phase == RunPhase::kUndoing) undo_next();
}

void RunDecider::settle_undo(std::uint64_t number, bool done) {
  const UndoEntry entry = state_.undo.at(number);
  const HopId hop = entry.hop;
  state_.undo.erase(number);
  state_.undoing.erase(hop);
  state_.undo_backing_off.erase(hop);
  state_.undo_tries.erase(hop);
  --state_.frames.at(hop.frame).kept;
  if (done) ++state_.undone;
  if (!done) {
    state_.unreversed.emplace(number, entry);
    state_.warnings = true;
  }
  set_busy(hop, false);
}

void RunDecider::end_run(RunOutcome outcome, Value value) {
  if (outcome == RunOutcome::kTerminated) {
    for (const HopId& hop : state_.in_flight) command(Command::Kind::kStop, hop).attempt = slot(hop).attempt;
    stop_fetches();
  }
  state_.phase = RunPhase::kEnded;
  state_.outcome = outcome;
  state_.in_flight.clear();
  Command& end = command(Command::Kind::kEnded, {});
  end.outcome = outcome;
  end.value = std::move(value);
  end.error = state_.cause;
  end.warnings = state_.warnings;
}

}  // namespace forge::internal
