#include "hook_scope.h"

#include "sent_signal.h"
#include "step_work.h"

namespace forge::internal {
namespace {

class EventScope final : public Scope {
 public:
  EventScope(const Value& event, Time at) : event_(event), at_(at) {}
  const Value* root(const Reference& reference) const override { return reference.root == Root::kEvent ? &event_ : nullptr; }
  Time now() const override { return at_; }

 private:
  const Value& event_;
  const Time at_;
};

// The event as ${event} is. ${signal} is a part of it (Planner::resolve), so that whatever carries the one has the other.
Value event_for(const fb::HookT& hook, const Event& event) {
  Object value = event.to_object();
  if (hook.signal.empty()) return value;
  const Value key = key_in_signal(hook.signal, event.key).value_or(Value());
  value.add("signal", Object{{"name", hook.signal}, {"key", key}, {"value", value_of_signal(event)}});
  return value;
}

// What the event has left for a run. What a run says of itself is no passage of a step, so the run that it starts pays for it.
std::optional<std::uint32_t> hops_for(const Plan& plan, const Event& event) {
  if (!event.hops_left) return plan.declared->ttl_hops;
  const std::uint32_t cost = event.resource == "_run" ? 1 : 0;
  return *event.hops_left < cost ? std::nullopt : std::optional<std::uint32_t>(*event.hops_left - cost);
}

}  // namespace

bool is_for(const std::string& pattern, const Event& event) {
  const bool own = event.resource.starts_with('_') || event.resource.empty();
  return matches_glob(pattern, event.type) && (!own || pattern.starts_with('_'));
}

bool is_hooked(const fb::HookT& hook, const Event& event) {
  if (!is_for(hook.event, event)) return false;
  if (hook.signal.empty()) return true;
  const std::optional<Value> key = key_in_signal(hook.signal, event.key);
  return key && (hook.signal_key.empty() || *key == Value(hook.signal_key));
}

Result<std::optional<HookedRun>> hooked_run(const WorkflowDefinition& definition, const Event& event) {
  const Plan& plan = definition.plan();
  const fb::HookT& declared = *plan.declared->on;
  if (!is_hooked(declared, event)) return std::optional<HookedRun>();
  const std::optional<std::uint32_t> hops = hops_for(plan, event);
  if (!hops) return std::optional<HookedRun>();
  HookedRun run;
  run.hops = *hops;
  run.event = event_for(declared, event);
  const EventScope scope(run.event, event.recorded_at);
  // A path that leads nowhere is no match: events of one type may have different changes.
  const Result<bool> holds = plan.hook.where.holds(scope);
  if (!holds.ok() && holds.status().id() != ErrorId::kPathMissing) return holds.status();
  if (!holds.ok() || !*holds) return std::optional<HookedRun>();
  FORGE_ASSIGN(const Value input, plan.hook.input.make(scope));
  FORGE_ASSIGN(run.input, definition.take_inputs(input.if_object() == nullptr ? Object() : *input.if_object()));
  run.id = definition.name() + "@" + std::to_string(event.seq);
  if (declared.key != nullptr) {
    FORGE_ASSIGN(const Value key, plan.hook.key.make(scope));
    const std::string* text = key.if_text();
    const std::int64_t* number = key.if_int();
    if (text == nullptr && number == nullptr) {
      return Status(ErrorId::kArgumentType, "the key of the hook of '" + definition.name() + "' is neither a text nor an integer");
    }
    run.id = definition.name() + ":" + (text != nullptr ? *text : std::to_string(*number));
  }
  return std::optional<HookedRun>(std::move(run));
}

std::optional<HookedRun> unstarted_run(const WorkflowDefinition& definition, const Event& event, const Status& why) {
  const std::optional<std::uint32_t> hops = hops_for(definition.plan(), event);
  if (!hops) return std::nullopt;
  const StepOutcome failure = failure_of(why);
  HookedRun run{.id = definition.name() + "@" + std::to_string(event.seq) + kUnstarted, .hops = *hops};
  run.error = {failure.code, "event " + std::to_string(event.seq) + " starts no run: " + failure.message};
  return run;
}

ActionRequest hooked_request(const DefinitionPin& pin, const HookedRun& run, std::uint32_t max_concurrency) {
  Fact fact;
  fact.hops = run.hops;
  fact.concurrency = max_concurrency;
  fact.value = Object{{"input", run.input}, {"event", run.event}};
  fact.error = run.error;
  ActionRequest request = start_request(pin, fact);
  request.args.add("id", run.id);
  return request;
}

Actor actor_of_event(const Event& event) {
  const Value* role = event.metadata.find("role");
  return {event.actor, role != nullptr && role->if_text() != nullptr ? *role->if_text() : std::string()};
}

}  // namespace forge::internal
