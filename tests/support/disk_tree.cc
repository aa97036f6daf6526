#include "support/disk_tree.h"

#include <algorithm>
#include <set>
#include <utility>

namespace forge::testing_support {

using rocksdb::IOStatus;

namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    begin = end + 1;
  }
  return parts;
}

DiskNodePtr make_node(bool is_directory) {
  auto node = std::make_shared<DiskNode>();
  node->is_directory = is_directory;
  return node;
}

void put(DiskNode::Names& names, const std::string& name, const DiskNodePtr& node) {
  if (node == nullptr) {
    names.erase(name);
  } else {
    names[name] = node;
  }
}

bool holds(const DiskNode& directory, const DiskNode& node) {
  if (&directory == &node) return true;
  return std::any_of(directory.names.begin(), directory.names.end(), [&](const auto& entry) { return holds(*entry.second, node); });
}

}  // namespace

// One slot has one history: what happened to it later cannot survive without what happened before. A directory that is
// gone was empty.
bool DiskTree::NameChange::needs(const NameChange& earlier) const {
  if (removed_directory != nullptr && earlier.touches(*removed_directory)) return true;
  return std::any_of(slots.begin(), slots.end(), [&](const Slot& mine) {
    return std::any_of(earlier.slots.begin(), earlier.slots.end(),
                       [&](const Slot& other) { return mine.directory == other.directory && mine.name == other.name; });
  });
}

bool DiskTree::NameChange::touches(const DiskNode& directory) const {
  return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) { return slot.directory.get() == &directory; });
}

DiskTree::DiskTree(uint64_t page_bytes) : page_bytes_(page_bytes), root_(make_node(true)) {}

DiskNodePtr DiskTree::find(const std::string& path) const {
  DiskNodePtr node = root_;
  for (const std::string& part : parts_of(path)) {
    const auto entry = node->names.find(part);
    if (entry == node->names.end()) return nullptr;
    node = entry->second;
  }
  return node;
}

IOStatus DiskTree::find_file(const std::string& path, DiskNodePtr* node) const {
  *node = find(path);
  if (*node == nullptr) return IOStatus::PathNotFound(path, "no such file");
  if ((*node)->is_directory) return IOStatus::IOError(path, "is a directory");
  return IOStatus::OK();
}

IOStatus DiskTree::find_directory(const std::string& path, DiskNodePtr* node) const {
  *node = find(path);
  if (*node == nullptr) return IOStatus::PathNotFound(path, "no such directory");
  if (!(*node)->is_directory) return IOStatus::IOError(path, "is not a directory");
  return IOStatus::OK();
}

IOStatus DiskTree::find_slot(const std::string& path, Slot* slot) const {
  std::vector<std::string> parts = parts_of(path);
  if (parts.empty()) return IOStatus::IOError(path, "is the root");
  slot->name = parts.back();
  slot->directory = root_;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto entry = slot->directory->names.find(parts[i]);
    if (entry == slot->directory->names.end()) return IOStatus::PathNotFound(path, "no such directory above it");
    slot->directory = entry->second;
  }
  if (!slot->directory->is_directory) return IOStatus::IOError(path, "a file is above it");
  const auto entry = slot->directory->names.find(slot->name);
  slot->node = entry == slot->directory->names.end() ? nullptr : entry->second;
  return IOStatus::OK();
}

IOStatus DiskTree::find_free_slot(const std::string& path, Slot* slot) const {
  IOStatus status = find_slot(path, slot);
  if (status.ok() && slot->node != nullptr) status = IOStatus::IOError(path, "exists");
  return status;
}

void DiskTree::change(std::vector<Slot> slots, DiskNodePtr removed_directory) {
  for (const Slot& slot : slots) {
    put(slot.directory->names, slot.name, slot.node);
    touch(*slot.directory);
  }
  unsynced_.push_back({std::move(slots), std::move(removed_directory)});
}

IOStatus DiskTree::create_file(const std::string& path, DiskNodePtr* node) {
  Slot slot;
  IOStatus status = find_free_slot(path, &slot);
  if (!status.ok()) return status;
  *node = slot.node = make_node(false);
  touch(**node);
  change({slot});
  return IOStatus::OK();
}

IOStatus DiskTree::make_directory(const std::string& path) {
  Slot slot;
  IOStatus status = find_free_slot(path, &slot);
  if (!status.ok()) return status;
  slot.node = make_node(true);
  touch(*slot.node);
  change({slot});
  return IOStatus::OK();
}

IOStatus DiskTree::remove_file(const std::string& path) {
  DiskNodePtr node;
  IOStatus status = find_file(path, &node);
  if (!status.ok()) return status;
  Slot slot;
  status = find_slot(path, &slot);
  slot.node = nullptr;
  change({slot});
  return status;
}

IOStatus DiskTree::remove_directory(const std::string& path) {
  DiskNodePtr node;
  IOStatus status = find_directory(path, &node);
  if (!status.ok()) return status;
  if (!node->names.empty()) return IOStatus::IOError(path, "is not empty");
  Slot slot;
  status = find_slot(path, &slot);
  if (!status.ok()) return status;
  slot.node = nullptr;
  change({slot}, node);
  return IOStatus::OK();
}

