#include "end_at_once.h"

#include <utility>

namespace forge::internal {

bool may_end_with(const RunFold& fold, const Fact& fact) {
  const RunState& state = fold.state();
  const bool done = fact.kind == Fact::Kind::kCompleted || fact.kind == Fact::Kind::kSignalled || fact.kind == Fact::Kind::kTimer;
  if (!done || state.phase != RunPhase::kRunning || fact.hop.frame != 0 || fact.hop.step == kNone) return false;
  return state.frames.at(0).open == 1 && state.mark_name.empty() && state.loops.empty();
}

struct EndAtOnce::State {
  std::shared_ptr<const WorkflowDefinition> definition;
  std::optional<RunFold> before;  // none: the fact starts it
  const std::size_t asked;
  const std::optional<std::size_t> result;
  std::deque<ActionRequest> records = {};  // of the end
  std::size_t told = 0;
};

EndAtOnce::EndAtOnce(std::shared_ptr<const WorkflowDefinition> definition)
    : state_(std::make_shared<State>(State{std::move(definition), std::nullopt, 1, std::nullopt})) {}
EndAtOnce::EndAtOnce(const RunFold& fold, std::size_t recorded, std::size_t asked, std::optional<std::size_t> result)
    : state_(std::make_shared<State>(State{nullptr, fold, asked, result})) {
  state_->before->drop_records(recorded);
}

Result<std::optional<ActionRequest>> EndAtOnce::operator()(const TransactionSoFar& so_far) const {
  State& state = *state_;
  const std::vector<Event>& events = so_far.events();
  if (events.size() == state.asked) {
    RunFold after = state.before ? *state.before : RunFold(events.back().key, state.definition, {});
    state.told = 0;
    state.records.clear();
    const bool is_taken = after.take(events.back(), state.result ? &events[*state.result] : nullptr).ok();
    if (is_taken && after.state().phase == RunPhase::kEnded) state.records = after.records();
  }
  return state.told == state.records.size() ? std::optional<ActionRequest>() : std::optional(state.records[state.told++]);
}

}  // namespace forge::internal
