// Values to cells and back. A nested value becomes a FlatBuffer of its own in the caller's memory, in a table with that one field;
// the cell points into it.

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "table_access.h"
#include "utf8.h"

namespace forge {
namespace {

using flatbuffers::uoffset_t;
using Memory = std::pmr::memory_resource;

// Where a value stands, for messages: "Order.place", "qty", 2 → "Order.place: qty[2]".
struct Where {
  std::string_view what;
  std::string path;
};

std::string shown(const Field& field, const Value& value) {
  if (field.secret) return std::string(kSecretShown);
  std::string text = to_json(value);
  if (text.size() > 80) text = text.substr(0, internal::valid_utf8_prefix(std::string_view(text).substr(0, 77))) + "…";
  return text;
}

std::string article(std::string_view type) {
  return "must be " + std::string(type);
}

Status wrong_type(const Where& where, const Field& field, const Value& value) {
  return Status(ErrorId::kArgumentType, std::string(where.what) + ": " + where.path + " " + article(field.type_name))
      .why("given " + shown(field, value));
}

Status out_of_range(const Where& where, const Field& field, const std::string& given, const std::string& range) {
  return Status(ErrorId::kArgumentRange, std::string(where.what) + ": " + where.path + " is out of range for " + field.type_name)
      .why("given " + (field.secret ? std::string(kSecretShown) : given) + ", the range is " + range);
}

template <typename T>
std::string range_text() {
  if constexpr (std::is_same_v<T, std::uint64_t>) return "0 to 9223372036854775807";
  return std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max());
}

// An integer is never rounded without a word.
Status inexact(const Where& where, const Field& field, std::int64_t value) {
  return Status(ErrorId::kArgumentRange,
                std::string(where.what) + ": " + where.path + " cannot hold this integer exactly as " + field.type_name)
      .why("given " + (field.secret ? std::string(kSecretShown) : std::to_string(value)))
      .remedy("write it with a decimal point where rounding is meant");
}

// Refuses what the stored type cannot hold.
Result<Cell> integer_cell(const Where& where, const Field& field, BaseType type, std::int64_t value) {
  return internal::visit_scalar(type, [&](auto zero) -> Result<Cell> {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      const auto stored = static_cast<double>(static_cast<T>(value));
      const bool is_exact = stored < 0x1p63 && static_cast<std::int64_t>(stored) == value;
      return is_exact ? Result<Cell>(Cell::of(stored)) : inexact(where, field, value);
    } else {
      const bool fits = std::is_same_v<T, std::uint64_t> ? value >= 0 : std::in_range<T>(value);
      if (!fits) return out_of_range(where, field, std::to_string(value), range_text<T>());
      return Cell::of(value);
    }
  });
}

Result<Cell> enum_cell(const Where& where, const Field& field, const std::string& name) {
  if (const EnumValue* found = field.enumeration->find(name)) return Cell::of(found->value);
  std::vector<std::string_view> names;
  std::string list;
  for (const EnumValue& value : field.enumeration->values) {
    names.push_back(value.name);
    list += (list.empty() ? "" : ", ") + value.name;
  }
  const std::string nearest = field.secret ? std::string() : nearest_name(name, names);
  return Status(ErrorId::kArgumentType,
                std::string(where.what) + ": " + where.path + " is not a name of " + field.enumeration->name)
      .why("given \"" + (field.secret ? std::string(kSecretShown) : name) + "\"" +
           (nearest.empty() ? "" : " — did you mean \"" + nearest + "\"?"))
      .remedy("one of: " + list);
}

// Digits of an integer written as text: how JSON carries those beyond 2^53.
std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

constexpr std::int64_t kExactJsonInteger = std::int64_t{1} << 53;

Result<Cell> scalar_from(const Where& where, const Field& field, BaseType type, const Value& value) {
  if (const bool* boolean = value.if_bool()) {
    if (type == BaseType::kBool) return Cell::of(*boolean);
    return wrong_type(where, field, value);
  }
  if (type == BaseType::kBool) return wrong_type(where, field, value);
  if (const std::string* text = value.if_text()) {
    if (field.enumeration != nullptr) return enum_cell(where, field, *text);
    const std::optional<std::int64_t> number = is_integer(type) ? integer_of(*text) : std::nullopt;
    const bool beyond = number && (*number > kExactJsonInteger || *number < -kExactJsonInteger);
    if (beyond) return integer_cell(where, field, type, *number);
    return wrong_type(where, field, value);
  }
  if (const std::int64_t* integer = value.if_int()) {
    if (field.enumeration != nullptr && field.enumeration->find(*integer) == nullptr) return wrong_type(where, field, value);
    return integer_cell(where, field, type, *integer);
  }
  const double* number = value.if_double();
  if (number != nullptr && is_integer(type)) {
    return Status(wrong_type(where, field, value)).remedy("write an integer without a point and an exponent");
  }
  if (number == nullptr) return wrong_type(where, field, value);
  if (!std::isfinite(*number) || (type == BaseType::kFloat32 && !std::isfinite(static_cast<float>(*number)))) {
    return out_of_range(where, field, shown(field, value), "the finite numbers");
  }
  return Cell::of(type == BaseType::kFloat32 ? static_cast<double>(static_cast<float>(*number)) : *number);
}

