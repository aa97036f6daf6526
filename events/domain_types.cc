#include "domain_types.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "flatbuffers/reflection_generated.h"

namespace forge::internal {
namespace {

// Structs and unions do not get here: outlines with them are not read on.
BaseType base_type_of(reflection::BaseType type) {
  switch (type) {
    case reflection::Bool:
      return BaseType::kBool;
    case reflection::Byte:
      return BaseType::kInt8;
    case reflection::UByte:
      return BaseType::kUint8;
    case reflection::Short:
      return BaseType::kInt16;
    case reflection::UShort:
      return BaseType::kUint16;
    case reflection::Int:
      return BaseType::kInt32;
    case reflection::UInt:
      return BaseType::kUint32;
    case reflection::Long:
      return BaseType::kInt64;
    case reflection::ULong:
      return BaseType::kUint64;
    case reflection::Float:
      return BaseType::kFloat32;
    case reflection::Double:
      return BaseType::kFloat64;
    case reflection::String:
      return BaseType::kText;
    case reflection::Vector:
      return BaseType::kVector;
    default:
      return BaseType::kTable;
  }
}

bool is_float(BaseType type) {
  return type == BaseType::kFloat32 || type == BaseType::kFloat64;
}
bool is_scalar(BaseType type) {
  return type < BaseType::kText;
}

// Whether a default written as a number is 2^63 or more; reflection holds it cut.
bool exceeds_int64(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return error == std::errc::result_out_of_range || value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

std::string_view without_quotes_and_plus(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'')) text = text.substr(1, text.size() - 2);
  if (text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// The /// lines as text.
std::string documentation_of(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* lines) {
  std::string out;
  if (lines == nullptr) return out;
  for (const auto* line : *lines) {
    std::string_view text = line->string_view();
    if (text.starts_with(' ')) text.remove_prefix(1);
    if (!out.empty()) out += '\n';
    out += text;
  }
  return out;
}

class TypeReader {
 public:
  TypeReader(const ReflectedSchema& reflected, const std::vector<FileOutline>& outlines, SchemaFindings& findings,
             DeclaredTables& declared)
      : schema_(*reflected.schema), outlines_(outlines), findings_(findings), declared_(declared) {}

  DomainTypes read() {
    types_.enums.resize(schema_.enums()->size());
    types_.tables.resize(schema_.objects()->size());
    // Fields may nest tables that are read after them: all tables are there before the first field is.
    for (auto& table : types_.tables) table = std::make_unique<TableType>();
    const auto enums = indexes_of(*schema_.enums());
    const auto tables = indexes_of(*schema_.objects());
    for (const FileOutline& file : outlines_) {
      for (const EnumOutline& outline : file.enums) read_enum(outline, enums);
    }
    for (const FileOutline& file : outlines_) {
      for (const TableOutline& outline : file.tables) ++tables_of_name_[outline.name];
    }
    for (const FileOutline& file : outlines_) {
      for (const TableOutline& outline : file.tables) read_table(outline, tables);
    }
    return std::move(types_);
  }

 private:
  using Indexes = std::unordered_map<std::string_view, flatbuffers::uoffset_t>;

  template <typename Definitions>
  static Indexes indexes_of(const Definitions& definitions) {
    Indexes indexes;
    for (flatbuffers::uoffset_t i = 0; i < definitions.size(); ++i) indexes[definitions.Get(i)->name()->string_view()] = i;
    return indexes;
  }

  void disagree(SchemaPlace place, std::string_view name) {
    findings_.add(place, Status(ErrorId::kInternal, "FlatBuffers does not know " + quoted(name) + " as it is written here"));
  }

  void refuse(const FieldOutline& outline, std::string what, std::string remedy) {
    findings_.add(outline.default_place, Status(ErrorId::kSchemaDomain, std::move(what)).remedy(std::move(remedy)));
  }

  void read_enum(const EnumOutline& outline, const Indexes& indexes) {
    if (find_attribute(outline.attributes, "bit_flags") != nullptr) return;
    const auto index = indexes.find(outline.qualified_name());
    if (index == indexes.end()) return disagree(outline.place, outline.name);
    types_.enums[index->second] = std::make_unique<EnumType>();
    EnumType& type = *types_.enums[index->second];
    type.name = outline.name;
    const reflection::Enum& known = *schema_.enums()->Get(index->second);
    std::unordered_map<std::string_view, std::int64_t> values;
    for (const auto* value : *known.values()) values[value->name()->string_view()] = value->value();
    for (const EnumOutline::Member& member : outline.members) {
      const auto value = values.find(member.name);
      if (value == values.end()) {
        disagree(member.place, member.name);
      } else if (value->second < 0 && known.underlying_type()->base_type() == reflection::ULong) {
        findings_.add(member.place, Status(ErrorId::kSchemaUnsupported, "the value " + quoted(member.name) + " is 2^63 or more"));
      } else {
        type.values.push_back({member.name, value->second});
      }
    }
  }

  void read_table(const TableOutline& outline, const Indexes& indexes) {
    const auto index = indexes.find(outline.qualified_name());
    if (index == indexes.end()) return disagree(outline.place, outline.name);
    const reflection::Object& known = *schema_.objects()->Get(index->second);
    TableType& table = *types_.tables[index->second];
    table.name = tables_of_name_[outline.name] > 1 ? outline.distinct_name() : outline.name;
    declared_[&outline] = {&table, documentation_of(known.documentation())};
    if (known.fields()->size() != outline.fields.size()) return disagree(outline.place, outline.name);
    table.fields.resize(outline.fields.size());
    for (const FieldOutline& declared : outline.fields) {
      const auto* field = known.fields()->LookupByKey(declared.name.c_str());
      if (field == nullptr || field->id() >= table.fields.size()) {
        disagree(declared.place, declared.name);
      } else {
        read_field(declared, *field, table.fields[field->id()]);
      }
    }
  }

  void read_field(const FieldOutline& declared, const reflection::Field& known, Field& field) {
    field.name = declared.name;
    field.id = known.id();
    field.vtable_offset = known.offset();
    read_type(*known.type(), field);
    field.required = known.required();
    field.deprecated = known.deprecated();
    field.secret = declared.find("secret") != nullptr;
    field.documentation = documentation_of(known.documentation());
    field.type_name = declared.type_name;
    field.place = findings_.text_of(declared.place);
    read_default(declared, known, field);
  }

  void read_type(const reflection::Type& type, Field& field) {
    field.type = base_type_of(type.base_type());
    const bool vector = field.type == BaseType::kVector;
    const BaseType held = vector ? base_type_of(type.element()) : field.type;
    if (vector) field.element = held;
    if (type.index() < 0) return;
    const auto index = static_cast<std::size_t>(type.index());
    if (held == BaseType::kTable) {
      field.nested = types_.tables[index].get();
    } else {
      field.enumeration = types_.enums[index].get();
    }
  }

  void read_default(const FieldOutline& outline, const reflection::Field& known, Field& field) {
    const AttributeOutline* text = outline.find("default");
    if (text != nullptr && field.type != BaseType::kText) {
      findings_.add(
          text->place,
          Status(ErrorId::kSchemaAttribute, "the attribute 'default' does not belong on " + quoted(outline.name))
              .why("its type is " + field.type_name + ", not string")
              .remedy(is_scalar(field.type) ? "write " + outline.name + ": " + field.type_name + " = VALUE;" : "leave it out"));
    }
    if (is_scalar(field.type)) return read_scalar_default(outline, known, field);
    if (outline.default_kind != FieldOutline::Default::kNone) {
      refuse(outline, "the " + field.type_name + " " + quoted(outline.name) + " cannot have a default after '='",
             field.type == BaseType::kText ? "write " + outline.name + ": string (default: " + outline.default_text + ");"
                                           : "leave it out");
    }
    field.nullable = true;
    field.default_value = Cell::null();
    if (text == nullptr || field.type != BaseType::kText) return;
    field.has_default = true;
    field.default_text = text->text.text;
    field.default_value = Cell::of(std::string_view(field.default_text));
  }

  void read_scalar_default(const FieldOutline& outline, const reflection::Field& known, Field& field) {
    field.nullable = known.optional();
    field.has_default = outline.default_kind == FieldOutline::Default::kValue;
    if (field.nullable) {
      field.default_value = Cell::null();
    } else if (field.type == BaseType::kBool) {
      field.default_value = Cell::of(known.default_integer() != 0);
    } else if (is_float(field.type)) {
      const double value = known.default_real();
      field.default_value = Cell::of(field.type == BaseType::kFloat32 ? static_cast<double>(static_cast<float>(value)) : value);
      if (!std::isfinite(field.default_value.number)) refuse(outline, "a default is a finite number", "write another one");
    } else {
      field.default_value = Cell::of(known.default_integer());
      if (field.has_default && field.type == BaseType::kUint64 && exceeds_int64(without_quotes_and_plus(outline.default_text))) {
        refuse(outline, "the default of " + quoted(outline.name) + " is 2^63 or more", "write a smaller one");
      }
    }
  }

  const reflection::Schema& schema_;
  const std::vector<FileOutline>& outlines_;
  SchemaFindings& findings_;
  DeclaredTables& declared_;
  std::unordered_map<std::string_view, int> tables_of_name_;
  DomainTypes types_;
};

}  // namespace

DomainTypes read_types(const ReflectedSchema& reflected, const std::vector<FileOutline>& outlines, SchemaFindings& findings,
                       DeclaredTables& declared) {
  return TypeReader(reflected, outlines, findings, declared).read();
}

TableType copy_table(const TableType& table) {
  TableType copy = table;
  for (Field& field : copy.fields) {
    if (field.default_value.kind == Kind::kText) field.default_value = Cell::of(std::string_view(field.default_text));
  }
  return copy;
}

bool fits(const Field& argument, const Field& field) {
  if (argument.enumeration != field.enumeration) return false;
  if (is_integer(argument.type) && is_integer(field.type)) return true;
  if (is_float(argument.type) && is_float(field.type)) return true;
  if (argument.type != field.type || argument.nested != field.nested) return false;
  return argument.type != BaseType::kVector || argument.element == field.element;
}

}  // namespace forge::internal
