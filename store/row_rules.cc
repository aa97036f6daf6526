#include "row_rules.h"

#include <cmath>
#include <limits>

#include "forge/events/codec.h"
#include "forge/events/key.h"

namespace forge::internal {
namespace {

template <typename T>
bool in_range(std::int64_t value) {
  return std::in_range<T>(value);
}

}  // namespace

Status complete_row(const Resource& resource, std::string_view key, Row& row) {
  row.resize(resource.record.fields.size());
  resolve_defaults(resource.record, row);
  FORGE_ASSIGN(row[resource.key_field], key_cell(resource, key));
  return {};
}

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
    const bool from_field = creating && field >= 0 && field != action.resource->key_field;
    out[i] = from_field ? action.resource->record.fields[static_cast<std::size_t>(field)].default_value : Cell::null();
  }
}

void mark_recorded(const Action& action, Row& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (static_cast<int>(i) == action.key_argument || arguments[i].is_null()) arguments[i] = Cell();
  }
}

bool arguments_equal_changes(const Action& action, const Row& arguments, const Row& changes) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const int field = action.field_of_argument[i];
    if (static_cast<int>(i) == action.key_argument) continue;
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

bool fits(const Field& field, const Cell& cell) {
  if (cell.kind == Kind::kFloat) {
    return field.type == BaseType::kFloat64 || std::isfinite(static_cast<float>(cell.number));
  }
  if (cell.kind != Kind::kInt) return true;
  switch (field.type) {
    case BaseType::kInt8:
      return in_range<std::int8_t>(cell.integer);
    case BaseType::kUint8:
      return in_range<std::uint8_t>(cell.integer);
    case BaseType::kInt16:
      return in_range<std::int16_t>(cell.integer);
    case BaseType::kUint16:
      return in_range<std::uint16_t>(cell.integer);
    case BaseType::kInt32:
      return in_range<std::int32_t>(cell.integer);
    case BaseType::kUint32:
      return in_range<std::uint32_t>(cell.integer);
    case BaseType::kUint64:
      return cell.integer >= 0;
    default:
      return true;
  }
}

}  // namespace forge::internal
