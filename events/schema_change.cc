// What of the stored data a change of schema speaks of. A path names a resource's field, a whole resource, or a type that fields
// have: a table nested in records at any depth, or an enum.

#include <algorithm>
#include <set>

#include "forge/events/domain.h"

namespace forge {
namespace {

bool has_type(const Field& field, std::string_view name, std::set<const TableType*>& seen) {
  if (field.enumeration != nullptr) return field.enumeration->name == name;
  if (field.nested == nullptr || !seen.insert(field.nested).second) return false;
  return field.nested->name == name || std::any_of(field.nested->fields.begin(), field.nested->fields.end(),
                                                   [&](const Field& inner) { return has_type(inner, name, seen); });
}

// Kinds that speak of records as a whole: what is new, or held against all of them.
bool is_of_records(const SchemaChange& change) {
  return change.kind == "add" || change.kind == "key" || change.kind == "unique" || change.kind == "references";
}

}  // namespace

std::string_view compatibility_of(const SchemaChange& change) {
  if (change.safe) return "compatible";
  return change.needs_default ? "needs_default" : "breaking";
}

std::vector<ChangedData> data_of(const Domain& before, const SchemaChange& change) {
  const std::size_t dot = std::min(change.path.find('.'), change.path.size());
  const std::string_view type = std::string_view(change.path).substr(0, dot);
  const std::string_view member = std::string_view(change.path).substr(std::min(dot + 1, change.path.size()));
  if (const Resource* resource = before.find_resource(type)) {
    if (before.find_action(change.path) != nullptr) return {};
    return {{.resource = resource, .field = is_of_records(change) ? nullptr : resource->record.find(member)}};
  }
  std::vector<ChangedData> out;
  for (const Resource& resource : before.resources()) {
    for (const Field& field : resource.record.fields) {
      std::set<const TableType*> seen;
      if (!has_type(field, type, seen)) continue;
      const bool is_value = field.enumeration != nullptr && field.type != BaseType::kVector;
      out.push_back({.resource = &resource, .field = &field, .value = is_value ? field.enumeration->find(member) : nullptr});
    }
  }
  return out;
}

}  // namespace forge
