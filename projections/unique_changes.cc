#include "forge/projections/unique_changes.h"

#include <algorithm>

namespace forge {

Status each_unique_value(std::vector<UniqueChange>& changes, const std::function<Status(std::span<const UniqueChange>)>& visit) {
  if (changes.size() > 1) {
    std::stable_sort(changes.begin(), changes.end(), [](const UniqueChange& a, const UniqueChange& b) { return a.key < b.key; });
  }
  for (auto first = changes.begin(); first != changes.end();) {
    const auto end = std::find_if(first, changes.end(), [&](const UniqueChange& change) { return change.key != first->key; });
    FORGE_TRY(visit({first, end}));
    first = end;
  }
  return {};
}

std::vector<std::string_view> owners_after(std::optional<std::string_view> before, std::span<const UniqueChange> changes) {
  std::vector<std::string_view> owners;
  if (before) owners.push_back(*before);
  for (const UniqueChange& change : changes) {
    if (change.erase) {
      std::erase(owners, change.record_key);
    } else {
      owners.push_back(change.record_key);
    }
  }
  return owners;
}

}  // namespace forge
