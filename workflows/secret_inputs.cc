#include "secret_inputs.h"

#include <algorithm>

#include "forge/events/constraint.h"
#include "forge/events/json.h"

namespace forge::internal {
namespace {

// Whether showing it would tell anything: a flag or nothing would not.
bool is_telling(const Value& value) {
  if (value.if_text() != nullptr) return !value.if_text()->empty();
  return !value.is_null() && value.if_bool() == nullptr;
}

}  // namespace

SecretInputs::SecretInputs(const RunFold& fold) {
  const Object* input = fold.state().input.if_object();
  if (input == nullptr) return;
  for (const auto& declared : fold.plan().declared->inputs) {
    const Value* value = declared->secret ? input->find(declared->name) : nullptr;
    if (value != nullptr && is_telling(*value)) secrets_.push_back(*value);
  }
}

Value SecretInputs::hidden(const Value& value) const {
  if (secrets_.empty()) return value;
  if (std::find(secrets_.begin(), secrets_.end(), value) != secrets_.end()) return Value(kSecretShown);
  if (const std::string* text = value.if_text()) {
    const bool holds = std::any_of(secrets_.begin(), secrets_.end(), [text](const Value& secret) {
      return secret.if_text() != nullptr && text->find(*secret.if_text()) != std::string::npos;
    });
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

std::string SecretInputs::hidden(const std::string& text) const {
  std::string shown = text;
  for (const Value& secret : secrets_) {
    std::string sought = to_json(secret);
    if (secret.if_text() != nullptr) sought = sought.substr(1, sought.size() - 2);
    for (std::size_t at = shown.find(sought); at != std::string::npos; at = shown.find(sought, at + kSecretShown.size())) {
      shown.replace(at, sought.size(), kSecretShown);
    }
  }
  return shown;
}

}  // namespace forge::internal
