#include "request_bytes.h"

namespace forge::internal {
namespace {

std::size_t bytes_of(const Object& object);

// What a value holds beside itself.
std::size_t bytes_of(const Value& value) {
  if (const std::string* text = value.if_text()) return text->size();
  if (const Bytes* bytes = value.if_bytes()) return bytes->size();
  if (const Object* object = value.if_object()) return bytes_of(*object);
  std::size_t sum = 0;
  if (const List* list = value.if_list()) {
    for (const Value& element : *list) sum += sizeof(Value) + bytes_of(element);
  }
  return sum;
}

std::size_t bytes_of(const Object& object) {
  std::size_t sum = 0;
  for (const auto& [name, value] : object.members()) sum += sizeof(Object::Member) + name.size() + bytes_of(value);
  return sum;
}

}  // namespace

std::size_t bytes_of(std::span<const ActionRequest> requests) {
  std::size_t sum = 0;
  for (const ActionRequest& request : requests) sum += sizeof(ActionRequest) + request.action.size() + bytes_of(request.args);
  return sum;
}

std::size_t bytes_of(const AppendCondition& condition) {
  std::size_t sum = 0;
  for (const ConditionItem& item : condition.items) {
    sum += sizeof(ConditionItem);
    for (const std::vector<std::string>* texts : {&item.types, &item.tags}) {
      for (const std::string& text : *texts) sum += sizeof(std::string) + text.size();
    }
  }
  return sum;
}

}  // namespace forge::internal
