#include "portion.h"

#include <utility>

#include "decider.h"

namespace forge::internal {
namespace {

// The steps around the map stay as they are: none of them goes on here.
RunState state_around(const RunState& state, HopId map, const Plan& plan) {
  RunState around;
  around.phase = RunPhase::kRunning;
  around.id = state.id;
  around.correlation = state.correlation;
  around.input = state.input;
  around.event = state.event;
  around.now = state.now;
  around.max_concurrency = state.max_concurrency;
  around.next_frame = state.next_frame;
  for (FrameId at = map.frame;; at = state.frames.at(at).owner.frame) {
    RunFrame frame = state.frames.at(at);
    frame.inside.clear();
    frame.undo.clear();
    around.frames.emplace(at, std::move(frame));
    if (at == 0) break;
  }
  Loop loop;
  loop.is_portion = true;
  loop.complete = false;
  loop.passed = state.frames.at(map.frame).slots[plan.steps[map.step].place].hops - 1;
  around.loops.emplace(map, std::move(loop));
  around.pending.insert(map);
  return around;
}

}  // namespace

PortionMap::PortionMap(std::shared_ptr<const WorkflowDefinition> definition, const RunState& state, HopId map,
                       StoredResults::Read read)
    : definition_(std::move(definition)),
      map_(map),
      state_(state_around(state, map, definition_->plan())),
      results_(std::move(read)) {}

Portion PortionMap::take(std::vector<MapItem> items) {
  RunOptions options;
  options.records = false;
  Fact fact;
  fact.kind = Fact::Kind::kItems;
  fact.at = state_.now;
  fact.hop = map_;
  fact.items = std::move(items);
  decide(definition_->plan(), options, state_, fact, &results_);
  const Status read = results_.let_go();
  Portion portion;
  if (!read.ok()) {
    portion.error = error_of(read);
    return portion;
  }
  const auto found = state_.loops.find(map_);
  if (state_.phase != RunPhase::kRunning || found == state_.loops.end()) {
    portion.error = state_.cause;
    return portion;
  }
  Loop& loop = found->second;
  for (StepResult& result : std::exchange(loop.results, {})) portion.results.push_back(std::move(result.value));
  portion.failures = std::exchange(loop.failures, {});
  portion.unwritten = std::exchange(loop.unwritten, {});
  portion.bad = std::exchange(loop.bad, 0);
  portion.passed = loop.passed;
  loop.next = 0;
  return portion;
}

}  // namespace forge::internal
