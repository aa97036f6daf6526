// What became of runs.

#include <algorithm>
#include <array>

#include "commands.h"
#include "forge/workflows/runs.h"
#include "forge/workflows/timeline.h"
#include "listing.h"
#include "run_standing.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

constexpr std::array<std::string_view, 1> kRunFilters = {"status"};
constexpr std::size_t kResultColumns = 60;  // of a result in a line; JSON has all of it

// "rows: 45000 items, 45%": the maps that are open in a run; empty where none is.
std::string progress_text(const std::vector<OpenStep>& maps) {
  std::string text;
  for (const OpenStep& step : maps) {
    if (step.progress) text += (text.empty() ? "" : "; ") + step.step + ": " + text_of(*step.progress);
  }
  return text;
}

Status print_run(Session& session, Listing& listing, const RunInfo& run, const std::string& progress) {
  if (session.out.is_table()) {
    const std::string result = run.has_ended() ? fitted(printable(run.result), kResultColumns) : progress;
    return listing.row({run.id, run.workflow, standing_of(run), result, reason_of_standing(run)}, run.id);
  }
  Object object = run_object(run);
  object.add("progress", progress.empty() ? Value() : Value(progress));
  return listing.row(object, run.id);
}

// No more is read than is shown, and one run to know whether there are more.
Result<int> run_workflow_runs(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  const ListName name{"workflow runs", store.id(), filters_digest(session.arguments, kRunFilters)};
  std::optional<Cursor> cursor;
  if (const auto text = session.arguments.if_text("cursor")) {
    FORGE_ASSIGN(cursor, read_cursor(*text, name));
  }
  FORGE_ASSIGN(const View view, cursor ? store.as_of(cursor->seq) : Result<View>(store.view()));
  std::vector<std::string> columns = run_columns();
  columns.emplace_back("progress");
  Listing listing(
      session, {.headings = {"run", "workflow", "status", "result", "error"}, .columns = std::move(columns), .name = "id"}, name);
  const std::size_t limit = listing.limit() == 0 ? 0 : listing.limit() + 1;
  FORGE_ASSIGN(std::vector<RunInfo> found, runs(view, session.arguments.text("status"), limit, cursor ? cursor->after : ""));
  const bool more = limit > 0 && found.size() == limit;
  if (more) found.pop_back();
  const std::vector<std::vector<OpenStep>> maps = open_maps(view, found);
  for (std::size_t i = 0; i < found.size(); ++i) {
    FORGE_ASSIGN(const RunInfo run, with_standing_below(view, std::move(found[i])));
    FORGE_TRY(print_run(session, listing, run, progress_text(maps[i])));
  }
  FORGE_TRY(listing.end(more, view.seq()));
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
  object.add("saw", pulse.saw ? Value(*pulse.saw) : Value());
  object.add("code", pulse.code.empty() ? Value() : Value(pulse.code));
  object.add("message", pulse.message.empty() ? Value() : Value(pulse.message));
  object.add("actor", pulse.actor.empty() ? Value() : Value(pulse.actor));
  object.add("reason", pulse.reason.empty() ? Value() : Value(pulse.reason));
  object.add("events", std::move(caused));
  return object;
}

Object open_object(const OpenStep& step) {
  Object object{{"step", step.step},
                {"state", step.state},
                {"stands", step.stands.empty() ? Value() : Value(step.stands)},
                {"waits_for", step.waits_for.empty() ? Value() : Value(step.waits_for)},
                {"until", step.until ? Value(format_time(*step.until)) : Value()}};
  if (!step.progress) return object;
  const MapProgress& progress = *step.progress;
  object.add("items", progress.items);
  object.add("bad", progress.bad);
  object.add("part", progress.part ? Value(*progress.part) : Value());
  object.add("items_a_second", progress.items_a_second ? Value(*progress.items_a_second) : Value());
  object.add("left_us", progress.left_us ? Value(*progress.left_us) : Value());
  return object;
}

// "  12  reserve  completed  7 hops left  events 10, 11".
std::string pulse_line(const Pulse& pulse) {
  std::string line = "  " + std::to_string(pulse.seq) + "  " + pulse.what;
  if (!pulse.step.empty()) line += "  " + pulse.step;
  if (pulse.attempt > 1) line += "  attempt " + std::to_string(pulse.attempt);
  if (pulse.hops_left) line += "  hops left " + std::to_string(*pulse.hops_left);
  for (std::size_t i = 0; i < pulse.caused.size(); ++i) line += (i == 0 ? "  event " : ", ") + std::to_string(pulse.caused[i]);
  if (!pulse.code.empty()) line += "  " + pulse.code;
  if (!pulse.actor.empty()) line += "  by " + pulse.actor;
  if (!pulse.reason.empty()) line += (pulse.actor.empty() ? "  because: " : ": ") + pulse.reason;
  if (!pulse.message.empty()) line += (pulse.code.empty() ? "  " : ": ") + pulse.message;
  return printable(line) + "\n";
}

