#pragma once

// A small domain made by hand, for tests of rules.

#include <array>
#include <cstddef>
#include <memory_resource>
#include <string>

#include "forge/events/domain.h"

namespace forge {

inline Field make_field(std::string name, BaseType type, std::string type_name, bool nullable = false) {
  Field field;
  field.name = std::move(name);
  field.type = type;
  field.type_name = std::move(type_name);
  field.nullable = nullable;
  return field;
}

inline TableType make_table(std::string name, std::vector<Field> fields) {
  TableType table;
  table.name = std::move(name);
  table.fields = std::move(fields);
  for (std::size_t i = 0; i < table.fields.size(); ++i) table.fields[i].id = static_cast<std::uint16_t>(i);
  return table;
}

struct RuleShop {
  enum FieldIndex : std::size_t {
    kId,
    kQty,
    kTotal,
    kStatus,
    kPaid,
    kPrice,
    kNote,
    kLines,
    kEnd,
    kSmall,
    kPrevious,
    kColor,
    kFieldCount
  };

  EnumType status{"OrderStatus", {{"Placed", 0}, {"Paid", 1}, {"Shipped", 2}, {"Cancelled", 7}}};
  EnumType color{"Color", {{"Red", 0}, {"Green", 1}}};
  TableType record = make_table("Order", {
                                             make_field("id", BaseType::kText, "string", true),
                                             make_field("qty", BaseType::kInt32, "int"),
                                             make_field("total_cents", BaseType::kInt64, "long", true),
                                             make_field("status", BaseType::kInt8, "OrderStatus"),
                                             make_field("paid", BaseType::kBool, "bool", true),
                                             make_field("price", BaseType::kFloat64, "double", true),
                                             make_field("note", BaseType::kText, "string", true),
                                             make_field("lines", BaseType::kVector, "[string]", true),
                                             make_field("end", BaseType::kInt32, "int"),
                                             make_field("small", BaseType::kUint8, "ubyte"),
                                             make_field("previous", BaseType::kInt8, "OrderStatus", true),
                                             make_field("color", BaseType::kInt8, "Color"),
                                         });
  TableType arguments = make_table("ResizeOrder", {
                                                      make_field("qty", BaseType::kInt32, "int", true),
                                                      make_field("reason", BaseType::kText, "string", true),
                                                  });
  RuleScope scope{&record, &arguments, true};

  std::array<Cell, kFieldCount> row;
  std::array<Cell, 2> argument_row;
  std::array<std::byte, std::size_t{1} << 21> buffer;
  std::pmr::monotonic_buffer_resource memory{buffer.data(), buffer.size(), std::pmr::null_memory_resource()};

  RuleShop() {
    record.fields[kStatus].enumeration = &status;
    record.fields[kPrevious].enumeration = &status;
    record.fields[kColor].enumeration = &color;
    record.fields[kId].required = true;
    row[kId] = Cell::of(std::string_view("o-1"));
    row[kQty] = Cell::of(std::int64_t{2});
    row[kTotal] = Cell::of(std::int64_t{1990});
    row[kStatus] = Cell::of(std::int64_t{0});
    row[kPaid] = Cell::of(true);
    row[kPrice] = Cell::of(9.95);
    row[kNote] = Cell::null();
    row[kLines] = Cell();
    row[kEnd] = Cell::of(std::int64_t{3});
    row[kSmall] = Cell::of(std::int64_t{4});
    row[kPrevious] = Cell::null();
    row[kColor] = Cell::of(std::int64_t{1});
    argument_row[0] = Cell::of(std::int64_t{5});
    argument_row[1] = Cell::of(std::string_view("why"));
  }
  RuleShop(const RuleShop&) = delete;
  RuleShop& operator=(const RuleShop&) = delete;

  RuleInput input() const { return {row, argument_row, "ann", "clerk", Time{1000}}; }
  RuleSource source(std::string text) const { return {std::move(text), "shop.fbs", {}}; }
  Result<Expression> parse(std::string text) const { return Expression::parse(source(std::move(text)), scope); }
};

// A cell as a rule would write it.
inline std::string written(const Cell& cell) {
  switch (cell.kind) {
    case Kind::kBool:
      return cell.boolean ? "true" : "false";
    case Kind::kInt:
      return std::to_string(cell.integer);
    case Kind::kFloat: {
      char digits[40];
      std::snprintf(digits, sizeof digits, "%.17g", cell.number);
      const std::string text = digits;
      return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    }
    case Kind::kText:
      return "'" + std::string(cell.as_text()) + "'";
    default:
      return "null";
  }
}

}  // namespace forge
