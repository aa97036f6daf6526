// A transaction step: its reads are made from one view and its actions gathered, in the order in which they wait for each other,
// and the actions are committed on the condition that nothing which was read has changed since. So the block is one point of the
// log, without holding up anybody while it is planned.

#include <algorithm>
#include <map>

#include "run_scope.h"
#include "step_work.h"

namespace forge::internal {
namespace {

// What references lead to inside the block: its own steps' results, else what the transaction itself sees.
class InnerScope final : public Scope {
 public:
  explicit InnerScope(const RunScope& around) : around_(around) {}

  const Value* root(const Reference& reference) const override {
    const auto found = reference.root == Root::kStep ? results.find(reference.step) : results.end();
    return found != results.end() ? &found->second : around_.root(reference);
  }
  Time now() const override { return around_.now(); }

  std::map<StepIndex, Value> results;

 private:
  const RunScope& around_;
};

class TransactionPlan {
 public:
  TransactionPlan(const RunFold& fold, const Work& work, const View& view, const Actor& actor)
      : plan_(fold.plan()),
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
      const auto next = std::find_if(left.begin(), left.end(), [this](StepIndex step) { return is_ready(step); });
      const StepIndex step = *next;  // planning has refused circles, so there is one
      left.erase(next);
      const Status taken = take(step);
      if (!taken.ok()) return {.outcome = failure_of(taken)};
      if (ended_) return *std::move(ended_);
    }
    WorkOutcome out{.outcome = StepOutcome::done(), .actions = std::move(actions_)};
    if (!condition_.items.empty()) out.condition = std::move(condition_);
    const auto action = places_.find(block_.result);
    if (action != places_.end()) {
      out.result = action->second;
    } else if (block_.result != kNone) {
      out.outcome.value = scope_.results[block_.result];
    }
    return out;
  }

 private:
  bool is_ready(StepIndex step) const {
    const std::vector<StepIndex>& needs = plan_.steps[step].needs;
    return std::all_of(needs.begin(), needs.end(), [this](StepIndex need) { return scope_.results.contains(need); });
  }

  Status take(StepIndex index) {
    const PlannedStep& step = plan_.steps[index];
    FORGE_ASSIGN(const bool wanted, step.where.holds(scope_));
    scope_.results[index] = nullptr;
    if (!wanted) return {};
    FORGE_ASSIGN(const Value made, step.body.args.make(scope_));
    const Object args = made.if_object() == nullptr ? Object() : *made.if_object();
    if (const fb::ActionStepT* action = step.declared->body.AsActionStep()) {
      const Action* declared = view_.domain()->find_action(action->action);
      if (declared != nullptr && declared->kind == ActionKind::kGeneric) {
        return Status(ErrorId::kWorkflowUnsupported, "the generic action '" + action->action + "' cannot be part of a transaction")
            .why("it becomes a transaction of its own");
      }
      places_[index] = actions_.size();
      actions_.push_back({.action = action->action, .args = args});
      return {};
    }
    return read(index, *step.declared->body.AsReadStep(), args);
  }

  Status read(StepIndex index, const fb::ReadStepT& read, const Object& args) {
    const PlannedBody& body = plan_.steps[index].body;
    Value key;
    if (read.query.empty()) {
      FORGE_ASSIGN(key, body.values.at(0).make(scope_));
    }
    WorkOutcome outcome = read_declared(read, key, args, view_, actor_);
    if (outcome.outcome.kind != StepOutcome::Kind::kDone) {
      ended_ = std::move(outcome);
      return {};
    }
    scope_.results[index] = std::move(outcome.outcome.value);
    rest_on(read, key);
    return {};
  }

  // Of a query, on every event of its resource: which records it found may depend on any of them.
  void rest_on(const fb::ReadStepT& read, const Value& key) {
    if (!read.query.empty()) {
      condition_.items.push_back({.types = {read.query.substr(0, read.query.rfind('.')) + ".*"}});
      return;
    }
    const std::string text = key.if_text() != nullptr ? *key.if_text() : std::to_string(key.if_int() ? *key.if_int() : 0);
    condition_.items.push_back({.tags = {read.resource + "/" + text}});
  }

  const Plan& plan_;
  const View& view_;
  const Actor& actor_;
  const RunScope around_;
  InnerScope scope_;
  const PlannedBlock& block_;
  AppendCondition condition_;
  std::vector<ActionRequest> actions_;
  std::map<StepIndex, std::size_t> places_;  // of actions
  std::optional<WorkOutcome> ended_;         // a read failed, or halts
};

}  // namespace

WorkOutcome plan_transaction(const RunFold& fold, const Work& work, const View& view, const Actor& actor) {
  return TransactionPlan(fold, work, view, actor).make();
}

}  // namespace forge::internal
