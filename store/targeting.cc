#include "targeting.h"

#include <array>
#include <memory_resource>

#include "forge/events/codec.h"
#include "program_code.h"
#include "row_rules.h"
#include "rule_check.h"

namespace forge {

Value TargetCall::argument(std::string_view name) const {
  const Field* field = action.arguments.find(name);
  return field == nullptr || field->id >= arguments.size() ? Value() : reveal_cell(*field, arguments[field->id]);
}

namespace internal {
namespace {

// A target that gave a generic action could go round in circles.
Status check_plan(const Action& action, const TargetPlan& plan, const Domain& domain) {
  for (const ActionRequest& request : plan.actions) {
    if (request.undoes) return code_failed(action, "target", "it takes an event back: a plan holds actions on records alone");
    const Action* given = domain.find_action(request.action);
    if (given == nullptr || given->kind != ActionKind::kGeneric) continue;
    return code_failed(action, "target",
                       "it gives " + given->name + ", which is generic, too: a plan holds actions on records alone");
  }
  return {};
}

Result<TargetPlan> plan_action(const PreparedAction& asked, const PreparedTransaction& transaction, const OpenOptions& options,
                               const View& view) {
  const Action& action = *asked.action;
  const Actor& actor = transaction.options().actor;
  std::array<std::byte, 1024> buffer;
  std::pmr::monotonic_buffer_resource memory(buffer.data(), buffer.size());
  Row arguments;
  resolve_arguments(action, asked.arguments, false, arguments);
  const RuleInput input{.record = {}, .arguments = arguments, .actor_id = actor.id, .actor_role = actor.role, .now = {}};
  FORGE_TRY(check_policies(action, input, memory));
  const ActionTarget* const target = find_target(action, options);
  if (target == nullptr) {
    return Status(ErrorId::kHandlerMissing, action.name + " needs a target, which this program does not have")
        .place(action.place)
        .remedy("issue it through the program that has the target");
  }
  const TargetCall call{
      .action = action, .arguments = arguments, .actor = actor, .view = view, .hops_left = transaction.options().hops_left};
  Result<TargetPlan> plan = call_code<TargetPlan>(action, "target", *target, call);
  if (!plan.ok()) return plan;
  FORGE_TRY(check_plan(action, *plan, transaction.domain()));
  return plan;
}

}  // namespace

const ActionTarget* find_target(const Action& action, const OpenOptions& options) {
  if (!action.workflow.empty()) return options.workflow_target ? &options.workflow_target : nullptr;
  const auto found = options.targets.find(action.name);
  return found == options.targets.end() || !found->second ? nullptr : &found->second;
}

Result<PlannedActions> plan_actions(const PreparedTransaction& transaction, const OpenOptions& options, const View& view) {
  PlannedActions out;
  for (std::size_t i = 0; i < transaction.actions().size(); ++i) {
    const PreparedAction& asked = transaction.actions()[i];
    if (asked.action->kind != ActionKind::kGeneric) {
      out.actions.push_back(transaction.requests()[i]);
      continue;
    }
    FORGE_ASSIGN(TargetPlan plan, plan_action(asked, transaction, options, view));
    for (ActionRequest& request : plan.actions) out.actions.push_back(std::move(request));
    if (plan.condition) out.conditions.push_back(*std::move(plan.condition));
  }
  return out;
}

}  // namespace internal
}  // namespace forge
