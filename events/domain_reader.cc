// Resources and actions are read in three steps: drafts with names and numbers; the parts themselves, in vectors that do not grow
// any more; then what points at them: actions at resources, rules at tables.

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "constraint_reader.h"
#include "domain_model.h"
#include "forge/events/duration.h"
#include "limits_reader.h"
#include "partner_reader.h"
#include "query_reader.h"

namespace forge::internal {
namespace {

struct ResourceDraft {
  const TableOutline* outline = nullptr;
  std::string name;
  std::uint16_t number = 0;
};

struct ActionDraft {
  const TableOutline* outline = nullptr;
  const AttributeOutline* name = nullptr;
  Resource* resource = nullptr;
  std::uint16_t number = 0;
};

constexpr std::array<std::pair<std::string_view, ActionKind>, 6> kKinds = {{{"creates", ActionKind::kCreates},
                                                                            {"updates", ActionKind::kUpdates},
                                                                            {"upserts", ActionKind::kUpserts},
                                                                            {"destroys", ActionKind::kDestroys},
                                                                            {"reads", ActionKind::kReads},
                                                                            {"generic", ActionKind::kGeneric}}};

// The tables of every SQL connection beside those of the resources.
constexpr std::array<std::string_view, 7> kReservedNames = {"events", "changes", "actors", "heads", "projections", "runs", "steps"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The part of "Order.place" behind the dot, or nothing where the text is not of that form.
std::string_view name_behind_dot(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos) return {};
  const std::string_view name = text.substr(dot + 1);
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const bool good = !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0 && text.size() <= kNameBytesMax;
  return good && std::all_of(name.begin(), name.end(), fits) ? name : std::string_view();
}

SchemaPlace place_of(const AttributeOutline& attribute, std::size_t offset) {
  return {attribute.place.file, attribute.text.positions[offset]};
}

// Only where the attribute has a text that is not blank; without one, check_attributes has said so.
const AttributeOutline* find_text_attribute(const std::vector<AttributeOutline>& attributes, std::string_view name) {
  const AttributeOutline* found = find_attribute(attributes, name);
  if (found == nullptr || found->value != AttributeOutline::Value::kText) return nullptr;
  return found->text.text.find_first_not_of(" \t") != std::string::npos ? found : nullptr;
}

bool is_scalar_field(const Field& field) {
  return field.type < BaseType::kText;
}

class DomainReader {
 public:
  DomainReader(const DeclaredTables& tables, const std::vector<FileOutline>& outlines, const std::vector<std::size_t>& order,
               std::size_t own, NumberGiver& numbers, SchemaFindings& findings, DomainModel& model)
      : tables_(tables), outlines_(outlines), order_(order), own_(own), numbers_(numbers), findings_(findings), model_(model) {}

  void read() {
    draft_resources();
    for (const ResourceDraft& draft : resources_) read_resource(draft);
    for (Resource& resource : model_.resources) by_name_.emplace(resource.name, &resource);
    read_constraints();
    draft_actions();
    for (const ActionDraft& draft : actions_) read_action(draft);
    std::sort(model_.actions.begin(), model_.actions.end(), [](const Action& a, const Action& b) { return a.number < b.number; });
    link_actions();
    for (std::size_t i = 0; i < resources_.size(); ++i) read_resource_rules(*resources_[i].outline, model_.resources[i]);
    for (const ActionDraft& draft : actions_) read_action_rules(draft);
  }

 private:
  void add(SchemaPlace place, ErrorId id, std::string what, std::string why = {}) {
    findings_.add(place, Status(id, std::move(what)).why(std::move(why)));
  }
  void add(SchemaPlace place, ErrorId id, std::string what, std::string why, std::string remedy) {
    findings_.add(place, Status(id, std::move(what)).why(std::move(why)).remedy(std::move(remedy)));
  }

  template <typename Visit>
  void each_table_with(std::string_view attribute, Visit visit) {
    for (const std::size_t file : order_) {
      for (const TableOutline& table : outlines_[file].tables) {
        if (table.find(attribute) != nullptr) visit(table);
      }
    }
  }

  // ---- Resources ----

