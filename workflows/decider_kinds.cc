// How each kind of step starts. Those that the program carries out are handed to the runner; the others are decided here.

#include "decider.h"
#include "secret_inputs.h"
#include "step_values.h"

namespace forge::internal {
void RunDecider::start_kind(HopId hop) {
  if (!is_again(hop)) watch_deadline(hop);
  switch (kind_of(hop)) {
    case fb::Body::MapStep:
    case fb::Body::RecurseStep:
    case fb::Body::GroupStep:
    case fb::Body::AroundStep:
      return start_loop(hop);
    case fb::Body::SwitchStep:
      return choose(hop);
    case fb::Body::SleepStep:
      return start_sleep(hop);
    case fb::Body::WaitStep:
    case fb::Body::ApproveStep:
      return start_wait(hop);
    case fb::Body::CollectStep:
      return collect(hop);
    case fb::Body::TemplateStep:
    case fb::Body::HaltStep:
    case fb::Body::DebugStep:
    case fb::Body::FailStep:
      break;
    default:
      return execute(hop);
  }
  const PlannedBody& body = planned(hop).body;
  Result<Value> made = body.values.at(0).make(scope_at(hop));
  if (!made.ok()) return fail_before_start(hop, made.status());
  if (kind_of(hop) == fb::Body::FailStep) {
    const std::string* text = made->if_text();
    const std::string& code = planned(hop).declared->body.AsFailStep()->code;
    return fail_step(hop, {code.empty() ? "fail" : code, text != nullptr ? *text : "it is there to fail"});
  }
  if (kind_of(hop) == fb::Body::DebugStep) {
    command(Command::Kind::kDebug, hop).value = SecretInputs(plan_, state_).hidden(*made);
    return finish(hop, {}, StepStatus::kDone, slot(hop).hops);
  }
  const bool halts = kind_of(hop) == fb::Body::HaltStep;
  finish(hop, {.value = *made}, StepStatus::kDone, slot(hop).hops - 1);
  if (halts) halt({.value = *std::move(made)});
}

// {args, values, named} as far as the kind has them, in the order of parts_of().
Result<Value> RunDecider::given_to(const PlannedBody& body, const RunScope& scope) const {
  Object given;
  if (!body.args.recipes.empty()) {
    FORGE_ASSIGN(Value args, body.args.make(scope));
    given.add("args", std::move(args));
  }
  List values;
  for (const Recipe& recipe : body.values) {
    FORGE_ASSIGN(Value value, recipe.make(scope));
    values.push_back(std::move(value));
  }
  List named;
  for (const NamedRecipes& recipes : body.named) {
    FORGE_ASSIGN(Value value, recipes.make(scope));
    named.push_back(std::move(value));
  }
  if (!values.empty()) given.add("values", std::move(values));
  if (!named.empty()) given.add("named", std::move(named));
  return Value(std::move(given));
}

void RunDecider::execute(HopId hop) {
  Result<Value> given = given_to(planned(hop).body, scope_at(hop));
  if (!given.ok()) return fail_before_start(hop, given.status());
  Slot& at = slot(hop);
  forget_undo(hop, at.halted);
  ++at.attempt;
  at.status = StepStatus::kInFlight;
  const fb::UndoT* undo = planned(hop).declared->undo.get();
  const bool own_args = undo != nullptr && undo->body != nullptr && undo->body->args.empty();
  if (own_args && given->if_object()->find("args") != nullptr) at.args = *given->if_object()->find("args");
  set_busy(hop, true);
  Command& made = command(Command::Kind::kExecute, hop);
  made.attempt = at.attempt;
  made.value = *std::move(given);
  made.hops = at.hops;
}

void RunDecider::start_sleep(HopId hop) {
  const fb::SleepStepT& declared = *planned(hop).declared->body.AsSleepStep();
  const bool until = declared.until != nullptr;
  const Result<Value> made = planned(hop).body.values.at(until ? 1 : 0).make(scope_at(hop));
  if (!made.ok()) return fail_before_start(hop, made.status());
  Time due = state_.now;
  if (until) {
    const Result<Time> time = time_of(*made);
    if (!time.ok()) return fail_before_start(hop, time.status());
    due = *time;
  } else {
    const Result<std::int64_t> duration = duration_of(*made);
    if (!duration.ok()) return fail_before_start(hop, duration.status());
    if (__builtin_add_overflow(state_.now.micros, *duration, &due.micros)) due.micros = INT64_MAX;
  }
  slot(hop).status = StepStatus::kAwaiting;
  state_.pending.insert(hop);
  Command& timer = command(Command::Kind::kTimer, hop);
  timer.timer = TimerKind::kSleep;
  timer.at = due;
}

void RunDecider::start_wait(HopId hop) {
  Result<Value> given = given_to(planned(hop).body, scope_at(hop));
  if (!given.ok()) return fail_before_start(hop, given.status());
  slot(hop).status = StepStatus::kAwaiting;
  state_.pending.insert(hop);
  if (planned(hop).declared->timeout > 0) set_timer(hop, TimerKind::kStepTimeout, planned(hop).declared->timeout);
  command(Command::Kind::kAwait, hop).value = *std::move(given);
}

void RunDecider::collect(HopId hop) {
  RunScope scope = scope_at(hop);
  const PlannedBody& body = planned(hop).body;
  Result<Value> made = body.named.at(0).make(scope);
  if (!made.ok()) return fail_before_start(hop, made.status());
  if (planned(hop).declared->body.AsCollectStep()->transform != nullptr) {
    const Value gathered = *made;
    scope.set_item(gathered);
    made = body.values.at(0).make(scope);
    if (!made.ok()) return fail_before_start(hop, made.status());
  }
  finish(hop, {.value = *std::move(made)}, StepStatus::kDone, slot(hop).hops - 1);
}

// The first branch whose condition is true; a default has none.
void RunDecider::choose(HopId hop) {
  const PlannedStep& step = planned(hop);
  for (std::size_t i = 0; i < step.blocks.size(); ++i) {
    const Result<bool> holds = step.body.conditions[i].holds(scope_at(hop));
    if (!holds.ok()) return fail_before_start(hop, holds.status());
    if (!*holds) continue;
    slot(hop).status = StepStatus::kOpen;
    open_frame(step.blocks[i], hop, i, slot(hop).hops - 1, nullptr);
    return;
  }
  finish(hop, {}, StepStatus::kDone, slot(hop).hops - 1);
}

void RunDecider::start_loop(HopId hop) {
  Loop loop;
  loop.passed = slot(hop).hops - 1;
  loop.begun = state_.now;
  const bool map = kind_of(hop) == fb::Body::MapStep;
  StepResult given;
  if (map || kind_of(hop) == fb::Body::RecurseStep) {
    Result<Value> made = planned(hop).body.values.at(0).make(scope_at(hop));
    if (!made.ok()) return fail_before_start(hop, made.status());
    given.value = *std::move(made);
  }
  const bool listed = map && planned(hop).declared->body.AsMapStep()->source == fb::MapSource::Values;
  if (listed && given.value.if_list() == nullptr) {
    return fail_before_start(hop, Status(ErrorId::kArgumentType, "what it goes over is no list"));
  }
  if (listed) loop.items = *given.value.if_list();
  loop.complete = !map || listed;
  slot(hop).status = StepStatus::kOpen;
  const std::uint32_t hops = loop.passed;
  state_.loops.emplace(hop, std::move(loop));
  if (kind_of(hop) == fb::Body::RecurseStep) {
    open_frame(planned(hop).blocks[0], hop, 0, hops, &given);
  } else if (listed) {
    continue_map(hop);
  } else if (map) {
    fetch(hop);
  } else {
    continue_stages(hop);
  }
}

}  // namespace forge::internal
