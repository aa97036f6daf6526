#include "forge/projections/fold_rows.h"

namespace forge {

Result<std::optional<std::string_view>> FoldRows::get(std::string_view key) {
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    Result<std::optional<std::string>> stored = stored_(key);
    if (!stored.ok()) return read_failure_ = stored.status(), read_failure_;
    found = rows_.emplace(std::string(key), Row{.value = *std::move(stored), .is_changed = false}).first;
  }
  return found->second.value ? std::optional<std::string_view>(*found->second.value) : std::nullopt;
}

void FoldRows::put(std::string_view key, std::string_view value) {
  change(key, value);
}

void FoldRows::erase(std::string_view key) {
  change(key, std::nullopt);
}

// A row that was not read before is forgotten when it is rolled back to "not changed": its value then is not what is stored.
void FoldRows::change(std::string_view key, std::optional<std::string_view> value) {
  auto found = rows_.find(key);
  const bool was_known = found != rows_.end();
  if (!was_known) found = rows_.emplace(std::string(key), Row()).first;
  Row& row = found->second;
  undo_.push_back({.row = was_known ? &row : nullptr, .key = was_known ? std::string() : std::string(key), .before = row});
  row.value = value ? std::optional<std::string>(*value) : std::nullopt;
  row.is_changed = true;
}

void FoldRows::roll_back() {
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& last = undo_.back();
    if (last.row != nullptr) {
      *last.row = std::move(last.before);
    } else {
      rows_.erase(last.key);
    }
  }
}

void FoldRows::each_change(const std::function<void(std::string_view, const std::optional<std::string>&)>& visit) const {
  for (const auto& [key, row] : rows_) {
    if (row.is_changed) visit(key, row.value);
  }
}

void FoldRows::clear() {
  rows_.clear();
  undo_.clear();
  read_failure_ = Status();
}

}  // namespace forge