  void draft_resources() {
    std::map<std::string, int> tables_of_name;
    each_table_with("resource", [&](const TableOutline& table) { ++tables_of_name[table.name]; });
    std::map<std::string, SchemaPlace> taken;
    each_table_with("resource", [&](const TableOutline& table) {
      ResourceDraft draft{&table, tables_of_name[table.name] > 1 ? table.distinct_name() : table.name};
      check_resource_name(draft);
      const auto [earlier, fresh] = taken.emplace(lower(draft.name), table.place);
      if (!fresh) {
        add(table.place, ErrorId::kSchemaName, "the resource name " + quoted(draft.name) + " is taken",
            "in SQL it is that of " + findings_.text_of(earlier->second) + ", for capitals do not count there");
      }
      if (const auto number = numbers_.resource(draft.name)) {
        draft.number = *number;
      } else if (!draft.name.starts_with('_')) {
        add(table.place, ErrorId::kSchemaDomain, "the domain has more resources than there are numbers");
      }
      resources_.push_back(std::move(draft));
    });
    std::stable_sort(resources_.begin(), resources_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    model_.resources.reserve(resources_.size());
  }

  void check_resource_name(const ResourceDraft& draft) {
    if (draft.outline->place.file == own_) return;
    const std::string name = lower(draft.name);
    std::string why;
    if (name.starts_with('_')) why = "names that begin with '_' are Forge's own";
    if (name.ends_with("_history")) why = "the history of a resource is a SQL table of that name";
    if (std::find(kReservedNames.begin(), kReservedNames.end(), name) != kReservedNames.end())
      why = "a SQL table of Forge's has it";
    if (!why.empty())
      add(draft.outline->place, ErrorId::kSchemaName, "the resource name " + quoted(draft.name) + " is reserved", why);
  }

  void read_resource(const ResourceDraft& draft) {
    Resource& resource = model_.resources.emplace_back();
    resource.name = draft.name;
    resource.number = draft.number;
    resource.place = findings_.text_of(draft.outline->place);
    take_table(*draft.outline, resource.record, resource.documentation);
    resource.record.name = draft.name;
    read_limits(*draft.outline, findings_, resource.record);
    ConstraintReader(*draft.outline, numbers_, findings_, resource).read_key_and_marks();
  }

  void take_table(const TableOutline& outline, TableType& table, std::string& documentation) const {
    const auto declared = tables_.find(&outline);
    if (declared == tables_.end()) return;
    table = copy_table(*declared->second.type);
    documentation = declared->second.documentation;
  }

  // What a resource demands may rest on other resources, which have their places and keys by now.
  void read_constraints() {
    std::vector<std::string_view> names;
    for (const auto& [name, resource] : by_name_) {
      if (!name.starts_with('_')) names.push_back(name);
    }
    const auto find = [&](std::string_view name) {
      const auto found = by_name_.find(name);
      return found == by_name_.end() ? nullptr : found->second;
    };
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      ConstraintReader(*resources_[i].outline, numbers_, findings_, model_.resources[i]).read_constraints(names, find);
    }
  }

  // ---- Actions ----

  void draft_actions() {
    std::map<std::string, SchemaPlace> taken;
    each_table_with("action", [&](const TableOutline& table) {
      ActionDraft draft{&table, find_text_attribute(table.attributes, "action")};
      if (draft.name == nullptr || table.find("resource") != nullptr || !find_resource(draft)) return;
      const std::string& name = draft.name->text.text;
      const auto [earlier, fresh] = taken.emplace(lower(name), place_of(*draft.name, 0));
      if (!fresh) {
        add(place_of(*draft.name, 0), ErrorId::kSchemaName, "the action name " + quoted(name) + " is taken",
            "another action has it at " + findings_.text_of(earlier->second));
      }
      const auto number = numbers_.action(name);
      if (!number) return add(table.place, ErrorId::kSchemaDomain, "the domain has more actions than there are numbers");
      draft.number = *number;
      actions_.push_back(draft);
    });
    model_.actions.reserve(actions_.size());
  }

