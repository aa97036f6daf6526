// Two versions of a domain are compared by what their stored bytes mean: fields by id, enum values by number, nested tables with
// them. Changes to actions are all safe: an event names the schema version it was written under, and what it did is in its
// changes, which are the resource's fields.

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "flatbuffers/reflection_generated.h"
#include "forge/events/domain.h"

namespace forge {
namespace {

using reflection::Schema;

// A type by its full name, however it was spelled: "int", "shop.OrderStatus", "[shop.Line]".
std::string full_type(const reflection::Type& type, const Schema& schema) {
  const bool vector = type.base_type() == reflection::Vector;
  const reflection::BaseType base = vector ? type.element() : type.base_type();
  std::string name;
  if (base == reflection::Obj) {
    name = schema.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()))->name()->str();
  } else {
    name = reflection::EnumNameBaseType(base);
    if (type.index() >= 0) name += " " + schema.enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()))->name()->str();
  }
  return vector ? "[" + name + "]" : name;
}

// What both a field of a resource and one of a nested table have.
struct Side {
  std::string name;
  std::string type;     // as shown
  std::string meaning;  // by full names
  bool nullable = false;
  bool required = false;
  bool deprecated = false;
  std::string absent;  // what absence reads as, as shown
};

std::string shown_default(const Field& field) {
  const Cell& cell = field.default_value;
  switch (cell.kind) {
    case Kind::kBool: return cell.boolean ? "true" : "false";
    case Kind::kInt: {
      const EnumValue* value = field.enumeration == nullptr ? nullptr : field.enumeration->find(cell.integer);
      return value == nullptr ? std::to_string(cell.integer) : value->name;
    }
    case Kind::kFloat: return std::to_string(cell.number);
    case Kind::kText: return "'" + std::string(cell.as_text()) + "'";
    default: return "null";
  }
}

std::vector<Side> sides_of(const TableType& table) {
  std::vector<Side> sides;
  for (const Field& field : table.fields) {
    sides.push_back({field.name, field.type_name, full_type(*field.reflection->type(), *table.schema), field.nullable, field.required,
                     field.deprecated, shown_default(field)});
  }
  return sides;
}

std::string shown_default(const reflection::Field& field) {
  const reflection::BaseType type = field.type()->base_type();
  if (field.optional() || type >= reflection::String) return "null";
  if (type == reflection::Float || type == reflection::Double) return std::to_string(field.default_real());
  return std::to_string(field.default_integer());
}

std::vector<Side> sides_of(const reflection::Object& table, const Schema& schema) {
  std::vector<Side> sides(table.fields()->size());
  for (const auto* field : *table.fields()) {
    const std::string type = full_type(*field->type(), schema);
    const bool nullable = field->optional() || field->type()->base_type() >= reflection::String;
    sides[field->id()] = {field->name()->str(), type, type, nullable, field->required(), field->deprecated(), shown_default(*field)};
  }
  return sides;
}

const Side* find_side(const std::vector<Side>& sides, const std::string& name) {
  const auto found = std::find_if(sides.begin(), sides.end(), [&](const Side& side) { return side.name == name; });
  return found == sides.end() ? nullptr : &*found;
}

class Comparison {
 public:
  Comparison(const Domain& before, const Domain& after)
      : before_(before), after_(after), before_schema_(schema_of(before)), after_schema_(schema_of(after)) {}

  std::vector<SchemaChange> run() {
    for (const Resource& resource : before_.resources()) {
      const Resource* same = after_.find_resource(resource.name);
      if (same == nullptr) {
        add(resource.name, "remove", false, "removed");
      } else {
        compare_resources(resource, *same);
      }
    }
    for (const Resource& resource : after_.resources()) {
      if (before_.find_resource(resource.name) == nullptr) add(resource.name, "add", true, "resource");
    }
    compare_nested();
    compare_enums();
    return std::move(changes_);
  }

 private:
  // Every domain has Forge's own resources, which share its one schema.
  static const Schema& schema_of(const Domain& domain) { return *domain.resources().front().record.schema; }

  void add(std::string path, std::string kind, bool safe, std::string text) {
    changes_.push_back({std::move(path), std::move(kind), safe, std::move(text)});
  }

  // ---- Fields ----

