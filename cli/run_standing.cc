#include "run_standing.h"

#include <array>
#include <utility>

#include "forge/workflows/steering.h"
#include "text.h"

namespace forge::cli {
namespace {

bool ran_out_of_hops(const RunInfo& run) {
  return run.error.starts_with("ttl_expired:");
}

std::string command_about(const char* verb, const std::string& run, const std::string& step) {
  return std::string("forgectl workflow ") + verb + " " + run + " " + step;
}

}  // namespace

Result<RunInfo> with_standing_below(const View& view, RunInfo run) {
  if (run.status != "running" || !run.parked.empty()) return run;
  FORGE_ASSIGN(const std::optional<RunInfo> standing, standing_below(view, run.id));
  if (standing) run.parked = "run '" + standing->id + "', a step of it, stands still: " + standing->parked;
  return run;
}

std::string standing_of(const RunInfo& run) {
  if (run.warnings && run.status != "undo_failed") return run.status + " with warnings";
  return run.parked.empty() || run.has_ended() ? run.status : run.status + ", stands still";
}

std::string reason_of_standing(const RunInfo& run) {
  return run.has_ended() || run.parked.empty() ? run.error : run.parked;
}

std::string next_about(const View& view, const RunInfo& run) {
  if (ran_out_of_hops(run)) {
    return "raise ttl_hops, make the graph wider, or end it with an event that starts the next run";
  }
  if (const std::optional<Seq> event = unstarted_event(run)) {
    return "start it once that is mended: forgectl workflow run " + run.workflow + " --event " + std::to_string(*event);
  }
  if (run.status == "halted") return "go on with it: forgectl workflow resume " + run.id;
  const Result<SteerableSteps> steps = steerable_steps(view, run.id);
  if (!steps.ok() || !run.has_ended()) return "";
  if (run.status == "failed" && !steps->to_retry.empty()) {
    return "try it again: " + command_about("retry", run.id, steps->to_retry.front());
  }
  if (run.status == "undo_failed" && !steps->to_waive.empty()) {
    const std::string& step = steps->to_waive.front();
    return "undo it once more: " + command_about("retry", run.id, step) +
           "   or, once somebody has seen to it: " + command_about("waive", run.id, step);
  }
  return "";
}

std::string state_text(const OpenStep& step) {
  std::string text = step.state;
  if (!step.waits_for.empty()) text += " for " + step.waits_for;
  if (!step.stands.empty()) text += ", " + step.stands;
  if (step.until) text += " until " + time_text(*step.until);
  if (step.progress) text += "  " + text_of(*step.progress);
  return text;
}

std::string open_text(const View& view, const std::string& run) {
  const Result<RunDetail> detail = run_detail(view, run);
  std::string text;
  if (!detail.ok()) return text;
  for (const OpenStep& step : detail->open) {
    text += (text.empty() ? "" : ", ") + step.step + " " + state_text(step);
    if (!step.is_approval) continue;
    text += "; answer it: " + command_about("approve", run, step.step) + " --actor NAME";
    if (!step.role.empty()) text += " --role " + step.role;
  }
  return text;
}

Status not_completed(const View& view, const RunInfo& run) {
  const bool halted = run.status == "halted";
  Status end(halted ? ErrorId::kRunHalted : ErrorId::kRunNotCompleted, "run '" + run.id + "' is " + run.status);
  if (!run.error.empty()) end = std::move(end).why(run.error);
  if (run.status == "compensated") end = std::move(end).state("what it had done is undone");
  if (run.status == "undo_failed") {
    const Result<SteerableSteps> steps = steerable_steps(view, run.id);
    std::string state;
    for (const std::string& step : steps.ok() ? steps->to_waive : std::vector<std::string>()) {
      state += (state.empty() ? "not undone: " : ", ") + step;
    }
    end = std::move(end).state(state);
  }
  const bool tells = halted || unstarted_event(run) || run.status == "undo_failed" || ran_out_of_hops(run);
  const std::string next = tells ? next_about(view, run) : std::string();
  return std::move(end).remedy(next.empty() ? "see why: forgectl workflow trace " + run.id : next);
}

std::string open_runs_text(const RunnerOutlook& outlook) {
  const std::array<std::pair<std::size_t, const char*>, 5> kinds{
      {{outlook.working, outlook.working == 1 ? "is at work" : "are at work"},
       {outlook.sleeping, outlook.sleeping == 1 ? "sleeps" : "sleep"},
       {outlook.waiting, outlook.waiting == 1 ? "waits" : "wait"},
       {outlook.halted, outlook.halted == 1 ? "has halted" : "have halted"},
       {outlook.parked, outlook.parked == 1 ? "stands still" : "stand still"}}};
  std::string parts;
  for (const auto& [count, what] : kinds) {
    if (count > 0) parts += (parts.empty() ? ": " : ", ") + grouped(count) + " " + what;
  }
  return counted(outlook.runs(), "run") + " not ended" + parts;
}

std::string outlook_text(const RunnerOutlook& outlook) {
  std::string text = open_runs_text(outlook);
  if (!outlook.next) return text;
  const RunnerOutlook::Next& next = *outlook.next;
  text += "; next at " + time_text(next.at) + ": ";
  if (next.run.empty()) return text + "workflow " + next.workflow + " is due";
  return text + next.run + (next.step.empty() ? " is past its deadline" : " " + next.step);
}

Object outlook_object(const RunnerOutlook& outlook) {
  Value next;
  if (outlook.next) {
    const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
    next = Object{{"at", format_time(outlook.next->at)},
                  {"workflow", text(outlook.next->workflow)},
                  {"run", text(outlook.next->run)},
                  {"step", text(outlook.next->step)}};
  }
  return Object{{"working", outlook.working}, {"sleeping", outlook.sleeping}, {"waiting", outlook.waiting},
                {"halted", outlook.halted},   {"parked", outlook.parked},     {"next", std::move(next)}};
}

}  // namespace forge::cli