  // False when the action's name is no name or that of no resource; the finding is added.
  bool find_resource(ActionDraft& draft) {
    const std::string& text = draft.name->text.text;
    const SchemaPlace place = place_of(*draft.name, 0);
    if (name_behind_dot(text).empty()) {
      return add(place, ErrorId::kSchemaAttribute, "the action name " + quoted(text) + " is malformed", {},
                 "write it as \"Order.place\""),
             false;
    }
    const std::string_view name = std::string_view(text).substr(0, text.find('.'));
    const auto found = by_name_.find(name);
    const bool own = draft.outline->place.file == own_;
    if (found != by_name_.end() && name.starts_with('_') == own) return draft.resource = found->second, true;
    std::vector<std::string_view> known;
    for (const auto& [resource, unused] : by_name_) {
      if (!resource.starts_with('_')) known.push_back(resource);
    }
    return add(place, ErrorId::kSchemaDomain, "the action " + quoted(text) + " is on an unknown resource",
               why_unknown(name, known)),
           false;
  }

  std::string why_unknown(std::string_view name, const std::vector<std::string_view>& known) const {
    if (name.starts_with('_')) return "names that begin with '_' are Forge's own";
    for (const ResourceDraft& draft : resources_) {
      if (draft.outline->name == name) return "several namespaces have " + quoted(name) + ": this one is " + quoted(draft.name);
    }
    return findings_.did_you_mean(name, known);
  }

  void read_action(const ActionDraft& draft) {
    Action& action = model_.actions.emplace_back();
    action.name = draft.name->text.text;
    action.number = draft.number;
    action.resource = draft.resource;
    action.place = findings_.text_of(draft.outline->place);
    take_table(*draft.outline, action.arguments, action.documentation);
    read_kind(*draft.outline, action);
    read_event(*draft.outline, action);
    read_timeout(*draft.outline, action);
    read_workflow(*draft.outline, action);
    action.handled = draft.outline->find("handler") != nullptr;
    read_limits(*draft.outline, findings_, action.arguments);
    action.field_of_argument.assign(action.arguments.fields.size(), -1);
    action.key_arguments.assign(action.resource->key_fields.size(), -1);
    for (const FieldOutline& argument : draft.outline->fields) {
      if (const Field* field = action.arguments.find(argument.name)) read_argument(argument, *field, action);
    }
    note_arguments(action);
  }

  void read_kind(const TableOutline& outline, Action& action) {
    int kinds = 0;
    for (const auto& [word, kind] : kKinds) {
      if (outline.find(word) == nullptr) continue;
      action.kind = kind;
      ++kinds;
    }
    if (kinds != 1) {
      add(outline.place, ErrorId::kSchemaDomain,
          "the action " + quoted(action.name) + " has " + (kinds == 0 ? "no kind" : "several kinds"), {},
          "give it one of creates, updates, upserts, destroys, reads, generic");
    } else {
      check_kind_attributes(outline, action, findings_);
    }
  }

  void read_event(const TableOutline& outline, Action& action) {
    if (!action.changes_record()) return;
    action.event_type = action.name;
    const AttributeOutline* event = find_text_attribute(outline.attributes, "event");
    if (event == nullptr) return;
    action.event_type = event->text.text;
    const std::string prefix = action.resource->name + ".";
    if (name_behind_dot(action.event_type).empty() || !action.event_type.starts_with(prefix)) {
      add(place_of(*event, 0), ErrorId::kSchemaAttribute, "the event type " + quoted(action.event_type) + " is malformed", {},
          "write it as \"" + prefix + "NAME\"");
    }
  }

  void read_timeout(const TableOutline& outline, Action& action) {
    const AttributeOutline* timeout = find_text_attribute(outline.attributes, "timeout");
    if (timeout == nullptr) return;
    if (const auto duration = read_duration(timeout->text.text)) {
      action.timeout = *duration;
    } else {
      add(timeout->place, ErrorId::kSchemaAttribute, "the timeout " + quoted(timeout->text.text) + " cannot be read", {},
          "write it as 250ms, 2s, 3m or 1h");
    }
  }

  void read_workflow(const TableOutline& outline, Action& action) {
    const AttributeOutline* workflow = find_text_attribute(outline.attributes, "workflow");
    if (workflow == nullptr || action.kind != ActionKind::kGeneric) return;
    action.workflow = workflow->text.text;
    if (is_workflow_name(action.workflow)) return;
    add(workflow->place, ErrorId::kSchemaAttribute, "the workflow " + quoted(action.workflow) + " cannot have that name", {},
        "a name is a letter, then letters, digits, '_' and '-', 64 at most");
  }