  void compare_fields(const std::string& path, const std::vector<Side>& before, const std::vector<Side>& after, bool stored) {
    for (std::size_t id = 0; id < std::max(before.size(), after.size()); ++id) {
      const Side* old = id < before.size() ? &before[id] : nullptr;
      const Side* now = id < after.size() ? &after[id] : nullptr;
      if (old != nullptr && now != nullptr && old->name == now->name) {
        compare_field(path + "." + old->name, *old, *now, stored);
        continue;
      }
      const bool gone = old != nullptr && find_side(after, old->name) == nullptr;
      const bool fresh = now != nullptr && find_side(before, now->name) == nullptr;
      if (gone && fresh && old->meaning == now->meaning) {
        add(path + "." + old->name, "rename", !stored, "renamed to " + now->name);
        continue;
      }
      if (gone) add(path + "." + old->name, "remove", !stored, id + 1 == before.size() ? "removed (last field)" : "removed");
      if (old != nullptr && !gone) add(path + "." + old->name, "reorder", !stored, "moved to another place");
      if (fresh) add_field(path + "." + now->name, *now, stored, old != nullptr);
    }
  }

  void add_field(const std::string& path, const Side& field, bool stored, bool in_place_of_another) {
    const bool fails = field.required && field.absent == "null";
    std::string text = field.type + (field.required ? ", required" : field.nullable ? ", optional" : "");
    if (in_place_of_another) text += ", before fields that were there";
    add(path, "add", !stored || (!fails && !in_place_of_another), std::move(text));
  }

  void compare_field(const std::string& path, const Side& before, const Side& after, bool stored) {
    if (before.meaning != after.meaning) {
      return add(path, "type", !stored, before.type + " became " + after.type);
    }
    if (before.absent != after.absent) {
      add(path, "default", !stored, "where nothing was stored, " + before.absent + " became " + after.absent);
    }
    if (before.required != after.required) {
      add(path, "required", !stored || before.required, after.required ? "now required" : "no longer required");
    }
    if (before.deprecated != after.deprecated) add(path, "deprecated", true, after.deprecated ? "deprecated" : "no longer deprecated");
  }

  // ---- Resources and actions ----

  void compare_resources(const Resource& before, const Resource& after) {
    compare_fields(before.name, sides_of(before.record), sides_of(after.record), true);
    const std::string& old_key = before.record.fields[before.key_field].name;
    const std::string& new_key = after.record.fields[after.key_field].name;
    if (old_key != new_key) add(before.name, "key", false, "the key " + old_key + " became " + new_key);
    compare_rules(before.name, texts_of(before.checks), texts_of(after.checks));
    compare_unique(before, after);
    compare_documentation(before.name, before.documentation, after.documentation);
    for (const Action* action : before.actions) {
      const Action* same = after_.find_action(action->name);
      if (same == nullptr) {
        add(action->name, "remove", true, "action removed; its number stays its own");
      } else {
        compare_actions(*action, *same);
      }
    }
    for (const Action* action : after.actions) {
      if (before_.find_action(action->name) == nullptr) add(action->name, "add", true, "action");
    }
  }

  void compare_unique(const Resource& before, const Resource& after) {
    const auto has = [](const Resource& resource, const std::string& name) {
      return std::any_of(resource.unique.begin(), resource.unique.end(), [&](const auto& unique) { return unique.name == name; });
    };
    for (const UniqueConstraint& unique : before.unique) {
      if (!has(after, unique.name)) add(before.name + "." + unique.name, "unique", true, "no longer unique");
    }
    for (const UniqueConstraint& unique : after.unique) {
      if (has(before, unique.name)) continue;
      // Records that were there may already share a value, unless the field is new and reads as NULL.
      const bool fresh = before.record.find(unique.name) == nullptr && after.record.fields[unique.fields.front()].default_value.is_null();
      add(before.name + "." + unique.name, "unique", fresh, "now unique");
    }
  }

