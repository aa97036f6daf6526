// Rows from and to FlatBuffers. Offsets (texts, vectors, tables) are written before their table, then the table's own slots from
// the widest to the narrowest, so that no padding is needed between them.

#include <flatbuffers/flatbuffers.h>

#include <array>

#include "forge/events/codec.h"
#include "table_access.h"

namespace forge {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using flatbuffers::uoffset_t;

Cell read_cell(const Field& field, const std::uint8_t* slot) {
  if (!internal::is_offset(field.type)) {
    return internal::visit_scalar(
        field.type, [&](auto zero) { return internal::scalar_cell(field.type, flatbuffers::ReadScalar<decltype(zero)>(slot)); });
  }
  const std::uint8_t* target = slot + flatbuffers::ReadScalar<uoffset_t>(slot);
  if (field.type != BaseType::kText) return Cell::of_nested(target);
  const auto* text = reinterpret_cast<const flatbuffers::String*>(target);
  return Cell::of(std::string_view(text->c_str(), text->size()));
}

void read_table(const TableType& table, const flatbuffers::Table* data, Row& row) {
  row.resize(table.fields.size());
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const std::uint8_t* slot = data->GetAddressOf(table.fields[i].vtable_offset);
    row[i] = slot == nullptr ? Cell() : read_cell(table.fields[i], slot);
  }
}

uoffset_t write_table(Builder& builder, const TableType& table, std::span<const Cell> row);

uoffset_t copy_vector(Builder& builder, const Field& field, const std::uint8_t* source) {
  const auto count = flatbuffers::ReadScalar<uoffset_t>(source);
  const std::uint8_t* first = source + sizeof(uoffset_t);
  if (!internal::is_offset(field.element)) {
    const std::size_t width = internal::width_of(field.element);
    builder.StartVector(count, width);
    builder.PushBytes(first, count * width);
    return builder.EndVector(count);
  }
  std::vector<flatbuffers::Offset<void>> offsets(count);
  Row row;
  for (uoffset_t i = 0; i < count; ++i) {
    const std::uint8_t* slot = first + std::size_t{i} * sizeof(uoffset_t);
    const std::uint8_t* target = slot + flatbuffers::ReadScalar<uoffset_t>(slot);
    if (field.element == BaseType::kText) {
      const auto* text = reinterpret_cast<const flatbuffers::String*>(target);
      offsets[i] = builder.CreateString(text->c_str(), text->size()).o;
    } else {
      read_table(*field.nested, reinterpret_cast<const flatbuffers::Table*>(target), row);
      offsets[i] = write_table(builder, *field.nested, row);
    }
  }
  return builder.CreateVector(offsets).o;
}

uoffset_t write_offset(Builder& builder, const Field& field, const Cell& cell) {
  if (field.type == BaseType::kText) return builder.CreateString(cell.text, cell.size).o;
  if (field.type == BaseType::kVector) return copy_vector(builder, field, cell.nested);
  Row row;
  read_table(*field.nested, reinterpret_cast<const flatbuffers::Table*>(cell.nested), row);
  return write_table(builder, *field.nested, row);
}

// The offsets of one table while it is written; most tables have few fields.
class Offsets {
 public:
  explicit Offsets(std::size_t count) {
    if (count > small_.size()) large_.resize(count);
  }
  uoffset_t& operator[](std::size_t i) { return large_.empty() ? small_[i] : large_[i]; }

 private:
  std::array<uoffset_t, 32> small_{};
  std::vector<uoffset_t> large_;
};

uoffset_t write_table(Builder& builder, const TableType& table, std::span<const Cell> row) {
  Offsets offsets(table.fields.size());
  std::array<bool, 9> widths{};
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i].is_null()) continue;
    const Field& field = table.fields[i];
    widths[internal::width_of(field.type)] = true;
    if (internal::is_offset(field.type)) offsets[i] = write_offset(builder, field, row[i]);
  }
  const uoffset_t start = builder.StartTable();
  for (const std::size_t width : {8u, 4u, 2u, 1u}) {
    if (!widths[width]) continue;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Field& field = table.fields[i];
      if (row[i].is_null() || internal::width_of(field.type) != width) continue;
      if (internal::is_offset(field.type)) {
        builder.AddOffset(field.vtable_offset, flatbuffers::Offset<void>(offsets[i]));
      } else {
        internal::visit_scalar(field.type, [&](auto zero) {
          builder.AddElement(field.vtable_offset, internal::stored_scalar<decltype(zero)>(row[i]));
        });
      }
    }
  }
  return builder.EndTable(start);
}

}  // namespace

struct TableWriter::State {
  Builder builder;
};

TableWriter::TableWriter() : state_(std::make_unique<State>()) {}
TableWriter::~TableWriter() = default;
TableWriter::TableWriter(TableWriter&&) noexcept = default;
TableWriter& TableWriter::operator=(TableWriter&&) noexcept = default;

std::span<const std::uint8_t> TableWriter::write(const TableType& table, std::span<const Cell> row) {
  Builder& builder = state_->builder;
  builder.Clear();
  builder.Finish(flatbuffers::Offset<flatbuffers::Table>(write_table(builder, table, row)));
  return {builder.GetBufferPointer(), builder.GetSize()};
}

void read_row(const TableType& table, std::span<const std::uint8_t> buffer, Row& row) {
  read_table(table, flatbuffers::GetRoot<flatbuffers::Table>(buffer.data()), row);
}

void resolve_defaults(const TableType& table, Row& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i].is_absent()) row[i] = table.fields[i].default_value.is_absent() ? Cell::null() : table.fields[i].default_value;
  }
}

bool same_value(const Field& field, const Cell& a, const Cell& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  switch (a.kind) {
    case Kind::kBool:
      return a.boolean == b.boolean;
    case Kind::kInt:
      return a.integer == b.integer;
    case Kind::kFloat:
      return a.number == b.number;
    case Kind::kText:
      return a.as_text() == b.as_text();
    default:
      return a.nested == b.nested || cell_to_value(field, a) == cell_to_value(field, b);
  }
}

}  // namespace forge
