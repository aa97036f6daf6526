#include "support/disk_file.h"

#include <algorithm>
#include <map>
#include <utility>

namespace forge::testing_support {

uint64_t Choices::part_of(uint64_t most) {
  switch (up_to(2)) {
    case 0:
      return 0;
    case 1:
      return most;
    default:
      return up_to(most);
  }
}

// The reordered outcome. The kernel writes pages back in any order and at any moment, so each page may hold its state after
// any number of the changes that touched it; the size, which the file system keeps elsewhere, may be that after any change.
class DiskFile::PageMix {
 public:
  PageMix(std::string durable, const std::vector<Change>& changes, uint64_t page_bytes)
      : mixed_(std::move(durable)), page_bytes_(page_bytes), sizes_{mixed_.size()} {
    for (const Change& change : changes) add(change);
  }

  std::string choose(Choices& choices) && {
    const uint64_t size = sizes_[choices.part_of(sizes_.size() - 1)];
    mixed_.resize(*std::max_element(sizes_.begin(), sizes_.end()), '\0');
    for (const auto& [page, changes] : changes_of_page_) {
      const uint64_t survivors = choices.part_of(changes.size());
      for (uint64_t i = 0; i < survivors; ++i) apply_to_page(*changes[i], page);
    }
    mixed_.resize(size);
    return std::move(mixed_);
  }

 private:
  void add(const Change& change) {
    const uint64_t old_size = sizes_.back();
    const uint64_t end = change.is_resize ? old_size : change.offset + change.data.size();
    for (uint64_t page = change.offset / page_bytes_; page * page_bytes_ < end; ++page) changes_of_page_[page].push_back(&change);
    sizes_.push_back(change.is_resize ? change.offset : std::max(old_size, end));
  }

  void apply_to_page(const Change& change, uint64_t page) {
    const uint64_t begin = std::max(page * page_bytes_, change.offset);
    const uint64_t page_end = std::min<uint64_t>((page + 1) * page_bytes_, mixed_.size());
    if (change.is_resize) {
      if (begin < page_end) std::fill(mixed_.begin() + begin, mixed_.begin() + page_end, '\0');
      return;
    }
    const uint64_t end = std::min<uint64_t>(page_end, change.offset + change.data.size());
    std::copy(change.data.begin() + (begin - change.offset), change.data.begin() + (end - change.offset), mixed_.begin() + begin);
  }

  std::string mixed_;
  uint64_t page_bytes_;
  std::vector<uint64_t> sizes_;  // After no change, after the first, and so on.
  std::map<uint64_t, std::vector<const Change*>> changes_of_page_;
};

void DiskFile::apply(const Change& change, std::string& bytes) {
  if (change.is_resize) {
    bytes.resize(change.offset, '\0');
    return;
  }
  if (bytes.size() < change.offset + change.data.size()) bytes.resize(change.offset + change.data.size(), '\0');
  std::copy(change.data.begin(), change.data.end(), bytes.begin() + change.offset);
}

void DiskFile::make(Change change) {
  apply(change, bytes_);
  unsynced_.push_back(std::move(change));
}

void DiskFile::write(uint64_t offset, std::string_view data) {
  if (!data.empty()) make({offset, std::string(data), false});
}

void DiskFile::resize(uint64_t size) {
  if (size != bytes_.size()) make({size, {}, true});
}

void DiskFile::sync() {
  for (const Change& change : unsynced_) apply(change, durable_);
  unsynced_.clear();
}

void DiskFile::abandon_unsynced() {
  unsynced_.clear();
}

void DiskFile::settle() {
  durable_ = bytes_;
  unsynced_.clear();
}

void DiskFile::lose_power(PowerLoss mode, uint64_t page_bytes, Choices& choices) {
  if (!unsynced_.empty()) {
    if (mode == PowerLoss::kTorn) durable_ = torn(choices);
    if (mode == PowerLoss::kReordered) durable_ = PageMix(durable_, unsynced_, page_bytes).choose(choices);
  }
  bytes_ = durable_;
  unsynced_.clear();
}

std::string DiskFile::torn(Choices& choices) const {
  uint64_t total = 0;
  for (const Change& change : unsynced_) total += change.is_resize ? 1 : change.data.size();
  uint64_t left = choices.up_to(total);
  std::string result = durable_;
  for (const Change& change : unsynced_) {
    if (left == 0) break;
    const uint64_t taken = change.is_resize ? 1 : std::min<uint64_t>(left, change.data.size());
    apply({change.offset, change.data.substr(0, taken), change.is_resize}, result);
    left -= taken;
  }
  return result;
}

}  // namespace forge::testing_support
