#pragma once

// A cell is a borrowed value of one field: the form in which records, arguments and rule results are looked at without copying.
// It points into a buffer or arena that the caller keeps alive. A row is a cell for each field of a table, by field index.

#include <cstdint>
#include <string_view>
#include <vector>

namespace forge {

struct TableType;

enum class Kind : std::uint8_t {
  kAbsent,  // not given, or not in this partial table
  kNull,    // given, and null
  kBool,
  kInt,    // every integer type and every enum
  kFloat,  // float and double
  kText,
  kNested,  // a vector, table or struct: `nested` points at its FlatBuffers representation, the field's type says which
};

struct Cell {
  Kind kind = Kind::kAbsent;
  std::uint32_t size = 0;  // bytes of text
  union {
    bool boolean;
    std::int64_t integer = 0;
    double number;
    const char* text;
    const std::uint8_t* nested;
  };

  Cell() = default;
  explicit Cell(Kind of_kind, std::uint32_t text_size = 0) : kind(of_kind), size(text_size) {}

  static Cell null() { return Cell(Kind::kNull); }
  static Cell of(bool value) {
    Cell cell(Kind::kBool);
    cell.boolean = value;
    return cell;
  }
  static Cell of(std::int64_t value) {
    Cell cell(Kind::kInt);
    cell.integer = value;
    return cell;
  }
  static Cell of(double value) {
    Cell cell(Kind::kFloat);
    cell.number = value;
    return cell;
  }
  static Cell of(std::string_view value) {
    Cell cell(Kind::kText, static_cast<std::uint32_t>(value.size()));
    cell.text = value.data();
    return cell;
  }
  static Cell of_nested(const std::uint8_t* data) {
    Cell cell(Kind::kNested);
    cell.nested = data;
    return cell;
  }

  // Absent or null.
  bool is_null() const { return kind <= Kind::kNull; }
  bool is_absent() const { return kind == Kind::kAbsent; }
  std::string_view as_text() const { return {text, size}; }
};

using Row = std::vector<Cell>;

}  // namespace forge