Status check_text(const Where& where, std::string_view text) {
  if (is_utf8(text)) return {};
  return Status(ErrorId::kTextInvalid, std::string(where.what) + ": " + where.path + " is not valid UTF-8");
}

// Builds nested values into a builder.
class NestedWriter {
 public:
  NestedWriter(flatbuffers::FlatBufferBuilder& builder, std::string_view what) : builder_(builder), what_(what) {}

  Result<uoffset_t> value(const Field& field, const std::string& path, const Value& value) {
    Result<uoffset_t> written = field.type == BaseType::kTable ? table(field, path, value) : vector(field, path, value);
    if (written.ok() || !field.secret) return written;
    return Status(written.status()).why("given " + std::string(kSecretShown));  // what is in it is as secret
  }

 private:
  Result<uoffset_t> table(const Field& field, const std::string& path, const Value& value) {
    const Object* object = value.if_object();
    if (object == nullptr) return wrong_type({what_, path}, field, value);
    Row row;
    std::vector<uoffset_t> offsets;
    FORGE_TRY(members(*field.nested, path, *object, row, offsets));
    const uoffset_t start = builder_.StartTable();
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Field& member = field.nested->fields[i];
      if (offsets[i] != 0) builder_.AddOffset(member.vtable_offset, flatbuffers::Offset<void>(offsets[i]));
      if (offsets[i] != 0 || row[i].is_null()) continue;
      internal::visit_scalar(member.type, [&](auto zero) {
        builder_.AddElement(member.vtable_offset, internal::stored_scalar<decltype(zero)>(row[i]));
      });
    }
    return builder_.EndTable(start);
  }

  Status members(const TableType& type, const std::string& path, const Object& object, Row& row, std::vector<uoffset_t>& offsets) {
    row.assign(type.fields.size(), Cell());
    offsets.assign(type.fields.size(), 0);
    for (const auto& [name, member] : object.members()) {
      const Field* field = type.find(name);
      const Where where{what_, path + "." + name};
      if (field == nullptr) return Status(ErrorId::kUnknownField, std::string(what_) + ": unknown field " + where.path);
      if (!row[field->id].is_absent()) {
        return Status(ErrorId::kArgumentType, std::string(what_) + ": " + where.path + " is given twice");
      }
      row[field->id] = Cell::null();
      if (member.is_null()) continue;
      if (internal::is_offset(field->type)) {
        FORGE_ASSIGN(offsets[field->id], offset(*field, where.path, member));
      } else {
        FORGE_ASSIGN(row[field->id], scalar_from(where, *field, field->type, member));
      }
    }
    for (const Field& field : type.fields) {
      if (field.required && offsets[field.id] == 0) {
        return Status(ErrorId::kArgumentMissing, std::string(what_) + ": " + path + "." + field.name + " is required");
      }
    }
    return {};
  }

  Result<uoffset_t> offset(const Field& field, const std::string& path, const Value& value) {
    if (field.type == BaseType::kText) return text(field, path, value);
    return this->value(field, path, value);
  }

  Result<uoffset_t> text(const Field& field, const std::string& path, const Value& value) {
    const std::string* string = value.if_text();
    if (string == nullptr) return wrong_type({what_, path}, field, value);
    FORGE_TRY(check_text({what_, path}, *string));
    return builder_.CreateString(*string).o;
  }

  Result<uoffset_t> vector(const Field& field, const std::string& path, const Value& value) {
    if (field.element == BaseType::kUint8 && (value.if_bytes() != nullptr || value.if_text() != nullptr)) {
      return bytes(field, path, value);
    }
    const List* list = value.if_list();
    if (list == nullptr) return wrong_type({what_, path}, field, value);
    if (internal::is_offset(field.element)) return offsets_vector(field, path, *list);
    return scalars(field, path, *list);
  }

  Result<uoffset_t> bytes(const Field& field, const std::string& path, const Value& value) {
    if (const Bytes* raw = value.if_bytes()) return builder_.CreateVector(*raw).o;
    auto decoded = from_base64(*value.if_text());
    if (!decoded.ok()) return wrong_type({what_, path}, field, value);
    return builder_.CreateVector(*decoded).o;
  }

  Result<uoffset_t> scalars(const Field& field, const std::string& path, const List& list) {
    Row cells;
    for (const Value& element : list) {
      FORGE_ASSIGN(const Cell cell,
                   scalar_from({what_, path + "[" + std::to_string(cells.size()) + "]"}, field, field.element, element));
      cells.push_back(cell);
    }
    return internal::visit_scalar(field.element, [&](auto zero) {
      std::vector<decltype(zero)> stored;
      for (const Cell& cell : cells) stored.push_back(internal::stored_scalar<decltype(zero)>(cell));
      return builder_.CreateVector(stored).o;
    });
  }

  Result<uoffset_t> offsets_vector(const Field& field, const std::string& path, const List& list) {
    Field element = field;
    element.type = field.element;
    std::vector<flatbuffers::Offset<void>> offsets;
    for (const Value& value : list) {
      FORGE_ASSIGN(const uoffset_t at, offset(element, path + "[" + std::to_string(offsets.size()) + "]", value));
      offsets.push_back(at);
    }
    return builder_.CreateVector(offsets).o;
  }

  flatbuffers::FlatBufferBuilder& builder_;
  std::string_view what_;
};

