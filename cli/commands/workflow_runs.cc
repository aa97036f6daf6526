// What became of runs.

#include "commands.h"
#include "forge/workflows/runs.h"
#include "listing.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

Result<int> run_workflow_runs(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<RunInfo> found, runs(store.view(), session.arguments.text("status")));
  Listing listing(session, {.headings = {"run", "workflow", "status", "result", "error"}, .columns = run_columns(), .name = "id"});
  for (const RunInfo& run : found) {
    if (listing.full()) break;
    if (session.out.is_table()) {
      FORGE_TRY(listing.row({run.id, run.workflow, run.status, run.result, run.error}, run.id));
    } else {
      FORGE_TRY(listing.row(run_object(run), run.id));
    }
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && found.size() > listing.limit(), store.head(), found.size()));
  return 0;
}

Object pulse_object(const Pulse& pulse) {
  List caused;
  for (const Seq seq : pulse.caused) caused.emplace_back(seq);
  Object object{{"seq", pulse.seq}, {"at", format_time(pulse.at)}, {"what", pulse.what}};
  object.add("step", pulse.step.empty() ? Value() : Value(pulse.step));
  object.add("attempt", pulse.attempt == 0 ? Value() : Value(pulse.attempt));
  object.add("hops_left", pulse.hops_left ? Value(*pulse.hops_left) : Value());
  object.add("duration_ns", pulse.duration_ns ? Value(*pulse.duration_ns) : Value());
  object.add("code", pulse.code.empty() ? Value() : Value(pulse.code));
  object.add("message", pulse.message.empty() ? Value() : Value(pulse.message));
  object.add("events", std::move(caused));
  return object;
}

Object open_object(const OpenStep& step) {
  return Object{{"step", step.step},
                {"state", step.state},
                {"waits_for", step.waits_for.empty() ? Value() : Value(step.waits_for)},
                {"until", step.until ? Value(format_time(*step.until)) : Value()}};
}

// "  12  reserve  completed  7 hops left  events 10, 11".
std::string pulse_line(const Pulse& pulse) {
  std::string line = "  " + std::to_string(pulse.seq) + "  " + pulse.what;
  if (!pulse.step.empty()) line += "  " + pulse.step;
  if (pulse.attempt > 1) line += "  attempt " + std::to_string(pulse.attempt);
  if (pulse.hops_left) line += "  hops left " + std::to_string(*pulse.hops_left);
  for (std::size_t i = 0; i < pulse.caused.size(); ++i) line += (i == 0 ? "  event " : ", ") + std::to_string(pulse.caused[i]);
  if (!pulse.code.empty()) line += "  " + pulse.code;
  if (!pulse.message.empty()) line += (pulse.code.empty() ? "  " : ": ") + pulse.message;
  return printable(line) + "\n";
}

std::string open_line(const OpenStep& step) {
  std::string line = "  open  " + step.step + "  " + step.state;
  if (!step.waits_for.empty()) line += " for " + step.waits_for;
  if (step.until) line += " until " + time_text(*step.until);
  return printable(line) + "\n";
}

Result<int> run_workflow_trace(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const RunDetail detail, run_detail(store.view(), session.arguments.words()[0]));
  std::string text = printable(detail.info.id + "  " + detail.info.workflow + "  " + detail.info.status) + "\n";
  List pulses;
  List open;
  for (const Pulse& pulse : detail.pulses) {
    text += pulse_line(pulse);
    pulses.emplace_back(pulse_object(pulse));
  }
  for (const OpenStep& step : detail.open) {
    text += open_line(step);
    open.emplace_back(open_object(step));
  }
  FORGE_TRY(session.out.text(text));
  Object object = run_object(detail.info);
  object.add("pulses", std::move(pulses));
  object.add("open", std::move(open));
  FORGE_TRY(session.out.object(object, "id"));
  return 0;
}

}  // namespace

const Command& workflow_runs_command() {
  static const Command kCommand{
      .name = "workflow runs",
      .summary = "the runs of the store, by their ids",
      .flags = {{.name = "status",
                 .type = FlagType::kChoice,
                 .value = "STATUS",
                 .summary = "only those that are so",
                 .choices = {"running", "halted", "completed", "compensated", "failed", "undo_failed", "cancelled", "terminated",
                             "expired"}},
                limit_flag(),
                page_flag()},
      .examples = {{"forgectl workflow runs --status halted -o name", ""}},
      .run = run_workflow_runs,
  };
  return kCommand;
}

const Command& workflow_trace_command() {
  static const Command kCommand{
      .name = "workflow trace",
      .summary = "what a run did, pulse by pulse, and what it waits for",
      .arguments = {run_argument()},
      .examples = {{"forgectl workflow trace co-1", ""}},
      .run = run_workflow_trace,
  };
  return kCommand;
}

}  // namespace forge::cli
