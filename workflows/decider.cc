#include "decider.h"

#include <algorithm>

namespace forge::internal {
namespace {

bool is_nothing(const StepResult& result) {
  return result.is_here() && result.value.is_null();
}

}  // namespace

std::vector<Command> decide(const Plan& plan, const RunOptions& options, RunState& state, const Fact& fact,
                            StoredResults* results) {
  return RunDecider(plan, options, state, fact, results).decide();
}

std::vector<Command> RunDecider::decide() {
  const bool ended = state_.phase == RunPhase::kEnded;
  const bool completed = ended && state_.outcome == RunOutcome::kCompleted;
  if (completed != (fact_.kind == Fact::Kind::kUnwind)) return {};
  if (ended && !completed && !may_reopen()) return {};
  if ((state_.phase == RunPhase::kNew) != (fact_.kind == Fact::Kind::kStarted)) return {};
  state_.now = fact_.at;
  const std::vector<FrameId> items = lone_items(fact_.hop.frame);
  take_fact();
  for (const FrameId item : items) {
    const auto found = state_.frames.find(item);
    const bool waits = found != state_.frames.end() && found->second.failed && state_.phase != RunPhase::kEnded;
    if (waits) drain_item(item);
  }
  start_ready();
  drain();
  return std::move(commands_);
}

// ---- Facts

void RunDecider::take_fact() {
  switch (fact_.kind) {
    case Fact::Kind::kStarted:
      return start_run();
    case Fact::Kind::kTimer:
      return take_timer();
    case Fact::Kind::kItems:
      return take_items(fact_.hop);
    case Fact::Kind::kUndone:
      return take_undo_fact(true);
    case Fact::Kind::kUndoFailed:
      return take_undo_fact(false);
    case Fact::Kind::kCancel:
      return fail_run(RunOutcome::kCancelled, {"cancelled", "the run was cancelled"});
    case Fact::Kind::kTerminate:
      return end_run(RunOutcome::kTerminated, nullptr);
    case Fact::Kind::kPause:
      return halt({});
    case Fact::Kind::kResume:
      return resume();
    case Fact::Kind::kUnwind:
      return unwind();
    case Fact::Kind::kRetryStep:
      return retry_step();
    case Fact::Kind::kWaive:
      return waive();
    default:
      if (is_known(fact_.hop)) take_attempt_fact();
  }
}

// What the runner tells of a hop that it has, or that waits for a signal.
void RunDecider::take_attempt_fact() {
  const HopId hop = fact_.hop;
  const StepStatus status = slot(hop).status;
  if (fact_.kind == Fact::Kind::kSignalled) {
    const bool waits = status == StepStatus::kAwaiting && kind_of(hop) != fb::Body::SleepStep;
    if (!waits || state_.pending.erase(hop) == 0) return;
    return finish(hop, told(), StepStatus::kDone, slot(hop).hops - 1);
  }
  const bool failed = fact_.kind == Fact::Kind::kFailed || fact_.kind == Fact::Kind::kRetry;
  if (failed && status == StepStatus::kOpen) return fetch_failed(hop);
  const bool of_clause = fact_.kind == Fact::Kind::kCompensated || fact_.kind == Fact::Kind::kCompensateFailed;
  if (status != (of_clause ? StepStatus::kCompensating : StepStatus::kInFlight)) return;
  if (!of_clause && fact_.attempt != slot(hop).attempt) return;
  set_busy(hop, false);
  note_trouble();
  switch (fact_.kind) {
    case Fact::Kind::kCompleted:
    case Fact::Kind::kHalted:
      return take_result(hop);
    case Fact::Kind::kRetry:
      return attempt_failed(hop, fact_.error, true);
    case Fact::Kind::kFailed:
      return attempt_failed(hop, fact_.error, false);
    case Fact::Kind::kCompensated:
      return conclude_clause(hop);
    case Fact::Kind::kCompensateFailed:
      return fail_step(hop, slot(hop).error, fact_.error.message);
    default:
      return fail_step(hop, {"stopped", "it was told to stop"});
  }
}

void RunDecider::take_result(HopId hop) {
  const bool child = may_be_child(hop);
  const bool halts = fact_.kind == Fact::Kind::kHalted;
  if (halts && child) {
    // The child goes on where it stands when the run is resumed, and is undone where it is not.
    Slot& at = slot(hop);
    --at.attempt;
    at.status = StepStatus::kWaiting;
    at.halted = note_undo(hop, kNone);
    state_.ready.insert({hop.step, hop.frame});
  } else {
    const std::uint32_t passed = slot(hop).hops - 1;
    finish(hop, told(), StepStatus::kDone, child ? std::min(passed, fact_.hops) : passed);
  }
  if (halts) halt(told());
}

void RunDecider::take_timer() {
  const HopId hop = fact_.hop;
  if (fact_.timer == TimerKind::kRunDeadline) {
    return fail_run(RunOutcome::kExpired, {"deadline", "the run's deadline passed"});
  }
  if (fact_.timer == TimerKind::kUndoRetry) {
    const auto found = state_.undoing.find(hop);
    const bool due = found != state_.undoing.end() && state_.undo_backing_off.erase(hop) > 0;
    if (due && !undo(found->second) && state_.phase == RunPhase::kUndoing) undo_next();
    return;
  }
  if (!is_known(hop)) return;
  const StepStatus status = slot(hop).status;
  if (fact_.timer == TimerKind::kSleep && status == StepStatus::kAwaiting) {
    if (state_.pending.erase(hop) > 0) finish(hop, {}, StepStatus::kDone, slot(hop).hops - 1);
  } else if (fact_.timer == TimerKind::kRetry && status == StepStatus::kBackingOff) {
    if (state_.pending.erase(hop) == 0) return;
    slot(hop).status = StepStatus::kWaiting;
    state_.ready.insert({hop.step, hop.frame});
  } else if (fact_.timer == TimerKind::kRetry && status == StepStatus::kOpen) {
    if (state_.pending.erase(hop) > 0) fetch(hop);
  } else if (fact_.timer == TimerKind::kStepTimeout && status == StepStatus::kAwaiting) {
    if (state_.pending.erase(hop) == 0) return;
    slot(hop).error = {"timeout", "its timeout passed"};
    compensate(hop);
  } else if (fact_.timer == TimerKind::kStepDeadline && status != StepStatus::kDone && status != StepStatus::kSkipped &&
             status != StepStatus::kFailed) {
    if (state_.pending.erase(hop) > 0 && fetches_pages(hop))
      command(Command::Kind::kStop, hop).attempt = state_.loops.at(hop).fetches;
    if (status == StepStatus::kInFlight || status == StepStatus::kCompensating) {
      command(Command::Kind::kStop, hop).attempt = slot(hop).attempt;
      set_busy(hop, false);
    }
    fail_step(hop, {"timeout", "its deadline passed"});
  }
}

void RunDecider::start_run() {
  const Object* given = fact_.value.if_object();
  const auto part = [given](const char* name) {
    const Value* found = given == nullptr ? nullptr : given->find(name);
    return found == nullptr ? Value() : *found;
  };
  state_.phase = RunPhase::kRunning;
  state_.id = fact_.run;
  state_.correlation = fact_.correlation;
  state_.input = part("input");
  state_.event = part("event");
  state_.hops = fact_.hops;
  state_.parent = fact_.parent;
  state_.parent_hop = fact_.hop;
  if (fact_.concurrency > 0) state_.max_concurrency = fact_.concurrency;
  state_.deadline_us = plan_.declared->deadline;
  const bool sooner = fact_.deadline_us > 0 && (state_.deadline_us == 0 || fact_.deadline_us < state_.deadline_us);
  if (sooner) state_.deadline_us = fact_.deadline_us;
  if (fact_.error.code.empty()) watch_run_deadline();
  open_frame(0, {0, kNone}, 0, fact_.hops, nullptr);
  take_over();
  if (!fact_.error.code.empty()) fail_run(RunOutcome::kCompensated, fact_.error);
}

void RunDecider::watch_run_deadline() {
  if (state_.deadline_us == 0) return;
  set_timer({}, TimerKind::kRunDeadline, state_.deadline_us);
}

void RunDecider::resume() {
  if (state_.phase != RunPhase::kHalted && state_.phase != RunPhase::kHalting) return;
  state_.phase = RunPhase::kRunning;
  state_.halt_value = {};
}

// A child that has completed is undone like a run that fails, and ends once more.
void RunDecider::unwind() {
  state_.phase = RunPhase::kUndoing;
  state_.outcome = RunOutcome::kRunning;
  state_.ending = RunOutcome::kCompensated;
  state_.unwound = true;
  state_.cause = {"unwound", "the run that it was a step of has failed"};
  undo_next();
}

// What went wrong in a child is told of its parent, too.
void RunDecider::note_trouble() {
  state_.warnings = state_.warnings || fact_.warnings || fact_.undo_failed;
  state_.undo_failed = state_.undo_failed || fact_.undo_failed;
}

// ---- Starting

void RunDecider::start_ready() {
  std::uint32_t limit = state_.max_concurrency;
  if (plan_.declared->max_concurrency > 0) limit = std::min(limit, plan_.declared->max_concurrency);
  while (state_.phase == RunPhase::kRunning && !state_.running_alone && state_.in_flight.size() < limit) {
    auto* from = !state_.ready.empty()                               ? &state_.ready
                 : state_.in_flight.empty() && !state_.alone.empty() ? &state_.alone
                                                                     : nullptr;
    if (from == nullptr) return;
    const auto [step, frame] = *from->begin();
    from->erase(from->begin());
    const HopId hop{frame, step};
    if (is_known(hop) && !is_failed(frame) && slot(hop).status == StepStatus::kWaiting) {
      begin(hop);
    } else {
      release_key(hop);  // it may have been given the key while it waited
    }
  }
}

void RunDecider::begin(HopId hop) {
  if (options_.tell_begun) tell_begun(hop);
  if (!may_start(hop) || !take_turn(hop) || !take_key(hop)) return;
  if (slot(hop).hops == 0 && kind_of(hop) != fb::Body::DebugStep) return expire(hop);
  start_kind(hop);
}

// What cannot be made is null: the step fails, and says so.
void RunDecider::tell_begun(HopId hop) {
  const RunScope scope = scope_at(hop);
  const PlannedStep& step = planned(hop);
  const auto made = [&scope](const auto& recipe) {
    Result<Value> value = recipe.make(scope);
    return value.ok() ? *std::move(value) : Value();
  };
  Object seen;
  List values;
  List named;
  for (const Recipe& recipe : step.body.values) values.push_back(made(recipe));
  for (const NamedRecipes& recipes : step.body.named) named.push_back(made(recipes));
  if (!step.body.args.recipes.empty()) seen.add("args", made(step.body.args));
  if (!values.empty()) seen.add("values", std::move(values));
  if (!named.empty()) seen.add("named", std::move(named));
  Object reads;
  step.where.add_reads(scope, reads);
  for (const Condition& guard : step.guards) guard.add_reads(scope, reads);
  for (const Condition& condition : step.body.conditions) condition.add_reads(scope, reads);
  if (!reads.members().empty()) seen.add("conditions", std::move(reads));
  Command& begun = command(Command::Kind::kBegun, hop);
  begun.hops = slot(hop).hops;
  begun.value = std::move(seen);
}

// Whether `where` and the guards let it start; where not, what follows is done.
bool RunDecider::may_start(HopId hop) {
  if (is_again(hop)) return true;  // they let it start the first time
  const Result<bool> wanted = planned(hop).where.holds(scope_at(hop));
  if (!wanted.ok()) return fail_before_start(hop, wanted.status()), false;
  if (!*wanted) return skip(hop), false;
  return slot(hop).let_through || pass_guards(hop);
}

bool RunDecider::pass_guards(HopId hop) {
  const PlannedStep& step = planned(hop);
  for (std::size_t i = 0; i < step.guards.size(); ++i) {
    const RunScope scope = scope_at(hop);
    const Result<bool> holds = step.guards[i].holds(scope);
    if (!holds.ok()) return fail_before_start(hop, holds.status()), false;
    if (*holds) continue;
    if (step.declared->guards[i]->otherwise == fb::GuardOutcome::Skip) return skip(hop), false;
    const Result<Value> message = step.guard_messages[i].make(scope);
    if (!message.ok()) return fail_before_start(hop, message.status()), false;
    if (step.declared->guards[i]->otherwise == fb::GuardOutcome::Halt) {
      slot(hop).let_through = true;
      state_.ready.insert({hop.step, hop.frame});
      return halt({.value = *message}), false;
    }
    const std::string* text = message->if_text();
    fail_step(hop, {"guard", text != nullptr ? *text : "a guard does not let it start"});
    return false;
  }
  return true;
}

// A step that is not to run beside others waits until nothing is in flight.
bool RunDecider::take_turn(HopId hop) {
  if (planned(hop).declared->async) return true;
  if (!state_.in_flight.empty()) return state_.alone.insert({hop.step, hop.frame}), false;
  return true;
}

// Of the hops with one concurrency key, one goes at a time.
bool RunDecider::take_key(HopId hop) {
  const auto& declared = planned(hop).declared->concurrency_key;
  if (declared == nullptr || state_.keys.contains(hop)) return true;
  const Result<Value> made = planned(hop).concurrency_key.make(scope_at(hop));
  if (!made.ok()) return fail_before_start(hop, made.status()), false;
  const std::string* text = made->if_text();
  if (text == nullptr) {
    return fail_before_start(hop, Status(ErrorId::kArgumentType, "its concurrency_key is no text")), false;
  }
  const std::string key = key_inside(hop, *text);
  if (!state_.keys_taken.insert(key).second) return state_.parked[key].insert({hop.step, hop.frame}), false;
  state_.keys.emplace(hop, key);
  return true;
}

// What is inside a step that has the key goes on under it, and one at a time as well: it has a key of its own, which begins with
// that.
std::string RunDecider::key_inside(HopId hop, const std::string& text) const {
  for (HopId owner = state_.frames.at(hop.frame).owner; owner.step != kNone; owner = state_.frames.at(owner.frame).owner) {
    const auto held = state_.keys.find(owner);
    if (held == state_.keys.end() || (held->second != text && !held->second.starts_with(text + '\0'))) continue;
    return held->second + '\0' + std::to_string(owner.frame) + '.' + std::to_string(owner.step);
  }
  return text;
}

// The next one that waits for the key gets it at once.
void RunDecider::release_key(HopId hop) {
  const auto found = state_.keys.find(hop);
  if (found == state_.keys.end()) return;
  const std::string key = std::move(found->second);
  state_.keys.erase(found);
  const auto parked = state_.parked.find(key);
  if (parked == state_.parked.end()) {
    state_.keys_taken.erase(key);
    return;
  }
  const auto [step, frame] = *parked->second.begin();
  parked->second.erase(parked->second.begin());
  if (parked->second.empty()) state_.parked.erase(parked);
  state_.keys.emplace(HopId{frame, step}, key);
  state_.ready.insert({step, frame});
}

// A skipped step is no passage: it passes on what it received.
void RunDecider::skip(HopId hop) {
  command(Command::Kind::kSkipped, hop).hops = slot(hop).hops;
  finish(hop, {}, StepStatus::kSkipped, slot(hop).hops);
}

void RunDecider::watch_deadline(HopId hop) {
  const std::int64_t allowed = planned(hop).declared->deadline;
  if (allowed > 0) set_timer(hop, TimerKind::kStepDeadline, allowed);
}

void RunDecider::set_timer(HopId hop, TimerKind kind, std::int64_t after_us) {
  Command& timer = command(Command::Kind::kTimer, hop);
  timer.timer = kind;
  timer.at = Time{state_.now.micros + after_us};
}

void RunDecider::finish(HopId hop, StepResult result, StepStatus status, std::uint32_t passed) {
  Slot& done = slot(hop);
  done.status = status;
  done.result = std::move(result);
  done.hops = passed;
  const bool told = fact_.hop == hop && (fact_.kind == Fact::Kind::kCompleted || fact_.kind == Fact::Kind::kHalted ||
                                         fact_.kind == Fact::Kind::kSignalled);
  if (status == StepStatus::kDone && !told && kind_of(hop) != fb::Body::DebugStep) {
    Command& made = command(taking_over_ ? Command::Kind::kTaken : Command::Kind::kDone, hop);
    made.hops = passed;
    if (options_.tell_begun) made.value = value_of(hop, done.result);
  }
  release_key(hop);
  const bool reversible = planned(hop).declared->undo != nullptr || may_be_child(hop);
  if (status == StepStatus::kDone && reversible && !taking_over_) note_undo(hop, kNone);
  for (const StepIndex successor : planned(hop).successors) {
    Slot& next = slot({hop.frame, successor});
    next.hops = std::min(next.hops, passed);
    if (--next.waits == 0) state_.ready.insert({successor, hop.frame});
  }
  release_reads(hop);
  RunFrame& frame = state_.frames.at(hop.frame);
  frame.passed = std::min(frame.passed, passed);
  if (--frame.open == 0) close_frame(hop.frame);
}

// Results are let go once every step that waited for them is done, unless an undo or the block needs them.
void RunDecider::release_reads(HopId hop) {
  const auto release = [this](HopId read) {
    const PlannedStep& step = planned(read);
    if (options_.keep_results || step.kept || plan_.blocks[step.block].result == read.step || is_nothing(slot(read).result)) return;
    slot(read).result = {};
    command(Command::Kind::kRelease, read);
  };
  if (slot(hop).readers == 0) release(hop);
  for (const StepIndex need : planned(hop).needs) {
    const HopId read{hop.frame, need};
    if (--slot(read).readers == 0) release(read);
  }
}

std::uint64_t RunDecider::note_undo(HopId hop, StepIndex abort) {
  const std::uint64_t number = state_.next_undo++;
  state_.undo.emplace(number, UndoEntry{hop, abort});
  ++state_.frames.at(hop.frame).kept;
  const FrameId item = lone_item(hop.frame);
  if (item != kNoFrame) state_.frames.at(item).undo.push_back(number);
  return number;
}

void RunDecider::forget_undo(HopId hop, std::optional<std::uint64_t>& number) {
  if (!number) return;
  state_.undo.erase(*number);
  --state_.frames.at(hop.frame).kept;
  number.reset();
}

// ---- Looking

// Whether it was begun before: a step that waits has no attempts, but a clause may let it wait anew.
bool RunDecider::is_again(HopId hop) {
  return slot(hop).attempt > 0 || slot(hop).clauses_retried != 0;
}

bool RunDecider::is_known(HopId hop) const {
  const auto found = state_.frames.find(hop.frame);
  return found != state_.frames.end() && hop.step < plan_.steps.size() && plan_.steps[hop.step].block == found->second.block;
}

Value RunDecider::value_of(HopId hop, const StepResult& result) const {
  if (results_ == nullptr) return result.value;
  const Value* found = results_->find(hop, result);
  return found == nullptr ? Value() : *found;
}

void RunDecider::set_busy(HopId hop, bool busy) {
  if (busy) {
    state_.in_flight.insert(hop);
  } else if (state_.in_flight.erase(hop) == 0) {
    return;
  }
  if (!planned(hop).declared->async) state_.running_alone = busy;
  for (FrameId at = hop.frame;; at = state_.frames.at(at).owner.frame) {
    state_.frames.at(at).busy += busy ? 1 : -1;
    if (at == 0) return;
  }
}

Command& RunDecider::command(Command::Kind kind, HopId hop) {
  commands_.emplace_back();
  commands_.back().kind = kind;
  commands_.back().hop = hop;
  const bool recorded = kind == Command::Kind::kSkipped || kind == Command::Kind::kDone || kind == Command::Kind::kFailed ||
                        kind == Command::Kind::kTombstone || kind == Command::Kind::kDebug || kind == Command::Kind::kTaken;
  if (recorded && options_.records) commands_.back().path = path_of(plan_, state_, hop);
  return commands_.back();
}

}  // namespace forge::internal
