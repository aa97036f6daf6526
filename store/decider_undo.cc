// Taking an event back. What is restored was read before (undo_plan.h), so the record must still be at the version that was read.
// Who may undo is whom the policies of the undone action allow it, asked with that action's arguments over the record as it stands,
// or, where it was destroyed, as it last was: an undo is no way round a policy, and who gave a record away cannot reach it by one.
// `require` rules say when an action may be begun, `set` and handlers what it does, transitions how a record goes forward: none of
// them is asked on the way back. Computed fields are computed, and what must hold of every record is checked as always.

#include <algorithm>

#include "decider_parts.h"
#include "forge/events/key.h"
#include "row_rules.h"
#include "rule_check.h"
#include "undo_plan.h"

namespace forge::internal {

Status Decider::undo(const PreparedAction& action, Staging& staging, Subject& subject) {
  const UndoPlan& plan = *action.undo;
  if (subject.before.version != plan.at) {
    const bool own = subject.before.seq >= staging.receipt.first_seq;
    return own ? undo_after_action(plan.seq, subject.name()) : undo_outdated(plan.seq, subject.name());
  }
  FORGE_TRY(check_undo_policies(plan, staging, subject));
  subject.changes.clear();
  subject.cleared.clear();
  subject.arguments.clear();
  if (action.action->kind == ActionKind::kDestroys) {
    subject.after.clear();
    return {};
  }
  subject.after = subject.lives ? subject.before_row : Row();
  subject.after.resize(subject.resource->record.fields.size());
  for (const std::uint16_t field : plan.fields) subject.after[field] = field < plan.row.size() ? plan.row[field] : Cell();
  return complete(action, staging, subject);
}

Status Decider::check_undo_policies(const UndoPlan& plan, Staging& staging, const Subject& subject) {
  const Action& asked = *plan.asked;
  if (asked.policies.empty()) return {};
  Row arguments;
  resolve_arguments(asked, plan.arguments, plan.asked_of_new, arguments);
  Row key(subject.resource->record.fields.size());
  FORGE_TRY(key_cells(*subject.resource, subject.key, key));
  for (std::size_t i = 0; i < asked.key_arguments.size(); ++i) {
    const int argument = asked.key_arguments[i];
    if (argument >= 0) arguments[static_cast<std::size_t>(argument)] = key[subject.resource->key_fields[i]];
  }
  Row last = subject.seen;
  if (!subject.lives) {
    last = plan.row;
    FORGE_TRY(complete_row(*subject.resource, subject.key, last));
  }
  return check_policies(asked, staging.input(last, arguments), staging.memory);
}

}  // namespace forge::internal
