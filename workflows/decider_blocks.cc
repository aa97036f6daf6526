// Frames: how blocks open and close, and what a step does when one inside it has closed. A frame is let go when nothing in it may
// have to be undone and no frame is inside it any more, so that a map needs memory for the items in flight only.

#include <algorithm>

#include "decider.h"

namespace forge::internal {

FrameId RunDecider::open_frame(BlockIndex block, HopId owner, std::size_t index, std::uint32_t hops, const StepResult* item) {
  const FrameId id = state_.next_frame++;
  RunFrame& frame = state_.frames[id];
  frame.block = block;
  frame.owner = owner;
  frame.index = index;
  frame.hops = frame.passed = hops;
  frame.has_item = item != nullptr;
  if (item != nullptr) frame.item = *item;
  if (owner.step != kNone) state_.frames.at(owner.frame).inside.insert(id);
  const std::vector<StepIndex>& steps = plan_.blocks[block].steps;
  frame.slots.resize(steps.size());
  frame.open = static_cast<std::uint32_t>(steps.size());
  for (const StepIndex step : steps) {
    Slot& slot = frame.slots[plan_.steps[step].place];
    slot.waits = static_cast<std::uint32_t>(plan_.steps[step].needs.size());
    slot.readers = static_cast<std::uint32_t>(plan_.steps[step].successors.size());
    slot.hops = hops;
    if (slot.waits == 0) state_.ready.insert({step, id});
  }
  if (steps.empty()) close_frame(id);
  return id;
}

// Everything in the frame is done.
void RunDecider::close_frame(FrameId id) {
  RunFrame& frame = state_.frames.at(id);
  const HopId owner = frame.owner;
  const StepIndex result = plan_.blocks[frame.block].result;
  StepResult value = result == kNone ? StepResult() : frame.slots[plan_.steps[result].place].result;
  if (owner.step == kNone) {
    if (!is_unwinding()) end_run(RunOutcome::kCompleted, value_of({id, result}, value));
    return;
  }
  const fb::Body kind = kind_of(owner);
  const std::size_t index = frame.index;
  const std::uint32_t passed = frame.passed;
  if (kind == fb::Body::AroundStep) watch_abort(owner, index);
  if (is_unwinding() || is_failed(id) || slot(owner).status != StepStatus::kOpen) return;
  state_.frames.at(id).closed = true;
  // What may have to be undone with an item further out is that item's now.
  const FrameId around = lone_item(owner.frame);
  if (around != kNoFrame && lone_item(id) == id) {
    std::vector<std::uint64_t>& undo = state_.frames.at(around).undo;
    undo.insert(undo.end(), frame.undo.begin(), frame.undo.end());
  }
  drop_frame(id);
  if (kind == fb::Body::SwitchStep) return finish(owner, std::move(value), StepStatus::kDone, passed);
  Loop& loop = state_.loops.at(owner);
  loop.passed = std::min(loop.passed, passed);
  if (kind == fb::Body::RecurseStep) return continue_recurse(owner, value);
  if (kind == fb::Body::MapStep) {
    --loop.running;
    if (keeps_results(owner)) loop.results[index] = std::move(value);
    return continue_map(owner);
  }
  if (index == 1) loop.results.push_back(std::move(value));
  continue_stages(owner);
}

// What has begun is aborted when the run fails, unless it was committed.
void RunDecider::watch_abort(HopId hop, std::size_t stage) {
  const std::vector<BlockIndex>& blocks = planned(hop).blocks;
  Loop& loop = state_.loops.at(hop);
  const std::size_t last_stage = blocks[2] != kNone ? 2 : 1;
  if (stage == 0 && blocks[3] != kNone && !plan_.blocks[blocks[3]].steps.empty()) {
    loop.abort = note_undo(hop, plan_.blocks[blocks[3]].steps[0]);
  } else if (stage == last_stage) {
    forget_undo(hop, loop.abort);
  }
}

// Lets a frame go in which everything is done, unless something in it may have to be undone.
void RunDecider::drop_frame(FrameId id) {
  RunFrame& frame = state_.frames.at(id);
  if (id == 0 || frame.open > 0 || frame.kept > 0 || !frame.inside.empty()) return;
  state_.frames.at(frame.owner.frame).inside.erase(id);
  state_.frames.erase(id);
}

// Lets a frame go with all that is inside it, whatever became of it.
void RunDecider::erase_frame(FrameId id) {
  const std::set<FrameId> inside = std::move(state_.frames.at(id).inside);
  for (const FrameId frame : inside) erase_frame(frame);
  const HopId owner = state_.frames.at(id).owner;
  for (auto loop = state_.loops.lower_bound({id, 0}); loop != state_.loops.end() && loop->first.frame == id;) {
    loop = state_.loops.erase(loop);
  }
  std::vector<HopId> held;
  for (auto key = state_.keys.lower_bound({id, 0}); key != state_.keys.end() && key->first.frame == id; ++key)
    held.push_back(key->first);
  for (const HopId& hop : held) release_key(hop);
  const auto around = state_.frames.find(owner.frame);
  if (around != state_.frames.end()) around->second.inside.erase(id);
  state_.frames.erase(id);
  ++state_.erased;
}

// before_all, the block, after_all; or begin, the block, commit. `abort` is none of them.
void RunDecider::continue_stages(HopId hop) {
  Loop& loop = state_.loops.at(hop);
  const std::vector<BlockIndex>& blocks = planned(hop).blocks;
  while (loop.next < 3 && blocks[loop.next] == kNone) ++loop.next;
  if (loop.next < 3) {
    const std::size_t index = loop.next++;
    open_frame(blocks[index], hop, index, loop.passed, nullptr);
    return;
  }
  StepResult result = loop.results.empty() ? StepResult() : std::move(loop.results[0]);
  const std::uint32_t passed = loop.passed;
  state_.loops.erase(hop);
  finish(hop, std::move(result), StepStatus::kDone, passed);
}

void RunDecider::continue_recurse(HopId hop, const StepResult& result) {
  Loop& loop = state_.loops.at(hop);
  RunScope scope = scope_at(hop);
  const Value made = value_of(hop, result);
  scope.set_item(made);
  const Result<bool> ends = planned(hop).body.conditions.at(0).holds(scope);
  const std::uint32_t passed = loop.passed;
  if (ends.ok() && !*ends && ++loop.next < planned(hop).declared->body.AsRecurseStep()->at_most) {
    open_frame(planned(hop).blocks[0], hop, loop.next, passed, &result);
    return;
  }
  state_.loops.erase(hop);
  if (!ends.ok()) return fail_before_start(hop, ends.status());
  finish(hop, result, StepStatus::kDone, passed);
}

FrameId RunDecider::lone_item(FrameId frame) const {
  for (FrameId at = frame; at != 0; at = state_.frames.at(at).owner.frame) {
    const fb::MapStepT* map = planned(state_.frames.at(at).owner).declared->body.AsMapStep();
    if (map != nullptr && map->on_item_error != fb::ItemError::Fail) return at;
  }
  return kNoFrame;
}

std::vector<FrameId> RunDecider::lone_items(FrameId frame) const {
  std::vector<FrameId> items;
  if (!state_.frames.contains(frame)) return items;
  for (FrameId at = lone_item(frame); at != kNoFrame; at = lone_item(state_.frames.at(at).owner.frame)) items.push_back(at);
  return items;
}

bool RunDecider::is_failed(FrameId frame) const {
  for (FrameId at = frame;; at = state_.frames.at(at).owner.frame) {
    if (state_.frames.at(at).failed) return true;
    if (at == 0) return false;
  }
}

}  // namespace forge::internal
