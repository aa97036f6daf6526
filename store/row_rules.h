#pragma once

// Pure steps of deciding an action: defaults, changes, and what is recorded of the arguments.

#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge::internal {

// Fills in defaults and the key's own cell: the record as rules and readers see it. The key's cell borrows from `key`.
Status complete_row(const Resource& resource, std::string_view key, Row& row);

// The arguments as rules see them. One that was not given takes its default; on a new record one without a default of its own takes
// the default of the field that it sets.
void resolve_arguments(const Action& action, const Row& given, bool creating, Row& out);
// Leaves in `arguments` what the event records: what was given, what a default stood in for, and nothing of the key.
void mark_recorded(const Action& action, Row& arguments);
// True when reading the arguments back from the changes gives exactly `arguments`.
bool arguments_equal_changes(const Action& action, const Row& arguments, const Row& changes);

// The fields that differ: `changes` holds the new values, absent elsewhere; `cleared` those that became null.
void find_changes(const TableType& record, const Row& before, const Row& after, Row& changes, std::vector<std::uint16_t>& cleared);

// Whether the field's stored type can hold the value.
bool fits(const Field& field, const Cell& cell);

}  // namespace forge::internal
