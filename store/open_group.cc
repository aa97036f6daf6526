#include "open_group.h"

namespace forge::internal {

void OpenGroup::settle(const Status& with) {
  {
    const MutexLock lock(mutex_);
    outcome_ = with;
  }
  settled_.notify_all();
  turn_.notify_one();
}

bool OpenGroup::give_turn() {
  {
    const MutexLock lock(mutex_);
    if (outcome_) return false;
    has_turn_ = true;
  }
  turn_.notify_one();
  return true;
}

// Nothing later of a stream follows what was lost, also where writing goes on.
void OpenGroup::close_gates(const Status& why) {
  for (const std::shared_ptr<Request>& request : requests) {
    StreamGate* const gate = request->gate.get();
    if (gate != nullptr && gate->stop_on_refusal && !gate->refusal) gate->refusal = Status(why).state("nothing was written");
  }
}

bool OpenGroup::await_turn() {
  const MutexLock lock(mutex_);
  while (!has_turn_ && !outcome_) turn_.wait(mutex_);
  return has_turn_;
}

Status OpenGroup::wait() {
  const MutexLock lock(mutex_);
  while (!outcome_) settled_.wait(mutex_);
  return *outcome_;
}

}  // namespace forge::internal
