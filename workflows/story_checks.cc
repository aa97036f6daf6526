#include "story_checks.h"

#include <algorithm>
#include <map>
#include <utility>

#include "forge/events/json.h"
#include "forge/workflows/timeline.h"

namespace forge::testing::story {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

std::string quoted_text(std::string_view text) {
  return "'" + std::string(text) + "'";
}

Check unreadable(std::string about, const Status& why) {
  return Unmet{std::move(about), "it can be read", why.message()};
}

std::vector<std::string> steps_that_are(const RunDetail& detail, std::string_view what) {
  std::vector<std::string> steps;
  for (const Pulse& pulse : detail.pulses) {
    if (pulse.what == what && !pulse.step.empty()) steps.push_back(pulse.step);
  }
  return steps;
}

// By itself, by an answer or a signal, or because its time has come.
bool is_done(std::string_view pulse) {
  return pulse == "completed" || pulse == "signalled" || pulse == "approved" || pulse == "rejected" || pulse == "timer";
}

// Those that are done, in the order in which what made them done was written.
Result<std::vector<std::string>> completed_steps(Telling& telling, const RunDetail& detail) {
  FORGE_ASSIGN(const RunTimeline timeline, run_timeline(telling.store().view(), detail.info.id));
  std::map<std::string, Seq> done;
  for (const StepSpan& span : timeline.spans) {
    if (span.purpose == StepSpan::Purpose::kRun && is_done(span.what)) done.emplace(span.step, 0);
  }
  for (const Pulse& pulse : detail.pulses) {
    if (const auto found = done.find(pulse.step); is_done(pulse.what) && found != done.end()) found->second = pulse.seq;
  }
  std::vector<std::pair<Seq, std::string>> ordered;
  for (const auto& [step, seq] : done) {
    if (seq > 0) ordered.emplace_back(seq, step);
  }
  std::sort(ordered.begin(), ordered.end());
  std::vector<std::string> steps;
  for (auto& [seq, step] : ordered) steps.push_back(std::move(step));
  return steps;
}

// Members of `expected` and `there`, as far as they differ.
Check differing(std::string about, const Object& expected, const Object& there) {
  Object wanted;
  Object found;
  for (const auto& [name, value] : expected.members()) {
    const Value* member = there.find(name);
    if (member != nullptr ? *member == value : value.is_null()) continue;
    wanted.add(name, value);
    found.add(name, member == nullptr ? Value() : *member);
  }
  if (wanted.empty()) return std::nullopt;
  return Unmet{std::move(about), to_json(Value(std::move(wanted))), to_json(Value(std::move(found)))};
}

// The types of the events that are not Forge's own, in the log's order, from `from` on.
Result<std::vector<std::string>> event_types(const View& view, Seq from) {
  std::vector<std::string> types;
  FORGE_TRY(view.log({.from = from}, [&](const Event& event) {
    if (!event.resource.starts_with('_')) types.push_back(event.type);
    return true;
  }));
  return types;
}

// How a telling ended, in lines that can be compared: the run, its events without their order, every record.
Result<std::vector<std::string>> end_of(Telling& telling) {
  const View view = telling.store().view();
  FORGE_ASSIGN(const std::string id, telling.run_id());
  FORGE_ASSIGN(const RunInfo run, run_info(view, id));
  std::vector<std::string> lines{"the run is " + run.status + (run.warnings ? " with warnings" : "") + " " + run.error,
                                 "its result is " + run.result};
  FORGE_ASSIGN(std::vector<std::string> types, event_types(view, 1));
  std::sort(types.begin(), types.end());
  lines.push_back("its events are " + listed(types));
  for (const Resource& resource : telling.store().domain()->resources()) {
    if (resource.name.starts_with('_')) continue;
    FORGE_TRY(view.list({.resource = resource.name}, [&](const Record& record) {
      lines.push_back(resource.name + " " + record.key() + " is " + to_json(Value(record.to_object())));
      return true;
    }));
  }
  return lines;
}

Result<std::vector<std::string>> end_with_crash(const Plot& plot, std::size_t writes, std::int64_t until_us) {
  Telling telling(plot);
  FORGE_TRY(telling.open());
  FORGE_TRY(telling.begin());
  FORGE_TRY(telling.live(writes, until_us).status());
  FORGE_TRY(telling.live(SIZE_MAX, until_us).status());
  return end_of(telling);
}

}  // namespace

Result<RunDetail> detail_of(Telling& telling) {
  FORGE_ASSIGN(const std::string id, telling.run_id());
  return run_detail(telling.store().view(), id);
}

Check check_end(const RunDetail& detail, std::string_view status) {
  if (detail.info.status == status) return std::nullopt;
  std::string got = detail.info.status;
  if (!detail.info.error.empty()) got += ": " + detail.info.error;
  for (const OpenStep& open : detail.open) {
    got += "; step " + open.step + " is " + open.state + (open.waits_for.empty() ? "" : " for " + open.waits_for);
  }
  std::map<std::string, std::string> undo_failed;  // the last failure of each
  for (const Pulse& pulse : detail.pulses) {
    if (pulse.what == "undo_failed" && !pulse.step.empty()) undo_failed[pulse.step] = pulse.message;
  }
  for (const auto& [step, why] : undo_failed) got += "; the undo of step " + step + " failed: " + why;
  return Unmet{"the run's end", std::string(status), std::move(got)};
}

