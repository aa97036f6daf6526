#include "describe.h"

#include <algorithm>

#include "forge/events/codec.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

// "qty: int = 1", "sku: string, required".
std::string signature(const Field& field) {
  std::string out = field.name + ": " + field.type_name;
  if (field.has_default) out += " = " + declared_text(field, field.default_value);
  if (field.required) out += ", required";
  if (field.limits != nullptr) out += ", " + limits_text(field);
  if (field.tag) out += ", tag";
  if (field.secret) out += ", secret";
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

bool is_made_when_absent(const Resource& resource) {
  const Field* key = resource.single_key();
  return key != nullptr && key->type == BaseType::kText && key->limits == nullptr;
}

std::string key_note(const Action& action) {
  switch (action.kind) {
    case ActionKind::kCreates:
      return is_made_when_absent(*action.resource) ? " (key, made when absent)" : " (key, required)";
    case ActionKind::kUpdates:
    case ActionKind::kUpserts:
    case ActionKind::kDestroys:
    case ActionKind::kReads:
    case ActionKind::kGeneric:
      break;
  }
  return " (key, required)";
}

// The parts of the key that the action takes, by field index.
std::vector<std::uint16_t> key_parts(const Action& action) {
  return action.changes_record() ? action.resource->key_fields : std::vector<std::uint16_t>();
}

List names_of(const Resource& resource, const std::vector<std::uint16_t>& fields) {
  List names;
  for (const std::uint16_t field : fields) names.emplace_back(resource.record.fields[field].name);
  return names;
}

// "slot  day, room", or "email" where the name says it all.
std::string named(const std::string& name, const std::string& definition) {
  return (name == definition ? "" : name + "  ") + definition;
}

std::string constraints_text(const Resource& resource) {
  std::string out;
  for (const UniqueConstraint& unique : resource.unique) {
    out += "  unique  " + named(unique.name, definition_of(resource, unique.fields, unique.condition)) + "\n";
  }
  for (const Index& index : resource.indexes) {
    if (index.declared) out += "  index  " + named(index.name, definition_of(resource, index.fields)) + "\n";
  }
  for (const Transitions& transitions : resource.transitions) {
    out += "  transitions  " + resource.record.fields[transitions.field].name + "  " + definition_of(resource, transitions) + "\n";
  }
  for (const Reference& reference : resource.references) {
    out += "  references  " + named(reference.name, definition_of(resource, reference.fields)) + " -> " + reference.target->name +
           "\n";
  }
  for (const Referrer& referrer : resource.referrers) {
    out += "  referenced by  " + referrer.resource->name + "." + referrer.resource->references[referrer.reference].name + "\n";
  }
  return out;
}

std::string values_text(const Field& field, const std::vector<std::int64_t>& values) {
  std::vector<std::string> names;
  for (const std::int64_t value : values) names.push_back(declared_text(field, Cell::of(value)));
  return joined(names, ", ");
}

// A line for what it begins with, and one for each value that others follow.
std::string transitions_text(const Field& field, const Transitions& transitions) {
  std::string out = "  begins with  " + values_text(field, transitions.initial) + "\n";
  for (const EnumValue& value : field.enumeration->values) {
    const std::vector<std::int64_t> after = transitions.allowed_after(value.value);
    if (!after.empty()) out += "  goes  " + value.name + " -> " + values_text(field, after) + "\n";
  }
  return out;
}

void add_limits(const Field& field, Object& out) {
  const FieldLimits& limits = *field.limits;
  if (!limits.min.is_absent()) out.add("min", reveal_cell(field, limits.min));
  if (!limits.max.is_absent()) out.add("max", reveal_cell(field, limits.max));
  if (!limits.length_place.empty()) out.add("length", limits.length_text());
  if (limits.match != nullptr) out.add("match", limits.match->text());
}

List unique_list(const Resource& resource) {
  List out;
  for (const UniqueConstraint& unique : resource.unique) {
    Object row{{"name", unique.name}, {"fields", names_of(resource, unique.fields)}};
    if (unique.condition) row.add("where", unique.condition->text());
    out.emplace_back(std::move(row));
  }
  return out;
}

List index_list(const Resource& resource) {
  List out;
  for (const Index& index : resource.indexes) {
    if (index.declared) out.emplace_back(Object{{"name", index.name}, {"fields", names_of(resource, index.fields)}});
  }
  return out;
}

List reference_list(const Resource& resource) {
  List out;
  for (const Reference& reference : resource.references) {
    out.emplace_back(
        Object{{"name", reference.name}, {"fields", names_of(resource, reference.fields)}, {"resource", reference.target->name}});
  }
  return out;
}

List assignment_list(const Resource& resource, const std::vector<Assignment>& assignments) {
  List out;
  for (const Assignment& assignment : assignments) {
    out.emplace_back(Object{{"field", resource.record.fields[assignment.field].name}, {"rule", assignment.expression.text()}});
  }
  return out;
}

List transition_list(const Resource& resource) {
  List out;
  for (const Transitions& transitions : resource.transitions) {
    const Field& field = resource.record.fields[transitions.field];
    List initial, steps;
    for (const std::int64_t value : transitions.initial) initial.push_back(reveal_cell(field, Cell::of(value)));
    for (const auto& [from, to] : transitions.steps) {
      steps.emplace_back(List{reveal_cell(field, Cell::of(from)), reveal_cell(field, Cell::of(to))});
    }
    out.emplace_back(Object{{"field", field.name}, {"initial", std::move(initial)}, {"steps", std::move(steps)}});
  }
  return out;
}

List field_list(const std::vector<Field>& fields) {
  List out;
  for (const Field& field : fields) out.emplace_back(field_object(field));
  return out;
}

std::string timeout_text(const Action& action) {
  return action.timeout.count() > 0 ? "  timeout  " + std::to_string(action.timeout.count() / 1000) + " ms\n" : "";
}

}  // namespace

