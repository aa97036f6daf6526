#include <algorithm>
#include <array>

#include "forge/events/domain.h"

namespace forge {
namespace {

template <typename T, typename Matches>
const T* find_in(const std::vector<T>& items, const Matches& matches) {
  const auto found = std::find_if(items.begin(), items.end(), matches);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string_view name_of(BaseType type) {
  static constexpr std::array<std::string_view, 15> kNames = {"bool",   "byte",   "ubyte",  "short", "ushort",
                                                              "int",    "uint",   "long",   "ulong", "float",
                                                              "double", "string", "vector", "table", "struct"};
  return kNames[static_cast<std::size_t>(type)];
}

bool is_integer(BaseType type) {
  return type >= BaseType::kInt8 && type <= BaseType::kUint64;
}

const EnumValue* EnumType::find(std::string_view wanted) const {
  return find_in(values, [&](const EnumValue& item) { return item.name == wanted; });
}

const EnumValue* EnumType::find(std::int64_t wanted) const {
  return find_in(values, [&](const EnumValue& item) { return item.value == wanted; });
}

const Field* TableType::find(std::string_view wanted) const {
  return find_in(fields, [&](const Field& field) { return field.name == wanted; });
}

bool Resource::is_key(std::size_t field) const {
  return std::find(key_fields.begin(), key_fields.end(), field) != key_fields.end();
}

const Field* Resource::single_key() const {
  return key_fields.size() == 1 ? &record.fields[key_fields.front()] : nullptr;
}

bool Action::is_key_argument(std::size_t argument) const {
  return std::find(key_arguments.begin(), key_arguments.end(), static_cast<int>(argument)) != key_arguments.end();
}

}  // namespace forge
