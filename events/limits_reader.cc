#include "limits_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace forge::internal {
namespace {

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_number(const Field& field) {
  return (is_integer(field.type) && field.enumeration == nullptr) || field.type == BaseType::kFloat32 ||
         field.type == BaseType::kFloat64;
}

class LimitsReader {
 public:
  LimitsReader(const FieldOutline& outline, SchemaFindings& findings, Field& field)
      : outline_(outline), findings_(findings), field_(field) {}

  void read() {
    FieldLimits limits;
    bool any = read_bound("min", limits.min, limits.min_place);
    any |= read_bound("max", limits.max, limits.max_place);
    any |= read_length(limits);
    any |= read_match(limits);
    if (!any) return;
    check_order(limits);
    field_.limits = std::make_shared<const FieldLimits>(std::move(limits));
    check_default();
  }

 private:
  void refuse(const AttributeOutline& attribute, std::string why, std::string remedy) {
    findings_.add(attribute.place, Status(ErrorId::kSchemaAttribute,
                                          "the attribute " + quoted(attribute.name) + " on " + quoted(outline_.name) + " cannot be")
                                       .why(std::move(why))
                                       .remedy(std::move(remedy)));
  }

  bool read_bound(std::string_view name, Cell& bound, std::string& place) {
    const AttributeOutline* attribute = outline_.find(name);
    if (attribute == nullptr || attribute->value == AttributeOutline::Value::kNone) return false;
    if (!is_number(field_)) {
      return refuse(*attribute, "its type is " + field_.type_name + "; only numbers have it", "leave it out"), false;
    }
    bound = number_in(attribute->text.text);
    if (bound.is_absent()) {
      return refuse(*attribute, quoted(attribute->text.text) + " is no " + field_.type_name, "write a number: min: 0"), false;
    }
    place = findings_.text_of(attribute->place);
    return true;
  }

  // Absent where the text is no number that the field could hold or be compared with.
  Cell number_in(std::string_view text) const {
    if (is_integer(field_.type)) {
      const auto integer = number_of<std::int64_t>(text);
      return integer ? Cell::of(*integer) : Cell();
    }
    const auto number = number_of<double>(text);
    return number && std::isfinite(*number) ? Cell::of(*number) : Cell();
  }

  bool read_length(FieldLimits& limits) {
    const AttributeOutline* attribute = outline_.find("length");
    if (attribute == nullptr || attribute->value == AttributeOutline::Value::kNone) return false;
    if (field_.type != BaseType::kText && field_.type != BaseType::kVector) {
      return refuse(*attribute, "its type is " + field_.type_name + "; only strings and vectors have it", "leave it out"), false;
    }
    const std::string_view text = attribute->text.text;
    const std::size_t dots = text.find("..");
    const std::string_view low = text.substr(0, dots);
    const std::string_view high = dots == std::string_view::npos ? low : text.substr(dots + 2);
    limits.length_min = number_of<std::uint32_t>(low);
    limits.length_max = number_of<std::uint32_t>(high);
    const bool sound = (limits.length_min || low.empty()) && (limits.length_max || high.empty()) &&
                       (limits.length_min || limits.length_max) && !low.starts_with('+') && !high.starts_with('+');
    if (!sound)
      return refuse(*attribute, quoted(text) + " is no length", "write length: \"1..80\", \"8\", \"1..\" or \"..80\""), false;
    limits.length_place = findings_.text_of(attribute->place);
    return true;
  }

  bool read_match(FieldLimits& limits) {
    const AttributeOutline* attribute = outline_.find("match");
    if (attribute == nullptr || attribute->value != AttributeOutline::Value::kText) return false;
    if (field_.type != BaseType::kText) {
      return refuse(*attribute, "its type is " + field_.type_name + "; only strings have it", "leave it out"), false;
    }
    auto pattern = Pattern::compile(attribute->text.text);
    if (!pattern.ok()) return findings_.add(attribute->place, pattern.status()), false;
    limits.match = *std::move(pattern);
    limits.match_place = findings_.text_of(attribute->place);
    return true;
  }

  void check_order(const FieldLimits& limits) {
    const bool both = !limits.min.is_absent() && !limits.max.is_absent();
    const bool reversed =
        both && (limits.min.kind == Kind::kInt ? limits.min.integer > limits.max.integer : limits.min.number > limits.max.number);
    if (reversed) refuse(*outline_.find("min"), "it is above max", "swap them");
    if (limits.length_min && limits.length_max && *limits.length_min > *limits.length_max) {
      refuse(*outline_.find("length"), "it ends before it begins", "swap the bounds");
    }
  }

  void check_default() {
    if (!field_.has_default) return;
    const Status within = check_limits(field_, field_.default_value, "the default");
    if (within.ok()) return;
    findings_.add(outline_.place,
                  Status(ErrorId::kSchemaDomain, "the default of " + quoted(outline_.name) + " breaks its own limits")
                      .why(within.text().why)
                      .remedy("change one of them"));
  }

  const FieldOutline& outline_;
  SchemaFindings& findings_;
  Field& field_;
};

}  // namespace

void read_limits(const TableOutline& outline, SchemaFindings& findings, TableType& table) {
  for (const FieldOutline& declared : outline.fields) {
    for (Field& field : table.fields) {
      if (field.name == declared.name) LimitsReader(declared, findings, field).read();
    }
  }
}

}  // namespace forge::internal