std::string resource_text(const Resource& resource) {
  std::string out = headed(resource.name + " (resource)", resource.place, resource.documentation);
  for (const Field& field : resource.record.fields) {
    out += "  " + signature(field) + (resource.is_key(field.id) ? " (key)" : "") + "\n";
  }
  if (resource.key_fields.size() > 1) out += "  key  " + definition_of(resource, resource.key_fields) + "\n";
  for (const Assignment& computed : resource.computed) out += "  computed  " + definition_of(resource, computed) + "\n";
  out += rules_text("check", resource.checks);
  out += constraints_text(resource);
  for (const Assignment& step : resource.upcasts) out += "  upcast  " + definition_of(resource, step) + "\n";
  for (const Action* action : resource.actions) {
    out += "  action  " + action->name + " (" + std::string(name_of(action->kind)) + ")\n";
  }
  return out;
}

std::string action_text(const Action& action) {
  const Resource& resource = *action.resource;
  std::string out = headed(action.name + " (" + std::string(name_of(action.kind)) + " " + resource.name + ")", action.place,
                           action.documentation);
  for (const std::uint16_t part : key_parts(action)) {
    const Field& key = resource.record.fields[part];
    out += "  " + key.name + ": " + key.type_name + key_note(action) + "\n";
  }
  for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
    if (!action.is_key_argument(i)) out += "  " + signature(action.arguments.fields[i]) + "\n";
  }
  out += rules_text("allow", action.policies);
  if (action.query)
    return out + "  answers  " + definition_of(resource, *action.query) + "\n" + timeout_text(action) +
           "  try: " + try_line(action) + "\n";
  if (action.kind == ActionKind::kGeneric) {
    out += action.workflow.empty() ? "  target  code of the program turns it into other actions\n"
                                   : "  starts  a run of the workflow " + action.workflow + "\n";
    out += timeout_text(action);
    return out + "  try: " + try_line(action) + "\n";
  }
  out += rules_text("require", action.requires_);
  for (const Partner& partner : action.partners) out += "  with  " + definition_of(action, partner) + "\n";
  for (const Assignment& assignment : action.assignments) out += "  set  " + definition_of(resource, assignment) + "\n";
  if (action.handled) out += "  handler  code of the program takes part\n";
  out += rules_text("check", resource.checks);
  out += timeout_text(action);
  return out + "  emits  " + action.event_type + "\n  try: " + try_line(action) + "\n";
}

std::string field_text(const Resource& resource, const Field& field) {
  std::string out = headed(resource.name + "." + signature(field), field.place, field.documentation);
  if (resource.is_key(field.id)) out += resource.key_fields.size() == 1 ? "  the key\n" : "  part of the key\n";
  out += field.nullable ? "  may be null\n" : "  never null\n";
  if (field.enumeration != nullptr) out += "  one of: " + enum_names(*field.enumeration) + "\n";
  for (const Assignment& computed : resource.computed) {
    if (computed.field == field.id) out += "  computed: " + computed.expression.text() + "   " + computed.place + "\n";
  }
  for (const Transitions& transitions : resource.transitions) {
    if (transitions.field == field.id) out += transitions_text(field, transitions);
  }
  for (const Reference& reference : resource.references) {
    if (std::find(reference.fields.begin(), reference.fields.end(), field.id) == reference.fields.end()) continue;
    out += "  references  " + reference.target->name + "   " + reference.place + "\n";
  }
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
      if (assignment.field == field.id) out += "  set by  " + action->name + ": " + definition_of(resource, assignment) + "\n";
    }
  }
  return out;
}

