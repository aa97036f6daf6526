#include "schema_names.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace forge::internal {
namespace {

using Places = std::map<std::string, SchemaPlace, std::less<>>;

struct TypeName {
  std::string name;
  SchemaPlace place;
};

// The tables and enums of a file, in declared order.
std::vector<TypeName> types_of(const FileOutline& file) {
  std::vector<TypeName> types;
  for (const EnumOutline& type : file.enums) types.push_back({type.qualified_name(), type.place});
  for (const TableOutline& table : file.tables) types.push_back({table.qualified_name(), table.place});
  std::sort(types.begin(), types.end(), [](const TypeName& a, const TypeName& b) {
    return std::tie(a.place.position.line, a.place.position.column) < std::tie(b.place.position.line, b.place.position.column);
  });
  return types;
}

void take_name(const std::string& name, SchemaPlace place, std::string_view what, Places& taken, SchemaFindings& findings) {
  const auto [earlier, fresh] = taken.emplace(name, place);
  if (fresh) return;
  findings.add(place, Status(ErrorId::kSchemaName, "the name " + quoted(name) + " is taken")
                          .why("another " + std::string(what) + " has it at " + findings.text_of(earlier->second)));
}

// Without capitals no two fields differ by case alone: SQL takes them for one.
bool is_lower_snake_case(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void check_field_name(const FieldOutline& field, SchemaFindings& findings) {
  if (field.name.front() == '_') {
    findings.add(field.place, Status(ErrorId::kSchemaName, "the field " + quoted(field.name) + " begins with '_'")
                                  .why("such columns are Forge's own: _version, _seq, _at"));
  } else if (!is_lower_snake_case(field.name)) {
    findings.add(field.place, Status(ErrorId::kSchemaName, "the field " + quoted(field.name) + " is not in lower_snake_case"));
  }
}

}  // namespace

void check_names(const std::vector<FileOutline>& outlines, SchemaFindings& findings) {
  Places types;
  for (const FileOutline& file : outlines) {
    for (const TypeName& type : types_of(file)) take_name(type.name, type.place, "type", types, findings);
    for (const EnumOutline& type : file.enums) {
      Places values;
      for (const EnumOutline::Member& member : type.members) take_name(member.name, member.place, "value", values, findings);
    }
    for (const TableOutline& table : file.tables) {
      Places fields;
      for (const FieldOutline& field : table.fields) {
        check_field_name(field, findings);
        take_name(field.name, field.place, "field", fields, findings);
      }
    }
  }
}

}  // namespace forge::internal