  void compare_actions(const Action& before, const Action& after) {
    compare_fields(before.name, sides_of(before.arguments), sides_of(after.arguments), false);
    if (before.kind != after.kind) {
      add(before.name, "kind", true, std::string(name_of(before.kind)) + " became " + std::string(name_of(after.kind)));
    }
    if (before.event_type != after.event_type) add(before.name, "event", true, before.event_type + " became " + after.event_type);
    compare_rules(before.name, texts_of(before.requires_), texts_of(after.requires_));
    compare_rules(before.name, texts_of(before), texts_of(after));
    compare_documentation(before.name, before.documentation, after.documentation);
  }

  void compare_documentation(const std::string& path, const std::string& before, const std::string& after) {
    if (before != after) add(path, "documentation", true, "documentation changed");
  }

  static std::vector<std::string> texts_of(const std::vector<Rule>& rules) {
    std::vector<std::string> texts;
    for (const Rule& rule : rules) texts.push_back(rule.name + ": " + rule.expression.text());
    return texts;
  }

  static std::vector<std::string> texts_of(const Action& action) {
    std::vector<std::string> texts;
    for (const Assignment& assignment : action.assignments) {
      texts.push_back(action.resource->record.fields[assignment.field].name + " = " + assignment.expression.text());
    }
    return texts;
  }

  void compare_rules(const std::string& path, const std::vector<std::string>& before, const std::vector<std::string>& after) {
    for (const std::string& rule : before) {
      if (std::find(after.begin(), after.end(), rule) == after.end()) add(path, "rule", true, "no longer: " + rule);
    }
    for (const std::string& rule : after) {
      if (std::find(before.begin(), before.end(), rule) == before.end()) add(path, "rule", true, "now: " + rule);
    }
  }

  // ---- What records hold ----

  // The tables that records of both versions nest, each once.
  void compare_nested() {
    std::set<std::string> names;
    for (const Resource& resource : before_.resources()) {
      if (after_.find_resource(resource.name) != nullptr) collect_nested(*resource.record.reflection, names);
    }
    for (const Resource& resource : before_.resources()) names.erase(resource.record.reflection->name()->str());
    for (const std::string& name : names) {
      const auto* now = after_schema_.objects()->LookupByKey(name.c_str());
      if (now == nullptr) continue;  // the fields that held it have another type or are gone, and say so
      const auto* old = before_schema_.objects()->LookupByKey(name.c_str());
      compare_fields(name, sides_of(*old, before_schema_), sides_of(*now, after_schema_), true);
    }
  }

  void collect_nested(const reflection::Object& table, std::set<std::string>& names) const {
    std::vector<const reflection::Object*> open = {&table};
    while (!open.empty()) {
      const reflection::Object* next = open.back();
      open.pop_back();
      for (const auto* field : *next->fields()) {
        const reflection::Type& type = *field->type();
        if (type.base_type() != reflection::Obj && (type.base_type() != reflection::Vector || type.element() != reflection::Obj)) continue;
        const auto* nested = before_schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
        if (names.insert(nested->name()->str()).second) open.push_back(nested);
      }
    }
  }

  void compare_enums() {
    for (const auto* before : *before_schema_.enums()) {
      const auto* after = after_schema_.enums()->LookupByKey(before->name()->c_str());
      if (after != nullptr) compare_enum(*before, *after);
    }
  }

  void compare_enum(const reflection::Enum& before, const reflection::Enum& after) {
    const auto values_of = [](const reflection::Enum& type) {
      std::map<std::string, std::int64_t> values;
      for (const auto* value : *type.values()) values[value->name()->str()] = value->value();
      return values;
    };
    const auto old = values_of(before);
    const auto now = values_of(after);
    const std::string path = before.name()->str() + ".";
    for (const auto& [name, value] : old) {
      const auto same = now.find(name);
      if (same == now.end()) {
        add(path + name, "remove", false, "value " + std::to_string(value) + " removed");
      } else if (same->second != value) {
        add(path + name, "value", false, std::to_string(value) + " became " + std::to_string(same->second));
      }
    }
    for (const auto& [name, value] : now) {
      if (!old.contains(name)) add(path + name, "add", true, "value " + std::to_string(value));
    }
  }

  const Domain& before_;
  const Domain& after_;
  const Schema& before_schema_;
  const Schema& after_schema_;
  std::vector<SchemaChange> changes_;
};

}  // namespace

std::vector<SchemaChange> compare(const Domain& before, const Domain& after) { return Comparison(before, after).run(); }

}  // namespace forge
