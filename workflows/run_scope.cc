#include "run_scope.h"

#include "stored_results.h"

namespace forge::internal {

RunScope::RunScope(const Plan& plan, const RunState& state, FrameId frame, std::uint32_t hops, StoredResults* results)
    : plan_(plan), state_(state), frame_(frame), hops_(hops), results_(results) {}

void RunScope::set_error(const RunError& error, std::uint32_t attempt) {
  error_ = Object{{"code", error.code}, {"message", error.message}, {"attempt", std::int64_t{attempt}}};
}

const Value* RunScope::root(const Reference& reference) const {
  switch (reference.root) {
    case Root::kInput:
      return &state_.input;
    case Root::kEvent:
      if (event_ != nullptr) return event_;
      return state_.event.is_null() ? nullptr : &state_.event;
    case Root::kItem:
      return item();
    case Root::kError:
      return error_.is_null() ? nullptr : &error_;
    case Root::kRun:
      if (run_.is_null()) run_ = Object{{"id", state_.id}, {"correlation", state_.correlation}, {"hops_left", std::int64_t{hops_}}};
      return &run_;
    case Root::kCursor:
      return cursor_;
    case Root::kStep:
      return step_result(reference.step);
  }
  return nullptr;
}

const Value* RunScope::found(const HopId& hop, const StepResult& result) const {
  return results_ == nullptr ? &result.value : results_->find(hop, result);
}

const Value* RunScope::item() const {
  if (item_ != nullptr) return item_;
  for (FrameId at = frame_;; at = state_.frames.at(at).owner.frame) {
    const RunFrame& frame = state_.frames.at(at);
    if (frame.has_item) return found({at, kNone}, frame.item);
    if (at == 0) return nullptr;
  }
}

// The step is in this frame's block or in one that this frame is inside of.
const Value* RunScope::step_result(StepIndex step) const {
  const PlannedStep& planned = plan_.steps[step];
  for (FrameId at = frame_;; at = state_.frames.at(at).owner.frame) {
    const RunFrame& frame = state_.frames.at(at);
    if (frame.block == planned.block) {
      const Slot& slot = frame.slots[planned.place];
      const bool done = slot.status == StepStatus::kDone || slot.status == StepStatus::kSkipped;
      return done ? found({at, step}, slot.result) : nullptr;
    }
    if (at == 0) return nullptr;
  }
}

}  // namespace forge::internal
