#include "sent_signal.h"

#include "forge/events/json.h"
#include "step_work.h"

namespace forge::internal {

Result<std::string> signal_id(const std::string& name, const Value& key) {
  if (key.is_null()) return name;
  FORGE_ASSIGN(const std::string text, key_text(key));
  return name + "/" + text;
}

Value key_of_wait(const Command& await) {
  const Object* given = await.value.if_object();
  const Value* values = given == nullptr ? nullptr : given->find("values");
  const List* list = values == nullptr ? nullptr : values->if_list();
  return list == nullptr || list->empty() ? Value() : (*list)[0];
}

std::optional<Value> key_in_signal(const std::string& name, const std::string& id) {
  if (id == name) return Value();
  if (id.size() <= name.size() || !id.starts_with(name) || id[name.size()] != '/') return std::nullopt;
  return Value(id.substr(name.size() + 1));
}

Value value_of_signal(const Event& event) {
  const Value* text = event.arguments.find("value");
  if (text == nullptr || text->if_text() == nullptr || text->if_text()->empty()) return nullptr;
  Result<Value> value = parse_json(*text->if_text(), "the signal's value");
  return value.ok() ? *std::move(value) : Value();
}

}  // namespace forge::internal
