// The nearest known name to a mistyped one: Levenshtein's distance over bytes, in one row. Of several as near, the one that begins
// most alike.

#include <algorithm>
#include <string>
#include <vector>

#include "forge/events/domain.h"

namespace forge {
namespace {

constexpr std::size_t kDistanceMax = 2;

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view best;
  // A candidate that shares no byte with the name is no help, however short both are.
  std::size_t best_distance = std::min(kDistanceMax + 1, name.size());
  std::size_t best_prefix = 0;
  for (const std::string_view candidate : candidates) {
    const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
    if (longer - shorter > best_distance) continue;
    const std::size_t distance = edit_distance(name, candidate);
    const std::size_t prefix = common_prefix(name, candidate);
    const bool nearer = distance < best_distance || (distance == best_distance && !best.empty() && prefix > best_prefix);
    if (!nearer) continue;
    best = candidate;
    best_distance = distance;
    best_prefix = prefix;
  }
  return std::string(best);
}

}  // namespace forge
