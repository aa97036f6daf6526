#pragma once

// The loop of a runner: one thread in which things happen one after the other, a pool for what takes time, and a timer by the
// injected clock. Safe from any thread.

#include <cstddef>
#include <memory>

#include "forge/store/store.h"
#include "run_loop.h"

namespace forge::internal {

class AsioLoop final : public RunLoop {
 public:
  // `tick` is called on the loop when the time of wake_at() has come.
  AsioLoop(Store& store, Clock& clock, std::size_t threads, std::function<void()> tick);
  // As stop().
  ~AsioLoop() override;

  void post(std::function<void()> task) override;
  // The same for what may wait until a lone commit is made (commit).
  void post_patient(std::function<void()> task);
  void start(std::function<void()> body) override;
  void provide_threads(std::size_t stuck) override;
  void wake_at(Time due) override;
  void commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) override;

  // Waits for the bodies that run and for commits that are not answered, runs the tasks that are left, and ends the threads. What
  // is handed in after that is dropped.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace forge::internal
