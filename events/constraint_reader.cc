#include "constraint_reader.h"

#include <algorithm>

#include "domain_types.h"

namespace forge::internal {
namespace {

constexpr std::string_view kKeyExample = "key: \"order, line\"";
constexpr std::string_view kUniqueExample = "unique: \"slot: day, room where status <> 'Cancelled'\"";
constexpr std::string_view kIndexExample = "index: \"by_sku: sku, qty\"";
constexpr std::string_view kReferencesExample = "references: \"order, line -> OrderLine\"";
constexpr std::string_view kTransitionsExample = "transitions: \"Placed -> Paid, Cancelled; Paid -> Shipped\"";

// Only where the attribute has a value; without one, check_attributes has said so.
const AttributeOutline* find_text(const std::vector<AttributeOutline>& attributes, std::string_view name) {
  const AttributeOutline* found = find_attribute(attributes, name);
  return found != nullptr && found->value == AttributeOutline::Value::kText ? found : nullptr;
}

std::string joined_names(const Resource& resource, const std::vector<std::uint16_t>& fields) {
  std::string out;
  for (const std::uint16_t field : fields) out += (out.empty() ? "" : "_") + resource.record.fields[field].name;
  return out;
}

bool is_orderable(const Field& field, bool with_bool) {
  return field.type == BaseType::kText || is_integer(field.type) || (with_bool && field.type == BaseType::kBool);
}

}  // namespace

void ConstraintReader::add(SchemaPlace place, ErrorId id, std::string what, std::string why, std::string remedy) {
  Status status = Status(id, std::move(what)).why(std::move(why));
  if (!remedy.empty()) status = std::move(status).remedy(std::move(remedy));
  findings_.add(place, std::move(status));
}

// --- the key and marks -----------------------------------------------------------------------------------------------------------

void ConstraintReader::read_key_and_marks() {
  if (const AttributeOutline* key = find_text(outline_.attributes, "key")) {
    read_table_key(*key);
  } else {
    read_field_key();
  }
  for (const FieldOutline& declared : outline_.fields) {
    const Field* field = resource_.record.find(declared.name);
    if (field != nullptr) read_mark(declared, resource_.record.fields[field->id]);
  }
}

void ConstraintReader::read_field_key() {
  const auto key = std::find_if(outline_.fields.begin(), outline_.fields.end(),
                                [](const FieldOutline& field) { return field.find("key") != nullptr; });
  if (key == outline_.fields.end()) {
    return add(outline_.place, ErrorId::kSchemaDomain, "the resource " + quoted(resource_.name) + " has no key", {},
               "mark one field: id: string (key);");
  }
  const Field* field = resource_.record.find(key->name);
  if (field == nullptr) return;
  resource_.key_fields = {field->id};
  check_key_part(key->place, *field);
}

void ConstraintReader::read_table_key(const AttributeOutline& attribute) {
  ListReader list(attribute, findings_);
  for (const FieldOutline& declared : outline_.fields) {
    if (const AttributeOutline* key = declared.find("key")) {
      add(key->place, ErrorId::kSchemaDomain, "the resource " + quoted(resource_.name) + " has two keys", "one stands on the table",
          "leave one out");
    }
  }
  if (!read_fields(list, kKeyExample, resource_.key_fields)) return resource_.key_fields.clear();
  if (!list.at_end()) list.expected("',' or the end", kKeyExample);
  for (const std::uint16_t part : resource_.key_fields) {
    Field& field = resource_.record.fields[part];
    check_key_part(attribute.place, field);
    field.required = field.type == BaseType::kText;
  }
}

void ConstraintReader::check_key_part(SchemaPlace place, const Field& field) {
  const bool good = field.type == BaseType::kText || (is_integer(field.type) && field.enumeration == nullptr);
  if (!good) {
    add(place, ErrorId::kSchemaDomain, "the key " + quoted(field.name) + " cannot be of type " + field.type_name,
        "a key is a string or an integer");
  }
  if (field.has_default || field.deprecated) {
    add(place, ErrorId::kSchemaDomain, "the key " + quoted(field.name) + " cannot have a default or be deprecated",
        "every record has its own");
  }
}

void ConstraintReader::read_mark(const FieldOutline& declared, Field& field) {
  const bool is_key = resource_.is_key(field.id);
  const AttributeOutline* secret = declared.find("secret");
  if (secret != nullptr && is_key) {
    add(secret->place, ErrorId::kSchemaDomain, "the key " + quoted(field.name) + " cannot be secret", "keys are shown");
  }
  if (const AttributeOutline* computed = find_text(declared.attributes, "computed")) {
    field.computed = true;
    if (is_key || field.has_default) {
      add(computed->place, ErrorId::kSchemaDomain, "the field " + quoted(field.name) + " cannot be computed",
          is_key ? "a record keeps its key" : "it has a default");
    }
  }
  const AttributeOutline* tag = declared.find("tag");
  if (tag == nullptr || !is_ordered(tag->place, field, "be a tag", true)) return;
  if (secret != nullptr) {
    return add(tag->place, ErrorId::kSchemaDomain, "the field " + quoted(field.name) + " cannot be a tag", "it is secret");
  }
  field.tag = true;
  resource_.tag_fields.push_back(field.id);
}

// --- lists of fields -------------------------------------------------------------------------------------------------------------

const Field* ConstraintReader::field_named(const ListWord& word) {
  if (const Field* field = resource_.record.find(word.text)) return field;
  std::vector<std::string_view> known;
  for (const Field& field : resource_.record.fields) known.push_back(field.name);
  add(word.place, ErrorId::kSchemaAttribute, "the resource " + quoted(resource_.name) + " has no field " + quoted(word.text),
      findings_.did_you_mean(word.text, known), "name its own fields");
  return nullptr;
}

bool ConstraintReader::read_fields(ListReader& list, std::string_view example, std::vector<std::uint16_t>& fields) {
  do {
    const SchemaPlace place = list.here();
    const auto word = list.take_word();
    if (!word) return list.expected("a field", example);
    const Field* field = field_named(*word);
    if (field == nullptr) return false;
    if (std::find(fields.begin(), fields.end(), field->id) != fields.end()) {
      add(place, ErrorId::kSchemaAttribute, "the field " + quoted(word->text) + " is named twice", {}, "name it once");
      return false;
    }
    fields.push_back(field->id);
  } while (list.take(","));
  return true;
}

// "NAME: FIELD, FIELD" or "FIELD, FIELD".
bool ConstraintReader::read_named_fields(ListReader& list, std::string_view example, ListWord& name,
                                         std::vector<std::uint16_t>& fields) {
  name.place = list.here();
  ListReader ahead = list;
  const auto word = ahead.take_word();
  if (word && ahead.take(":")) {
    name = *word;
    list.take_word();
    list.take(":");
  }
  if (!read_fields(list, example, fields)) return false;
  if (name.text.empty()) name.text = joined_names(resource_, fields);
  return true;
}

bool ConstraintReader::is_ordered(SchemaPlace place, const Field& field, std::string_view purpose, bool with_bool) {
  if (is_orderable(field, with_bool)) return true;
  add(place, ErrorId::kSchemaDomain, "the field " + quoted(field.name) + " cannot " + std::string(purpose),
      "its type is " + field.type_name + "; " +
          (with_bool ? "strings, integers, enums and bools can" : "unique fields are strings, integers and enums"));
  return false;
}

template <typename Part>
bool ConstraintReader::is_name_free(SchemaPlace place, const std::vector<Part>& parts, const std::string& name,
                                    std::string_view what) {
  if (std::none_of(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; })) return true;
  add(place, ErrorId::kSchemaName, "the " + std::string(what) + " name " + quoted(name) + " is taken",
      "another of " + resource_.name + " has it", "name it otherwise: \"NAME: FIELD, FIELD\"");
  return false;
}

