#include "forge/events/value.h"

#include <algorithm>

#include "forge/events/status.h"

namespace forge {
namespace {

template <typename T>
const T& checked(const T* value, const char* wanted) {
  if (value == nullptr) abort_with(Status(ErrorId::kArgumentType, std::string("the value is not ") + wanted));
  return *value;
}

}  // namespace

// Here, where Value is complete.
Object::Object() = default;
Object::Object(std::initializer_list<Member> members) : members_(members) {}
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

void Object::add(std::string name, Value value) {
  members_.emplace_back(std::move(name), std::move(value));
}

const Value* Object::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.first == name; });
  return found == members_.end() ? nullptr : &found->second;
}

std::size_t Object::size() const {
  return members_.size();
}

bool operator==(const Object& a, const Object& b) {
  return a.members_ == b.members_;
}

bool Value::as_bool() const {
  return checked(if_bool(), "a bool");
}
std::int64_t Value::as_int() const {
  return checked(if_int(), "an integer");
}
double Value::as_double() const {
  return checked(if_double(), "a double");
}
const std::string& Value::as_text() const {
  return checked(if_text(), "a text");
}

}  // namespace forge
