#include "forge/workflows/middleware.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "forge/events/event.h"

namespace forge {
namespace {

// "step" of "step.stop".
std::string_view scope_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}
std::string_view moment_of(std::string_view name) {
  return name.substr(name.find('.') + 1);
}

class Listener final : public Middleware {
 public:
  Listener(std::string name, std::function<void(const LifecycleEvent&)> listener)
      : name_(std::move(name)), listener_(std::move(listener)) {}
  void on(const LifecycleEvent& event) override {
    if (matches_glob(name_, event.name)) listener_(event);
  }

 private:
  const std::string name_;
  const std::function<void(const LifecycleEvent&)> listener_;
};

class RunLog final : public Middleware {
 public:
  explicit RunLog(LogSink log) : log_(std::move(log)) {}

  void on(const LifecycleEvent& event) override {
    const std::string_view kind = scope_of(event.name), moment = moment_of(event.name);
    if (moment == "start" && kind != "run") return;
    std::string line(event.name);
    const auto add = [&line](std::string_view name, std::string_view text) {
      if (!text.empty()) line.append(" ").append(name).append("=").append(text);
    };
    add("run", event.run);
    add("workflow", event.workflow);
    add("step", event.step);
    if (event.attempt > 0) add("attempt", std::to_string(event.attempt));
    add("status", event.status);
    add("code", event.code);
    if (event.duration) add("duration_ns", std::to_string(event.duration->count()));
    if (!event.message.empty()) line.append(": ").append(event.message);
    const bool error = moment == "error" && (kind == "run" || kind == "undo");
    log_(error ? LogLevel::kError : moment == "error" || moment == "retry" ? LogLevel::kWarning : LogLevel::kInfo, line);
  }

 private:
  const LogSink log_;
};

class RunTracer final : public Middleware {
 public:
  explicit RunTracer(std::function<void(const RunSpan&)> sink) : sink_(std::move(sink)) {}

  void on(const LifecycleEvent& event) override {
    const std::string_view kind = scope_of(event.name), moment = moment_of(event.name);
    const Key key{std::string(event.run), std::string(event.step), std::string(kind)};
    if (moment == "start") {
      begun_.insert_or_assign(key, event.at);
      return;
    }
    const bool is_over = kind != "run" || moment != "halt";
    const auto begun = begun_.find(key);
    if (begun == begun_.end() || !is_over) return;
    RunSpan span{.name = kind == "run" ? "forge.run" : "forge.step",
                 .begun = begun->second,
                 .duration = std::chrono::microseconds(event.at.micros - begun->second.micros),
                 .run = std::string(event.run),
                 .workflow = std::string(event.workflow),
                 .correlation = std::string(event.correlation),
                 .step = std::string(event.step),
                 .attempt = event.attempt,
                 .kind = std::string(kind),
                 .outcome = std::string(moment),
                 .code = std::string(event.code),
                 .message = std::string(event.message),
                 .seq = event.seq};
    if (event.duration) span.duration = *event.duration;
    begun_.erase(begun);
    if (kind == "run") forget(key[0]);
    sink_(span);
  }

 private:
  using Key = std::array<std::string, 3>;  // run, step, kind

  // What a run that is over has begun and not ended: told to stop, or overtaken.
  void forget(const std::string& run) {
    const auto first = begun_.lower_bound(Key{run, "", ""});
    auto last = first;
    while (last != begun_.end() && last->first[0] == run) ++last;
    begun_.erase(first, last);
  }

  const std::function<void(const RunSpan&)> sink_;
  std::map<Key, Time> begun_;
};

}  // namespace

StepOutcome Middleware::replace(const LifecycleEvent&, StepOutcome outcome) {
  return outcome;
}

std::shared_ptr<Middleware> attach(std::string name, std::function<void(const LifecycleEvent&)> listener) {
  return std::make_shared<Listener>(std::move(name), std::move(listener));
}

std::shared_ptr<Middleware> log_runs(LogSink log) {
  return std::make_shared<RunLog>(std::move(log));
}

std::shared_ptr<Middleware> trace_runs(std::function<void(const RunSpan&)> sink) {
  return std::make_shared<RunTracer>(std::move(sink));
}

void RunMetrics::on(const LifecycleEvent& event) {
  const std::pair<std::string_view, std::atomic<std::uint64_t>*> counted[] = {
      {"run.start", &runs_started_},  {"run.stop", &runs_completed_},     {"run.error", &runs_failed_},
      {"run.halt", &runs_halted_},    {"step.stop", &steps_done_},        {"step.halt", &steps_done_},
      {"step.skip", &steps_skipped_}, {"step.error", &steps_failed_},     {"step.retry", &retries_},
      {"undo.retry", &retries_},      {"compensate.stop", &compensated_}, {"undo.stop", &undone_},
      {"undo.error", &undos_failed_},
  };
  for (const auto& [name, total] : counted) {
    if (name == event.name) total->fetch_add(1, std::memory_order_relaxed);
  }
  if (event.duration) attempt_nanos_.fetch_add(event.duration->count(), std::memory_order_relaxed);
}

std::vector<Metric> RunMetrics::metrics() const {
  const auto total = [](std::string_view name, const std::atomic<std::uint64_t>& value) {
    return Metric{.name = name, .unit = "1", .is_total = true, .value = static_cast<double>(value.load())};
  };
  return {
      total("forge.runs.started", runs_started_),
      total("forge.runs.stopped", runs_completed_),
      total("forge.runs.failed", runs_failed_),
      total("forge.runs.halted", runs_halted_),
      total("forge.steps.done", steps_done_),
      total("forge.steps.skipped", steps_skipped_),
      total("forge.steps.failed", steps_failed_),
      total("forge.steps.retries", retries_),
      total("forge.steps.compensated", compensated_),
      total("forge.steps.undone", undone_),
      total("forge.steps.undo_failed", undos_failed_),
      {.name = "forge.steps.seconds", .unit = "s", .is_total = true, .value = static_cast<double>(attempt_nanos_.load()) / 1e9}};
}

}  // namespace forge