  // An argument that sets a deprecated field is as deprecated as one that is marked so.
  void note_arguments(Action& action) {
    for (std::size_t i = 0; action.changes_record() && i < action.key_arguments.size(); ++i) {
      const Field& part = action.resource->record.fields[action.resource->key_fields[i]];
      if (action.key_arguments[i] < 0) action.implicit_key.push_back(part.name);
    }
    for (Field& argument : action.arguments.fields) {
      const int field = action.field_of_argument[argument.id];
      if (field >= 0) {
        const Field& set = action.resource->record.fields[static_cast<std::size_t>(field)];
        argument.deprecated |= set.deprecated;
        if (set.deprecated && argument.documentation.empty()) argument.documentation = set.documentation;
        argument.secret |= set.secret;
      }
      if (argument.deprecated || argument.limits != nullptr) action.checked_arguments.push_back(argument.id);
    }
  }

  void read_argument(const FieldOutline& outline, const Field& argument, Action& action) {
    if (!action.changes_record()) return check_absence(outline, argument, action);
    const TableType& record = action.resource->record;
    const Field* field = record.find(argument.name);
    if (field != nullptr && action.resource->is_key(field->id)) {
      const auto& parts = action.resource->key_fields;
      action.key_arguments[static_cast<std::size_t>(std::find(parts.begin(), parts.end(), field->id) - parts.begin())] =
          argument.id;
      if (argument.type != field->type || argument.enumeration != nullptr) add_misfit(outline, argument, *field, action);
      return;
    }
    if (field != nullptr && action.kind != ActionKind::kDestroys && field->computed) {
      return add(outline.place, ErrorId::kSchemaDomain,
                 "the argument " + quoted(argument.name) + " of " + action.name + " cannot set a computed field",
                 "the field follows from others", "leave it out, or give it another name");
    }
    if (field != nullptr && action.kind != ActionKind::kDestroys) {
      action.field_of_argument[argument.id] = field->id;
      if (!fits(argument, *field)) add_misfit(outline, argument, *field, action);
      const AttributeOutline* secret = outline.find("secret");
      if (secret != nullptr && !field->secret) {
        add(secret->place, ErrorId::kSchemaDomain, "the secret argument " + quoted(argument.name) + " sets a field that is not",
            "what is kept in " + quoted(field->name) + " is shown", "mark the field secret, too");
      }
    }
    if (action.kind == ActionKind::kUpdates || action.kind == ActionKind::kUpserts) check_absence(outline, argument, action);
  }

  void check_absence(const FieldOutline& outline, const Field& argument, const Action& action) {
    if (!is_scalar_field(argument) || argument.nullable || argument.has_default) return;
    add(outline.place, ErrorId::kSchemaDomain,
        "the argument " + quoted(argument.name) + " of " + action.name + " does not say what its absence means",
        (action.kind == ActionKind::kGeneric ? "a generic action" : "an action that " + std::string(name_of(action.kind))) +
            (action.changes_record() ? " leaves alone what is not given" : " takes what is not given for null"),
        "write " + argument.name + ": " + argument.type_name + " = null; or give it a default");
  }

  void add_misfit(const FieldOutline& outline, const Field& argument, const Field& field, const Action& action) {
    add(outline.place, ErrorId::kSchemaDomain,
        "the argument " + quoted(argument.name) + " of " + action.name + " does not fit the field of that name",
        "it is " + argument.type_name + ", the field is " + field.type_name, "give it the field's type, or another name");
  }

  void link_actions() {
    std::map<std::uint16_t, const Action*> by_number;
    for (const Action& action : model_.actions) by_number[action.number] = &action;
    for (const ActionDraft& draft : actions_) draft.resource->actions.push_back(by_number.at(draft.number));
  }

  // ---- Rules ----

  RuleSource rule_source(const AttributeOutline& attribute) const {
    return {attribute.text.text, findings_.files()[attribute.place.file].name, attribute.text.positions};
  }

  void read_rules(const AttributeOutline* attribute, const RuleScope& scope, std::vector<Rule>& rules) {
    if (attribute == nullptr) return;
    auto parsed = parse_rules(rule_source(*attribute), scope);
    if (!parsed.ok()) return findings_.add(attribute->place, parsed.status());
    for (Rule& rule : *parsed) rules.push_back(std::move(rule));
  }

