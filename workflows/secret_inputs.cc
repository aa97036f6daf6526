#include "secret_inputs.h"

#include <algorithm>
#include <utility>

#include "forge/events/constraint.h"
#include "forge/events/json.h"

namespace forge::internal {
namespace {

constexpr std::size_t kTellingBytes = 4;

// Whether showing it would tell anything: a flag or nothing would not.
bool is_telling(const Value& value) {
  if (value.if_text() != nullptr) return !value.if_text()->empty();
  return !value.is_null() && value.if_bool() == nullptr;
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

SecretInputs::SecretInputs(const Plan& plan, const Value& input) {
  const Object* given = input.if_object();
  if (given == nullptr) return;
  for (const auto& declared : plan.declared->inputs) {
    const Value* value = declared->secret ? given->find(declared->name) : nullptr;
    if (value != nullptr) gather(*value, false);
  }
  std::stable_sort(sought_.begin(), sought_.end(), [](const Sought& a, const Sought& b) { return a.text.size() > b.text.size(); });
}

// A text stands in others as it is, or as JSON has it.
void SecretInputs::gather(const Value& secret, bool inside) {
  if (!is_telling(secret)) return;
  values_.push_back(secret);
  std::string json = to_json(secret);
  if (json.starts_with('"')) json = json.substr(1, json.size() - 2);
  const std::string* text = secret.if_text();
  const bool is_number = secret.if_int() != nullptr || secret.if_double() != nullptr;
  const bool alone = is_number || (inside && json.size() < kTellingBytes);
  if (text != nullptr && *text != json) sought_.push_back({*text, alone});
  sought_.push_back({std::move(json), alone});
  if (const List* list = secret.if_list()) {
    for (const Value& item : *list) gather(item, true);
  }
  if (const Object* object = secret.if_object()) {
    for (const auto& [name, member] : object->members()) gather(member, true);
  }
}

std::size_t SecretInputs::find(const std::string& text, const Sought& sought, std::size_t from) {
  std::size_t at = text.find(sought.text, from);
  const auto is_part = [&](std::size_t begin) {
    const std::size_t end = begin + sought.text.size();
    return (begin > 0 && is_word(text[begin - 1])) || (end < text.size() && is_word(text[end]));
  };
  while (sought.alone && at != std::string::npos && is_part(at)) at = text.find(sought.text, at + 1);
  return at;
}

Value SecretInputs::hidden(const Value& value) const {
  if (values_.empty()) return value;
  if (std::find(values_.begin(), values_.end(), value) != values_.end()) return Value(kSecretShown);
  if (const std::string* text = value.if_text()) {
    const bool holds = std::any_of(sought_.begin(), sought_.end(),
                                   [text](const Sought& sought) { return find(*text, sought, 0) != std::string::npos; });
    return holds ? Value(kSecretShown) : value;
  }
  if (const List* list = value.if_list()) {
    List shown;
    for (const Value& item : *list) shown.push_back(hidden(item));
    return shown;
  }
  if (const Object* object = value.if_object()) {
    Object shown;
    for (const auto& [name, member] : object->members()) shown.add(name, hidden(member));
    return shown;
  }
  return value;
}

std::string SecretInputs::hidden(std::string text) const {
  for (const Sought& sought : sought_) {
    for (std::size_t at = find(text, sought, 0); at != std::string::npos; at = find(text, sought, at + kSecretShown.size())) {
      text.replace(at, sought.text.size(), kSecretShown);
    }
  }
  return text;
}

RunError SecretInputs::hidden(const RunError& error) const {
  return {error.code, hidden(error.message)};
}

Status SecretInputs::hidden(const Status& status) const {
  if (status.ok() || sought_.empty()) return status;
  const ErrorText& text = status.text();
  return Status(status.id(), hidden(text.what))
      .why(hidden(text.why))
      .place(hidden(text.place))
      .state(hidden(text.state))
      .remedy(hidden(text.remedy));
}

}  // namespace forge::internal
