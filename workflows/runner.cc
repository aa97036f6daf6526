// The runner is an engine on a loop, fed by a subscription. Who waits for a run is told when that run comes to rest,
// who waits for all of them whenever something may have changed; both look then.

#include "forge/workflows/runner.h"

#include <atomic>
#include <future>
#include <unordered_map>
#include <utility>

#include "asio_loop.h"
#include "forge/events/thread_annotations.h"
#include "run_engine.h"
#include "signal_consumers.h"

namespace forge {

using internal::AsioLoop;
using internal::EngineOptions;
using internal::EngineSummary;
using internal::RunEngine;
using internal::SignalConsumers;

struct Runner::State {
  // Somebody who waits for a run to come to rest.
  struct RunWaiter {
    CondVar changed;
    bool is_told = false;
  };
  using Waiters = std::unordered_multimap<std::string, RunWaiter*>;  // by run

  State(Store& of, const RunnerOptions& options)
      : store(of),
        own_transport(options.http.transport == nullptr ? make_http_transport() : nullptr),
        loop(of, clock_of(options), options.threads, [this] { engine.tick(); }),
        engine(
            of, loop, engine_options(options, own_transport.get()), [this] { tell(); },
            [this](const std::string& run) { tell_rest(run); }),
        max_concurrency(std::max(options.max_concurrency, 1U)),
        consumers(std::make_shared<SignalConsumers>(of, options.log)) {}
  ~State() { stop(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static Clock& clock_of(const RunnerOptions& options) { return options.clock == nullptr ? system_clock() : *options.clock; }
  static EngineOptions engine_options(const RunnerOptions& options, HttpTransport* own) {
    EngineOptions made;
    made.functions = options.functions;
    made.programs = options.programs;
    made.max_concurrency = std::max(options.max_concurrency, 1U);
    made.stop_grace_us = options.stop_grace.count();
    made.clock = &clock_of(options);
    made.log = options.log;
    made.http = options.http;
    made.middleware = options.middleware;
    made.ended = options.ended;
    made.history_max = std::max<Version>(options.history_max, 1);
    made.abandoned_max = std::max<std::size_t>(options.abandoned_max, 1);
    if (own != nullptr) made.http.transport = own;
    return made;
  }

  Status start();
  void stop();
  void look();
  // On the loop.
  void tell();
  void tell_rest(const std::string& run);
  void tell_everybody() FORGE_REQUIRES(mutex);
  // `waiter` is among the waiters. Errors: as Runner::wait.
  Result<RunInfo> wait(const std::string& run, RunWaiter& waiter, std::chrono::steady_clock::time_point until);
  // Why that run does not go on; ok where it does, or has come to its end.
  Status standstill(const std::string& run);
  // Waits until something may have changed since `seen`, or the time is over. False where it is.
  bool await_change(std::uint64_t& seen, std::chrono::steady_clock::time_point until);
  EngineSummary summary_now(std::uint64_t& seen);

  Store& store;
  const std::unique_ptr<HttpTransport> own_transport;  // null where the program has given one
  AsioLoop loop;
  RunEngine engine;  // of the loop
  const std::uint32_t max_concurrency;
  const std::shared_ptr<SignalConsumers> consumers;  // whose handles may outlive the runner
  Subscription subscription;
  std::atomic<bool> looking{false};
  Mutex mutex;
  CondVar changed;
  EngineSummary summary FORGE_GUARDED_BY(mutex);
  std::uint64_t changes FORGE_GUARDED_BY(mutex) = 0;
  Waiters waiters FORGE_GUARDED_BY(mutex);
  bool stopping FORGE_GUARDED_BY(mutex) = false;
  Mutex ending;  // held while it stops: who comes second waits
  bool ended FORGE_GUARDED_BY(ending) = false;
};

Status Runner::State::start() {
  FORGE_TRY(consumers->begin());
  std::promise<Status> recovered;
  std::future<Status> answer = recovered.get_future();
  loop.post([&] { recovered.set_value(engine.recover()); });
  FORGE_TRY(answer.get());
  FORGE_ASSIGN(subscription, store.subscribe({.from = Head{}}, [this](const Event&) { look(); }));
  look();
  return {};
}

// One look is under way at most; what comes after it began is looked at by the next. Mostly there is nothing to see but what the
// engine has written itself.
void Runner::State::look() {
  if (looking.exchange(true)) return;
  loop.post_patient([this] {
    looking = false;
    engine.read_events();
  });
}

void Runner::State::stop() {
  const MutexLock second(ending);
  if (ended) return;
  ended = true;
  {
    const MutexLock lock(mutex);
    stopping = true;
    changed.notify_all();
    tell_everybody();
  }
  subscription.cancel();
  consumers->close();
  std::promise<void> stopped;
  loop.post([&] {
    engine.stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
  engine.wait_for_requests();
  loop.stop();
}

void Runner::State::tell() {
  EngineSummary now = engine.summary();
  const MutexLock lock(mutex);
  summary = std::move(now);
  ++changes;
  changed.notify_all();
  if (!summary.failure.ok()) tell_everybody();
}

void Runner::State::tell_rest(const std::string& run) {
  const MutexLock lock(mutex);
  const auto [first, last] = waiters.equal_range(run);
  for (auto at = first; at != last; ++at) {
    at->second->is_told = true;
    at->second->changed.notify_all();
  }
}

void Runner::State::tell_everybody() {
  for (const auto& [run, waiter] : waiters) {
    waiter->is_told = true;
    waiter->changed.notify_all();
  }
}

Status Runner::State::standstill(const std::string& run) {
  std::uint64_t seen = 0;
  const EngineSummary now = summary_now(seen);
  FORGE_TRY(now.failure);
  const auto parked = now.parked.find(run);
  return parked == now.parked.end() ? Status() : parked->second;
}

Result<RunInfo> Runner::State::wait(const std::string& run, RunWaiter& waiter, std::chrono::steady_clock::time_point until) {
  for (;;) {
    FORGE_ASSIGN(RunInfo info, run_info(store.view(), run));
    if (info.status != "running") return info;
    FORGE_TRY(standstill(run));
    const MutexLock lock(mutex);
    while (!waiter.is_told) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) {
        return Status(ErrorId::kDeadlinePassed, "run '" + run + "' has not ended in time").state("it goes on");
      }
      waiter.changed.wait_for(mutex, left);
    }
    waiter.is_told = false;
  }
}

bool Runner::State::await_change(std::uint64_t& seen, std::chrono::steady_clock::time_point until) {
  const MutexLock lock(mutex);
  while (changes == seen && !stopping) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    changed.wait_for(mutex, left);
  }
  seen = changes;
  return true;
}

EngineSummary Runner::State::summary_now(std::uint64_t& seen) {
  const MutexLock lock(mutex);
  seen = changes;
  EngineSummary now = summary;
  if (stopping && now.failure.ok())
    now.failure = Status(ErrorId::kCancelled, "the runner stops").state("open runs stay as they are");
  return now;
}

namespace {

std::chrono::steady_clock::time_point after(std::chrono::microseconds timeout) {
  const auto now = std::chrono::steady_clock::now();
  constexpr std::chrono::hours kFar{24 * 365};
  return timeout > kFar ? now + kFar : now + timeout;
}

}  // namespace

Result<Runner> Runner::start(Store& store, const RunnerOptions& options) {
  if (store.read_only() || store.is_attached()) {
    return Status(ErrorId::kRunnerElsewhere, "no runs are carried out from here")
        .why(store.is_attached() ? "another process holds the store" : "the store is open for reading only")
        .state("nothing was started");
  }
  FORGE_TRY(check_allowed_hosts(options.http.allow_hosts));
  auto state = std::make_unique<State>(store, options);
  FORGE_TRY(state->start());
  return Runner(std::move(state));
}

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runner::Runner(Runner&&) noexcept = default;
Runner& Runner::operator=(Runner&&) noexcept = default;
Runner::~Runner() = default;

Result<RunInfo> Runner::run(const WorkflowDefinition& definition, const RunStart& start) {
  RunStart how = start;
  if (how.max_concurrency == 0) how.max_concurrency = state_->max_concurrency;
  FORGE_ASSIGN(const std::string id, start_run(state_->store, definition, how));
  return wait(id);
}

Result<RunInfo> Runner::wait(const std::string& run, std::chrono::microseconds timeout) {
  State::RunWaiter waiter;
  State::Waiters::iterator place;
  {
    const MutexLock lock(state_->mutex);
    place = state_->waiters.emplace(run, &waiter);
  }
  Result<RunInfo> info = state_->wait(run, waiter, after(timeout));
  const MutexLock lock(state_->mutex);
  state_->waiters.erase(place);
  return info;
}

Status Runner::wait_idle(std::chrono::microseconds timeout) {
  const auto until = after(timeout);
  for (std::uint64_t seen = 0;;) {
    const EngineSummary summary = state_->summary_now(seen);
    FORGE_TRY(summary.failure);
    if (summary.idle && summary.seen >= state_->store.head()) return {};
    if (!state_->await_change(seen, until)) {
      return Status(ErrorId::kDeadlinePassed, "the runs have not come to rest in time").state("they go on");
    }
  }
}

Result<SignalConsumer> Runner::on_signal(const std::string& name, const std::optional<std::string>& key,
                                         std::function<void(const Signal&)> consume) {
  FORGE_ASSIGN(const std::uint64_t id, state_->consumers->add({.name = name, .key = key}, std::move(consume)));
  return SignalConsumer(state_->consumers, id);
}

SignalConsumer::SignalConsumer(SignalConsumer&& other) noexcept
    : consumers_(std::move(other.consumers_)), id_(std::exchange(other.id_, 0)) {}

SignalConsumer& SignalConsumer::operator=(SignalConsumer&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  consumers_ = std::move(other.consumers_);
  id_ = std::exchange(other.id_, 0);
  return *this;
}

SignalConsumer::~SignalConsumer() {
  cancel();
}

void SignalConsumer::cancel() {
  if (const auto consumers = std::exchange(consumers_, nullptr)) consumers->remove(id_);
}

Result<RunnerOutlook> Runner::outlook() const {
  const MutexLock lock(state_->ending);
  if (state_->ended) return Status(ErrorId::kCancelled, "the runner has stopped").state("open runs stay as they are");
  std::promise<RunnerOutlook> looked;
  state_->loop.post([&] { looked.set_value(state_->engine.outlook()); });
  return looked.get_future().get();
}

std::vector<HttpHost> Runner::http_hosts() const {
  std::uint64_t seen = 0;
  return state_->summary_now(seen).hosts;
}

void Runner::stop() {
  if (state_ != nullptr) state_->stop();
}

}  // namespace forge
