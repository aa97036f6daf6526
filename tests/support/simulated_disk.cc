#include "support/simulated_disk.h"

#include <algorithm>
#include <utility>

namespace forge::testing_support {

using rocksdb::IOStatus;

namespace {

bool changes_the_disk(Operation operation) {
  return operation == Operation::kWrite || operation == Operation::kSync || operation == Operation::kSyncDirectory ||
         operation == Operation::kChangeDirectory;
}

}  // namespace

SimulatedDisk::SimulatedDisk(DiskOptions options) : options_(options), tree_(options.page_bytes) {}

void SimulatedDisk::power_loss(uint64_t seed, PowerLoss mode) {
  const std::lock_guard lock(mutex_);
  Choices choices(seed);
  tree_.lose_power(mode, choices);
  end_lives();
}

void SimulatedDisk::process_crash() {
  const std::lock_guard lock(mutex_);
  end_lives();
}

void SimulatedDisk::end_lives() {
  ++life_;
  locked_.clear();
  frozen_ = false;
  changes_left_.reset();
}

void SimulatedDisk::power_loss_after(uint64_t changes) {
  const std::lock_guard lock(mutex_);
  changes_left_ = changes;
}

bool SimulatedDisk::is_frozen() const {
  const std::lock_guard lock(mutex_);
  return frozen_;
}

void SimulatedDisk::inject(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void SimulatedDisk::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

void SimulatedDisk::ignore_syncs(bool ignore) {
  const std::lock_guard lock(mutex_);
  syncs_ignored_ = ignore;
}

void SimulatedDisk::set_capacity(uint64_t bytes, bool writes_part) {
  const std::lock_guard lock(mutex_);
  capacity_bytes_ = bytes;
  full_disk_writes_part_ = writes_part;
}

uint64_t SimulatedDisk::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return tree_.used_bytes();
}

uint64_t SimulatedDisk::count(Operation operation) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<size_t>(operation)];
}

IOStatus SimulatedDisk::flip_bit(const std::string& path, uint64_t offset, unsigned bit) {
  const std::lock_guard lock(mutex_);
  DiskNodePtr node;
  IOStatus status = tree_.find_file(path, &node);
  if (!status.ok()) return status;
  if (offset >= node->file.bytes().size() || bit > 7) return IOStatus::InvalidArgument(path, "has no such bit");
  const char flipped = static_cast<char>(node->file.bytes()[offset] ^ (1 << bit));
  node->file.write(offset, std::string_view(&flipped, 1));
  node->file.settle();
  return status;
}

IOStatus SimulatedDisk::truncate(const std::string& path, uint64_t size) {
  const std::lock_guard lock(mutex_);
  DiskNodePtr node;
  IOStatus status = tree_.find_file(path, &node);
  if (!status.ok()) return status;
  if (size > node->file.bytes().size()) return IOStatus::InvalidArgument(path, "is shorter than that");
  node->file.resize(size);
  node->file.settle();
  return status;
}

IOStatus SimulatedDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return tree_.erase(path);
}

std::vector<std::string> SimulatedDisk::files() const {
  const std::lock_guard lock(mutex_);
  return tree_.files();
}

SimulatedDisk::Mount SimulatedDisk::mount() const {
  const std::lock_guard lock(mutex_);
  return life_;
}

IOStatus SimulatedDisk::usable(Mount mount, const std::string& path) const {
  if (mount != life_) return IOStatus::IOError(path, "the process that opened this is dead");
  if (frozen_) return IOStatus::IOError(path, "the disk has no power");
  return IOStatus::OK();
}

IOStatus SimulatedDisk::strike(Operation operation, const std::string& path) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (fault->operation != operation || path.find(fault->path_part) == std::string::npos) continue;
    if (fault->nth > 1) {
      --fault->nth;
      continue;
    }
    IOStatus status = fault->status;
    if (!fault->lasts) faults_.erase(fault);
    return status;
  }
  return IOStatus::OK();
}

IOStatus SimulatedDisk::admit(Mount mount, Operation operation, const std::string& path) {
  IOStatus status = frozen_ && mount == life_ && !changes_the_disk(operation) ? IOStatus::OK() : usable(mount, path);
  if (!status.ok()) return status;
  ++counts_[static_cast<size_t>(operation)];
  if (changes_left_.has_value() && changes_the_disk(operation)) {
    frozen_ = *changes_left_ == 0;
    if (frozen_) return usable(mount, path);
    --*changes_left_;
  }
  return strike(operation, path);
}

