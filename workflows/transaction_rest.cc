#include "transaction_rest.h"

#include <algorithm>

#include "journal.h"
#include "run_journal.h"

namespace forge::internal {
namespace {

// Of a request, with another fact in it.
ActionRequest with_fact(const ActionRequest& request, const Fact& fact) {
  ActionRequest out{.action = request.action, .if_version = request.if_version};
  for (const auto& [name, value] : request.args.members()) {
    if (name != "fact") out.args.add(name, value);
  }
  out.args.add("fact", Bytes(encode_fact(fact)));
  return out;
}

}  // namespace

const Value* BlockScope::root(const Reference& reference) const {
  if (reference.root == Root::kStep) {
    if (const auto own = results.find(reference.step); own != results.end()) return &own->second;
  }
  if (around_ != nullptr) return around_->root(reference);
  const auto found = frozen_.find({reference.root, reference.root == Root::kStep ? reference.step : 0});
  return found == frozen_.end() ? nullptr : &found->second;
}

void BlockScope::freeze(const std::vector<StepIndex>& steps) {
  const auto keep = [this](Root root, StepIndex step) {
    const Value* const value = around_->root({.root = root, .step = step, .path = {}});
    if (value != nullptr) frozen_.emplace(std::pair(root, step), *value);
  };
  for (const Root root : {Root::kInput, Root::kEvent, Root::kItem, Root::kRun}) keep(root, 0);
  for (const StepIndex step : steps) {
    if (!results.contains(step)) keep(Root::kStep, step);
  }
  around_ = nullptr;
}

StepIndex take_ready(const Plan& plan, const BlockScope& scope, std::vector<StepIndex>& left) {
  const auto is_ready = [&](StepIndex step) {
    const std::vector<StepIndex>& needs = plan.steps[step].needs;
    return std::all_of(needs.begin(), needs.end(), [&scope](StepIndex need) { return scope.results.contains(need); });
  };
  const auto next = std::find_if(left.begin(), left.end(), is_ready);
  FORGE_ASSERT(next != left.end());
  const StepIndex step = *next;
  left.erase(next);
  return step;
}

Result<BlockStep> take_block_step(const Plan& plan, StepIndex index, const RecordSource& source, const Actor& actor,
                                  BlockScope& scope) {
  const PlannedStep& step = plan.steps[index];
  FORGE_ASSIGN(const bool wanted, step.where.holds(scope));
  scope.results[index] = nullptr;
  if (!wanted) return BlockStep();
  FORGE_ASSIGN(const Value made, step.body.args.make(scope));
  const Object args = made.if_object() == nullptr ? Object() : *made.if_object();
  if (const fb::ActionStepT* action = step.declared->body.AsActionStep()) {
    return BlockStep{.action = ActionRequest{.action = action->action, .args = args}};
  }
  const fb::ReadStepT& read = *step.declared->body.AsReadStep();
  Value key;
  if (read.query.empty()) {
    FORGE_ASSIGN(key, step.body.values.at(0).make(scope));
  }
  WorkOutcome outcome = read_declared(read, key, args, source, actor);
  if (outcome.outcome.kind != StepOutcome::Kind::kDone) return BlockStep{.ended = std::move(outcome)};
  scope.results[index] = std::move(outcome.outcome.value);
  return BlockStep();
}

TransactionRest::TransactionRest(std::shared_ptr<const WorkflowDefinition> definition, Work work, Actor actor, Planned planned)
    : definition_(std::move(definition)),
      work_(std::move(work)),
      actor_(std::move(actor)),
      planned_(std::move(planned)),
      now_(planned_) {}

void TransactionRest::begin(std::size_t before, Fact fact, ActionRequest request) {
  now_ = planned_;
  before_ = before;
  fact_ = std::move(fact);
  request_ = std::move(request);
  open_ = kNone;
  is_begun_ = is_recorded_ = false;
  ended_.reset();
}

Result<std::optional<ActionRequest>> TransactionRest::next(const TransactionSoFar& so_far) {
  take_results(so_far);
  const Plan& plan = definition_->plan();
  while (!now_.left.empty()) {
    const StepIndex step = take_ready(plan, now_.scope, now_.left);
    Result<BlockStep> taken = take_block_step(plan, step, RecordsOf(so_far), actor_, now_.scope);
    if (!taken.ok()) taken = BlockStep{.ended = WorkOutcome{.outcome = failure_of(taken.status())}};
    if (taken->ended) {
      ended_ = fact_of(work_, taken->ended->outcome);
      return Status(ErrorId::kActionRefused, "the transaction ended at step '" + plan.steps[step].path + "'");
    }
    if (!taken->action) continue;
    open_ = step;
    now_.actions[step] = so_far.events().size() - before_;
    return std::move(taken->action);
  }
  if (is_recorded_) return std::optional<ActionRequest>();
  is_recorded_ = true;
  return std::optional<ActionRequest>(record());
}

// What the actions since the last call came to.
void TransactionRest::take_results(const TransactionSoFar& so_far) {
  if (!is_begun_) {
    for (const auto& [step, place] : now_.actions) now_.scope.results[step] = result_of(so_far.events()[before_ + place]);
  } else if (open_ != kNone) {
    now_.scope.results[open_] = result_of(so_far.events().back());
  }
  is_begun_ = true;
  open_ = kNone;
}

ActionRequest TransactionRest::record() {
  const StepIndex returned = definition_->plan().blocks[definition_->plan().steps[work_.hop.step].blocks.at(0)].result;
  if (const std::optional<std::size_t> place = result()) {
    request_.args.add("from", before_ + *place);
    return request_;
  }
  if (returned != kNone) fact_.value = now_.scope.results[returned];
  return with_fact(request_, fact_);
}

std::optional<std::size_t> TransactionRest::result() const {
  const Plan& plan = definition_->plan();
  const auto found = now_.actions.find(plan.blocks[plan.steps[work_.hop.step].blocks.at(0)].result);
  return found == now_.actions.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace forge::internal
