// What a run's journal says, for people: its pulses, and the steps that are open.

#include <algorithm>

#include "forge/events/json.h"
#include "forge/workflows/runs.h"
#include "hook_scope.h"
#include "map_progress.h"
#include "run_journal.h"
#include "secret_inputs.h"
#include "sent_signal.h"
#include "step_work.h"

namespace forge {

using internal::Command;
using internal::ReadRun;
using internal::RunFold;
using internal::text_at;
using internal::TimerKind;

namespace {

std::optional<std::int64_t> int_at(const Object& object, const char* name) {
  const Value* value = object.find(name);
  return value != nullptr && value->if_int() != nullptr ? std::optional(*value->if_int()) : std::nullopt;
}

Pulse pulse_of(const Event& event, std::vector<Seq> caused) {
  Pulse pulse{
      .seq = event.seq, .at = event.recorded_at, .step = text_at(event.arguments, "step"), .what = internal::what_of(event)};
  pulse.attempt = static_cast<std::uint32_t>(int_at(event.arguments, "attempt").value_or(0));
  pulse.code = text_at(event.arguments, "code");
  pulse.message = text_at(event.arguments, internal::is_parking(event) ? "parked" : "message");
  // No step has said why a run that could not begin has failed.
  const bool unstarted = event.action == "_run.end" && event.key.ends_with(internal::kUnstarted);
  if (unstarted) pulse.message = text_at(event.arguments, "error");
  if (event.action == "_run.tell" || event.action == "_run.reopen") {
    pulse.actor = event.actor;
    pulse.reason = text_at(event.metadata, "reason");
  }
  pulse.duration_ns = int_at(event.arguments, "duration_ns");
  pulse.hops_left = internal::hops_of(event);
  if (const auto saw = int_at(event.arguments, "saw")) pulse.saw = static_cast<Seq>(*saw);
  pulse.caused = std::move(caused);
  return pulse;
}

// The events of a transaction before this one that are not the run's own. They belong to its fact, not to what follows from that.
Result<std::vector<Seq>> caused_with(const View& view, const Event& event) {
  std::vector<Seq> caused;
  if (event.arguments.find("fact") == nullptr) return caused;
  for (Seq seq = event.seq - event.place; seq < event.seq; ++seq) {
    FORGE_ASSIGN(const Event before, view.event(seq));
    if (before.resource != "_run") caused.push_back(seq);
  }
  return caused;
}

OpenStep open_step(const RunFold& fold, const Command& command, std::string state) {
  return {.step = fold.path_of_hop(command.hop), .state = std::move(state)};
}

std::string waits_for(const RunFold& fold, const Command& command) {
  const fb::BodyUnion& body = fold.plan().steps[command.hop.step].declared->body;
  const Value first = internal::SecretInputs(fold.plan(), fold.state()).hidden(internal::key_of_wait(command));
  std::string text = first.if_text() != nullptr ? *first.if_text() : first.is_null() ? "" : to_json(first);
  if (body.AsWaitStep() == nullptr) return text;
  const fb::WaitStepT& wait = *body.AsWaitStep();
  return (wait.event.empty() ? wait.signal : wait.event) + (text.empty() ? "" : "/" + text);
}

// Maps over what comes from elsewhere.
void add_maps(const RunFold& fold, std::vector<OpenStep>& steps) {
  for (const auto& [hop, loop] : fold.state().loops) {
    if (!internal::comes_from_elsewhere(fold.plan().steps[hop.step])) continue;
    steps.push_back({.step = fold.path_of_hop(hop), .state = "mapping"});
    steps.back().progress = internal::progress_of(fold.plan().steps[hop.step], loop, fold.state().now);
  }
}

std::vector<OpenStep> open_steps(const View& view, const RunFold& fold, bool stands_still) {
  std::vector<OpenStep> steps;
  for (const auto& [hop, open] : fold.work()) {
    if (fold.work(hop) == nullptr) continue;
    const Command::Kind kind = open.command.kind;
    if (kind == Command::Kind::kFetch && internal::comes_from_elsewhere(fold.plan().steps[hop.step])) continue;
    steps.push_back(open_step(fold, open.command,
                              kind == Command::Kind::kUndo         ? "undoing"
                              : kind == Command::Kind::kCompensate ? "compensating"
                              : kind == Command::Kind::kFetch      ? "fetching"  // what failed is set aside
                              : stands_still                       ? "standing still"
                                                                   : "executing"));
    const bool child = internal::needs_run(fold.plan(), open.command);
    if (child && view.get("_run", fold.child_id(hop)).ok()) steps.back().waits_for = fold.child_id(hop);
  }
  for (const auto& [hop, open] : fold.waits()) {
    steps.push_back(open_step(fold, open.command, "waiting"));
    steps.back().waits_for = waits_for(fold, open.command);
    const fb::ApproveStepT* asks = fold.plan().steps[hop.step].declared->body.AsApproveStep();
    steps.back().is_approval = asks != nullptr;
    if (asks != nullptr) steps.back().role = asks->role;
    for (const TimerKind kind : {TimerKind::kStepDeadline, TimerKind::kStepTimeout}) {
      const auto timer = fold.timers().find({hop, kind});
      if (timer == fold.timers().end()) continue;
      std::optional<Time>& until = steps.back().until;
      until = until ? std::min(*until, timer->second.command.at) : timer->second.command.at;
    }
  }
  for (const auto& [timer, open] : fold.timers()) {
    if (internal::bounds_a_wait(timer.second)) continue;
    steps.push_back(open_step(fold, open.command, timer.second == TimerKind::kSleep ? "sleeping" : "backing off"));
    steps.back().until = open.command.at;
  }
  add_maps(fold, steps);
  return steps;
}

// A step that waits for a run which stands still says so.
Status tell_standing_below(const View& view, RunDetail& detail) {
  if (!detail.info.parked.empty()) return {};
  FORGE_ASSIGN(const std::optional<RunInfo> standing, standing_below(view, detail.info.id));
  if (!standing) return {};
  for (OpenStep& step : detail.open) {
    const bool is_own = step.waits_for == standing->id;
    if (step.waits_for.empty() || (!is_own && !standing->id.starts_with(step.waits_for + "/"))) continue;
    step.state = "waiting";
    step.stands = (is_own ? "which stands still: " : "where " + standing->id + " stands still: ") + standing->parked;
  }
  return {};
}

bool has_map_over_elsewhere(const internal::Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(),
                     [](const internal::PlannedStep& step) { return internal::comes_from_elsewhere(step); });
}

}  // namespace

