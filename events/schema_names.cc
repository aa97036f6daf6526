#include "schema_names.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace forge::internal {
namespace {

using Places = std::map<std::string, SchemaPlace, std::less<>>;

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
    for (const EnumOutline& type : file.enums) take_name(type.qualified_name(), type.place, "type", types, findings);
    for (const TableOutline& table : file.tables) {
      take_name(table.qualified_name(), table.place, "type", types, findings);
      Places fields;
      for (const FieldOutline& field : table.fields) {
        check_field_name(field, findings);
        take_name(field.name, field.place, "field", fields, findings);
      }
    }
  }
}

}  // namespace forge::internal
