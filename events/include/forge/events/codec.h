#pragma once

// Tables whose type is known at run time, as FlatBuffers: verified, read into rows, written from rows, and to and from values.
// Presence means "set": a writer writes every cell that is neither absent nor null, also where it equals the default.

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge {

// Checks every offset, size and text of `buffer` against `table`, without demanding required fields. Depth at most 64, at most
// 10,000 tables. `buffer` starts at an address divisible by 8. FlatBuffers' own reflection verifier is not used: it follows
// unchecked offsets of table fields (google/flatbuffers issue 9040). Errors: kDataCorrupt.
Status verify_table(const TableType& table, std::span<const std::uint8_t> buffer);

// Reads a verified buffer: kAbsent where the buffer has no such field. The cells borrow from the buffer.
void read_row(const TableType& table, std::span<const std::uint8_t> buffer, Row& row);
// Replaces kAbsent by the field's default, or kNull.
void resolve_defaults(const TableType& table, Row& row);

// Writes rows as FlatBuffers, one after another, reusing its memory. Not safe for concurrent use.
class TableWriter {
 public:
  TableWriter();
  ~TableWriter();
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;

  // The bytes live until the next call. Absent and null cells are left out.
  std::span<const std::uint8_t> write(const TableType& table, std::span<const Cell> row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Equal values; nested ones by their bytes' meaning. Absent and null are equal.
bool same_value(const Field& field, const Cell& a, const Cell& b);

// Converts typed input. An unknown or repeated name, a value of another type, an integer out of range, text that is not UTF-8
// and ulong of 2^63 or more are errors. Enums are given by name (or, for bit flags, by number); bytes as Bytes or as base64 text;
// integers beyond 2^53 also as text of digits. A member that is null gives kNull; a field not mentioned stays kAbsent.
// `what` names the thing in messages ("Order.place"). The cells borrow from `values` and `memory`.
// Members named in `skip` are passed over. Messages do not show what was given for a secret field.
// Errors: kUnknownField, kArgumentType, kArgumentRange, kTextInvalid.
Status row_from_object(const TableType& table, const Object& values, std::string_view what, std::pmr::memory_resource& memory,
                       Row& row, std::span<const std::string_view> skip = {});
// One value of one field, by the same rules.
Result<Cell> cell_from_value(const Field& field, const Value& value, std::string_view what, std::pmr::memory_resource& memory);
// One value as people type it on a command line: "5", "true", "Placed", "null"; nested fields as JSON. Errors as above.
Result<Value> value_from_text(const Field& field, std::string_view text);

// The other direction, for everything that shows values: a secret one becomes kSecretShown, also inside nested tables. Enums
// become names, bytes Bytes. Absent cells are left out by row_to_object.
Value cell_to_value(const Field& field, const Cell& cell);
// The same with what a secret field holds: for the program that embeds the store, never for output.
Value reveal_cell(const Field& field, const Cell& cell);
Object row_to_object(const TableType& table, std::span<const Cell> row);
// One cell as a table or a message shows it: text unquoted, null as "", nested as JSON.
std::string cell_to_text(const Field& field, const Cell& cell);
// The same for a value that the schema itself gives, a default or a bound: also of a secret field, for the schema hides nothing.
std::string declared_text(const Field& field, const Cell& cell);

}  // namespace forge
