#include "overlay.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

namespace forge::internal {

// --- memory ----------------------------------------------------------------------------------------------------------------------

// Every allocation begins at an address that an Entry may stand at.
char* Overlay::Arena::allocate(std::size_t bytes) {
  constexpr std::size_t kBlockBytes = 64 << 10;
  bytes = (bytes + alignof(Entry) - 1) & ~(alignof(Entry) - 1);
  while (block_ < blocks_.size() && blocks_[block_].bytes - used_ < bytes) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t size = std::max(bytes, kBlockBytes);
    blocks_.push_back({.memory = std::make_unique_for_overwrite<char[]>(size), .bytes = size});
  }
  char* const out = blocks_[block_].memory.get() + used_;
  used_ += bytes;
  return out;
}

// Keeps a group's usual memory; what a huge transaction needed goes back.
void Overlay::Arena::reset() {
  constexpr std::size_t kBlocksKept = 8;
  if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
  block_ = used_ = 0;
}

// --- rows ------------------------------------------------------------------------------------------------------------------------

std::size_t Overlay::PlaceHash::operator()(const Place& place) const {
  return std::hash<std::string_view>()(place.key) ^ static_cast<std::size_t>(place.table) * 0x9e3779b97f4a7c15u;
}

const Overlay::Entry* Overlay::find(Table table, std::string_view key) const {
  if (newest_.empty()) return nullptr;
  const auto found = newest_.find(Place{table, key});
  return found == newest_.end() ? nullptr : *found;
}

Overlay::GroupRows& Overlay::rows_of(std::uint64_t group) {
  if (!groups_.empty() && groups_.back().group == group) return groups_.back();
  if (unused_.empty()) unused_.push_back({.arena = std::make_unique<Arena>()});
  GroupRows& rows = groups_.emplace_back(std::move(unused_.back()));
  unused_.pop_back();
  rows.group = group;
  return rows;
}

void Overlay::put(Table table, std::string_view key, std::optional<std::string_view> value, std::uint64_t group) {
  GroupRows& rows = rows_of(group);
  char* const memory = rows.arena->allocate(sizeof(Entry) + key.size() + (value ? value->size() : 0));
  char* const bytes = memory + sizeof(Entry);
  std::memcpy(bytes, key.data(), key.size());
  Entry* const entry = new (memory) Entry{.table = table, .key = {bytes, key.size()}, .value = {}, .hidden = find(table, key)};
  if (value) {
    if (!value->empty()) std::memcpy(bytes + key.size(), value->data(), value->size());
    entry->value = std::string_view(bytes + key.size(), value->size());
  }
  replace(entry->hidden, entry);
  rows.entries.push_back(entry);
  ++undoable_;
}

// The set finds an entry by what it says, so the one that takes its place must say the same.
void Overlay::replace(const Entry* old, const Entry* by) {
  if (old != nullptr) newest_.erase(old);
  if (by != nullptr) newest_.insert(by);
}

void Overlay::roll_back() {
  for (; undoable_ > 0; --undoable_) {
    std::vector<const Entry*>& entries = groups_.back().entries;
    replace(entries.back(), entries.back()->hidden);
    entries.pop_back();
  }
}

void Overlay::forget(std::uint64_t group) {
  while (!groups_.empty() && groups_.front().group <= group) {
    GroupRows& rows = groups_.front();
    for (const Entry* entry : rows.entries) {
      const auto newest = newest_.find(entry);
      if (newest != newest_.end() && *newest == entry) newest_.erase(newest);
    }
    rows.arena->reset();
    rows.entries.clear();
    unused_.push_back(std::move(rows));
    groups_.pop_front();
  }
}

void Overlay::clear() {
  newest_.clear();
  groups_.clear();
  undoable_ = 0;
}

}  // namespace forge::internal
