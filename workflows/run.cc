#include "run.h"

namespace forge::internal {

std::string_view name_of(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::kRunning:
      return "running";
    case RunOutcome::kCompleted:
      return "completed";
    case RunOutcome::kCompensated:
      return "compensated";
    case RunOutcome::kFailed:
      return "failed";
    case RunOutcome::kUndoFailed:
      return "undo_failed";
    case RunOutcome::kCancelled:
      return "cancelled";
    case RunOutcome::kTerminated:
      return "terminated";
    case RunOutcome::kExpired:
      return "expired";
  }
  return "";
}

std::optional<HopId> returning_hop(const Plan& plan, const RunState& state) {
  const StepIndex result = plan.blocks.at(0).result;
  const bool completed = state.phase == RunPhase::kEnded && state.outcome == RunOutcome::kCompleted;
  if (!completed || result == kNone) return std::nullopt;
  return HopId{0, result};
}

std::string path_of(const Plan& plan, const RunState& state, const HopId& hop) {
  std::string path = plan.steps[hop.step].declared->name;
  for (FrameId at = hop.frame; at != 0;) {
    const RunFrame& frame = state.frames.at(at);
    std::string around = plan.steps[frame.owner.step].declared->name;
    if (frame.has_item) around += "[" + std::to_string(frame.index) + "]";
    path = around + "." + path;
    at = frame.owner.frame;
  }
  return path;
}

}  // namespace forge::internal
