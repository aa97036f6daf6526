#pragma once

// What looks on while a runner carries out runs. Logs, metrics and spans are middleware like any that a program writes: registered
// with the runner (RunnerOptions::middleware), in order.
//
//   options.middleware = {forge::log_runs(log), forge::attach("step.error", [](const forge::LifecycleEvent& event) { ... })};
//
// It is told what is in the log already, in the order of the run's journal, and that an attempt begins. So it may miss what was
// written just before a process ended, and be told of a start twice, where an attempt is made again; the journal
// (forgectl log --pulses, run_detail) misses nothing. What happened before the runner took up a run is not told again.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/time.h"
#include "forge/events/value.h"
#include "forge/store/observe.h"
#include "forge/store/options.h"
#include "forge/workflows/step.h"

namespace forge {

// Something that happened to a run, or to a step of it, to what cleans up after a step, or to what undoes it. Everything is
// borrowed for the call.
struct LifecycleEvent {
  // run.start, run.stop (completed, cancelled, terminated), run.error (any other end), run.halt;
  // step.start (an attempt begins), step.stop (done), step.skip, step.retry (this attempt failed, and there will be another one),
  // step.error (it failed for good), step.halt (done, and the run halts); compensate.start, .stop, .error; undo.start, .stop,
  // .retry, .error. These names stay as they are.
  std::string_view name;
  std::string_view run;
  std::string_view workflow;
  std::string_view correlation;
  std::string_view step;                                  // its path: "import[17].store"; empty of the run itself
  std::uint32_t attempt = 0;                              // from 1; 0: without attempts, as of a sleep
  std::optional<std::uint32_t> hops_left = {};            // of a start: that it received
  const Object* args = nullptr;                           // of a start: what it was given
  const Value* result = nullptr;                          // of run.stop, run.halt, step.stop and step.halt; may be null
  std::string_view status = {};                           // of the end of a run: "completed", "undo_failed"
  std::string_view code = {};                             // of an error or a retry
  std::string_view message = {};                          // of the same
  std::optional<std::chrono::nanoseconds> duration = {};  // of an attempt that is over, where it was carried out in a thread
  Time at;                                                // when it was recorded; of a start: now
  Seq seq = 0;                                            // the event that records it; 0 of a start
};

// Called on the one thread on which the runner decides, so it must not block, nor wait for the runner. What it throws is logged,
// and changes nothing. A runner holds it for as long as it lives; one that several runners share is called by each on its own
// thread.
class Middleware {
 public:
  virtual ~Middleware() = default;

  // In the order of registration where something begins, in the reverse order where it is over.
  virtual void on(const LifecycleEvent& event) = 0;

  // Whether replace() is to be asked.
  virtual bool replaces() const { return false; }
  // What an attempt of a step came to, before that is recorded: what is returned is recorded instead, and is all that anybody, also
  // a replay, will ever see. Of steps that call a function, a program or HTTP, and of reads; `event` is the step.start of the
  // attempt. Asked in the reverse order of registration. Actions that a function asked for stay where the outcome stays kDone or
  // kHalted, and are dropped where it becomes an error.
  virtual StepOutcome replace(const LifecycleEvent& event, StepOutcome outcome);
};

using MiddlewareList = std::vector<std::shared_ptr<Middleware>>;

// Calls `listener` for events of that name, where '*' stands for any text: "step.*".
std::shared_ptr<Middleware> attach(std::string name, std::function<void(const LifecycleEvent&)> listener);

// A line for each event but starts of steps: errors of runs and of undos at kError, other errors and retries at kWarning, the rest
// at kInfo.
std::shared_ptr<Middleware> log_runs(LogSink log);

// Counts what happens. Its numbers may be read from any thread.
class RunMetrics final : public Middleware {
 public:
  void on(const LifecycleEvent& event) override;
  // Every number, as Store::metrics() gives them; docs/observability.md lists the names. Totals since it was made.
  std::vector<Metric> metrics() const;

 private:
  std::atomic<std::uint64_t> runs_started_{0}, runs_completed_{0}, runs_failed_{0}, runs_halted_{0};
  std::atomic<std::uint64_t> steps_done_{0}, steps_skipped_{0}, steps_failed_{0}, retries_{0};
  std::atomic<std::uint64_t> compensated_{0}, undone_{0}, undos_failed_{0};
  std::atomic<std::int64_t> attempt_nanos_{0};
};

// An attempt from its start to what came of it, "forge.step", or a run, "forge.run". Owns what it holds.
struct RunSpan {
  std::string name;
  Time begun;                            // by the runner's clock
  std::chrono::nanoseconds duration{0};  // of a run, and of an attempt without a thread: between the times of the events
  std::string run, workflow, correlation, step;
  std::uint32_t attempt = 0;
  std::string kind;     // "step", "compensate", "undo"; "run"
  std::string outcome;  // "stop", "skip", "retry", "error", "halt"
  std::string code, message;
  Seq seq = 0;  // the event that records how it ended
};

// Calls `sink` for each attempt, and for each run, that began under this runner and is over.
std::shared_ptr<Middleware> trace_runs(std::function<void(const RunSpan&)> sink);

}  // namespace forge
