#pragma once

// The types of a workflow's inputs.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/value.h"
#include "workflow_generated.h"

namespace forge::internal {

std::optional<fb::InputType> find_input_type(std::string_view name);
std::string_view name_of(fb::InputType type);
std::vector<std::string> input_type_names();
// Null fits no type but `any`; an int fits a float.
bool fits(const Value& value, fb::InputType type);

}  // namespace forge::internal
