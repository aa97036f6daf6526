#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rocksdb/io_status.h"
#include "support/disk_tree.h"

namespace forge::testing_support {

// The kinds of operation that are counted and that a fault can strike.
enum class Operation {
  kOpen,             // A file for reading or writing, a directory, a lock.
  kRead,             // Bytes of a file.
  kQuery,            // Existence, size, children, links, times, free space.
  kWrite,            // Append, positioned write, truncate.
  kSync,             // Of a file.
  kSyncDirectory,    // Of a directory.
  kChangeDirectory,  // Create, delete, rename, link, make or remove a directory.
};

struct DiskOptions {
  // What the disk writes at once: a page of the kernel, or a sector (512).
  uint64_t page_bytes = 4096;
  // By the letter of POSIX a name is durable when its directory was synced. With this, a sync of a file makes its names
  // durable as well, as on ext4 and XFS.
  bool file_sync_keeps_names = false;
};

// Makes an operation fail without effect, except that a sync that fails loses the data (DiskFile::abandon_unsynced).
struct Fault {
  Operation operation;
  rocksdb::IOStatus status;
  std::string path_part = {};  // Only operations on a path that contains this.
  uint64_t nth = 1;            // The n-th of those from now on.
  bool lasts = false;          // And all after it, until clear_faults.
};

// A disk in memory that can fail, fill up and lose power; FaultFileSystem mounts it. Everything but the threads that use it
// is deterministic: the same calls and the same seed leave the same bytes. Thread-safe.
class SimulatedDisk {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  explicit SimulatedDisk(DiskOptions options = {});

  // The power goes: unsynced changes are lost as `mode` says. Every file system mounted before, each of its files and each
  // lock is dead: all its calls fail. Mount again to go on with what survived.
  void power_loss(uint64_t seed, PowerLoss mode);
  // As kill -9: nothing is lost, but what was mounted is as dead as after a power loss.
  void process_crash();
  // Lets that many operations that change the disk (writes, syncs, changes of directories) through from now on, then freezes:
  // further ones fail until power_loss or process_crash. What only reads goes on: nobody will ask what the dying process read,
  // while RocksDB 7.8 aborts on some failed reads (as in ExternalSstFileIngestionJob::GetIngestedFileInfo).
  void power_loss_after(uint64_t changes);
  bool is_frozen() const;

  void inject(Fault fault);
  void clear_faults();
  // Syncs of files and directories report success and do nothing.
  void ignore_syncs(bool ignore);
  // Files may hold that many bytes in all; a write past it fails with NoSpace, after writing what fits if `writes_part`.
  // Names cost nothing.
  void set_capacity(uint64_t bytes, bool writes_part = false);
  // What all files hold together.
  uint64_t used_bytes() const;
  // How many operations were tried, the failed ones included.
  uint64_t count(Operation operation) const;

  // Damage, at once and for good, in the file as it is now. Not found and out of range are errors.
  rocksdb::IOStatus flip_bit(const std::string& path, uint64_t offset, unsigned bit);
  rocksdb::IOStatus truncate(const std::string& path, uint64_t size);
  rocksdb::IOStatus remove(const std::string& path);
  // Each path of a file, in order.
  std::vector<std::string> files() const;

  // What FaultFileSystem is made of. A mount is the ticket of one life: it is refused once that life has ended.
  using Mount = uint64_t;
  using Action = std::function<rocksdb::IOStatus(DiskTree& tree)>;
  Mount mount() const;
  rocksdb::IOStatus run(Mount mount, Operation operation, const std::string& path, const Action& action);
  // Says whether the mount is alive and the disk has power; counts as nothing.
  rocksdb::IOStatus check(Mount mount, const std::string& path) const;
  enum class Existing { kKeep, kCut };
  // Opens a file that is written and creates it when it is missing; `*size` is what an existing one holds after that.
  rocksdb::IOStatus open_for_writing(Mount mount, const std::string& path, Existing existing, DiskNodePtr* node, uint64_t* size);
  // On a full disk `*written` may be less than the size of `data`.
  rocksdb::IOStatus write(Mount mount, const std::string& path, DiskNode& node, uint64_t offset, std::string_view data,
                          uint64_t* written);
  rocksdb::IOStatus resize(Mount mount, const std::string& path, DiskNode& node, uint64_t size);
  rocksdb::IOStatus sync(Mount mount, const std::string& path, DiskNode& node);
  rocksdb::IOStatus sync_directory(Mount mount, const std::string& path, const DiskNode& node);
  // One holder for each file, whichever name or mount it comes by.
  rocksdb::IOStatus lock(Mount mount, const std::string& path, DiskNodePtr* node);
  rocksdb::IOStatus unlock(Mount mount, const std::string& path, const DiskNodePtr& node);
  // None while a fault lasts that finds no space.
  rocksdb::IOStatus free_bytes(Mount mount, const std::string& path, uint64_t* bytes);

 private:
  static constexpr size_t kOperations = static_cast<size_t>(Operation::kChangeDirectory) + 1;

  rocksdb::IOStatus usable(Mount mount, const std::string& path) const;
  // Counts the operation and says whether it may go on.
  rocksdb::IOStatus admit(Mount mount, Operation operation, const std::string& path);
  rocksdb::IOStatus strike(Operation operation, const std::string& path);
  rocksdb::IOStatus open_or_create(Mount mount, const std::string& path, DiskNodePtr* node);
  uint64_t free_bytes_now() const;
  void end_lives();

  const DiskOptions options_;
  mutable std::mutex mutex_;  // Guards all that follows.
  DiskTree tree_;
  Mount life_ = 1;
  std::set<DiskNodePtr> locked_;
  std::vector<Fault> faults_;
  std::array<uint64_t, kOperations> counts_{};
  std::optional<uint64_t> changes_left_;  // Until it freezes.
  bool frozen_ = false;
  bool syncs_ignored_ = false;
  uint64_t capacity_bytes_ = kUnlimited;
  bool full_disk_writes_part_ = false;
};

}  // namespace forge::testing_support
