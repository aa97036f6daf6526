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
    if (value != nullptr) gather(*value);
  }
  std::stable_sort(sought_.begin(), sought_.end(), [](const Sought& a, const Sought& b) { return a.text.size() > b.text.size(); });
}

// A text stands in others as it is, or as JSON has it.
void SecretInputs::gather(const Value& secret) {
  if (!is_telling(secret)) return;
  values_.push_back(secret);
  std::string json = to_json(secret);
  if (json.starts_with('"')) json = json.substr(1, json.size() - 2);
  const std::string* text = secret.if_text();
  const bool is_number = secret.if_int() != nullptr || secret.if_double() != nullptr;
  const bool alone = is_number || json.size() < kTellingBytes;
  if (text != nullptr && *text != json) sought_.push_back({*text, alone});
  sought_.push_back({std::move(json), alone});
  if (const List* list = secret.if_list()) {
    for (const Value& item : *list) gather(item);
  }
  if (const Object* object = secret.if_object()) {
    for (const auto& [name, member] : object->members()) gather(member);
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

// From left to right, the longest at each place; what was put in, now or before, is not looked into.
std::string SecretInputs::hidden(const std::string& text) const {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t next = std::string::npos;
    std::size_t length = 0;
    for (const Sought& sought : sought_) {
      const std::size_t found = find(text, sought, at);
      if (found >= next) continue;
      next = found;
      length = sought.text.size();
    }
    if (const std::size_t mark = text.find(kSecretShown, at); mark <= next && mark != std::string::npos) {
      next = mark;
      length = kSecretShown.size();
    }
    if (next == std::string::npos) {
      shown.append(text, at);
      break;
    }
    shown.append(text, at, next - at).append(kSecretShown);
    at = next + length;
  }
  return shown;
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
