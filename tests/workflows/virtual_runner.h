#pragma once

// A runner in one thread on a clock that jumps from timer to timer: the engine of the program on a loop that does everything in
// order. Seeded: where several tasks could come next, the seed says which.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forge/testing.h"
#include "forge/workflows/runs.h"
#include "run_engine.h"

namespace forge {

class VirtualLoop final : public internal::RunLoop {
 public:
  VirtualLoop(Store& store, testing::ManualClock& clock) : store_(store), clock_(clock) {}

  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void start(std::function<void()> body) override { tasks_.push_back(std::move(body)); }
  void wake_at(Time due) override { due_ = due; }
  void commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) override {
    tasks_.push_back([this, actions = std::move(actions), options = std::move(options), done = std::move(done)]() mutable {
      done(store_.transact(std::move(actions), options));
    });
  }

  // One task, or else the next timer that is due by `until`. False where there is none.
  bool step(internal::RunEngine& engine, Time until) {
    if (!tasks_.empty()) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
      return true;
    }
    if (engine.summary().seen < store_.head()) return engine.read_events(), true;
    if (!due_ || until < *due_) return false;
    if (clock_.now() < *due_) clock_.set(*due_);
    due_.reset();
    engine.tick();
    return true;
  }

 private:
  Store& store_;
  testing::ManualClock& clock_;
  std::deque<std::function<void()>> tasks_;
  std::optional<Time> due_;
};

class VirtualRunner {
 public:
  VirtualRunner(Store& store, testing::ManualClock& clock, StepFunctions functions = {}, LogSink log = {}, Programs programs = {})
      : clock_(clock),
        loop_(store, clock),
        engine_(store, loop_, options(clock, std::move(functions), std::move(log), std::move(programs)), [] {}) {
    EXPECT_EQ(engine_.recover().message(), Status().message());
  }

  // Until nothing can go on by itself before `within` has passed; at most `steps_max` tasks.
  void run(std::int64_t within_us = 3'600'000'000, std::size_t steps_max = 1'000'000) {
    const Time until{clock_.now().micros + within_us};
    while (steps_max-- > 0 && loop_.step(engine_, until)) {
    }
  }
  internal::EngineSummary summary() const { return engine_.summary(); }
  internal::RunEngine& engine() { return engine_; }

 private:
  static internal::EngineOptions options(Clock& clock, StepFunctions functions, LogSink log, Programs programs) {
    internal::EngineOptions made;
    made.functions = std::move(functions);
    made.programs = std::move(programs);
    made.clock = &clock;
    made.log = std::move(log);
    return made;
  }

  testing::ManualClock& clock_;
  VirtualLoop loop_;
  internal::RunEngine engine_;
};

}  // namespace forge
