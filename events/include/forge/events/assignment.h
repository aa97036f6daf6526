#pragma once

// What an assignment of the rule language gives its field. Pure, and safe from any thread.

#include <memory_resource>
#include <string_view>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"

namespace forge {

// Whether the field's stored type can hold the value.
bool fits(const Field& field, const Cell& cell);

// The value for the assignment's field, which is one of `record`. Its text borrows as that of Expression::evaluate. `who` begins
// the message: "Order.place". Errors: kRuleFailed, kArgumentRange, with the assignment's place.
Result<Cell> assigned_value(const TableType& record, const Assignment& assignment, const RuleInput& input,
                            std::pmr::memory_resource& memory, std::string_view who);

}  // namespace forge
