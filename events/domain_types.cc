#include "domain_types.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "flatbuffers/reflection_generated.h"

namespace forge::internal {
namespace {

BaseType base_type_of(const reflection::Type& type, const reflection::Schema& schema) {
  switch (type.base_type()) {
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
      break;
  }
  FORGE_ASSERT(type.base_type() == reflection::Obj);
  return schema.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()))->is_struct() ? BaseType::kStruct
                                                                                               : BaseType::kTable;
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

}  // namespace

void TypeReader::refuse(const FieldOutline& outline, std::string what, std::string remedy) const {
  findings_.add(outline.default_place, Status(ErrorId::kSchemaDomain, std::move(what)).remedy(std::move(remedy)));
}

void TypeReader::disagree(SchemaPlace place, std::string_view name) const {
  findings_.add(place, Status(ErrorId::kInternal, "FlatBuffers does not know " + quoted(name) + " as it is written here"));
}

EnumType TypeReader::read_enum(const EnumOutline& outline, const reflection::Enum& known) const {
  EnumType type{outline.name, {}};
  for (const EnumOutline::Member& member : outline.members) {
    const auto value = std::find_if(known.values()->begin(), known.values()->end(),
                                    [&](const auto* candidate) { return candidate->name()->string_view() == member.name; });
    if (value == known.values()->end()) {
      disagree(member.place, member.name);
    } else if (value->value() < 0 && known.underlying_type()->base_type() == reflection::ULong) {
      findings_.add(member.place, Status(ErrorId::kSchemaUnsupported, "the value " + quoted(member.name) + " is 2^63 or more"));
    } else {
      type.values.push_back({member.name, value->value()});
    }
  }
  return type;
}

EnumTypes TypeReader::read_enums() const {
  std::unordered_map<std::string_view, flatbuffers::uoffset_t> indexes;
  for (flatbuffers::uoffset_t i = 0; i < schema_.enums()->size(); ++i) indexes[schema_.enums()->Get(i)->name()->string_view()] = i;
  EnumTypes types(schema_.enums()->size());
  for (const FileOutline& file : outlines_) {
    for (const EnumOutline& outline : file.enums) {
      if (find_attribute(outline.attributes, "bit_flags") != nullptr) continue;
      const auto index = indexes.find(outline.qualified_name());
      if (index == indexes.end()) {
        disagree(outline.place, outline.name);
      } else {
        types[index->second] = std::make_unique<EnumType>(read_enum(outline, *schema_.enums()->Get(index->second)));
      }
    }
  }
  return types;
}

TableType TypeReader::read_table(const TableOutline& outline, const EnumTypes& enums) const {
  TableType table;
  table.name = outline.name;
  table.schema = &schema_;
  table.reflection = schema_.objects()->LookupByKey(outline.qualified_name().c_str());
  if (table.reflection == nullptr || table.reflection->fields()->size() != outline.fields.size()) {
    disagree(outline.place, outline.name);
    return table;
  }
  table.fields.resize(outline.fields.size());
  for (const FieldOutline& declared : outline.fields) {
    const auto* known = table.reflection->fields()->LookupByKey(declared.name.c_str());
    if (known == nullptr || known->id() >= table.fields.size()) {
      disagree(declared.place, declared.name);
    } else {
      read_field(declared, *known, enums, table.fields[known->id()]);
    }
  }
  return table;
}

void TypeReader::read_field(const FieldOutline& declared, const reflection::Field& known, const EnumTypes& enums,
                            Field& field) const {
  field.name = declared.name;
  field.id = known.id();
  field.vtable_offset = known.offset();
  field.type = base_type_of(*known.type(), schema_);
  if (is_integer(field.type) && known.type()->index() >= 0) {
    field.enumeration = enums[static_cast<std::size_t>(known.type()->index())].get();
  }
  field.required = known.required();
  field.deprecated = known.deprecated();
  field.documentation = documentation_of(known.documentation());
  field.type_name = declared.type_name;
  field.place = findings_.text_of(declared.place);
  field.reflection = &known;
  read_default(declared, field);
}

void TypeReader::read_default(const FieldOutline& outline, Field& field) const {
  const AttributeOutline* text = outline.find("default");
  if (text != nullptr && field.type != BaseType::kText) {
    findings_.add(
        text->place,
        Status(ErrorId::kSchemaAttribute, "the attribute 'default' does not belong on " + quoted(outline.name))
            .why("its type is " + field.type_name + ", not string")
            .remedy(is_scalar(field.type) ? "write " + outline.name + ": " + field.type_name + " = VALUE;" : "leave it out"));
  }
  if (is_scalar(field.type)) return read_scalar_default(outline, field);
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

void TypeReader::read_scalar_default(const FieldOutline& outline, Field& field) const {
  field.nullable = field.reflection->optional();
  field.has_default = outline.default_kind == FieldOutline::Default::kValue;
  if (field.nullable) {
    field.default_value = Cell::null();
  } else if (field.type == BaseType::kBool) {
    field.default_value = Cell::of(field.reflection->default_integer() != 0);
  } else if (is_float(field.type)) {
    const double value = field.reflection->default_real();
    field.default_value = Cell::of(field.type == BaseType::kFloat32 ? static_cast<double>(static_cast<float>(value)) : value);
    if (!std::isfinite(field.default_value.number)) refuse(outline, "a default is a finite number", "write another one");
  } else {
    field.default_value = Cell::of(field.reflection->default_integer());
    if (field.has_default && field.type == BaseType::kUint64 && exceeds_int64(without_quotes_and_plus(outline.default_text))) {
      refuse(outline, "the default of " + quoted(outline.name) + " is 2^63 or more", "write a smaller one");
    }
  }
}

bool fits(const Field& argument, const Field& field) {
  if (argument.enumeration != field.enumeration) return false;
  if (is_integer(argument.type) && is_integer(field.type)) return true;
  if (is_float(argument.type) && is_float(field.type)) return true;
  if (argument.type != field.type) return false;
  const reflection::Type& a = *argument.reflection->type();
  const reflection::Type& b = *field.reflection->type();
  return a.element() == b.element() && a.index() == b.index();
}

}  // namespace forge::internal