std::string try_line(const Action& action) {
  std::string out = (action.query ? "forgectl query " : "forgectl do ") + action.name;
  for (const std::uint16_t part : key_parts(action)) {
    const Field& key = action.resource->record.fields[part];
    out += " " + key.name + "=" + (is_integer(key.type) ? "1" : "KEY");
  }
  for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
    const Field& field = action.arguments.fields[i];
    if (action.is_key_argument(i) || !field.required) continue;
    const bool is_enum = field.enumeration != nullptr && !field.enumeration->values.empty();
    out += " " + field.name + "=" + (is_enum ? field.enumeration->values.front().name : "…");
  }
  return out;
}

Object field_object(const Field& field) {
  Object out{{"name", field.name}, {"type", field.type_name}, {"required", field.required}, {"nullable", field.nullable}};
  if (field.has_default) out.add("default", reveal_cell(field, field.default_value));
  if (field.enumeration != nullptr) {
    List names;
    for (const EnumValue& value : field.enumeration->values) names.emplace_back(value.name);
    out.add("values", std::move(names));
  }
  if (field.limits != nullptr) add_limits(field, out);
  if (field.computed) out.add("computed", true);
  if (field.tag) out.add("tag", true);
  if (field.secret) out.add("secret", true);
  if (field.deprecated) out.add("deprecated", true);
  if (!field.documentation.empty()) out.add("documentation", field.documentation);
  out.add("place", field.place);
  return out;
}

// A query has no event, no rules over a record and nothing that it sets.
Object query_object(const Action& action) {
  const Query& query = *action.query;
  Object out{{"action", action.name},
             {"kind", std::string(name_of(action.kind))},
             {"resource", action.resource->name},
             {"arguments", field_list(action.arguments.fields)}};
  if (!action.policies.empty()) out.add("allow", rule_list(action.policies));
  if (query.where) out.add("where", query.where->text());
  List order;
  for (const Query::Order& one : query.order) {
    order.emplace_back(Object{{"field", action.resource->record.fields[one.field].name}, {"descending", one.descending}});
  }
  if (!order.empty()) out.add("order", std::move(order));
  if (query.limit > 0) out.add("limit", query.limit);
  if (action.timeout.count() > 0) out.add("timeout_ms", action.timeout.count() / 1000);
  out.add("documentation", action.documentation);
  out.add("place", action.place);
  return out;
}

// A generic action has neither an event nor what belongs to one record.
Object generic_object(const Action& action) {
  Object out{{"action", action.name},
             {"kind", std::string(name_of(action.kind))},
             {"resource", action.resource->name},
             {"arguments", field_list(action.arguments.fields)},
             {"documentation", action.documentation},
             {"place", action.place}};
  if (!action.policies.empty()) out.add("allow", rule_list(action.policies));
  if (action.timeout.count() > 0) out.add("timeout_ms", action.timeout.count() / 1000);
  if (!action.workflow.empty()) out.add("workflow", action.workflow);
  return out;
}

Object action_object(const Action& action) {
  if (action.query) return query_object(action);
  if (action.kind == ActionKind::kGeneric) return generic_object(action);
  List assignments;
  for (const Assignment& row : action.assignments) assignments.emplace_back(definition_of(*action.resource, row));
  Object out{{"action", action.name},
             {"kind", std::string(name_of(action.kind))},
             {"resource", action.resource->name},
             {"key", definition_of(*action.resource, action.resource->key_fields)},
             {"event", action.event_type},
             {"arguments", field_list(action.arguments.fields)},
             {"require", rule_list(action.requires_)},
             {"set", std::move(assignments)},
             {"check", rule_list(action.resource->checks)},
             {"documentation", action.documentation},
             {"place", action.place}};
  if (!action.policies.empty()) out.add("allow", rule_list(action.policies));
  if (!action.partners.empty()) {
    List partners;
    for (const Partner& partner : action.partners) partners.emplace_back(definition_of(action, partner));
    out.add("with", std::move(partners));
  }
  if (action.handled) out.add("handler", true);
  if (action.timeout.count() > 0) out.add("timeout_ms", action.timeout.count() / 1000);
  return out;
}

Object resource_object(const Resource& resource) {
  List actions;
  for (const Action* action : resource.actions) actions.emplace_back(action->name);
  Object out{{"resource", resource.name},
             {"key", definition_of(resource, resource.key_fields)},
             {"fields", field_list(resource.record.fields)},
             {"check", rule_list(resource.checks)},
             {"unique", unique_list(resource)}};
  const auto add = [&](const char* name, List list) {
    if (!list.empty()) out.add(name, std::move(list));
  };
  add("index", index_list(resource));
  add("references", reference_list(resource));
  add("computed", assignment_list(resource, resource.computed));
  add("transitions", transition_list(resource));
  add("upcast", assignment_list(resource, resource.upcasts));
  out.add("actions", std::move(actions));
  out.add("documentation", resource.documentation);
  out.add("place", resource.place);
  return out;
}

}  // namespace forge::cli
