#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/io_status.h"
#include "support/disk_file.h"

namespace forge::testing_support {

// A file or a directory, apart from its names: hard links are several names of one node.
struct DiskNode {
  using Names = std::map<std::string, std::shared_ptr<DiskNode>>;

  bool is_directory = false;
  uint64_t modified_at_s = 0;
  DiskFile file;
  Names names;          // Of a directory: what a look-up sees.
  Names durable_names;  // Of a directory: what is on the platter.
};

using DiskNodePtr = std::shared_ptr<DiskNode>;

// The names on the simulated disk. A change of names (create, delete, rename, link, make or remove a directory) is seen at
// once and survives a power loss when a directory that it touches has been synced after it; a rename across directories is
// one change of both. Paths are taken from the root, "." and ".." are resolved by their text, there are no symbolic links.
// Not thread-safe.
class DiskTree {
 public:
  explicit DiskTree(uint64_t page_bytes);

  DiskNodePtr find(const std::string& path) const;
  // A file, or the error that a system call would give.
  rocksdb::IOStatus find_file(const std::string& path, DiskNodePtr* node) const;
  rocksdb::IOStatus find_directory(const std::string& path, DiskNodePtr* node) const;

  rocksdb::IOStatus create_file(const std::string& path, DiskNodePtr* node);
  rocksdb::IOStatus make_directory(const std::string& path);
  rocksdb::IOStatus remove_file(const std::string& path);
  rocksdb::IOStatus remove_directory(const std::string& path);
  rocksdb::IOStatus rename(const std::string& source, const std::string& target);
  rocksdb::IOStatus link(const std::string& source, const std::string& target);
  // Sets the modification time: a second later than any before, so that tests see an order without a clock.
  void touch(DiskNode& node) { node.modified_at_s = ++now_s_; }

  // What an fsync of the directory promises.
  void sync_directory(const DiskNode& directory);
  // What ext4 and XFS add to an fsync of a file: its names, and those of the directories above, become durable as well.
  void sync_names_of(const DiskNode& node);
  // As if a file had never been, durably: no change that is on its way brings the name back.
  rocksdb::IOStatus erase(const std::string& path);
  // Goes back to what is on the platter, with that much of the changes on their way as `mode` lets through.
  void lose_power(PowerLoss mode, Choices& choices);

  // Each name of a file, in order.
  std::vector<std::string> files() const;
  uint64_t links_of(const DiskNode& node) const;
  // The sizes of all files that have a name, each counted once.
  uint64_t used_bytes() const;

 private:
  // A name in a directory and what it shall stand for; null when it goes away.
  struct Slot {
    DiskNodePtr directory;
    std::string name;
    DiskNodePtr node;
  };
  struct NameChange {
    std::vector<Slot> slots;
    DiskNodePtr removed_directory;
    bool needs(const NameChange& earlier) const;
    bool touches(const DiskNode& directory) const;
  };
  using Visit = std::function<void(const std::string& path, const DiskNodePtr& node)>;

  rocksdb::IOStatus find_slot(const std::string& path, Slot* slot) const;
  rocksdb::IOStatus find_free_slot(const std::string& path, Slot* slot) const;
  void change(std::vector<Slot> slots, DiskNodePtr removed_directory = nullptr);
  // Makes the chosen changes durable, and the earlier ones that they need.
  void persist(std::vector<bool> chosen);
  static void put_on_platter(const NameChange& change);
  static void visit(const std::string& path, const DiskNode& directory, const Visit& visitor);

  const uint64_t page_bytes_;
  uint64_t now_s_ = 1'700'000'000;
  DiskNodePtr root_;
  std::vector<NameChange> unsynced_;  // Oldest first.
};

}  // namespace forge::testing_support
