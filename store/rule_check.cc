#include "rule_check.h"

#include "forge/events/codec.h"

namespace forge::internal {
namespace {

// "qty is -1, the rule says: qty > 0". `begin` stands before it.
std::string why_refused(const Action& action, const Rule& rule, const RuleInput& input, std::string begin, const char* sort) {
  std::string out = std::move(begin);
  const auto say = [&](const std::string& prefix, const Field& field, const Cell& cell) {
    const std::string text = cell.is_null() ? "null" : cell_to_text(field, cell);
    out += (out.empty() ? "" : ", ") + prefix + field.name + " is " + text;
  };
  for (const std::uint16_t field : rule.expression.fields()) {
    if (field < input.record.size()) say("", action.resource->record.fields[field], input.record[field]);
  }
  for (const std::uint16_t argument : rule.expression.arguments()) {
    if (argument < input.arguments.size()) say(":", action.arguments.fields[argument], input.arguments[argument]);
  }
  return out + (out.empty() ? "" : ", ") + "the " + sort + " says: " + rule.expression.text();
}

Status rule_error(const Action& action, const Rule& rule, const RuleInput& input) {
  return Status(ErrorId::kRuleViolated, action.name + " was refused by rule '" + rule.name + "'")
      .why(why_refused(action, rule, input, {}, "rule"))
      .place(rule.place)
      .remedy("see: forgectl explain " + action.name);
}

// "the actor is bob, the role is clerk".
std::string actor_text(const RuleInput& input) {
  const std::string role(input.actor_role);
  if (input.actor_id.empty()) return role.empty() ? "no actor is named" : "the actor has no name, the role is " + role;
  return "the actor is " + std::string(input.actor_id) + (role.empty() ? ", without a role" : ", the role is " + role);
}

}  // namespace

Status check_policies(const Action& action, const RuleInput& input, std::pmr::memory_resource& memory) {
  for (const Rule& policy : action.policies) {
    FORGE_ASSIGN(const bool holds, policy.expression.holds(input, memory));
    if (holds) continue;
    return Status(ErrorId::kPolicyDenied, action.name + " was denied by policy '" + policy.name + "'")
        .why(why_refused(action, policy, input, actor_text(input), "policy"))
        .place(policy.place)
        .remedy("see who may: forgectl explain " + action.name);
  }
  return {};
}

Status check_requirements(const Action& action, const RuleInput& input, std::pmr::memory_resource& memory) {
  for (const Rule& rule : action.requires_) {
    FORGE_ASSIGN(const bool holds, rule.expression.holds(input, memory));
    if (!holds) return rule_error(action, rule, input);
  }
  return {};
}

Status check_checks(const Action& action, const RuleInput& input, std::pmr::memory_resource& memory) {
  for (const Rule& rule : action.resource->checks) {
    FORGE_ASSIGN(const bool passes, rule.expression.passes(input, memory));
    if (!passes) return rule_error(action, rule, input);
  }
  return {};
}

}  // namespace forge::internal