IOStatus SimulatedDisk::run(Mount mount, Operation operation, const std::string& path, const Action& action) {
  const std::lock_guard lock(mutex_);
  IOStatus status = admit(mount, operation, path);
  return status.ok() ? action(tree_) : status;
}

IOStatus SimulatedDisk::open_or_create(Mount mount, const std::string& path, DiskNodePtr* node) {
  IOStatus status = admit(mount, Operation::kOpen, path);
  if (!status.ok()) return status;
  status = tree_.find_file(path, node);
  if (!status.IsPathNotFound()) return status;
  status = admit(mount, Operation::kChangeDirectory, path);
  return status.ok() ? tree_.create_file(path, node) : status;
}

IOStatus SimulatedDisk::check(Mount mount, const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return usable(mount, path);
}

IOStatus SimulatedDisk::open_for_writing(Mount mount, const std::string& path, Existing existing, DiskNodePtr* node,
                                         uint64_t* size) {
  const std::lock_guard lock(mutex_);
  IOStatus status = open_or_create(mount, path, node);
  if (!status.ok()) return status;
  DiskNode& opened = **node;
  *size = opened.file.bytes().size();
  if (existing == Existing::kKeep || *size == 0) return status;
  status = admit(mount, Operation::kWrite, path);
  if (!status.ok()) return status;
  *size = 0;
  opened.file.resize(0);
  tree_.touch(opened);
  return status;
}

uint64_t SimulatedDisk::free_bytes_now() const {
  if (capacity_bytes_ == kUnlimited) return kUnlimited;
  return capacity_bytes_ - std::min(capacity_bytes_, tree_.used_bytes());
}

IOStatus SimulatedDisk::write(Mount mount, const std::string& path, DiskNode& node, uint64_t offset, std::string_view data,
                              uint64_t* written) {
  const std::lock_guard lock(mutex_);
  *written = 0;
  IOStatus status = admit(mount, Operation::kWrite, path);
  if (!status.ok()) return status;
  const uint64_t size = node.file.bytes().size();
  const uint64_t growth = std::max(size, offset + data.size()) - size;
  const uint64_t missing = growth - std::min(growth, free_bytes_now());
  if (missing > 0) {
    status = IOStatus::NoSpace(path, "no space left on the simulated disk");
    status.SetRetryable(true);
    if (!full_disk_writes_part_) return status;
    data.remove_suffix(std::min<uint64_t>(missing, data.size()));
  }
  node.file.write(offset, data);
  tree_.touch(node);
  *written = data.size();
  return status;
}

IOStatus SimulatedDisk::resize(Mount mount, const std::string& path, DiskNode& node, uint64_t size) {
  return run(mount, Operation::kWrite, path, [&](DiskTree& tree) {
    node.file.resize(size);
    tree.touch(node);
    return IOStatus::OK();
  });
}

IOStatus SimulatedDisk::sync(Mount mount, const std::string& path, DiskNode& node) {
  const std::lock_guard lock(mutex_);
  IOStatus status = admit(mount, Operation::kSync, path);
  if (!status.ok()) {
    if (usable(mount, path).ok()) node.file.abandon_unsynced();
    return status;
  }
  if (syncs_ignored_) return status;
  node.file.sync();
  if (options_.file_sync_keeps_names) tree_.sync_names_of(node);
  return status;
}

IOStatus SimulatedDisk::sync_directory(Mount mount, const std::string& path, const DiskNode& node) {
  return run(mount, Operation::kSyncDirectory, path, [&](DiskTree& tree) {
    if (!syncs_ignored_) tree.sync_directory(node);
    return IOStatus::OK();
  });
}

IOStatus SimulatedDisk::lock(Mount mount, const std::string& path, DiskNodePtr* node) {
  const std::lock_guard lock(mutex_);
  IOStatus status = open_or_create(mount, path, node);
  if (!status.ok()) return status;
  if (!locked_.insert(*node).second) return IOStatus::IOError(path, "is locked by another holder");
  return status;
}

IOStatus SimulatedDisk::unlock(Mount mount, const std::string& path, const DiskNodePtr& node) {
  const std::lock_guard lock(mutex_);
  IOStatus status = usable(mount, path);
  if (status.ok()) locked_.erase(node);
  return status;
}

IOStatus SimulatedDisk::free_bytes(Mount mount, const std::string& path, uint64_t* bytes) {
  return run(mount, Operation::kQuery, path, [&](DiskTree&) {
    const bool is_full =
        std::any_of(faults_.begin(), faults_.end(), [](const Fault& fault) { return fault.lasts && fault.status.IsNoSpace(); });
    *bytes = is_full ? 0 : free_bytes_now();
    return IOStatus::OK();
  });
}

}  // namespace forge::testing_support
