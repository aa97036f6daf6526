#include "constraint_compare.h"

#include <algorithm>
#include <map>
#include <string>

namespace forge::internal {
namespace {

// What a part is, by its name.
using Definitions = std::map<std::string, std::string>;

class ConstraintComparison {
 public:
  ConstraintComparison(const Resource& before, const Resource& after, std::vector<SchemaChange>& changes)
      : before_(before), after_(after), changes_(changes) {}

  void run() {
    compare_keys();
    compare_unique();
    compare(indexes_of(before_), indexes_of(after_), "index", "indexed by ");
    compare_references();
    compare(computed_of(before_), computed_of(after_), "computed", "computed as ");
    compare(transitions_of(before_), transitions_of(after_), "transitions", "goes ");
  }

 private:
  void add(const std::string& name, const char* kind, bool safe, std::string text) {
    changes_.push_back({before_.name + (name.empty() ? "" : "." + name), kind, safe, std::move(text)});
  }

  void compare_keys() {
    const std::string was = definition_of(before_, before_.key_fields), is = definition_of(after_, after_.key_fields);
    if (was != is) add({}, "key", false, "the key was " + was + ", now it is " + is);
  }

  void compare(const Definitions& before, const Definitions& after, const char* kind, const std::string& verb) {
    for (const auto& [name, text] : before) {
      if (!after.contains(name)) add(name, kind, true, "no longer " + verb + text);
    }
    for (const auto& [name, text] : after) {
      const auto same = before.find(name);
      if (same == before.end() || same->second != text) add(name, kind, true, "now " + verb + text);
    }
  }

  // Whether no stored record has a value in one of the fields: it is new to all of them and reads as NULL.
  bool is_fresh(const std::vector<std::uint16_t>& fields) const {
    return std::any_of(fields.begin(), fields.end(), [&](std::uint16_t index) {
      const Field& field = after_.record.fields[index];
      return before_.record.find(field.name) == nullptr && field.default_value.is_null();
    });
  }

  static std::string text_of(const Resource& resource, const UniqueConstraint& unique) {
    const std::string text = definition_of(resource, unique.fields, unique.condition);
    return text == unique.name ? "" : ": " + text;
  }

  void compare_unique() {
    const auto has = [](const Resource& resource, const UniqueConstraint& wanted, const Resource& of) {
      return std::any_of(resource.unique.begin(), resource.unique.end(), [&](const UniqueConstraint& unique) {
        return unique.name == wanted.name && text_of(resource, unique) == text_of(of, wanted);
      });
    };
    for (const UniqueConstraint& unique : before_.unique) {
      if (!has(after_, unique, before_)) add(unique.name, "unique", true, "no longer unique" + text_of(before_, unique));
    }
    for (const UniqueConstraint& unique : after_.unique) {
      if (!has(before_, unique, after_))
        add(unique.name, "unique", is_fresh(unique.fields), "now unique" + text_of(after_, unique));
    }
  }

  static Definitions indexes_of(const Resource& resource) {
    Definitions out;
    for (const Index& index : resource.indexes) {
      if (index.declared) out[index.name] = definition_of(resource, index.fields);
    }
    return out;
  }

  static Definitions references_of(const Resource& resource) {
    Definitions out;
    for (const Reference& reference : resource.references) {
      out[reference.name] = definition_of(resource, reference.fields) + " -> " + reference.target->name;
    }
    return out;
  }

  // Stored records may name what is not there.
  void compare_references() {
    const Definitions before = references_of(before_), after = references_of(after_);
    for (const auto& [name, text] : before) {
      if (!after.contains(name)) add(name, "references", true, "no longer checked: " + text);
    }
    for (const Reference& reference : after_.references) {
      const auto same = before.find(reference.name);
      const std::string& text = after.at(reference.name);
      if (same == before.end() || same->second != text) {
        add(reference.name, "references", is_fresh(reference.fields), "now checked: " + text);
      }
    }
  }

  static Definitions computed_of(const Resource& resource) {
    Definitions out;
    for (const Assignment& computed : resource.computed) {
      out[resource.record.fields[computed.field].name] = computed.expression.text();
    }
    return out;
  }

  static Definitions transitions_of(const Resource& resource) {
    Definitions out;
    for (const Transitions& transitions : resource.transitions) {
      out[resource.record.fields[transitions.field].name] = definition_of(resource, transitions);
    }
    return out;
  }

  const Resource& before_;
  const Resource& after_;
  std::vector<SchemaChange>& changes_;
};

}  // namespace

void compare_constraints(const Resource& before, const Resource& after, std::vector<SchemaChange>& changes) {
  ConstraintComparison(before, after, changes).run();
}

void compare_marks(const std::string& path, const Field& before, const Field& after, std::vector<SchemaChange>& changes) {
  const auto compare = [&](const char* kind, bool was, bool is) {
    if (was != is) changes.push_back({path, kind, true, std::string(is ? "" : "no longer ") + kind});
  };
  compare("deprecated", before.deprecated, after.deprecated);
  compare("secret", before.secret, after.secret);
  compare("tag", before.tag, after.tag);
  const std::string was = limits_text(before), is = limits_text(after);
  if (was == is) return;
  changes.push_back({path, "limits", true, "were " + (was.empty() ? "none" : was) + ", now " + (is.empty() ? "none" : is)});
}

}  // namespace forge::internal
