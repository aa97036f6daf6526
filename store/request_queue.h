#pragma once

// Transactions that nobody waits for, until the writer decides them, in the order they came. What is not answered yet, queued or
// decided, is bounded by its actions and its bytes. Safe from any thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "forge/events/thread_annotations.h"
#include "forge/store/options.h"
#include "prepared.h"
#include "write_errors.h"

namespace forge::internal {

using TransactionResult = Result<TransactionReceipt>;

// Transactions of one stream are decided in the order they came; after a refusal nothing later is accepted. Touched under the
// decide role only.
struct StreamGate {
  bool stop_on_refusal = true;
  std::optional<Status> refusal;
  std::uint64_t remote_stream = 0;  // its number in the process that holds the store; the attachment's alone
};

// What requests hold until they are answered; a refusal holds nothing, and always finds room.
struct RequestWeight {
  std::size_t actions = 0;
  std::size_t bytes = 0;
};

struct Request {
  std::unique_ptr<PreparedTransaction> transaction;  // null: refused already, with `refusal`
  Status refusal;
  std::function<void(TransactionResult)> done;
  std::shared_ptr<StreamGate> gate;
  std::optional<TransactionResult> result;
  Deadline deadline;  // this and the weight are set when it is queued
  RequestWeight weight;

  std::string idempotency_key() const { return transaction == nullptr ? "" : transaction->options().idempotency_key; }
};
using Requests = std::vector<std::shared_ptr<Request>>;

class RequestQueue {
 public:
  RequestQueue(const Limits& limits, Clock& clock) : limits_(limits), clock_(clock) {}

  // Errors: kOverloaded, kClosed once it is stopped; then the request is the caller's to answer.
  Status put(std::shared_ptr<Request> request) FORGE_EXCLUDES(mutex_);
  // Waits for requests; false once it is stopped and none is left.
  bool await() FORGE_EXCLUDES(mutex_);
  // The next few.
  Requests take() FORGE_EXCLUDES(mutex_);
  // They hold nothing any more: there is room for others.
  void answered(const Requests& requests) FORGE_EXCLUDES(mutex_);
  void stop() FORGE_EXCLUDES(mutex_);
  RequestWeight waiting() const FORGE_EXCLUDES(mutex_);

 private:
  Status check_room(const RequestWeight& more) const FORGE_REQUIRES(mutex_);

  const Limits& limits_;
  Clock& clock_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::deque<std::shared_ptr<Request>> queue_ FORGE_GUARDED_BY(mutex_);
  RequestWeight waiting_ FORGE_GUARDED_BY(mutex_);  // queued and not yet answered
  bool stopping_ FORGE_GUARDED_BY(mutex_) = false;
};

}  // namespace forge::internal