void ConstraintReader::read_constraints(std::span<const std::string_view> resource_names, const FindResource& find) {
  for (const FieldOutline& declared : outline_.fields) {
    if (const AttributeOutline* unique = declared.find("unique")) read_unique_field(declared, *unique);
    const AttributeOutline* index = declared.find("index");
    const Field* field = resource_.record.find(declared.name);
    if (index != nullptr && field != nullptr) add_index(index->place, field->name, {field->id}, true);
    if (const auto* transitions = find_text(declared.attributes, "transitions")) read_transitions(declared, *transitions);
  }
  if (const AttributeOutline* unique = find_text(outline_.attributes, "unique")) read_unique_table(*unique);
  if (const AttributeOutline* index = find_text(outline_.attributes, "index")) read_index_table(*index);
  // Declared indexes come first: a reference over the same fields shares one.
  for (const FieldOutline& declared : outline_.fields) {
    const AttributeOutline* references = find_text(declared.attributes, "references");
    if (references != nullptr) read_reference_field(declared, *references, resource_names, find);
  }
  if (const AttributeOutline* references = find_text(outline_.attributes, "references")) {
    read_reference_table(*references, resource_names, find);
  }
  for (const Field& field : resource_.record.fields) {
    if (field.limits != nullptr && !resource_.is_key(field.id)) resource_.limited_fields.push_back(field.id);
  }
}

