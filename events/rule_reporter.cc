#include "rule_reporter.h"

#include "forge/events/domain.h"

namespace forge::internal {

std::string why_unknown(std::string_view name, std::span<const std::string_view> known, std::string_view owner) {
  constexpr std::size_t kListedMax = 12;
  if (const std::string nearest = nearest_name(name, known); !nearest.empty()) return "did you mean '" + nearest + "'?";
  std::string why(owner);
  why += known.empty() ? " has none" : " has ";
  for (std::size_t i = 0; i < known.size() && i < kListedMax; ++i) {
    if (i > 0) why += ", ";
    why += known[i];
  }
  if (known.size() > kListedMax) why += ", ...";
  return why;
}

std::string why_unknown_field(std::string_view name, const TableType& table, const std::string& mark) {
  std::vector<std::string> names;
  for (const Field& field : table.fields) names.push_back(mark + field.name);
  return why_unknown(mark + std::string(name), std::vector<std::string_view>(names.begin(), names.end()), table.name);
}

}  // namespace forge::internal
