#include "field_name.h"

#include <vector>

namespace forge::internal {

Result<const Field*> get_field(const Resource& resource, std::string_view name) {
  if (const Field* field = resource.record.find(name)) return field;
  std::vector<std::string_view> names;
  for (const Field& field : resource.record.fields) names.push_back(field.name);
  Status unknown(ErrorId::kUnknownField, resource.name + " has no field '" + std::string(name) + "'");
  const std::string nearest = nearest_name(name, names);
  if (!nearest.empty()) unknown = Status(std::move(unknown)).why("did you mean '" + nearest + "'?");
  return Status(std::move(unknown)).remedy("see: forgectl schema show " + resource.name);
}

Result<FieldName> find_field(const Domain& domain, std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) {
    return Status(ErrorId::kUnknownField, "'" + std::string(text) + "' names no field").remedy("write it as RESOURCE.FIELD");
  }
  FORGE_ASSIGN(const Resource* resource, domain.get_resource(text.substr(0, dot)));
  FORGE_ASSIGN(const Field* field, get_field(*resource, text.substr(dot + 1)));
  return FieldName{.resource = resource->number, .field = field->id};
}

}  // namespace forge::internal