Check check_result(const RunDetail& detail, const Value& result) {
  const std::string expected = to_json(result);
  const std::string there = detail.info.result.empty() ? "null" : detail.info.result;
  if (there == expected) return std::nullopt;
  return Unmet{"the run's result", expected, there};
}

Check check_error(const RunDetail& detail, std::string_view text) {
  if (detail.info.error.find(text) != std::string::npos) return std::nullopt;
  return Unmet{"the run's error", quoted_text(text) + " in it", quoted_text(detail.info.error)};
}

Check check_warnings(const RunDetail& detail, bool warnings) {
  if (detail.info.warnings == warnings) return std::nullopt;
  return Unmet{"the run's warnings", warnings ? "some" : "none", warnings ? "none" : "some"};
}

Check check_hops(const RunDetail& detail, std::uint64_t hops) {
  std::optional<std::uint8_t> most;
  std::uint8_t least = UINT8_MAX;
  for (const Pulse& pulse : detail.pulses) {
    if (!pulse.hops_left) continue;
    if (!most) most = pulse.hops_left;
    least = std::min(least, *pulse.hops_left);
  }
  const std::uint64_t used = most ? *most - std::min(least, *most) : 0;
  if (used == hops) return std::nullopt;
  return Unmet{"the run's hops", std::to_string(hops), std::to_string(used)};
}

Check check_order(Telling& telling, const RunDetail& detail, const std::vector<std::string>& steps) {
  const Result<std::vector<std::string>> read = completed_steps(telling, detail);
  if (!read.ok()) return unreadable("the order of completed steps", read.status());
  const std::vector<std::string>& completed = *read;
  std::size_t next = 0;
  for (const std::string& step : completed) {
    if (next < steps.size() && step == steps[next]) ++next;
  }
  if (next == steps.size()) return std::nullopt;
  return Unmet{"the order of completed steps", listed(steps), listed(completed)};
}

Check check_undone(const RunDetail& detail, const std::vector<std::string>& steps) {
  const std::vector<std::string> undone = steps_that_are(detail, "undone");
  if (undone == steps) return std::nullopt;
  return Unmet{"the steps that were undone", listed(steps), listed(undone)};
}

Check check_compensated(const RunDetail& detail, const std::string& step) {
  const std::vector<std::string> compensated = steps_that_are(detail, "compensated");
  if (std::find(compensated.begin(), compensated.end(), step) != compensated.end()) return std::nullopt;
  return Unmet{"the steps that cleaned up after themselves", step, listed(compensated)};
}

Check check_calls(const Telling& telling, const std::string& step, std::size_t calls) {
  const auto found = telling.calls().find(step);
  const std::size_t there = found == telling.calls().end() ? 0 : found->second.size();
  if (there == calls) return std::nullopt;
  return Unmet{"the calls of step " + step, std::to_string(calls), std::to_string(there)};
}

Check check_given(const Telling& telling, const std::string& step, std::size_t call, const Object& given) {
  const std::string about = "call " + std::to_string(call) + " of step " + step;
  const auto found = telling.calls().find(step);
  const std::size_t there = found == telling.calls().end() ? 0 : found->second.size();
  if (call == 0 || there < call)
    return Unmet{about, to_json(Value(given)), there == 0 ? "no call" : std::to_string(there) + (there == 1 ? " call" : " calls")};
  return differing(about, given, found->second[call - 1]);
}

Check check_events(Telling& telling, const RunDetail& detail, const std::vector<std::string>& types) {
  const Seq from = detail.pulses.empty() ? 1 : detail.pulses.front().seq;
  const Result<std::vector<std::string>> there = event_types(telling.store().view(), from);
  if (!there.ok()) return unreadable("the events", there.status());
  if (*there == types) return std::nullopt;
  return Unmet{"the events", listed(types), listed(*there)};
}

Check check_record(Telling& telling, std::string_view resource, std::string_view key, const Object& fields) {
  std::string about = std::string(resource) + " " + std::string(key);
  const Result<Record> record = telling.store().get(resource, key);
  if (record.ok()) return differing(std::move(about), fields, record->to_object());
  return Unmet{std::move(about), to_json(Value(fields)), record.status().message()};
}

Check check_no_record(Telling& telling, std::string_view resource, std::string_view key) {
  const Result<Record> record = telling.store().get(resource, key);
  const std::string about = std::string(resource) + " " + std::string(key);
  if (record.ok()) return Unmet{about, "no such record", record->to_json()};
  if (record.status().id() != ErrorId::kRecordNotFound) return unreadable(about, record.status());
  return std::nullopt;
}

Check check_crashes(const Plot& plot, Telling& told, std::size_t writes, std::int64_t until_us) {
  const Result<std::vector<std::string>> expected = end_of(told);
  if (!expected.ok()) return unreadable("the run's end", expected.status());
  for (std::size_t write = 0; write < writes; ++write) {
    const std::string about = "the end with a crash behind write " + std::to_string(write) + " of " + std::to_string(writes);
    const Result<std::vector<std::string>> end = end_with_crash(plot, write, until_us);
    if (!end.ok()) return unreadable(about, end.status());
    for (std::size_t i = 0; i < std::max(expected->size(), end->size()); ++i) {
      const std::string before = i < expected->size() ? (*expected)[i] : "nothing more";
      const std::string there = i < end->size() ? (*end)[i] : "nothing more";
      if (there != before) return Unmet{about, before, there};
    }
  }
  return std::nullopt;
}

}  // namespace forge::testing::story
