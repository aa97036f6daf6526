#include "overlay.h"

namespace forge::internal {

std::string Overlay::entry_key(Table table, std::string_view key) {
  std::string out;
  out.reserve(key.size() + 1);
  out.push_back(static_cast<char>(table));
  out.append(key);
  return out;
}

const Overlay::Entry* Overlay::find(Table table, std::string_view key) const {
  if (entries_.empty()) return nullptr;
  const auto found = entries_.find(entry_key(table, key));
  return found == entries_.end() ? nullptr : &found->second;
}

void Overlay::put(Table table, std::string_view key, std::optional<std::string_view> value, std::uint64_t group) {
  std::string full = entry_key(table, key);
  const auto [at, inserted] = entries_.try_emplace(full);
  undo_.push_back({full, inserted ? std::nullopt : std::optional<Entry>(std::move(at->second))});
  at->second = Entry{value ? std::optional<std::string>(*value) : std::nullopt, group};
  written_.emplace_back(group, std::move(full));
}

void Overlay::roll_back() {
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& undo = undo_.back();
    if (undo.before) {
      entries_[undo.key] = std::move(*undo.before);
    } else {
      entries_.erase(undo.key);
    }
    written_.pop_back();
  }
}

void Overlay::forget(std::uint64_t group) {
  for (; forgotten_ < written_.size() && written_[forgotten_].first <= group; ++forgotten_) {
    const auto found = entries_.find(written_[forgotten_].second);
    if (found != entries_.end() && found->second.group <= group) entries_.erase(found);
  }
  if (forgotten_ == written_.size()) {
    written_.clear();
    forgotten_ = 0;
  } else if (forgotten_ > 4096) {
    written_.erase(written_.begin(), written_.begin() + static_cast<std::ptrdiff_t>(forgotten_));
    forgotten_ = 0;
  }
}

void Overlay::clear() {
  entries_.clear();
  undo_.clear();
  written_.clear();
  forgotten_ = 0;
}

}  // namespace forge::internal
