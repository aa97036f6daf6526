#include "forge/workflows/token.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <set>

#include "buffer.h"
#include "datum.h"
#include "forge/events/json.h"

namespace forge {
namespace {

constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
constexpr const char* kIdentifier = "FGTK";

Status invalid(std::string why) {
  return Status(ErrorId::kTokenInvalid, "the token cannot be read").why(std::move(why));
}

bool is_marked(const Object& object) {
  return object.size() == 1 && object.members()[0].first.starts_with('$');
}

Value marked(const char* mark, Value value) {
  return Object{{mark, std::move(value)}};
}

// The bits of a NaN tell one from another; an infinity has its sign.
Value unusual_float(double number) {
  if (std::isinf(number)) return marked("$float", number > 0 ? "inf" : "-inf");
  return marked("$float", "nan:" + std::to_string(std::bit_cast<std::uint64_t>(number)));
}

// `value` with marks for what plain JSON would lose.
Value with_marks(const Value& value) {
  if (const std::int64_t* integer = value.if_int()) {
    if (*integer > kExactMax || *integer < -kExactMax) return marked("$int", std::to_string(*integer));
  } else if (const double* number = value.if_double()) {
    if (!std::isfinite(*number)) return unusual_float(*number);
  } else if (const Bytes* bytes = value.if_bytes()) {
    return marked("$bytes", to_base64(*bytes));
  } else if (const List* list = value.if_list()) {
    List made;
    for (const Value& item : *list) made.push_back(with_marks(item));
    return made;
  } else if (const Object* object = value.if_object()) {
    Object made;
    for (const auto& [name, member] : object->members()) made.add(name, with_marks(member));
    return is_marked(*object) ? marked("$object", std::move(made)) : Value(std::move(made));
  }
  return value;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Result<Value> read_float(const std::string& text) {
  std::uint64_t bits = 0;
  if (text == "inf" || text == "-inf") return Value(text == "inf" ? HUGE_VAL : -HUGE_VAL);
  const bool is_nan = text.starts_with("nan:") && read_number(std::string_view(text).substr(4), bits);
  if (is_nan && std::isnan(std::bit_cast<double>(bits))) return Value(std::bit_cast<double>(bits));
  return invalid("'" + text + "' is no $float");
}

Result<Value> without_marks(const Value& value);

Result<Value> members_without_marks(const Object& object) {
  Object made;
  for (const auto& [name, member] : object.members()) {
    FORGE_ASSIGN(Value plain, without_marks(member));
    made.add(name, std::move(plain));
  }
  return Value(std::move(made));
}

Result<Value> read_marked(const std::string& mark, const Value& value) {
  if (mark == "$object" && value.if_object() != nullptr) return members_without_marks(*value.if_object());
  const std::string* text = value.if_text();
  if (text == nullptr) return invalid("'" + mark + "' holds no text");
  std::int64_t integer = 0;
  if (mark == "$int" && read_number(*text, integer)) return Value(integer);
  if (mark == "$float") return read_float(*text);
  if (mark == "$bytes") {
    FORGE_ASSIGN(Bytes bytes, from_base64(*text));
    return Value(std::move(bytes));
  }
  return invalid("'" + mark + "' means nothing here");
}

Result<Value> without_marks(const Value& value) {
  if (const List* list = value.if_list()) {
    List made;
    for (const Value& item : *list) {
      FORGE_ASSIGN(Value plain, without_marks(item));
      made.push_back(std::move(plain));
    }
    return Value(std::move(made));
  }
  const Object* object = value.if_object();
  if (object == nullptr) return value;
  if (is_marked(*object)) return read_marked(object->members()[0].first, object->members()[0].second);
  return members_without_marks(*object);
}

}  // namespace

std::vector<std::uint8_t> to_bytes(const Token& token) {
  fb::TokenT model;
  model.values = std::make_unique<fb::DatumT>(internal::to_datum(token.values));
  model.correlation = token.correlation;
  model.hops_left = token.hops_left;
  return internal::pack<fb::Token>(model, kIdentifier);
}

Result<Token> token_from_bytes(std::span<const std::uint8_t> bytes) {
  fb::TokenT model;
  if (!internal::unpack<fb::Token>(bytes, kIdentifier, model)) return invalid("its bytes are damaged");
  FORGE_ASSIGN(Value values, internal::to_value(*model.values));
  return Token{std::move(values), model.correlation, model.hops_left};
}

std::string to_json(const Token& token) {
  return to_json(Value(Object{
      {"values", with_marks(token.values)}, {"correlation", token.correlation}, {"hops_left", std::int64_t{token.hops_left}}}));
}

Result<Token> token_from_json(std::string_view text, std::string_view name) {
  FORGE_ASSIGN(const Value parsed, parse_json(text, name));
  const Object* object = parsed.if_object();
  const Value* values = object == nullptr ? nullptr : object->find("values");
  const Value* correlation = object == nullptr ? nullptr : object->find("correlation");
  const Value* hops_left = object == nullptr ? nullptr : object->find("hops_left");
  const bool whole = values != nullptr && correlation != nullptr && hops_left != nullptr && object->size() == 3;
  if (!whole) return invalid(std::string(name) + " is no object of values, correlation and hops_left");
  if (correlation->if_text() == nullptr) return invalid("its correlation is no text");
  const std::int64_t* hops = hops_left->if_int();
  if (hops == nullptr || *hops < 0 || *hops > 255) return invalid("its hops_left is no whole number from 0 to 255");
  FORGE_ASSIGN(Value plain, without_marks(*values));
  return Token{std::move(plain), *correlation->if_text(), static_cast<std::uint8_t>(*hops)};
}

}  // namespace forge
