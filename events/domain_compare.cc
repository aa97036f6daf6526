// Two versions of a domain are compared by what their stored bytes mean: fields by id, enum values by number, nested tables with
// them; names of types alone mean nothing. Changes to actions are all safe: an event names the schema version it was written
// under, and what it did is in its changes, which are the resource's fields.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "constraint_compare.h"
#include "forge/events/domain.h"
#include "upcast_compare.h"

namespace forge {
namespace {

bool same_type(const Field& a, const Field& b) {
  if (a.type != b.type || (a.enumeration == nullptr) != (b.enumeration == nullptr)) return false;
  return a.type != BaseType::kVector || a.element == b.element;
}

// What absence reads as.
std::string shown_default(const Field& field) {
  const Cell& cell = field.default_value;
  switch (cell.kind) {
    case Kind::kBool:
      return cell.boolean ? "true" : "false";
    case Kind::kInt: {
      const EnumValue* value = field.enumeration == nullptr ? nullptr : field.enumeration->find(cell.integer);
      return value == nullptr ? std::to_string(cell.integer) : value->name;
    }
    case Kind::kFloat:
      return std::to_string(cell.number);
    case Kind::kText:
      return "'" + std::string(cell.as_text()) + "'";
    default:
      return "null";
  }
}

std::string timeout_text(const Action& action) {
  return action.timeout.count() == 0 ? "none" : std::to_string(action.timeout.count() / 1000) + " ms";
}

bool same_default(const Field& a, const Field& b) {
  const Cell& left = a.default_value;
  const Cell& right = b.default_value;
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Kind::kBool:
      return left.boolean == right.boolean;
    case Kind::kInt:
      return left.integer == right.integer;
    case Kind::kFloat:
      return left.number == right.number;
    case Kind::kText:
      return left.as_text() == right.as_text();
    default:
      return true;
  }
}

class Comparison {
 public:
  Comparison(const Domain& before, const Domain& after) : before_(before), after_(after) {}

  std::vector<SchemaChange> run() {
    for (const Resource& resource : before_.resources()) {
      const Resource* same = after_.find_resource(resource.name);
      if (same == nullptr) {
        add(resource.name, "remove", false, "resource removed");
      } else {
        compare_resources(resource, *same);
      }
    }
    for (const Resource& resource : after_.resources()) {
      if (before_.find_resource(resource.name) == nullptr) add(resource.name, "add", true, "resource");
    }
    for (const Resource& resource : before_.resources()) compare_actions(resource);
    for (const Resource& resource : after_.resources()) {
      for (const Action* action : resource.actions) {
        if (before_.find_action(action->name) == nullptr) add(action->name, "add", true, "action");
      }
    }
    return std::move(changes_);
  }

 private:
  // A table nested in tables that are being compared. They are queued, for a chain of them may be long.
  struct Nested {
    const TableType* before;
    const TableType* after;
    bool stored;
  };

  void add(std::string path, std::string kind, bool safe, std::string text) {
    changes_.push_back({std::move(path), std::move(kind), safe, std::move(text)});
  }

  // ---- Tables; `stored` is false for arguments, which no state is read from ----

  void compare_tables(const std::string& path, const TableType& before, const TableType& after, bool stored) {
    compare_table(path, before, after, stored);
    while (!nested_.empty()) {
      const Nested next = nested_.back();
      nested_.pop_back();
      compare_table(next.before->name, *next.before, *next.after, next.stored);
    }
  }

  void compare_table(const std::string& path, const TableType& before, const TableType& after, bool stored) {
    for (std::size_t id = 0; id < std::max(before.fields.size(), after.fields.size()); ++id) {
      const Field* old = id < before.fields.size() ? &before.fields[id] : nullptr;
      const Field* now = id < after.fields.size() ? &after.fields[id] : nullptr;
      if (old != nullptr && now != nullptr && old->name == now->name) {
        compare_fields(path + "." + old->name, *old, *now, stored);
        continue;
      }
      const bool gone = old != nullptr && after.find(old->name) == nullptr;
      const bool fresh = now != nullptr && before.find(now->name) == nullptr;
      if (gone && fresh && same_type(*old, *now)) {
        add(path + "." + old->name, "rename", !stored, "renamed to " + now->name);
        continue;
      }
      if (gone) add(path + "." + old->name, "remove", !stored, id + 1 == before.fields.size() ? "removed (last field)" : "removed");
      if (old != nullptr && !gone) add(path + "." + old->name, "reorder", !stored, "moved to another place");
      if (fresh) add_field(path + "." + now->name, *now, stored, old != nullptr);
    }
  }

  // A new field reads as its default in what was stored before it, unless it took the place of another.
  void add_field(const std::string& path, const Field& field, bool stored, bool in_place_of_another) {
    const bool missing = field.required && field.default_value.is_null();
    std::string text = field.type_name + (field.required ? ", required" : field.nullable ? ", optional" : "");
    if (in_place_of_another) text += ", not at the end";
    add(path, "add", !stored || (!missing && !in_place_of_another), std::move(text));
    changes_.back().needs_default = stored && missing && !in_place_of_another;
  }

