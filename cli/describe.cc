#include "describe.h"

#include "forge/events/codec.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

const Field& key_of(const Resource& resource) {
  return resource.record.fields[resource.key_field];
}

// "qty: int = 1", "sku: string, required".
std::string signature(const Field& field) {
  std::string out = field.name + ": " + field.type_name;
  if (field.has_default) out += " = " + cell_to_text(field, field.default_value);
  if (field.required) out += ", required";
  if (field.deprecated) out += ", deprecated";
  return out;
}

std::string headed(const std::string& heading, const std::string& place, const std::string& documentation) {
  std::string out = heading + (place.empty() ? "" : "   " + place) + "\n";
  if (!documentation.empty()) out += "  " + documentation + "\n";
  return out;
}

std::string rules_text(const char* heading, const std::vector<Rule>& rules) {
  std::string out;
  for (const Rule& rule : rules)
    out += std::string("  ") + heading + "  " + rule.name + "  " + rule.expression.text() + "   " + rule.place + "\n";
  return out;
}

List rule_list(const std::vector<Rule>& rules) {
  List out;
  for (const Rule& rule : rules)
    out.emplace_back(Object{{"name", rule.name}, {"rule", rule.expression.text()}, {"place", rule.place}});
  return out;
}

std::string enum_names(const EnumType& type) {
  std::vector<std::string> names;
  for (const EnumValue& value : type.values) names.push_back(value.name);
  return joined(names, ", ");
}

std::string key_note(const Action& action) {
  switch (action.kind) {
    case ActionKind::kCreates:
      return key_of(*action.resource).type == BaseType::kText ? " (key, made when absent)" : " (key, required)";
    case ActionKind::kUpdates:
    case ActionKind::kUpserts:
    case ActionKind::kDestroys:
      break;
  }
  return " (key, required)";
}

std::string assignment_text(const Resource& resource, const Assignment& assignment) {
  return resource.record.fields[assignment.field].name + " = " + assignment.expression.text();
}

List field_list(const std::vector<Field>& fields) {
  List out;
  for (const Field& field : fields) out.emplace_back(field_object(field));
  return out;
}

}  // namespace

std::string resource_text(const Resource& resource) {
  std::string out = headed(resource.name + " (resource)", resource.place, resource.documentation);
  for (const Field& field : resource.record.fields) {
    out += "  " + signature(field) + (&field == &key_of(resource) ? " (key)" : "") + "\n";
  }
  out += rules_text("check", resource.checks);
  for (const UniqueConstraint& unique : resource.unique) {
    std::vector<std::string> names;
    for (const std::uint16_t field : unique.fields) names.push_back(resource.record.fields[field].name);
    out += "  unique  " + joined(names, ", ") + "\n";
  }
  for (const Action* action : resource.actions) {
    out += "  action  " + action->name + " (" + std::string(name_of(action->kind)) + ")\n";
  }
  return out;
}

std::string action_text(const Action& action) {
  const Resource& resource = *action.resource;
  std::string out = headed(action.name + " (" + std::string(name_of(action.kind)) + " " + resource.name + ")", action.place,
                           action.documentation);
  out += "  " + key_of(resource).name + ": " + key_of(resource).type_name + key_note(action) + "\n";
  for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
    if (static_cast<int>(i) != action.key_argument) out += "  " + signature(action.arguments.fields[i]) + "\n";
  }
  out += rules_text("require", action.requires_);
  for (const Assignment& assignment : action.assignments) out += "  set  " + assignment_text(resource, assignment) + "\n";
  out += rules_text("check", resource.checks);
  return out + "  emits  " + action.event_type + "\n  try: " + try_line(action) + "\n";
}

std::string field_text(const Resource& resource, const Field& field) {
  std::string out = headed(resource.name + "." + signature(field), field.place, field.documentation);
  if (&field == &key_of(resource)) out += "  the key\n";
  out += field.nullable ? "  may be null\n" : "  never null\n";
  if (field.enumeration != nullptr) out += "  one of: " + enum_names(*field.enumeration) + "\n";
  for (const Rule& rule : resource.checks) {
    for (const std::uint16_t used : rule.expression.fields()) {
      if (used == field.id) out += "  check  " + rule.name + "  " + rule.expression.text() + "   " + rule.place + "\n";
    }
  }
  for (const Action* action : resource.actions) {
    for (std::size_t i = 0; i < action->field_of_argument.size(); ++i) {
      if (action->field_of_argument[i] == field.id) out += "  set by  " + action->name + "\n";
    }
    for (const Assignment& assignment : action->assignments) {
      if (assignment.field == field.id) out += "  set by  " + action->name + ": " + assignment_text(resource, assignment) + "\n";
    }
  }
  return out;
}

std::string try_line(const Action& action) {
  const Field& key = key_of(*action.resource);
  std::string out = "forgectl do " + action.name + " " + key.name + "=" + (is_integer(key.type) ? "1" : "KEY");
  for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
    const Field& field = action.arguments.fields[i];
    if (static_cast<int>(i) == action.key_argument || !field.required) continue;
    const bool is_enum = field.enumeration != nullptr && !field.enumeration->values.empty();
    out += " " + field.name + "=" + (is_enum ? field.enumeration->values.front().name : "…");
  }
  return out;
}

Object field_object(const Field& field) {
  Object out{{"name", field.name}, {"type", field.type_name}, {"required", field.required}, {"nullable", field.nullable}};
  if (field.has_default) out.add("default", cell_to_value(field, field.default_value));
  if (field.enumeration != nullptr) {
    List names;
    for (const EnumValue& value : field.enumeration->values) names.emplace_back(value.name);
    out.add("values", std::move(names));
  }
  if (field.deprecated) out.add("deprecated", true);
  if (!field.documentation.empty()) out.add("documentation", field.documentation);
  out.add("place", field.place);
  return out;
}

Object action_object(const Action& action) {
  List assignments;
  for (const Assignment& row : action.assignments) assignments.emplace_back(assignment_text(*action.resource, row));
  return Object{{"action", action.name},
                {"kind", std::string(name_of(action.kind))},
                {"resource", action.resource->name},
                {"key", key_of(*action.resource).name},
                {"event", action.event_type},
                {"arguments", field_list(action.arguments.fields)},
                {"require", rule_list(action.requires_)},
                {"set", std::move(assignments)},
                {"check", rule_list(action.resource->checks)},
                {"documentation", action.documentation},
                {"place", action.place}};
}

Object resource_object(const Resource& resource) {
  List unique, actions;
  for (const UniqueConstraint& constraint : resource.unique) {
    List names;
    for (const std::uint16_t field : constraint.fields) names.emplace_back(resource.record.fields[field].name);
    unique.emplace_back(Object{{"name", constraint.name}, {"fields", std::move(names)}});
  }
  for (const Action* action : resource.actions) actions.emplace_back(action->name);
  return Object{{"resource", resource.name},
                {"key", key_of(resource).name},
                {"fields", field_list(resource.record.fields)},
                {"check", rule_list(resource.checks)},
                {"unique", std::move(unique)},
                {"actions", std::move(actions)},
                {"documentation", resource.documentation},
                {"place", resource.place}};
}

}  // namespace forge::cli
