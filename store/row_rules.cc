#include "row_rules.h"

#include <algorithm>

#include "forge/events/assignment.h"
#include "forge/events/codec.h"
#include "forge/events/key.h"

namespace forge::internal {
namespace {

// `before` is null for a new record.
Status check_transition(const Action& action, const Transitions& transitions, const Cell* before, const Cell& after) {
  if (after.is_null() || (before != nullptr && before->integer == after.integer)) return {};
  const std::vector<std::int64_t> allowed = before == nullptr ? transitions.initial : transitions.allowed_after(before->integer);
  if (std::find(allowed.begin(), allowed.end(), after.integer) != allowed.end()) return {};
  const Field& field = action.resource->record.fields[transitions.field];
  std::string names;
  for (const std::int64_t value : allowed) names += (names.empty() ? "" : ", ") + cell_to_text(field, Cell::of(value));
  const std::string to = cell_to_text(field, after);
  std::string what = action.name + ": " + field.name + " cannot " +
                     (before == nullptr ? "begin with " + to : "go from " + cell_to_text(field, *before) + " to " + to);
  return Status(ErrorId::kTransitionRefused, std::move(what))
      .why(allowed.empty() ? "nothing follows it" : (before == nullptr ? "it begins with " : "what follows is ") + names)
      .place(transitions.place)
      .remedy("see: forgectl explain " + action.resource->name + "." + field.name);
}

}  // namespace

void resolve_arguments(const Action& action, const Row& given, bool creating, Row& out) {
  const std::vector<Field>& arguments = action.arguments.fields;
  out = given;
  out.resize(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!out[i].is_absent()) continue;
    if (arguments[i].has_default) {
      out[i] = arguments[i].default_value;
      continue;
    }
    const int field = action.field_of_argument[i];
    const bool from_field = creating && field >= 0;
    out[i] = from_field ? action.resource->record.fields[static_cast<std::size_t>(field)].default_value : Cell::null();
  }
}

void mark_recorded(const Action& action, Row& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (action.is_key_argument(i) || arguments[i].is_null()) arguments[i] = Cell();
  }
}

bool arguments_equal_changes(const Action& action, const Row& arguments, const Row& changes) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const int field = action.field_of_argument[i];
    if (action.is_key_argument(i)) continue;
    const Cell change =
        field >= 0 && static_cast<std::size_t>(field) < changes.size() ? changes[static_cast<std::size_t>(field)] : Cell();
    if (arguments[i].is_absent() != change.is_absent()) return false;
    if (!change.is_absent() && !same_value(action.arguments.fields[i], arguments[i], change)) return false;
  }
  return true;
}

void find_changes(const TableType& record, const Row& before, const Row& after, Row& changes, std::vector<std::uint16_t>& cleared) {
  changes.assign(after.size(), Cell());
  cleared.clear();
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool was_set = i < before.size() && !before[i].is_null();
    if (after[i].is_null()) {
      if (was_set) cleared.push_back(static_cast<std::uint16_t>(i));
    } else if (!was_set || !same_value(record.fields[i], before[i], after[i])) {
      changes[i] = after[i];
    }
  }
}

Status compute_fields(const Action& action, std::string_view key, RuleInput input, std::pmr::memory_resource& memory, Row& after) {
  Row whole = after;
  FORGE_TRY(complete_row(*action.resource, key, whole));
  input.record = whole;
  for (const Assignment& computed : action.resource->computed) {
    FORGE_ASSIGN(after[computed.field], assigned_value(action.resource->record, computed, input, memory, action.name));
    whole[computed.field] = after[computed.field];
  }
  return {};
}

Status check_values(const Action& action, const Row* before, const Row& after) {
  const Resource& resource = *action.resource;
  for (const std::uint16_t index : resource.limited_fields) {
    FORGE_TRY(check_limits(resource.record.fields[index], after[index], action.name));
  }
  if (action.undoes) return {};  // it goes back to where the record was, and no transition leads back
  for (const Transitions& transitions : resource.transitions) {
    FORGE_TRY(check_transition(action, transitions, before == nullptr ? nullptr : &(*before)[transitions.field],
                               after[transitions.field]));
  }
  return {};
}

}  // namespace forge::internal