  void compare_fields(const std::string& path, const Field& before, const Field& after, bool stored) {
    if (!same_type(before, after)) return add(path, "type", !stored, before.type_name + " became " + after.type_name);
    if (!same_default(before, after)) {
      add(path, "default", !stored, "what was not written read as " + shown_default(before) + ", now as " + shown_default(after));
    }
    if (before.required != after.required) {
      add(path, "required", !stored || before.required, after.required ? "now required" : "no longer required");
    }
    internal::compare_marks(path, before, after, changes_);
    compare_documentation(path, before.documentation, after.documentation);
    if (before.nested != nullptr && seen_.insert({before.nested, after.nested}).second) {
      nested_.push_back({before.nested, after.nested, stored});
    }
    if (before.enumeration != nullptr) compare_enums(*before.enumeration, *after.enumeration, stored);
  }

  void compare_enums(const EnumType& before, const EnumType& after, bool stored) {
    if (!seen_.insert({&before, &after}).second) return;
    for (const EnumValue& value : before.values) {
      const std::string path = before.name + "." + value.name;
      const EnumValue* same = after.find(value.name);
      if (same == nullptr) {
        add(path, "remove", !stored, "value " + std::to_string(value.value) + " removed");
      } else if (same->value != value.value) {
        add(path, "value", !stored, std::to_string(value.value) + " became " + std::to_string(same->value));
      }
    }
    for (const EnumValue& value : after.values) {
      if (before.find(value.name) == nullptr)
        add(after.name + "." + value.name, "add", true, "value " + std::to_string(value.value));
    }
  }

  // ---- Resources and actions ----

  void compare_resources(const Resource& before, const Resource& after) {
    const std::size_t first = changes_.size();
    compare_tables(before.name, before.record, after.record, true);
    internal::compare_constraints(before, after, changes_);
    internal::compare_upcasts(before, after, first, changes_);
    compare_rules(before.name, "rule", texts_of(before.checks), texts_of(after.checks));
    compare_documentation(before.name, before.documentation, after.documentation);
  }

  void compare_actions(const Resource& resource) {
    for (const Action* action : resource.actions) {
      const Action* same = after_.find_action(action->name);
      if (same == nullptr) {
        add(action->name, "remove", true, "action removed, its number stays taken");
      } else {
        compare_actions(*action, *same);
      }
    }
  }

  void compare_actions(const Action& before, const Action& after) {
    compare_tables(before.name, before.arguments, after.arguments, false);
    if (before.kind != after.kind) {
      add(before.name, "kind", true, std::string(name_of(before.kind)) + " became " + std::string(name_of(after.kind)));
    }
    if (before.handled != after.handled) {
      add(before.name, "handler", true, after.handled ? "now needs a handler" : "no longer needs a handler");
    }
    if (before.workflow != after.workflow) {
      const auto text = [](const Action& action) { return action.workflow.empty() ? "none" : action.workflow; };
      add(before.name, "workflow", true, "started " + text(before) + ", now " + text(after));
    }
    if (before.timeout != after.timeout) {
      add(before.name, "timeout", true, "was " + timeout_text(before) + ", now " + timeout_text(after));
    }
    if (before.event_type != after.event_type) add(before.name, "event", true, before.event_type + " became " + after.event_type);
    compare_rules(before.name, "policy", texts_of(before.policies), texts_of(after.policies));
    compare_rules(before.name, "rule", texts_of(before.requires_), texts_of(after.requires_));
    compare_rules(before.name, "with", partners_of(before), partners_of(after));
    compare_queries(before, after);
    compare_rules(before.name, "rule", texts_of(before), texts_of(after));
    compare_documentation(before.name, before.documentation, after.documentation);
  }

  void compare_queries(const Action& before, const Action& after) {
    if (!before.query || !after.query) return;
    const std::string was = definition_of(*before.resource, *before.query), is = definition_of(*after.resource, *after.query);
    if (was != is) add(before.name, "query", true, "was " + was + ", now " + is);
  }

  static std::vector<std::string> texts_of(const std::vector<Rule>& rules) {
    std::vector<std::string> texts;
    for (const Rule& rule : rules) texts.push_back(rule.name + ": " + rule.expression.text());
    return texts;
  }

  static std::vector<std::string> partners_of(const Action& action) {
    std::vector<std::string> texts;
    for (const Partner& partner : action.partners) texts.push_back(definition_of(action, partner));
    return texts;
  }

  static std::vector<std::string> texts_of(const Action& action) {
    std::vector<std::string> texts;
    for (const Assignment& assignment : action.assignments) {
      texts.push_back(definition_of(*action.resource, assignment));
    }
    return texts;
  }

  void compare_rules(const std::string& path, const char* kind, const std::vector<std::string>& before,
                     const std::vector<std::string>& after) {
    for (const std::string& rule : before) {
      if (std::find(after.begin(), after.end(), rule) == after.end()) add(path, kind, true, "no longer: " + rule);
    }
    for (const std::string& rule : after) {
      if (std::find(before.begin(), before.end(), rule) == before.end()) add(path, kind, true, "now: " + rule);
    }
  }

  void compare_documentation(const std::string& path, const std::string& before, const std::string& after) {
    if (before != after) add(path, "documentation", true, "documentation changed");
  }

  const Domain& before_;
  const Domain& after_;
  std::vector<SchemaChange> changes_;
  std::vector<Nested> nested_;
  std::set<std::pair<const void*, const void*>> seen_;  // tables and enums that several fields share are compared once
};

}  // namespace

std::vector<SchemaChange> compare(const Domain& before, const Domain& after) {
  return Comparison(before, after).run();
}

}  // namespace forge
