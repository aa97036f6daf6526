#include "json_schema.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "forge/events/codec.h"
#include "records.h"

namespace forge::cli {
namespace {

constexpr const char* kDialect = "https://json-schema.org/draft/2020-12/schema";
constexpr std::int64_t kExactInteger = std::int64_t{1} << 53;

// Whether values are such as Forge prints, or such as it takes.
enum class Side : std::uint8_t { kShown, kGiven };

Object ref(const std::string& name) {
  // In a JSON pointer "/" is written as "~1".
  std::string pointer = name;
  pointer.replace(pointer.find('/'), 1, "~1");
  return Object{{"$ref", "#/$defs/" + pointer}};
}

Object or_null(Object schema) {
  List choices;
  choices.emplace_back(std::move(schema));
  choices.emplace_back(Object{{"type", "null"}});
  return Object{{"anyOf", std::move(choices)}};
}

Object time_schema() {
  return Object{{"type", "string"}, {"format", "date-time"}};
}

Object positive() {
  return Object{{"type", "integer"}, {"minimum", 1}};
}

// The whole range of a 64-bit number, of which what a double cannot hold is text.
Object wide_integer(bool is_signed) {
  Object number{{"type", "integer"}, {"minimum", is_signed ? -kExactInteger : std::int64_t{0}}, {"maximum", kExactInteger}};
  List choices;
  choices.emplace_back(std::move(number));
  choices.emplace_back(Object{{"type", "string"}, {"pattern", is_signed ? "^-?[0-9]{1,19}$" : "^[0-9]{1,19}$"}});
  return Object{{"anyOf", std::move(choices)}};
}

Object integer_schema(BaseType type) {
  const auto range = [](std::int64_t min, std::int64_t max) {
    return Object{{"type", "integer"}, {"minimum", min}, {"maximum", max}};
  };
  switch (type) {
    case BaseType::kInt8:
      return range(INT8_MIN, INT8_MAX);
    case BaseType::kUint8:
      return range(0, UINT8_MAX);
    case BaseType::kInt16:
      return range(INT16_MIN, INT16_MAX);
    case BaseType::kUint16:
      return range(0, UINT16_MAX);
    case BaseType::kInt32:
      return range(INT32_MIN, INT32_MAX);
    case BaseType::kUint32:
      return range(0, UINT32_MAX);
    default:
      return wide_integer(type == BaseType::kInt64);
  }
}

Object enum_schema(const EnumType& type) {
  List names;
  for (const EnumValue& value : type.values) names.emplace_back(value.name);
  return Object{{"enum", std::move(names)}};
}

bool is_exact(const Cell& bound) {
  return !bound.is_null() && (bound.kind != Kind::kInt || (-kExactInteger <= bound.integer && bound.integer <= kExactInteger));
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Domain& domain) : domain_(domain) {}

  Object write() {
    for (const Resource* resource : user_resources(domain_)) {
      define("record/" + resource->name, record(*resource));
      for (const Action* action : resource->actions) {
        define("action/" + action->name, arguments(*action));
        if (!action->query) define("event/" + action->name, event(*action));
      }
      for (const Action* undo : resource->undo_actions) define("event/" + undo->name, event(*undo));
    }
    Object defs;
    for (auto& [name, schema] : defs_) defs.add(name, std::move(schema));
    const std::string title = domain_.sources().empty() ? "no schema" : domain_.sources().front().name;
    return Object{{"$schema", kDialect},
                  {"title", title},
                  {"$comment", "made of the schema with the digest " + domain_.digest()},
                  {"$defs", std::move(defs)}};
  }

 private:
  void define(const std::string& name, Object schema) { defs_[name] = std::move(schema); }

  // ---- Fields ----

  Object nested(const TableType& table, Side side) {
    const std::string name = (side == Side::kShown ? "type/" : "input/") + table.name;
    if (!defs_.contains(name)) {
      define(name, {});  // a table may hold itself
      Object properties;
      List required;
      for (const Field& field : table.fields) {
        properties.add(field.name, property(field, side));
        if (side == Side::kGiven && field.required) required.emplace_back(field.name);
      }
      define(name, object_of(std::move(properties), std::move(required)));
    }
    return ref(name);
  }

  Object type_of(const Field& field, BaseType type, Side side) {
    if (field.enumeration != nullptr && type != BaseType::kVector) return enum_schema(*field.enumeration);
    switch (type) {
      case BaseType::kBool:
        return Object{{"type", "boolean"}};
      case BaseType::kFloat32:
      case BaseType::kFloat64:
        return Object{{"type", "number"}};
      case BaseType::kText:
        return Object{{"type", "string"}};
      case BaseType::kTable:
      case BaseType::kStruct:
        return nested(*field.nested, side);
      case BaseType::kVector:
        if (field.element == BaseType::kUint8) return Object{{"type", "string"}, {"contentEncoding", "base64"}};
        return Object{{"type", "array"}, {"items", type_of(field, field.element, side)}};
      default:
        return integer_schema(type);
    }
  }