Result<Cell> nested_from(const Where& where, const Field& field, const Value& value, Memory& memory) {
  flatbuffers::FlatBufferBuilder builder;
  FORGE_ASSIGN(const uoffset_t offset, NestedWriter(builder, where.what).value(field, where.path, value));
  const uoffset_t start = builder.StartTable();
  builder.AddOffset(field.vtable_offset, flatbuffers::Offset<void>(offset));
  builder.Finish(flatbuffers::Offset<flatbuffers::Table>(builder.EndTable(start)));
  auto* kept = static_cast<std::uint8_t*>(memory.allocate(builder.GetSize(), 8));
  std::memcpy(kept, builder.GetBufferPointer(), builder.GetSize());
  return Cell::of_nested(flatbuffers::GetRoot<flatbuffers::Table>(kept)->GetPointer<const std::uint8_t*>(field.vtable_offset));
}

Result<Cell> cell_from(const Where& where, const Field& field, const Value& value, Memory& memory) {
  if (value.is_null()) return Cell::null();
  if (field.type == BaseType::kText) {
    const std::string* text = value.if_text();
    if (text == nullptr) return wrong_type(where, field, value);
    FORGE_TRY(check_text(where, *text));
    return Cell::of(std::string_view(*text));
  }
  if (internal::is_offset(field.type)) return nested_from(where, field, value, memory);
  return scalar_from(where, field, field.type, value);
}

Value scalar_value(const Field& field, const Cell& cell) {
  switch (cell.kind) {
    case Kind::kBool:
      return cell.boolean;
    case Kind::kFloat:
      return cell.number;
    case Kind::kText:
      return cell.as_text();
    case Kind::kInt:
      break;
    default:
      return {};
  }
  if (field.enumeration != nullptr) {
    if (const EnumValue* named = field.enumeration->find(cell.integer)) return named->name;
  }
  return cell.integer;
}

enum class Secrets : bool { kHidden, kRevealed };

Value nested_value(const Field& field, BaseType type, const std::uint8_t* data, Secrets secrets);

Value table_value(const TableType& type, const std::uint8_t* data, Secrets secrets) {
  const auto* table = reinterpret_cast<const flatbuffers::Table*>(data);
  Object object;
  for (const Field& field : type.fields) {
    const std::uint8_t* slot = table->GetAddressOf(field.vtable_offset);
    if (slot == nullptr) {
      if (!field.nullable) object.add(field.name, scalar_value(field, field.default_value));
      continue;
    }
    if (field.secret && secrets == Secrets::kHidden) {
      object.add(field.name, kSecretShown);
    } else if (internal::is_offset(field.type)) {
      object.add(field.name, nested_value(field, field.type, slot + flatbuffers::ReadScalar<uoffset_t>(slot), secrets));
    } else {
      object.add(field.name, scalar_value(field, internal::visit_scalar(field.type, [&](auto zero) {
                                            return internal::scalar_cell(field.type, flatbuffers::ReadScalar<decltype(zero)>(slot));
                                          })));
    }
  }
  return object;
}