std::vector<std::vector<OpenStep>> open_maps(const View& view, const std::vector<RunInfo>& of) {
  std::vector<std::vector<OpenStep>> maps(of.size());
  internal::DefinitionCache cache;
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (of[i].has_ended()) continue;
    const Result<internal::JournalHead> head = internal::read_head(view, of[i].id);
    if (!head.ok()) continue;
    const auto definition = internal::read_definition(view, head->pin, cache);
    if (!definition.ok() || !has_map_over_elsewhere((*definition)->plan())) continue;
    const Result<ReadRun> run = internal::read_run(view, of[i].id, cache, {});
    if (run.ok()) add_maps(*run->fold, maps[i]);
  }
  return maps;
}

Result<RunDetail> run_detail(const View& view, const std::string& id) {
  RunDetail detail;
  FORGE_ASSIGN(detail.info, run_info(view, id));
  Status read;
  FORGE_TRY(view.log({.resource = "_run", .key = id}, [&](const Event& event) {
    Result<std::vector<Seq>> caused = caused_with(view, event);
    read = caused.status();
    if (caused.ok()) detail.pulses.push_back(pulse_of(event, *std::move(caused)));
    return read.ok();
  }));
  FORGE_TRY(read);
  if (detail.info.has_ended()) return detail;
  internal::DefinitionCache cache;
  Result<ReadRun> run = internal::read_run(view, id, cache, {});
  // What is open depends on the items where a map reads them again: without their file, the journal alone is told.
  if (run.status().id() == ErrorId::kItemsDiffer || run.status().id() == ErrorId::kInputUnreadable) return detail;
  FORGE_TRY(run.status());
  detail.open = open_steps(view, *run->fold, !detail.info.parked.empty());
  FORGE_TRY(tell_standing_below(view, detail));
  return detail;
}

}  // namespace forge