  // What the field allows of its values. Bounds that a double cannot hold are left out: they would be text.
  static Object limited(const Field& field, Object schema) {
    if (field.limits == nullptr) return schema;
    const FieldLimits& limits = *field.limits;
    Object bounds;
    if (is_exact(limits.min)) bounds.add("minimum", reveal_cell(field, limits.min));
    if (is_exact(limits.max)) bounds.add("maximum", reveal_cell(field, limits.max));
    const bool is_text = field.type == BaseType::kText;
    if (limits.length_min) bounds.add(is_text ? "minLength" : "minItems", *limits.length_min);
    if (limits.length_max) bounds.add(is_text ? "maxLength" : "maxItems", *limits.length_max);
    if (limits.match != nullptr) bounds.add("$comment", "matches, by RE2: " + limits.match->text());
    List both;
    both.emplace_back(std::move(schema));
    both.emplace_back(std::move(bounds));
    return Object{{"allOf", std::move(both)}};
  }

  Object property(const Field& field, Side side) {
    const bool is_hidden = field.secret && side == Side::kShown;
    Object schema = is_hidden ? Object{{"const", std::string(kSecretShown)}} : limited(field, type_of(field, field.type, side));
    if (field.nullable && !field.has_default && !field.required) schema = or_null(std::move(schema));
    if (!field.documentation.empty()) schema.add("description", field.documentation);
    if (field.deprecated) schema.add("deprecated", true);
    return schema;
  }

  static Object object_of(Object properties, List required) {
    Object out{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) out.add("required", std::move(required));
    out.add("additionalProperties", false);
    return out;
  }

  static Object documented(Object schema, const std::string& documentation) {
    if (!documentation.empty()) schema.add("description", documentation);
    return schema;
  }

  // ---- Records, arguments, events ----

  Object record(const Resource& resource) {
    Object properties;
    List required;
    for (std::size_t i = 0; i < resource.record.fields.size(); ++i) {
      const Field& field = resource.record.fields[i];
      properties.add(field.name, resource.is_key(i) ? type_of(field, field.type, Side::kShown) : property(field, Side::kShown));
      required.emplace_back(field.name);
    }
    properties.add("_version", positive());
    properties.add("_seq", positive());
    properties.add("_at", time_schema());
    properties.add("_actor", or_null(Object{{"type", "string"}}));
    return documented(object_of(std::move(properties), std::move(required)), resource.documentation);
  }

  static bool is_made_when_absent(const Action& action) {
    const Field* const key = action.resource->single_key();
    return action.kind == ActionKind::kCreates && key != nullptr && key->type == BaseType::kText && key->limits == nullptr;
  }

  Object arguments(const Action& action) {
    Object properties;
    List required;
    for (const std::string_view name : action.implicit_key) {
      const Field& field = *action.resource->record.find(name);
      properties.add(std::string(name), limited(field, type_of(field, field.type, Side::kGiven)));
      if (!is_made_when_absent(action)) required.emplace_back(name);
    }
    for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
      const Field& field = action.arguments.fields[i];
      if (field.deprecated) continue;  // it is refused
      const bool is_key = action.is_key_argument(i);
      properties.add(field.name, is_key ? limited(field, type_of(field, field.type, Side::kGiven)) : property(field, Side::kGiven));
      const bool is_needed = is_key ? !is_made_when_absent(action) : field.required && !field.has_default;
      if (is_needed) required.emplace_back(field.name);
    }
    return documented(object_of(std::move(properties), std::move(required)), action.documentation);
  }

  Object shown_fields(const TableType& table) {
    Object properties;
    for (const Field& field : table.fields) properties.add(field.name, property(field, Side::kShown));
    return object_of(std::move(properties), {});
  }

  Object event(const Action& action) {
    List fields;
    for (const Field& field : action.resource->record.fields) fields.emplace_back(field.name);
    const Object text{{"type", "string"}};
    Object properties{{"seq", positive()},
                      {"type", Object{{"const", action.event_type}}},
                      {"resource", Object{{"const", action.resource->name}}},
                      {"key", text},
                      {"version", positive()},
                      {"action", Object{{"const", action.name}}},
                      {"recorded_at", time_schema()},
                      {"occurred_at", time_schema()},
                      {"actor", text},
                      {"transaction", Object{{"type", "string"}, {"format", "uuid"}}},
                      {"correlation", text},
                      {"causation", positive()},
                      {"idempotency_key", text},
                      {"hops_left", Object{{"type", "integer"}, {"minimum", 0}}},
                      {"schema_version", positive()},
                      {"incarnation", positive()},
                      {"tags", Object{{"type", "array"}, {"items", text}}},
                      {"arguments", shown_fields(action.arguments)},
                      {"changes", shown_fields(action.resource->record)},
                      {"cleared", Object{{"type", "array"}, {"items", Object{{"enum", std::move(fields)}}}}},
                      {"raw_clock", time_schema()},
                      {"metadata", Object{{"type", "object"}}}};
    List required;
    for (const char* name : {"seq", "type", "resource", "key", "version", "action", "recorded_at", "transaction", "correlation",
                             "schema_version", "incarnation", "arguments", "changes"}) {
      required.emplace_back(name);
    }
    if (action.undoes) {
      properties.add("undoes", positive());
      required.emplace_back("undoes");
    }
    return Object{{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
  }

  const Domain& domain_;
  std::map<std::string, Object> defs_;
};

}  // namespace

Object json_schema(const Domain& domain) {
  return SchemaWriter(domain).write();
}

}  // namespace forge::cli