  void read_resource_rules(const TableOutline& outline, Resource& resource) {
    ConstraintReader(outline, numbers_, findings_, resource).read_computed();
    const RuleScope scope{&resource.record, nullptr, false};
    for (const FieldOutline& field : outline.fields)
      read_rules(find_text_attribute(field.attributes, "check"), scope, resource.checks);
    read_rules(find_text_attribute(outline.attributes, "check"), scope, resource.checks);
    read_upcasts(outline, resource);
  }

  // They see nothing but the record, for what is stored must read the same at any time and for anybody.
  void read_upcasts(const TableOutline& outline, Resource& resource) {
    const AttributeOutline* attribute = find_text_attribute(outline.attributes, "upcast");
    if (attribute == nullptr) return;
    auto parsed = parse_steps(rule_source(*attribute), {.record = &resource.record, .now = false});
    if (!parsed.ok()) return findings_.add(attribute->place, parsed.status());
    for (const Assignment& step : *parsed) {
      if (!resource.is_key(step.field)) continue;
      return add(attribute->place, ErrorId::kSchemaDomain, "an upcast of " + quoted(resource.name) + " cannot set the key",
                 "a record keeps its key");
    }
    resource.upcasts = *std::move(parsed);
  }

  void read_action_rules(const ActionDraft& draft) {
    Action& action = *std::lower_bound(model_.actions.begin(), model_.actions.end(), draft.number,
                                       [](const Action& a, std::uint16_t number) { return a.number < number; });
    if (!action.changes_record()) {
      const RuleScope of_no_record{.record = nullptr, .arguments = &action.arguments, .actor = true, .now = false};
      read_rules(find_text_attribute(draft.outline->attributes, "allow"), of_no_record, action.policies);
      if (action.kind == ActionKind::kReads) read_query(*draft.outline, findings_, action);
      return;
    }
    const RuleScope scope{&action.resource->record, &action.arguments, true};
    read_rules(find_text_attribute(draft.outline->attributes, "allow"), scope, action.policies);
    read_rules(find_text_attribute(draft.outline->attributes, "require"), scope, action.requires_);
    if (const AttributeOutline* with = find_text_attribute(draft.outline->attributes, "with")) {
      read_partners(*with, model_.actions, findings_, action);
    }
    const AttributeOutline* set = find_text_attribute(draft.outline->attributes, "set");
    if (set == nullptr) return;
    if (action.kind == ActionKind::kDestroys) {
      return add(set->place, ErrorId::kSchemaDomain, "the action " + quoted(action.name) + " cannot set fields",
                 "it destroys the record", "leave it out");
    }
    auto parsed = parse_assignments(rule_source(*set), scope);
    if (!parsed.ok()) return findings_.add(set->place, parsed.status());
    for (Assignment& assignment : *parsed) {
      const Field& field = action.resource->record.fields[assignment.field];
      if (action.resource->is_key(field.id)) {
        add(set->place, ErrorId::kSchemaDomain, "the action " + quoted(action.name) + " cannot set the key",
            "a record keeps its key");
      } else if (field.computed) {
        add(set->place, ErrorId::kSchemaDomain,
            "the action " + quoted(action.name) + " cannot set the computed field " + quoted(field.name), "it follows from others",
            "leave it out");
      }
      action.assignments.push_back(std::move(assignment));
    }
  }

  const DeclaredTables& tables_;
  const std::vector<FileOutline>& outlines_;
  const std::vector<std::size_t>& order_;
  std::size_t own_;
  NumberGiver& numbers_;
  SchemaFindings& findings_;
  DomainModel& model_;
  std::vector<ResourceDraft> resources_;  // by number, as in the model
  std::vector<ActionDraft> actions_;      // in declared order
  std::map<std::string_view, Resource*> by_name_;
};

}  // namespace

void read_domain(const ReflectedSchema& reflected, const std::vector<FileOutline>& outlines, const std::vector<std::size_t>& order,
                 std::size_t own, NumberGiver& numbers, SchemaFindings& findings, DomainModel& model) {
  DeclaredTables tables;
  model.types = read_types(reflected, outlines, findings, tables);
  DomainReader(tables, outlines, order, own, numbers, findings, model).read();
}

}  // namespace forge::internal
