#include "input_types.h"

#include <array>
#include <utility>

namespace forge::internal {
namespace {

constexpr std::array<std::pair<std::string_view, fb::InputType>, 8> kTypes = {{{"any", fb::InputType::Any},
                                                                               {"bool", fb::InputType::Bool},
                                                                               {"int", fb::InputType::Int},
                                                                               {"float", fb::InputType::Float},
                                                                               {"string", fb::InputType::String},
                                                                               {"bytes", fb::InputType::Bytes},
                                                                               {"list", fb::InputType::List},
                                                                               {"object", fb::InputType::Object}}};

}  // namespace

std::optional<fb::InputType> find_input_type(std::string_view name) {
  for (const auto& [word, type] : kTypes) {
    if (word == name) return type;
  }
  return std::nullopt;
}

std::string_view name_of(fb::InputType type) {
  for (const auto& [word, candidate] : kTypes) {
    if (candidate == type) return word;
  }
  return "unknown";
}

std::vector<std::string> input_type_names() {
  std::vector<std::string> names;
  for (const auto& [word, type] : kTypes) names.emplace_back(word);
  return names;
}

bool fits(const Value& value, fb::InputType type) {
  switch (type) {
    case fb::InputType::Any:
      return true;
    case fb::InputType::Bool:
      return value.if_bool() != nullptr;
    case fb::InputType::Int:
      return value.if_int() != nullptr;
    case fb::InputType::Float:
      return value.if_double() != nullptr || value.if_int() != nullptr;
    case fb::InputType::String:
      return value.if_text() != nullptr;
    case fb::InputType::Bytes:
      return value.if_bytes() != nullptr;
    case fb::InputType::List:
      return value.if_list() != nullptr;
    case fb::InputType::Object:
      return value.if_object() != nullptr;
  }
  return false;
}

}  // namespace forge::internal