std::string open_line(const OpenStep& step) {
  return printable("  open  " + step.step + "  " + state_text(step)) + "\n";
}

// ---- Waterfall

constexpr std::size_t kBarColumns = 40;

// "reserve", with two blanks for each step that it is inside of, or "  undo of reserve".
std::string span_name(const StepSpan& span) {
  const auto depth = static_cast<std::size_t>(std::count(span.step.begin(), span.step.end(), '.'));
  const char* purpose = span.purpose == StepSpan::Purpose::kUndo         ? "undo of "
                        : span.purpose == StepSpan::Purpose::kCompensate ? "compensate "
                                                                         : "";
  return std::string(2 * depth, ' ') + purpose + printable(span.step);
}

std::string span_bar(const StepSpan& span, const RunTimeline& timeline) {
  const std::int64_t whole = std::max<std::int64_t>(timeline.end.micros - timeline.begin.micros, 1);
  const auto column = [&](Time at) {
    const double share = static_cast<double>(at.micros - timeline.begin.micros) / static_cast<double>(whole);
    return std::min(static_cast<std::size_t>(std::max(share, 0.0) * kBarColumns), kBarColumns - 1);
  };
  const std::size_t first = column(span.begin);
  const std::size_t last = column(span.end.value_or(timeline.end));
  std::string bar(first, ' ');
  for (std::size_t i = first; i <= last; ++i) bar += span.end ? "█" : "░";
  return bar + std::string(kBarColumns - 1 - last, ' ');
}

std::string span_line(const StepSpan& span, const RunTimeline& timeline, std::size_t name_columns) {
  const std::string name = span_name(span);
  const std::int64_t took = span.end.value_or(timeline.end).micros - span.begin.micros;
  std::string line = "  " + name + std::string(name_columns - display_width(name) + 2, ' ') + span_bar(span, timeline) + "  " +
                     elapsed_text(took) + "  " + (span.end ? span.what : "open");
  if (span.attempts > 1) line += "  try " + std::to_string(span.attempts);
  if (!span.code.empty()) line += "  " + printable(span.code + ": " + span.message);
  return line + "\n";
}

Object span_object(const StepSpan& span) {
  constexpr const char* kPurposes[] = {"run", "compensate", "undo"};
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  return Object{{"step", span.step},
                {"purpose", kPurposes[static_cast<int>(span.purpose)]},
                {"begin", format_time(span.begin)},
                {"end", span.end ? Value(format_time(*span.end)) : Value()},
                {"what", text(span.what)},
                {"attempts", span.attempts},
                {"code", text(span.code)},
                {"message", text(span.message)},
                {"first_seq", span.first ? Value(*span.first) : Value()},
                {"last_seq", span.last ? Value(*span.last) : Value()}};
}

Result<int> print_waterfall(Session& session, const Store& store) {
  FORGE_ASSIGN(const RunTimeline timeline, run_timeline(store.view(), session.arguments.words()[0]));
  std::string text = printable(timeline.info.id + "  " + timeline.info.workflow + "  " + standing_of(timeline.info)) + "  " +
                     elapsed_text(timeline.end.micros - timeline.begin.micros) + "\n";
  std::size_t name_columns = 0;
  for (const StepSpan& span : timeline.spans) name_columns = std::max(name_columns, display_width(span_name(span)));
  List spans;
  for (const StepSpan& span : timeline.spans) {
    text += span_line(span, timeline, name_columns);
    spans.emplace_back(span_object(span));
  }
  FORGE_TRY(session.out.text(text));
  Object object = run_object(timeline.info);
  object.add("begin", format_time(timeline.begin));
  object.add("end", format_time(timeline.end));
  object.add("spans", std::move(spans));
  FORGE_TRY(session.out.object(object, "id"));
  return 0;
}

Result<int> run_workflow_trace(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  if (session.arguments.is_on("waterfall")) return print_waterfall(session, store);
  FORGE_ASSIGN(RunDetail detail, run_detail(store.view(), session.arguments.words()[0]));
  FORGE_ASSIGN(detail.info, with_standing_below(store.view(), std::move(detail.info)));
  std::string text = printable(detail.info.id + "  " + detail.info.workflow + "  " + standing_of(detail.info)) + "\n";
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
  const std::string next = next_about(store.view(), detail.info);
  if (!next.empty()) text += printable("  next  " + next) + "\n";
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
                cursor_flag(),
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
      .flags = {{.name = "waterfall", .summary = "when each step was at work, instead of each pulse"}},
      .examples = {{"forgectl workflow trace co-1", ""}, {"forgectl workflow trace co-1 --waterfall", ""}},
      .run = run_workflow_trace,
  };
  return kCommand;
}

}  // namespace forge::cli
