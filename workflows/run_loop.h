#pragma once

// What the engine needs around it: an order in which things happen, threads for what takes time, a timer, and commits. In a program
// it is made of Asio (asio_loop.h); tests have one that does everything at once and in a stated order.

#include <cstddef>
#include <functional>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/store/transaction.h"

namespace forge::internal {

class RunLoop {
 public:
  using Committed = std::function<void(Result<TransactionReceipt>)>;

  virtual ~RunLoop() = default;
  // Runs the task later on the loop: one task at a time, in this order. From any thread.
  virtual void post(std::function<void()> task) = 0;
  // Runs what may take time beside the loop.
  virtual void start(std::function<void()> body) = 0;
  // So many of the bodies may not come back: there are that many threads more than there would be.
  virtual void provide_threads(std::size_t stuck) { static_cast<void>(stuck); }
  // Calls the engine's tick() when it is that time; replaces what was asked for before.
  virtual void wake_at(Time due) = 0;
  // Commits one transaction; `done` runs on the loop.
  virtual void commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) = 0;
};

}  // namespace forge::internal
