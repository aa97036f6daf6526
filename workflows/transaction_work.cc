// A transaction step: its reads are made from one view and its actions gathered, in the order in which they wait for each other,
// and the actions are committed on the condition that nothing which was read has changed since. So the block is one point of the
// log, without holding up anybody while it is planned. What has to see the block's own actions is left for the moment when they
// are decided.

#include <algorithm>
#include <set>

#include "transaction_rest.h"

namespace forge::internal {
namespace {

std::string resource_of(const std::string& action) {
  return action.substr(0, action.rfind('.'));
}

class TransactionPlan {
 public:
  TransactionPlan(const RunFold& fold, const Work& work, const View& view, const Actor& actor)
      : fold_(fold),
        work_(work),
        plan_(fold.plan()),
        view_(view),
        actor_(actor),
        around_(plan_, fold.state(), work.hop.frame, work.hops, &fold.results()),
        scope_(around_),
        block_(plan_.blocks[plan_.steps[work.hop.step].blocks.at(0)]) {
    condition_.after = view.seq();
  }

  WorkOutcome make() {
    std::vector<StepIndex> left = block_.steps;
    while (!left.empty()) {
      std::vector<StepIndex> others = left;
      const StepIndex step = take_ready(plan_, scope_, others);
      if (sees_actions(plan_.steps[step])) break;
      left = std::move(others);
      const Status taken = take(step);
      if (!taken.ok()) return {.outcome = failure_of(taken)};
      if (ended_) return *std::move(ended_);
    }
    WorkOutcome out{.outcome = StepOutcome::done(), .actions = std::move(actions_)};
    if (!condition_.items.empty()) out.condition = std::move(condition_);
    if (!left.empty()) {
      out.rest = rest(std::move(left));
    } else if (const auto action = places_.find(block_.result); action != places_.end()) {
      out.result = action->second;
    } else if (block_.result != kNone) {
      out.outcome.value = scope_.results[block_.result];
    }
    return out;
  }

 private:
  // Whether it refers to what an action of the block came to, or reads what one may have changed.
  bool sees_actions(const PlannedStep& step) const {
    const bool refers = std::any_of(step.refers.begin(), step.refers.end(), [this](StepIndex other) {
      return scope_.results.contains(other) && plan_.steps[other].declared->body.AsActionStep() != nullptr;
    });
    const fb::ReadStepT* read = step.declared->body.AsReadStep();
    return refers || (read != nullptr && changed_.contains(read->query.empty() ? read->resource : resource_of(read->query)));
  }

  std::shared_ptr<TransactionRest> rest(std::vector<StepIndex> left) {
    std::vector<StepIndex> refers;
    for (const StepIndex step : left) {
      refers.insert(refers.end(), plan_.steps[step].refers.begin(), plan_.steps[step].refers.end());
    }
    scope_.freeze(refers);
    return std::make_shared<TransactionRest>(
        fold_.shared_definition(), work_, actor_,
        TransactionRest::Planned{.scope = std::move(scope_), .left = std::move(left), .actions = std::move(places_)});
  }

  Status take(StepIndex index) {
    const fb::BodyUnion& body = plan_.steps[index].declared->body;
    if (const fb::ActionStepT* action = body.AsActionStep()) FORGE_TRY(check_action(action->action));
    FORGE_ASSIGN(BlockStep taken, take_block_step(plan_, index, RecordsOf(view_), actor_, scope_));
    if (taken.ended) {
      ended_ = std::move(taken.ended);
    } else if (taken.action) {
      changed_.insert(resource_of(taken.action->action));
      places_[index] = actions_.size();
      actions_.push_back(*std::move(taken.action));
    } else if (const fb::ReadStepT* read = body.AsReadStep()) {
      FORGE_TRY(rest_on(*read, index));
    }
    return {};
  }

  Status check_action(const std::string& name) const {
    const Action* declared = view_.domain()->find_action(name);
    if (declared == nullptr || declared->kind != ActionKind::kGeneric) return {};
    return Status(ErrorId::kWorkflowUnsupported, "the generic action '" + name + "' cannot be part of a transaction")
        .why("it becomes a transaction of its own");
  }

  // Of a query, on every event of its resource: which records it found may depend on any of them.
  Status rest_on(const fb::ReadStepT& read, StepIndex index) {
    if (!read.query.empty()) {
      condition_.items.push_back({.types = {resource_of(read.query) + ".*"}});
      return {};
    }
    FORGE_ASSIGN(const Value made, plan_.steps[index].body.values.at(0).make(scope_));
    FORGE_ASSIGN(const std::string key, key_text(made));
    condition_.items.push_back({.tags = {read.resource + "/" + key}});
    return {};
  }

  const RunFold& fold_;
  const Work& work_;
  const Plan& plan_;
  const View& view_;
  const Actor& actor_;
  const RunScope around_;
  BlockScope scope_;
  const PlannedBlock& block_;
  AppendCondition condition_;
  std::vector<ActionRequest> actions_;
  std::map<StepIndex, std::size_t> places_;  // of actions
  std::set<std::string> changed_;            // resources
  std::optional<WorkOutcome> ended_;         // a read failed, or halts
};

}  // namespace

WorkOutcome plan_transaction(const RunFold& fold, const Work& work, const View& view, const Actor& actor) {
  return TransactionPlan(fold, work, view, actor).make();
}

}  // namespace forge::internal
