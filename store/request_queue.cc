#include "request_queue.h"

#include <algorithm>

#include "gate.h"

namespace forge::internal {
namespace {

constexpr std::size_t kRequestsAtOnce = 64;

Status overloaded(std::string why) {
  return Status(ErrorId::kOverloaded, "too much is waiting to be written").why(std::move(why)).state("nothing was written");
}

RequestWeight weight_of(const Request& request) {
  if (request.transaction == nullptr) return {};
  return {.actions = std::max<std::size_t>(1, request.transaction->actions().size()), .bytes = request.transaction->bytes()};
}

}  // namespace

Status RequestQueue::check_room(const RequestWeight& more) const {
  if (waiting_.actions + more.actions > limits_.waiting_actions_max) {
    return overloaded(std::to_string(waiting_.actions) + " actions are not answered yet, the limit is " +
                      std::to_string(limits_.waiting_actions_max));
  }
  if (waiting_.bytes + more.bytes > limits_.waiting_bytes_max) {
    return overloaded("actions of " + std::to_string(waiting_.bytes) + " bytes are not answered yet, the limit is " +
                      std::to_string(limits_.waiting_bytes_max) + " bytes");
  }
  return {};
}

Status RequestQueue::put(std::shared_ptr<Request> request) {
  const RequestWeight weight = weight_of(*request);
  const MutexLock lock(mutex_);
  if (stopping_) return nothing_written(closed_error());
  FORGE_TRY(check_room(weight));
  request->weight = weight;
  if (request->transaction != nullptr) request->deadline = deadline_after(request->transaction->timeout(), clock_);
  waiting_.actions += weight.actions;
  waiting_.bytes += weight.bytes;
  queue_.push_back(std::move(request));
  if (queue_.size() == 1) ready_.notify_one();
  return {};
}

bool RequestQueue::await() {
  const MutexLock lock(mutex_);
  while (!stopping_ && queue_.empty()) ready_.wait(mutex_);
  return !queue_.empty();
}

Requests RequestQueue::take() {
  const MutexLock lock(mutex_);
  Requests taken;
  const std::size_t count = std::min(queue_.size(), kRequestsAtOnce);
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

void RequestQueue::answered(const Requests& requests) {
  const MutexLock lock(mutex_);
  for (const std::shared_ptr<Request>& request : requests) {
    waiting_.actions -= request->weight.actions;
    waiting_.bytes -= request->weight.bytes;
  }
}

void RequestQueue::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
}

RequestWeight RequestQueue::waiting() const {
  const MutexLock lock(mutex_);
  return waiting_;
}

}  // namespace forge::internal