// --- unique constraints ----------------------------------------------------------------------------------------------------------

void ConstraintReader::read_unique_field(const FieldOutline& declared, const AttributeOutline& attribute) {
  const Field* field = resource_.record.find(declared.name);
  if (field == nullptr) return;
  if (resource_.key_fields == std::vector<std::uint16_t>{field->id}) {
    return add(attribute.place, ErrorId::kSchemaDomain, "the key " + quoted(declared.name) + " is unique already", {},
               "leave it out");
  }
  if (!is_ordered(attribute.place, *field, "be unique", false)) return;
  UniqueConstraint unique;
  unique.name = declared.name;
  unique.fields = {field->id};
  add_unique(attribute.place, std::move(unique), resource_.name + "." + declared.name);
}

void ConstraintReader::read_unique_table(const AttributeOutline& attribute) {
  ListReader list(attribute, findings_);
  do {
    ListWord name;
    UniqueConstraint unique;
    if (!read_named_fields(list, kUniqueExample, name, unique.fields) || !read_condition(list, unique)) return;
    const auto ordered = [&](std::uint16_t field) {
      return is_ordered(name.place, resource_.record.fields[field], "be unique", false);
    };
    unique.name = name.text;
    const std::string definition = definition_of(resource_, unique.fields, unique.condition);
    const bool good = std::all_of(unique.fields.begin(), unique.fields.end(), ordered);
    if (good && is_name_free(name.place, resource_.unique, unique.name, "constraint")) {
      // One field alone is numbered as it would be with `unique` on the field: it is the same constraint.
      add_unique(name.place, std::move(unique),
                 resource_.name + "." + name.text + (definition == name.text ? "" : "(" + definition + ")"));
    }
    if (!list.at_end() && !list.is_next(";")) return static_cast<void>(list.expected("',', 'where' or ';'", kUniqueExample));
  } while (list.take(";") && !list.at_end());
}

// "where EXPRESSION", which must mean the same whenever it is evaluated on the same record.
bool ConstraintReader::read_condition(ListReader& list, UniqueConstraint& unique) {
  if (!list.take_keyword("where")) return true;
  const SchemaPlace place = list.here();
  auto parsed = Expression::parse(list.take_rule(), {.record = &resource_.record, .now = false});
  if (!parsed.ok()) return findings_.add(place, parsed.status()), false;
  if (parsed->type() != RuleType::kBool) {
    return add(place, ErrorId::kRuleType, "the condition of a unique constraint must be a condition", parsed->text() + " is none",
               "mend it"),
           false;
  }
  unique.condition = *std::move(parsed);
  return true;
}

void ConstraintReader::add_unique(SchemaPlace place, UniqueConstraint unique, const std::string& number_name) {
  const auto number = numbers_.unique(number_name);
  if (!number) return add(place, ErrorId::kSchemaDomain, "the domain has more unique fields than there are numbers", {});
  unique.number = *number;
  unique.place = findings_.text_of(place);
  resource_.unique.push_back(std::move(unique));
}

// --- indexes ---------------------------------------------------------------------------------------------------------------------

void ConstraintReader::read_index_table(const AttributeOutline& attribute) {
  ListReader list(attribute, findings_);
  do {
    ListWord name;
    std::vector<std::uint16_t> fields;
    if (!read_named_fields(list, kIndexExample, name, fields)) return;
    add_index(name.place, name.text, std::move(fields), true);
    if (!list.at_end() && !list.is_next(";")) return static_cast<void>(list.expected("',' or ';'", kIndexExample));
  } while (list.take(";") && !list.at_end());
}

