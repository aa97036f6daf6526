#pragma once

// Many transactions in order at the speed of group commits: each is decided after the one before it, many share a sync. For batches
// and imports. One thread feeds a stream; the callbacks come in the order of submission, from a thread of the store, and must not
// block. A stream may outlive its store: once that is closed, what is submitted is refused with kClosed, in its order.

#include <functional>
#include <memory>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/transaction.h"

namespace forge {

class Store;

struct StreamOptions {
  // On the way at most; submit waits for room. A transaction that is larger goes alone.
  std::size_t window = 1024;            // transactions
  std::size_t actions_window = 50'000;  // their actions; OpenOptions::limits bounds those of all callers
  std::size_t bytes_window = 64 << 20;  // what they hold in memory
  bool stop_on_refusal = true;          // after a refusal nothing later of the stream is committed
};

class TransactionStream {
 public:
  explicit TransactionStream(Store& store, StreamOptions options = {});
  // Waits for what is on the way.
  ~TransactionStream();
  TransactionStream(const TransactionStream&) = delete;
  TransactionStream& operator=(const TransactionStream&) = delete;

  // Hands over the next transaction. `done` is called exactly once for every call of submit; what it throws goes to
  // OpenOptions::log, as with Store::transact_async. Errors: with stop_on_refusal the first
  // refusal, once it is known; then `done` has been called with it, too.
  Status submit(std::vector<ActionRequest> actions, ActOptions options, std::function<void(Result<TransactionReceipt>)> done);
  // Waits until everything submitted is answered. Errors: the first refusal, with stop_on_refusal.
  Status finish();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace forge
