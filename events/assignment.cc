#include "forge/events/assignment.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "forge/events/codec.h"

namespace forge {

bool fits(const Field& field, const Cell& cell) {
  if (cell.kind == Kind::kFloat) {
    return field.type == BaseType::kFloat64 || std::isfinite(static_cast<float>(cell.number));
  }
  if (cell.kind != Kind::kInt) return true;
  switch (field.type) {
    case BaseType::kInt8:
      return std::in_range<std::int8_t>(cell.integer);
    case BaseType::kUint8:
      return std::in_range<std::uint8_t>(cell.integer);
    case BaseType::kInt16:
      return std::in_range<std::int16_t>(cell.integer);
    case BaseType::kUint16:
      return std::in_range<std::uint16_t>(cell.integer);
    case BaseType::kInt32:
      return std::in_range<std::int32_t>(cell.integer);
    case BaseType::kUint32:
      return std::in_range<std::uint32_t>(cell.integer);
    case BaseType::kUint64:
      return cell.integer >= 0;
    default:
      return true;
  }
}

Result<Cell> assigned_value(const TableType& record, const Assignment& assignment, const RuleInput& input,
                            std::pmr::memory_resource& memory, std::string_view who) {
  const Field& field = record.fields[assignment.field];
  Result<Cell> cell = assignment.expression.evaluate(input, memory);
  if (!cell.ok()) return Status(cell.status()).place(assignment.place);
  if (cell->kind == Kind::kInt && (field.type == BaseType::kFloat32 || field.type == BaseType::kFloat64)) {
    *cell = Cell::of(static_cast<double>(cell->integer));
  }
  if (fits(field, *cell)) return *cell;
  return Status(ErrorId::kArgumentRange, std::string(who) + " would set " + field.name + " out of range for " + field.type_name)
      .why("the value is " + cell_to_text(field, *cell))
      .place(assignment.place);
}

}  // namespace forge