void ConstraintReader::add_index(SchemaPlace place, std::string name, std::vector<std::uint16_t> fields, bool declared) {
  for (const std::uint16_t field : fields) {
    if (!is_ordered(place, resource_.record.fields[field], "be in an index", true)) return;
  }
  // One that only references need is named by nobody.
  if (declared && !is_name_free(place, resource_.indexes, name, "index")) return;
  const auto number =
      numbers_.index(resource_.name + "." + name + "(" + definition_of(resource_, fields) + ")" + (declared ? "" : " not null"));
  if (!number) return add(place, ErrorId::kSchemaDomain, "the domain has more indexes than there are numbers", {});
  resource_.indexes.push_back({std::move(name), *number, std::move(fields), declared, findings_.text_of(place)});
}

// --- references ------------------------------------------------------------------------------------------------------------------

void ConstraintReader::read_reference_field(const FieldOutline& declared, const AttributeOutline& attribute,
                                            std::span<const std::string_view> resource_names, const FindResource& find) {
  const Field* field = resource_.record.find(declared.name);
  if (field == nullptr) return;
  ListReader list(attribute, findings_);
  const auto target = list.take_word();
  if (!target || !list.at_end()) return static_cast<void>(list.expected("the name of one resource", "references: \"Customer\""));
  Reference reference;
  reference.name = declared.name;
  reference.fields = {field->id};
  reference.place = findings_.text_of(attribute.place);
  add_reference(*target, std::move(reference), resource_names, find);
}

void ConstraintReader::read_reference_table(const AttributeOutline& attribute, std::span<const std::string_view> resource_names,
                                            const FindResource& find) {
  ListReader list(attribute, findings_);
  do {
    ListWord name;
    Reference reference;
    if (!read_named_fields(list, kReferencesExample, name, reference.fields)) return;
    if (!list.take("->")) return static_cast<void>(list.expected("',' or '->'", kReferencesExample));
    const auto target = list.take_word();
    if (!target) return static_cast<void>(list.expected("the name of a resource", kReferencesExample));
    reference.name = name.text;
    reference.place = findings_.text_of(name.place);
    add_reference(*target, std::move(reference), resource_names, find);
    if (!list.at_end() && !list.is_next(";")) return static_cast<void>(list.expected("';' or the end", kReferencesExample));
  } while (list.take(";") && !list.at_end());
}

void ConstraintReader::add_reference(const ListWord& target, Reference reference, std::span<const std::string_view> resource_names,
                                     const FindResource& find) {
  Resource* resource = find(target.text);
  if (resource == nullptr || target.text.starts_with('_')) {
    return add(target.place, ErrorId::kSchemaDomain,
               quoted(resource_.name + "." + reference.name) + " references an unknown resource " + quoted(target.text),
               findings_.did_you_mean(target.text, resource_names));
  }
  reference.target = resource;
  if (!fits_key(target.place, reference) || !is_name_free(target.place, resource_.references, reference.name, "reference")) return;
  reference.index = index_over(target.place, reference.name, reference.fields);
  if (reference.index == resource_.indexes.size()) return;
  resource->referrers.push_back({&resource_, resource_.references.size()});
  resource_.references.push_back(std::move(reference));
}

// The fields are of the sorts that the target's key is of, one for each of its parts.
bool ConstraintReader::fits_key(SchemaPlace place, const Reference& reference) {
  const Resource& target = *reference.target;
  bool fits = reference.fields.size() == target.key_fields.size();
  std::string key;
  for (std::size_t i = 0; i < target.key_fields.size(); ++i) {
    const Field& part = target.record.fields[target.key_fields[i]];
    key += (key.empty() ? "" : ", ") + part.name + ": " + part.type_name;
    if (!fits) continue;
    const Field& field = resource_.record.fields[reference.fields[i]];
    const bool both_texts = field.type == BaseType::kText && part.type == BaseType::kText;
    fits = both_texts || (is_integer(field.type) && field.enumeration == nullptr && is_integer(part.type));
  }
  if (fits) return true;
  add(place, ErrorId::kSchemaDomain, quoted(resource_.name + "." + reference.name) + " does not fit the key of " + target.name,
      "its key is " + key, "reference it by fields of these types");
  return false;
}

// The place in `indexes` of one over exactly these fields, which is made where there is none; their number where it cannot be.
std::size_t ConstraintReader::index_over(SchemaPlace place, const std::string& name, const std::vector<std::uint16_t>& fields) {
  const auto found =
      std::find_if(resource_.indexes.begin(), resource_.indexes.end(), [&](const Index& index) { return index.fields == fields; });
  if (found != resource_.indexes.end()) return static_cast<std::size_t>(found - resource_.indexes.begin());
  const std::size_t before = resource_.indexes.size();
  add_index(place, name, fields, false);
  return resource_.indexes.size() == before ? resource_.indexes.size() : before;
}

