#pragma once

// A runner in one thread on a clock that jumps from timer to timer: the engine of the program on a loop that does everything in
// order.

#include <gtest/gtest.h>

#include <utility>

#include "forge/testing.h"
#include "forge/workflows/runs.h"
#include "run_engine.h"
#include "virtual_loop.h"

namespace forge {

class VirtualRunner {
 public:
  VirtualRunner(Store& store, testing::ManualClock& clock, StepFunctions functions = {}, LogSink log = {}, Programs programs = {},
                MiddlewareList middleware = {})
      : clock_(clock),
        loop_(store, clock),
        engine_(store, loop_, options(clock, std::move(functions), std::move(log), std::move(programs), std::move(middleware)),
                [] {}) {
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
  static internal::EngineOptions options(Clock& clock, StepFunctions functions, LogSink log, Programs programs,
                                         MiddlewareList middleware) {
    internal::EngineOptions made;
    made.functions = std::move(functions);
    made.programs = std::move(programs);
    made.clock = &clock;
    made.log = std::move(log);
    made.middleware = std::move(middleware);
    return made;
  }

  testing::ManualClock& clock_;
  testing::VirtualLoop loop_;
  internal::RunEngine engine_;
};

}  // namespace forge
