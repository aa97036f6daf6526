#pragma once

// Pure steps of deciding an action: defaults, changes, and what is recorded of the arguments.

#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"

namespace forge::internal {

// The arguments as rules see them. One that was not given takes its default; on a new record one without a default of its own takes
// the default of the field that it sets.
void resolve_arguments(const Action& action, const Row& given, bool creating, Row& out);
// Leaves in `arguments` what the event records: what was given, what a default stood in for, and nothing of the key.
void mark_recorded(const Action& action, Row& arguments);
// True when reading the arguments back from the changes gives exactly `arguments`.
bool arguments_equal_changes(const Action& action, const Row& arguments, const Row& changes);

// The fields that differ: `changes` holds the new values, absent elsewhere; `cleared` those that became null.
void find_changes(const TableType& record, const Row& before, const Row& after, Row& changes, std::vector<std::uint16_t>& cleared);

// Sets the computed fields of `after`, which is as it will be stored, from what else is in it. `input` gives the time; its record
// is not looked at. Errors: kRuleFailed, kArgumentRange.
Status compute_fields(const Action& action, std::string_view key, RuleInput input, std::pmr::memory_resource& memory, Row& after);
// Limits of fields and, unless an event is taken back, transitions. Both rows have defaults and the key; `before` is null for a new
// record. Errors: kArgumentRange, kPatternMismatch, kTransitionRefused.
Status check_values(const Action& action, const Row* before, const Row& after);

}  // namespace forge::internal