// --- transitions -----------------------------------------------------------------------------------------------------------------

void ConstraintReader::read_transitions(const FieldOutline& declared, const AttributeOutline& attribute) {
  const Field* field = resource_.record.find(declared.name);
  if (field == nullptr) return;
  if (field->enumeration == nullptr || field->type == BaseType::kVector || field->nullable) {
    return add(attribute.place, ErrorId::kSchemaDomain, "the field " + quoted(field->name) + " cannot have transitions",
               "only an enum that is never null has them");
  }
  Transitions transitions;
  transitions.field = field->id;
  transitions.place = findings_.text_of(attribute.place);
  ListReader list(attribute, findings_);
  do {
    std::vector<std::int64_t> from, to;
    if (!list.is_next("->") && !read_values(list, *field->enumeration, from)) return;
    if (!list.take("->")) return static_cast<void>(list.expected("'->'", kTransitionsExample));
    if (!read_values(list, *field->enumeration, to)) return;
    if (from.empty()) transitions.initial.insert(transitions.initial.end(), to.begin(), to.end());
    for (const std::int64_t before : from) {
      for (const std::int64_t after : to) transitions.steps.emplace_back(before, after);
    }
    if (!list.at_end() && !list.is_next(";")) return static_cast<void>(list.expected("',' or ';'", kTransitionsExample));
  } while (list.take(";") && !list.at_end());
  if (transitions.initial.empty()) transitions.initial.push_back(field->default_value.integer);
  resource_.transitions.push_back(std::move(transitions));
}

bool ConstraintReader::read_values(ListReader& list, const EnumType& type, std::vector<std::int64_t>& values) {
  do {
    const auto word = list.take_word();
    if (!word) return list.expected("a value of " + type.name, kTransitionsExample);
    const EnumValue* value = type.find(word->text);
    if (value == nullptr) {
      std::vector<std::string_view> known;
      for (const EnumValue& one : type.values) known.push_back(one.name);
      add(word->place, ErrorId::kSchemaAttribute, quoted(word->text) + " is not a name of " + type.name,
          findings_.did_you_mean(word->text, known), "name its values");
      return false;
    }
    values.push_back(value->value);
  } while (list.take(","));
  return true;
}

// --- computed fields -------------------------------------------------------------------------------------------------------------

void ConstraintReader::read_computed() {
  std::vector<Assignment> read;
  for (const FieldOutline& declared : outline_.fields) {
    const AttributeOutline* attribute = find_text(declared.attributes, "computed");
    const Field* field = resource_.record.find(declared.name);
    if (attribute == nullptr || field == nullptr) continue;
    const RuleSource source{attribute->text.text, findings_.files()[attribute->place.file].name, attribute->text.positions};
    auto parsed = parse_value(source, {.record = &resource_.record}, *field);
    if (!parsed.ok()) {
      findings_.add(attribute->place, parsed.status());
    } else {
      read.push_back(Assignment{field->id, findings_.text_of(attribute->place), *std::move(parsed)});
    }
  }
  order_computed(std::move(read));
}

// Each behind those it reads; what is left over reads itself.
void ConstraintReader::order_computed(std::vector<Assignment> read) {
  const auto waits = [&](const Assignment& one) {
    return std::any_of(read.begin(), read.end(), [&](const Assignment& other) {
      const auto& fields = one.expression.fields();
      return std::binary_search(fields.begin(), fields.end(), other.field);
    });
  };
  for (;;) {
    const auto ready = std::find_if_not(read.begin(), read.end(), waits);
    if (ready == read.end()) break;
    resource_.computed.push_back(std::move(*ready));
    read.erase(ready);
  }
  for (const Assignment& circular : read) {
    const Field& field = resource_.record.fields[circular.field];
    findings_.add(outline_.find_field(field.name)->find("computed")->place,
                  Status(ErrorId::kSchemaDomain, "the computed field " + quoted(field.name) + " rests on itself")
                      .why(circular.expression.text())
                      .remedy("compute it from fields that do not read it"));
  }
}

}  // namespace forge::internal
