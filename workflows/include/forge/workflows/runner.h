#pragma once

// Carries out the runs of a store: those that were started, by whomever, and those that its hooks start. Every step's result is in
// the log, in one write with what the step did to the store, before anything follows from it; so after a crash a runner goes on
// with exactly what was open, and code that had completed is not called again.
//
// A runner works in the process that holds the store, on its own threads: one that decides, and a bounded number that call the
// functions of steps. One runner a store. Safe from any thread; the store outlives it and must not be closed before it has stopped.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/options.h"
#include "forge/store/store.h"
#include "forge/workflows/definition.h"
#include "forge/workflows/http.h"
#include "forge/workflows/middleware.h"
#include "forge/workflows/program.h"
#include "forge/workflows/runs.h"
#include "forge/workflows/step.h"

namespace forge {

namespace internal {
class SignalConsumers;
}

// A signal as a consumer sees it.
struct Signal {
  std::string name;
  std::string key;  // empty: none
  Value value;
  Seq seq = 0;  // of the event that records it, as the next three
  Time sent_at;
  std::string actor;
  std::string correlation;
};

// Ends with the object, which may outlive the runner. Safe from any thread.
class SignalConsumer {
 public:
  SignalConsumer() = default;
  SignalConsumer(SignalConsumer&& other) noexcept;
  SignalConsumer& operator=(SignalConsumer&& other) noexcept;
  // As cancel().
  ~SignalConsumer();

  // It is called no more once this has returned; from inside a call of its own, not after that one. Two consumers must not cancel
  // each other from inside. Cancelling twice is ok.
  void cancel();

 private:
  friend class Runner;
  SignalConsumer(std::shared_ptr<internal::SignalConsumers> consumers, std::uint64_t id)
      : consumers_(std::move(consumers)), id_(id) {}

  std::shared_ptr<internal::SignalConsumers> consumers_;
  std::uint64_t id_ = 0;
};

struct RunnerOptions {
  StepFunctions functions = {};
  Programs programs = {};                           // that `exec` steps may run
  std::size_t threads = 4;                          // that call functions and read records; at least 1
  std::uint32_t max_concurrency = 64;               // steps in flight of a run that this runner starts; 1: one at a time
  std::chrono::microseconds stop_grace{5'000'000};  // a function that was told to stop is abandoned after this
  // Functions that were abandoned and have not returned: each holds a thread, in whose place there is another one. At so many no
  // function is called until one of them returns: steps fail with the code "abandoned".
  std::size_t abandoned_max = 16;
  // Events of the journal of one run. One that has so many is cancelled, with the reason, and undoes what it did.
  Version history_max = 1'000'000;
  Clock* clock = nullptr;          // timers and deadlines go by it; null: the system's; outlives the runner
  LogSink log = {};                // debug steps, runs that stand still, consumers that threw; called from any thread
  HttpOptions http = {};           // what http steps may call: nothing, unless it is listed
  MiddlewareList middleware = {};  // what looks on (middleware.h), in order
  // Is told of each run that has ended from then on, by whomever, once that is in the log: on the thread that decides, so quickly.
  // A run that is opened again ends again. May be empty.
  std::function<void(const std::string& run)> ended = {};
};

// How the runs stand that have not ended, at one moment. Each counts once.
struct RunnerOutlook {
  std::size_t working = 0;   // something of them is under way
  std::size_t sleeping = 0;  // until a time: they sleep, or back off
  std::size_t waiting = 0;   // for a signal, an event, an approval or a run of theirs, perhaps with a deadline
  std::size_t halted = 0;    // until somebody resumes them
  std::size_t parked = 0;    // until something is there that is missing: RunInfo::parked

  // What begins by itself next.
  struct Next {
    Time at;
    std::string run;       // whose sleep, backoff or deadline is over; empty: a schedule is due
    std::string step;      // empty: the deadline is the run's
    std::string workflow;  // the run's, or that which is due
  };
  std::optional<Next> next;

  std::size_t runs() const { return working + sleeping + waiting + halted + parked; }
};

class Runner {
 public:
  // Goes on with all runs that have not ended: each as soon as its journal is read, one after the other. A run whose definition,
  // function or program is missing stands still, which is logged and recorded (RunInfo::parked); the others go on. Errors:
  // kRunnerElsewhere where the store is attached or open for reading; as check_allowed_hosts; as reading.
  static Result<Runner> start(Store& store, const RunnerOptions& options = {});
  Runner(Runner&&) noexcept;
  Runner& operator=(Runner&&) noexcept;
  // As stop().
  ~Runner();

  // Declares the workflow (add_workflow), starts a run of it, and waits until it has ended or halted. Errors: as those, and as
  // wait(). How the run ended is no error: see RunInfo::status.
  Result<RunInfo> run(const WorkflowDefinition& definition, const RunStart& start = {});
  // Waits until the run has ended or halted. Errors: kRunNotFound, kDeadlinePassed, kCancelled where the runner stops; what keeps
  // the runner or that run from going on (kIoFatal, kWorkflowNotFound, …).
  Result<RunInfo> wait(const std::string& run, std::chrono::microseconds timeout = std::chrono::microseconds::max());
  // Waits until no run can go on by itself: all have ended, or wait for somebody. Errors: as wait.
  Status wait_idle(std::chrono::microseconds timeout = std::chrono::microseconds::max());

  // Calls back with each signal of that name, and of that key where one is given, that is sent after this has begun, by whomever:
  // in the order of the log, one at a time, in a thread of the store's (subscription.h), so quickly; each at most once, since what
  // is sent while no consumer lives reaches none: a hook is what misses nothing. The callback may send signals and act on the
  // store. What it throws is logged, and neither ends it nor reaches the runner. It counts as a receiver of signals that may be
  // refused, for other processes too, from the return of this on until it is cancelled, the runner stops or, where the process
  // is killed, the next runner starts. Errors: kKeyInvalid for an empty name or key; kCancelled where the runner has stopped; as
  // Store::subscribe and Store::set_checkpoint.
  Result<SignalConsumer> on_signal(const std::string& name, const std::optional<std::string>& key,
                                   std::function<void(const Signal&)> consume);

  // Looks at every run that has not ended, which takes time in proportion. Errors: kCancelled where the runner has stopped.
  Result<RunnerOutlook> outlook() const;

  // The hosts that steps have called, with their circuit breakers: as of the last thing that a run did. By their names.
  std::vector<HttpHost> http_hosts() const;

  // Starts nothing more, ends consumers, cuts requests, waits for functions that are being called, and ends the threads. Runs that
  // are open stay so. Not from a step's function. Stopping twice is ok.
  void stop();

  struct State;  // internal

 private:
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forge
