#pragma once

// A loop in one thread on a clock that jumps from timer to timer. Where several things could come next, a seed says which: bodies
// and commits may end in any order, and tasks of the loop keep theirs. Without a seed everything comes in the order in which it was
// asked for.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>

#include "forge/testing.h"
#include "run_engine.h"

namespace forge::testing {

class VirtualLoop final : public internal::RunLoop {
 public:
  VirtualLoop(Store& store, ManualClock& clock, std::uint64_t seed = 0)
      : store_(store), clock_(clock), seed_(seed), random_(seed) {}

  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void start(std::function<void()> body) override { beside().push_back(std::move(body)); }
  void wake_at(Time due) override { due_ = due; }
  void commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) override;

  // One task, or else the next timer that is due by `until`. False where there is none.
  bool step(internal::RunEngine& engine, Time until);
  // Transactions that were tried.
  std::size_t commits() const { return commits_; }

 private:
  std::deque<std::function<void()>>& beside() { return seed_ == 0 ? tasks_ : beside_; }

  Store& store_;
  ManualClock& clock_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  std::deque<std::function<void()>> tasks_;
  std::deque<std::function<void()>> beside_;  // bodies and commits, with a seed
  std::optional<Time> due_;
  std::size_t commits_ = 0;
};

}  // namespace forge::testing
