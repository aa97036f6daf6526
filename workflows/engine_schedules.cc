// Runs that start when it is time. A run is written with the time that it was due at, as a named checkpoint, in one transaction,
// and its id follows from that time; so each due time starts one run, wherever the process ends. Times that passed while no runner
// was at work start one run together: that of the last of them. Where its input cannot be made, there is a run that has failed from
// its start, and says why.

#include "commit_errors.h"
#include "hook_scope.h"
#include "run_engine.h"

namespace forge::internal {
namespace {

std::string place_of_schedule(const std::string& workflow) {
  return "_workflow.schedule:" + workflow;
}

// To the second, as all due times are whole ones: "2026-11-28T03:00:00Z".
std::string text_of_due(Time due) {
  return format_time(due).substr(0, 19) + "Z";
}

Time time_in(const std::optional<std::string>& text) {
  const Result<Time> time = parse_time(text.value_or(""));
  return time.ok() ? *time : Time{INT64_MIN};
}

class DueScope final : public Scope {
 public:
  DueScope(const Value& event, Time due) : event_(event), due_(due) {}
  const Value* root(const Reference& reference) const override { return reference.root == Root::kEvent ? &event_ : nullptr; }
  Time now() const override { return due_; }

 private:
  const Value& event_;
  const Time due_;
};

}  // namespace

// Counted from its declaration on, or from the last time for which a run was started.
Status RunEngine::read_schedule(const View& view, const std::string& name, const DeclaredWorkflow& declared) {
  schedules_.erase(name);
  if (declared.definition->plan().schedule.empty()) return {};
  FORGE_ASSIGN(const Record record, view.get("_workflow", name));
  FORGE_ASSIGN(const Event event, view.event(record.seq()));
  FORGE_ASSIGN(const std::optional<std::string> noted, store_.checkpoint(place_of_schedule(name)));
  const Value* role = event.metadata.find("role");
  Scheduled scheduled{.pin = declared.pin, .definition = declared.definition, .seen = std::max(event.recorded_at, time_in(noted))};
  scheduled.actor = {event.actor, role != nullptr && role->if_text() != nullptr ? *role->if_text() : std::string()};
  schedules_[name] = std::move(scheduled);
  start_due(name);
  return {};
}

void RunEngine::await_due(const std::string& name) {
  const Scheduled& scheduled = schedules_.at(name);
  const std::optional<Time> due = scheduled.definition->plan().schedule[0].next(scheduled.seen);
  if (due) add_timer(*due, {.kind = Due::kSchedule, .run = name});
}

void RunEngine::start_due(const std::string& name) {
  const auto found = schedules_.find(name);
  if (found == schedules_.end() || found->second.starting || stopped_ || !failure_.ok()) return;
  Scheduled& scheduled = found->second;
  const Plan& plan = scheduled.definition->plan();
  const std::optional<Time> due = plan.schedule[0].last(scheduled.seen, options_.clock->now());
  if (!due) return await_due(name);
  const std::string text = text_of_due(*due);
  Result<ActionRequest> made = scheduled_request(scheduled, *due);
  const std::string id = name + "@" + text + (made.ok() ? "" : kUnstarted);
  if (store_.view().get("_run", id).ok()) {
    scheduled.seen = *due;
    return await_due(name);
  }
  ActionRequest request = made.ok() ? *std::move(made) : unstarted_request(scheduled, *due, made.status());
  request.args.add("id", id);
  ActOptions options{.actor = scheduled.actor, .hops_left = static_cast<std::uint8_t>(plan.declared->ttl_hops)};
  options.checkpoint = NamedCheckpoint{place_of_schedule(name), text};
  scheduled.starting = true;
  ++schedules_starting_;
  loop_.commit({std::move(request)}, std::move(options), [this, name, due = *due](const Result<TransactionReceipt>& committed) {
    take_scheduled(name, due, committed.status());
  });
}

Result<ActionRequest> RunEngine::scheduled_request(const Scheduled& scheduled, Time due) const {
  const Plan& plan = scheduled.definition->plan();
  const Value event = Object{{"due", text_of_due(due)}};
  FORGE_ASSIGN(const Value input, plan.hook.input.make(DueScope(event, due)));
  FORGE_ASSIGN(Object taken, scheduled.definition->take_inputs(input.if_object() == nullptr ? Object() : *input.if_object()));
  Fact fact;
  fact.hops = plan.declared->ttl_hops;
  fact.value = Object{{"input", std::move(taken)}, {"event", event}};
  return start_request(scheduled.pin, fact);
}

ActionRequest RunEngine::unstarted_request(const Scheduled& scheduled, Time due, const Status& why) {
  const StepOutcome failure = failure_of(why);
  Fact fact;
  fact.hops = scheduled.definition->plan().declared->ttl_hops;
  fact.value = Object{{"input", Object()}, {"event", Object{{"due", text_of_due(due)}}}};
  fact.error = {failure.code, "no run is started for " + text_of_due(due) + ": " + failure.message};
  return start_request(scheduled.pin, fact);
}

void RunEngine::take_scheduled(const std::string& name, Time due, const Status& started) {
  --schedules_starting_;
  const auto found = schedules_.find(name);
  if (found == schedules_.end()) return;
  found->second.starting = false;
  if (is_passing(started))
    return add_timer(Time{options_.clock->now().micros + kAgainAfterUs}, {.kind = Due::kSchedule, .run = name});
  if (is_final(started)) return fail(started);
  if (!started.ok() && started.id() != ErrorId::kRecordExists && options_.log) {
    options_.log(LogLevel::kError, "no run of '" + name + "' is started for " + text_of_due(due) + ": " + started.message());
  }
  found->second.seen = std::max(found->second.seen, due);
  start_due(name);
  changed_();
}

}  // namespace forge::internal
