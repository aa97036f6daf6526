#pragma once

// Which index answers a filter, and which of its entries. Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "forge/events/domain.h"
#include "forge/events/rule.h"

namespace forge::internal {

// The entries of one index among which those of every matching record are. Others may be among them: the filter decides.
struct IndexScan {
  const Index* index = nullptr;
  std::string begin;  // the first entry is at or after this
  std::string last;   // the last begins with this or with less
  std::string text;   // "sku equal, qty from": what is used of the filter

  bool contains(std::string_view entry) const { return entry.substr(0, last.size()) <= last; }
};

// The index with the most equalities at its beginning, then with a range behind them; nothing where none begins with a field that
// the filter compares with a value. `comparisons` are those that the filter joins with `and`, each with its value.
std::optional<IndexScan> plan_list(const Resource& resource, std::span<const FieldComparison> comparisons);

}  // namespace forge::internal