Value vector_value(const Field& field, const std::uint8_t* data, Secrets secrets) {
  const auto count = flatbuffers::ReadScalar<uoffset_t>(data);
  const std::uint8_t* first = data + sizeof(uoffset_t);
  if (field.element == BaseType::kUint8) return Bytes(first, first + count);
  List list;
  list.reserve(count);
  const std::size_t width = internal::width_of(field.element);
  for (uoffset_t i = 0; i < count; ++i) {
    const std::uint8_t* slot = first + i * width;
    if (internal::is_offset(field.element)) {
      list.push_back(nested_value(field, field.element, slot + flatbuffers::ReadScalar<uoffset_t>(slot), secrets));
    } else {
      list.push_back(scalar_value(field, internal::visit_scalar(field.element, [&](auto zero) {
                                    return internal::scalar_cell(field.element, flatbuffers::ReadScalar<decltype(zero)>(slot));
                                  })));
    }
  }
  return list;
}

Value nested_value(const Field& field, BaseType type, const std::uint8_t* data, Secrets secrets) {
  if (type == BaseType::kTable) return table_value(*field.nested, data, secrets);
  if (type == BaseType::kVector) return vector_value(field, data, secrets);
  const auto* text = reinterpret_cast<const flatbuffers::String*>(data);
  return std::string_view(text->c_str(), text->size());
}

Status unknown_field(const TableType& table, std::string_view what, const std::string& name) {
  std::vector<std::string_view> names;
  for (const Field& field : table.fields) names.push_back(field.name);
  const std::string nearest = nearest_name(name, names);
  return Status(ErrorId::kUnknownField, std::string(what) + " has no argument '" + name + "'")
      .why(nearest.empty() ? "" : "did you mean '" + nearest + "'?");
}

std::string text_of(const Value& value) {
  if (const std::string* text = value.if_text()) return *text;
  if (const std::int64_t* integer = value.if_int()) return std::to_string(*integer);
  return to_json(value);
}

}  // namespace

Result<Cell> cell_from_value(const Field& field, const Value& value, std::string_view what, Memory& memory) {
  return cell_from({what, field.name}, field, value, memory);
}

Status row_from_object(const TableType& table, const Object& values, std::string_view what, Memory& memory, Row& row,
                       std::span<const std::string_view> skip) {
  row.assign(table.fields.size(), Cell());
  for (const auto& [name, value] : values.members()) {
    if (std::find(skip.begin(), skip.end(), name) != skip.end()) continue;
    const Field* field = table.find(name);
    if (field == nullptr) return unknown_field(table, what, name);
    if (!row[field->id].is_absent()) {
      return Status(ErrorId::kArgumentType, std::string(what) + ": " + name + " is given twice");
    }
    FORGE_ASSIGN(row[field->id], cell_from({what, name}, *field, value, memory));
  }
  return {};
}

Result<Value> value_from_text(const Field& field, std::string_view text) {
  if (field.type == BaseType::kText) return Value(text);
  if (text == "null") return Value();
  if (field.type == BaseType::kVector || field.type == BaseType::kTable) return parse_json(text, field.name);
  if (field.type == BaseType::kBool && (text == "true" || text == "false")) return Value(text == "true");
  if (field.enumeration != nullptr && field.enumeration->find(text) != nullptr) return Value(text);
  if (const std::optional<std::int64_t> number = integer_of(text)) return Value(*number);
  if (field.type == BaseType::kFloat32 || field.type == BaseType::kFloat64) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return Value(number);
  }
  return Value(text);  // of the wrong type: row_from_object says so, with the argument's name
}

Value cell_to_value(const Field& field, const Cell& cell) {
  if (field.secret && !cell.is_null()) return kSecretShown;
  if (cell.kind == Kind::kNested) return nested_value(field, field.type, cell.nested, Secrets::kHidden);
  return scalar_value(field, cell);
}

Value reveal_cell(const Field& field, const Cell& cell) {
  if (cell.kind == Kind::kNested) return nested_value(field, field.type, cell.nested, Secrets::kRevealed);
  return scalar_value(field, cell);
}

Object row_to_object(const TableType& table, std::span<const Cell> row) {
  Object object;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i].is_absent()) object.add(table.fields[i].name, cell_to_value(table.fields[i], row[i]));
  }
  return object;
}

std::string cell_to_text(const Field& field, const Cell& cell) {
  return cell.is_null() ? std::string() : text_of(cell_to_value(field, cell));
}

std::string declared_text(const Field& field, const Cell& cell) {
  return cell.is_null() ? std::string() : text_of(reveal_cell(field, cell));
}

}  // namespace forge
