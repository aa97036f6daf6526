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

}  // namespace forge