IOStatus DiskTree::rename(const std::string& source, const std::string& target) {
  Slot from;
  Slot to;
  IOStatus status = find_slot(source, &from);
  if (status.ok()) status = find_slot(target, &to);
  if (!status.ok()) return status;
  if (from.node == nullptr) return IOStatus::PathNotFound(source, "no such file");
  if (from.node == to.node) return IOStatus::OK();
  if (holds(*from.node, *to.directory)) return IOStatus::IOError(target, "lies in " + source);
  if (to.node != nullptr && to.node->is_directory != from.node->is_directory)
    return IOStatus::IOError(target, "is of another kind");
  if (to.node != nullptr && !to.node->names.empty()) return IOStatus::IOError(target, "is not empty");
  DiskNodePtr replaced_directory = to.node != nullptr && to.node->is_directory ? to.node : nullptr;
  to.node = std::exchange(from.node, nullptr);
  change({from, to}, std::move(replaced_directory));
  return IOStatus::OK();
}

IOStatus DiskTree::link(const std::string& source, const std::string& target) {
  DiskNodePtr node;
  IOStatus status = find_file(source, &node);
  if (!status.ok()) return status;
  Slot slot;
  status = find_free_slot(target, &slot);
  if (!status.ok()) return status;
  slot.node = node;
  change({slot});
  return IOStatus::OK();
}

void DiskTree::put_on_platter(const NameChange& change) {
  for (const Slot& slot : change.slots) put(slot.directory->durable_names, slot.name, slot.node);
}

void DiskTree::persist(std::vector<bool> chosen) {
  for (size_t later = unsynced_.size(); later-- > 0;) {
    if (!chosen[later]) continue;
    for (size_t earlier = 0; earlier < later; ++earlier) {
      if (!chosen[earlier] && unsynced_[later].needs(unsynced_[earlier])) chosen[earlier] = true;
    }
  }
  std::vector<NameChange> left;
  for (size_t i = 0; i < unsynced_.size(); ++i) {
    if (chosen[i]) {
      put_on_platter(unsynced_[i]);
    } else {
      left.push_back(std::move(unsynced_[i]));
    }
  }
  unsynced_ = std::move(left);
}

void DiskTree::sync_directory(const DiskNode& directory) {
  std::vector<bool> chosen;
  for (const NameChange& change : unsynced_) chosen.push_back(change.touches(directory));
  persist(std::move(chosen));
}

void DiskTree::sync_names_of(const DiskNode& node) {
  std::set<const DiskNode*> wanted = {&node};
  std::vector<bool> chosen(unsynced_.size(), false);
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t i = 0; i < unsynced_.size(); ++i) {
      for (const Slot& slot : unsynced_[i].slots) {
        if (chosen[i] || !wanted.contains(slot.node.get())) continue;
        grew = chosen[i] = true;
        wanted.insert(slot.directory.get());
      }
    }
  }
  persist(std::move(chosen));
}

IOStatus DiskTree::erase(const std::string& path) {
  IOStatus status = remove_file(path);
  if (!status.ok()) return status;
  std::vector<bool> chosen(unsynced_.size(), false);
  chosen.back() = true;
  persist(std::move(chosen));
  return IOStatus::OK();
}

void DiskTree::lose_power(PowerLoss mode, Choices& choices) {
  std::vector<bool> survives(unsynced_.size(), false);
  const uint64_t in_order = mode == PowerLoss::kTorn ? choices.up_to(unsynced_.size()) : 0;
  for (size_t i = 0; i < unsynced_.size(); ++i) {
    survives[i] = mode == PowerLoss::kReordered ? choices.up_to(1) == 1 : i < in_order;
    for (size_t earlier = 0; earlier < i; ++earlier) {
      if (!survives[earlier] && unsynced_[i].needs(unsynced_[earlier])) survives[i] = false;
    }
    if (survives[i]) put_on_platter(unsynced_[i]);
  }
  unsynced_.clear();

  std::set<const DiskNode*> done;
  const std::function<void(DiskNode&)> settle = [&](DiskNode& node) {
    if (!done.insert(&node).second) return;
    node.names = node.durable_names;
    if (!node.is_directory) node.file.lose_power(mode, page_bytes_, choices);
    for (const auto& [name, child] : node.names) settle(*child);
  };
  settle(*root_);
}

void DiskTree::visit(const std::string& path, const DiskNode& directory, const Visit& visitor) {
  for (const auto& [name, node] : directory.names) {
    const std::string child_path = path + "/" + name;
    if (node->is_directory) {
      visit(child_path, *node, visitor);
    } else {
      visitor(child_path, node);
    }
  }
}

std::vector<std::string> DiskTree::files() const {
  std::vector<std::string> paths;
  visit("", *root_, [&](const std::string& path, const DiskNodePtr&) { paths.push_back(path); });
  return paths;
}

uint64_t DiskTree::links_of(const DiskNode& node) const {
  uint64_t links = 0;
  visit("", *root_, [&](const std::string&, const DiskNodePtr& found) { links += found.get() == &node ? 1 : 0; });
  return links;
}

uint64_t DiskTree::used_bytes() const {
  std::set<const DiskNode*> counted;
  uint64_t bytes = 0;
  visit("", *root_, [&](const std::string&, const DiskNodePtr& node) {
    if (counted.insert(node.get()).second) bytes += node->file.bytes().size();
  });
  return bytes;
}

}  // namespace forge::testing_support
