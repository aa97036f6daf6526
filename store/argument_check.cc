#include "argument_check.h"

namespace forge::internal {
namespace {

Status check_required(const Action& action, const Row& arguments) {
  for (const Field& argument : action.arguments.fields) {
    if (!argument.required || (argument.id < arguments.size() && !arguments[argument.id].is_null())) continue;
    return Status(ErrorId::kArgumentMissing, action.name + " needs " + argument.name).why("it is required").place(argument.place);
  }
  return {};
}

// What was given must be within its limits and in use.
Status check_argument(const Action& action, const Field& argument, const Cell& cell) {
  if (argument.deprecated) {
    const std::string hint = argument.documentation.substr(0, argument.documentation.find('\n'));
    return Status(ErrorId::kArgumentDeprecated, action.name + ": " + argument.name + " is deprecated")
        .why(hint.empty() ? "the schema says so" : hint)
        .place(argument.place);
  }
  return argument.limits == nullptr ? Status() : check_limits(argument, cell, action.name);
}

}  // namespace

Status check_given(const Action& action, const Row& arguments) {
  FORGE_TRY(check_required(action, arguments));
  for (const std::uint16_t index : action.checked_arguments) {
    if (!arguments[index].is_absent()) FORGE_TRY(check_argument(action, action.arguments.fields[index], arguments[index]));
  }
  return {};
}

}  // namespace forge::internal
