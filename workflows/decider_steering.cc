// What people ask of single steps: another attempt, or that an undo is let be; and what a run takes over from the one that it was
// forked from. A run that has ended goes on by these alone, and only where an end is no last word: `failed`, with nothing undone,
// and `undo_failed`.

#include <algorithm>

#include "decider.h"

namespace forge::internal {

bool RunDecider::may_reopen() const {
  const bool retries = fact_.kind == Fact::Kind::kRetryStep && is_known(fact_.hop);
  if (state_.outcome == RunOutcome::kUndoFailed) {
    return (retries || fact_.kind == Fact::Kind::kWaive) && unreversed(fact_.hop).has_value();
  }
  if (!retries || state_.outcome != RunOutcome::kFailed) return false;
  const RunFrame& frame = state_.frames.at(fact_.hop.frame);
  return frame.slots[planned(fact_.hop).place].status == StepStatus::kFailed;
}

void RunDecider::reopen(RunPhase phase) {
  state_.phase = phase;
  state_.outcome = RunOutcome::kRunning;
}

// The newest thing of that hop which was not reversed.
std::optional<std::uint64_t> RunDecider::unreversed(HopId hop) const {
  const auto found =
      std::find_if(state_.unreversed.rbegin(), state_.unreversed.rend(), [&](const auto& one) { return one.second.hop == hop; });
  return found == state_.unreversed.rend() ? std::nullopt : std::optional(found->first);
}

void RunDecider::retry_step() {
  const HopId hop = fact_.hop;
  if (state_.phase == RunPhase::kEnded) {
    const std::optional<std::uint64_t> number = unreversed(hop);
    if (!number) return reopen_failed();
    reopen(RunPhase::kUndoing);
    state_.undo.emplace(*number, state_.unreversed.at(*number));
    state_.unreversed.erase(*number);
    ++state_.frames.at(hop.frame).kept;
    return undo_next();
  }
  if (state_.undo_backing_off.erase(hop) > 0) {
    if (!undo(state_.undoing.at(hop)) && state_.phase == RunPhase::kUndoing) undo_next();
    return;
  }
  if (!is_known(hop) || slot(hop).status != StepStatus::kBackingOff || state_.pending.erase(hop) == 0) return;
  slot(hop).status = StepStatus::kWaiting;
  state_.ready.insert({hop.step, hop.frame});
}

// What is waived is dealt with as far as the run goes, so it counts as undone; the run has warnings all the same.
void RunDecider::waive() {
  const HopId hop = fact_.hop;
  const bool ended = state_.phase == RunPhase::kEnded;
  if (!ended) {
    const auto found = state_.undoing.find(hop);
    if (found == state_.undoing.end() || state_.undo_backing_off.erase(hop) == 0) return;
    settle_undo(found->second, false);
  }
  state_.unreversed.erase(*unreversed(hop));
  ++state_.undone;
  if (ended) reopen(RunPhase::kUndoing);
  if (state_.phase == RunPhase::kUndoing) undo_next();
}

// The steps that failed, and those that were stopped or had not begun, stand again where they can begin. Attempts go on counting,
// and deadlines and waits begin anew: the time until somebody looked is not the run's own.
void RunDecider::reopen_failed() {
  reopen(RunPhase::kRunning);
  state_.ending = RunOutcome::kRunning;
  state_.cause = {};
  watch_run_deadline();
  std::vector<FrameId> frames;
  for (const auto& [id, frame] : state_.frames) frames.push_back(id);
  std::sort(frames.begin(), frames.end());
  for (const FrameId id : frames) {
    const auto found = state_.frames.find(id);
    if (found == state_.frames.end()) continue;  // it was inside one that has gone
    const HopId owner = found->second.owner;
    const bool begins_anew = owner.step != kNone && slot(owner).status == StepStatus::kWaiting;
    if (begins_anew) {
      erase_frame(id);
    } else if (!is_failed(id)) {
      begin_again(id);
    }
  }
  for (const FrameId id : frames) {
    const auto found = state_.frames.find(id);
    if (found != state_.frames.end() && found->second.failed) drain_item(id);
  }
  catch_up(frames);
}

// What came to its end while the run failed was only noted: blocks are closed, and maps go on, the innermost first.
void RunDecider::catch_up(const std::vector<FrameId>& frames) {
  for (auto id = frames.rbegin(); id != frames.rend(); ++id) {
    const auto found = state_.frames.find(*id);
    if (*id == 0 || found == state_.frames.end() || found->second.closed || found->second.open > 0) continue;
    if (!is_failed(*id)) close_frame(*id);
  }
  std::vector<HopId> maps;
  for (const auto& [hop, loop] : state_.loops) {
    if (kind_of(hop) == fb::Body::MapStep) maps.push_back(hop);
  }
  for (const HopId& hop : maps) {
    const bool open = state_.loops.contains(hop) && slot(hop).status == StepStatus::kOpen && !is_failed(hop.frame);
    if (open) continue_map(hop);
  }
}

void RunDecider::begin_again(FrameId id) {
  RunFrame& frame = state_.frames.at(id);
  for (const StepIndex step : plan_.blocks[frame.block].steps) {
    const HopId hop{id, step};
    Slot& at = slot(hop);
    const bool settled = at.status == StepStatus::kDone || at.status == StepStatus::kSkipped || at.status == StepStatus::kOpen;
    if (settled || at.waits > 0) continue;
    state_.loops.erase(hop);
    if (is_again(hop)) watch_deadline(hop);
    at.status = StepStatus::kWaiting;
    state_.ready.insert({step, id});
  }
}

// Steps that the other run had done are done, with what it had of them, and are not undone with this one: what they did is the
// other run's.
void RunDecider::take_over() {
  const Object* given = fact_.value.if_object();
  const Value* taken = given == nullptr ? nullptr : given->find("taken");
  if (taken == nullptr || taken->if_object() == nullptr) return;
  taking_over_ = true;
  std::vector<std::pair<StepIndex, FrameId>> open(state_.ready.begin(), state_.ready.end());
  while (!open.empty()) {
    const auto [step, frame] = open.back();
    open.pop_back();
    const Value* found = taken->if_object()->find(plan_.steps[step].declared->name);
    if (found == nullptr || found->if_object() == nullptr) continue;
    const HopId hop{frame, step};
    state_.ready.erase({step, frame});
    if (const Value* result = found->if_object()->find("result")) {
      finish(hop, {.value = *result}, StepStatus::kDone, slot(hop).hops == 0 ? 0 : slot(hop).hops - 1);
    } else {
      skip(hop);
    }
    for (const StepIndex next : plan_.steps[step].successors) {
      if (slot({frame, next}).waits == 0) open.emplace_back(next, frame);
    }
  }
  taking_over_ = false;
}

}  // namespace forge::internal
