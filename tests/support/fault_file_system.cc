#include "support/fault_file_system.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace forge::testing_support {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

// An open file or directory: the node stays reachable by it when its name has gone.
struct Handle {
  std::shared_ptr<SimulatedDisk> disk;
  SimulatedDisk::Mount mount;
  std::string path;
  DiskNodePtr node;

  IOStatus read(uint64_t offset, size_t size, Slice* result, char* scratch) const {
    *result = Slice();
    return disk->run(mount, Operation::kRead, path, [&](DiskTree&) {
      const std::string& bytes = node->file.bytes();
      const size_t begin = std::min<uint64_t>(offset, bytes.size());
      const size_t count = std::min(size, bytes.size() - begin);
      bytes.copy(scratch, count, begin);
      *result = Slice(scratch, count);
      return IOStatus::OK();
    });
  }

  IOStatus write(uint64_t offset, const Slice& data, uint64_t* written) const {
    return disk->write(mount, path, *node, offset, std::string_view(data.data(), data.size()), written);
  }

  IOStatus sync() const { return disk->sync(mount, path, *node); }

  IOStatus check() const { return disk->check(mount, path); }
};

class SequentialFile : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(Handle handle) : handle_(std::move(handle)) {}

  IOStatus Read(size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    IOStatus status = handle_.read(position_, size, result, scratch);
    position_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t size) override {
    position_ += size;
    return handle_.check();
  }

 private:
  const Handle handle_;
  uint64_t position_ = 0;
};

class RandomAccessFile : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(Handle handle) : handle_(std::move(handle)) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) const override {
    return handle_.read(offset, size, result, scratch);
  }

 private:
  const Handle handle_;
};

class WritableFile : public rocksdb::FSWritableFile {
 public:
  WritableFile(Handle handle, uint64_t position, const rocksdb::FileOptions& options)
      : rocksdb::FSWritableFile(options), handle_(std::move(handle)), position_(position) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    uint64_t written = 0;
    IOStatus status = handle_.write(position_, data, &written);
    position_ += written;
    return status;
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    IOStatus status = handle_.disk->resize(handle_.mount, handle_.path, *handle_.node, size);
    if (status.ok()) position_ = size;
    return status;
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return handle_.check(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return handle_.sync(); }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return position_; }

 private:
  const Handle handle_;
  std::atomic<uint64_t> position_;  // RocksDB's write queue hands the file from thread to thread
};

class RandomRWFile : public rocksdb::FSRandomRWFile {
 public:
  explicit RandomRWFile(Handle handle) : handle_(std::move(handle)) {}

  IOStatus Write(uint64_t offset, const Slice& data, const IOOptions&, IODebugContext*) override {
    uint64_t written = 0;
    return handle_.write(offset, data, &written);
  }
  IOStatus Read(uint64_t offset, size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) const override {
    return handle_.read(offset, size, result, scratch);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return handle_.sync(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return handle_.check(); }

 private:
  const Handle handle_;
};

class Directory : public rocksdb::FSDirectory {
 public:
  explicit Directory(Handle handle) : handle_(std::move(handle)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return handle_.disk->sync_directory(handle_.mount, handle_.path, *handle_.node);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return handle_.check(); }

 private:
  const Handle handle_;
};

class Lock : public rocksdb::FileLock {
 public:
  Lock(std::string path, DiskNodePtr node) : path_(std::move(path)), node_(std::move(node)) {}
  const std::string& path() const { return path_; }
  const DiskNodePtr& node() const { return node_; }

 private:
  const std::string path_;
  const DiskNodePtr node_;
};

class DroppingLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

FaultFileSystem::FaultFileSystem(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)), mount_(disk_->mount()) {}

IOStatus FaultFileSystem::open_existing(const std::string& path, DiskNodePtr* node) {
  return disk_->run(mount_, Operation::kOpen, path, [&](DiskTree& tree) { return tree.find_file(path, node); });
}

IOStatus FaultFileSystem::query_node(const std::string& path, const std::function<void(const DiskTree&, const DiskNode&)>& look) {
  return disk_->run(mount_, Operation::kQuery, path, [&](DiskTree& tree) {
    const DiskNodePtr node = tree.find(path);
    if (node == nullptr) return IOStatus::PathNotFound(path, "no such file or directory");
    look(tree, *node);
    return IOStatus::OK();
  });
}

IOStatus FaultFileSystem::change_directory(const std::string& path, const SimulatedDisk::Action& action) {
  return disk_->run(mount_, Operation::kChangeDirectory, path, action);
}

IOStatus FaultFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                            std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) {
  result->reset();
  DiskNodePtr node;
  IOStatus status = open_existing(path, &node);
  if (status.ok()) *result = std::make_unique<SequentialFile>(Handle{disk_, mount_, path, node});
  return status;
}

IOStatus FaultFileSystem::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) {
  result->reset();
  DiskNodePtr node;
  IOStatus status = open_existing(path, &node);
  if (status.ok()) *result = std::make_unique<RandomAccessFile>(Handle{disk_, mount_, path, node});
  return status;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) {
  result->reset();
  DiskNodePtr node;
  uint64_t size = 0;
  IOStatus status = disk_->open_for_writing(mount_, path, SimulatedDisk::Existing::kCut, &node, &size);
  if (status.ok()) *result = std::make_unique<WritableFile>(Handle{disk_, mount_, path, node}, size, options);
  return status;
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) {
  result->reset();
  DiskNodePtr node;
  uint64_t size = 0;
  IOStatus status = disk_->open_for_writing(mount_, path, SimulatedDisk::Existing::kKeep, &node, &size);
  if (status.ok()) *result = std::make_unique<WritableFile>(Handle{disk_, mount_, path, node}, size, options);
  return status;
}

IOStatus FaultFileSystem::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                            const rocksdb::FileOptions& options, std::unique_ptr<rocksdb::FSWritableFile>* result,
                                            IODebugContext* debug) {
  result->reset();
  IOStatus status = RenameFile(old_path, path, options.io_options, debug);
  DiskNodePtr node;
  if (status.ok()) status = open_existing(path, &node);
  if (status.ok()) *result = std::make_unique<WritableFile>(Handle{disk_, mount_, path, node}, 0, options);
  return status;
}

IOStatus FaultFileSystem::NewRandomRWFile(const std::string& path, const rocksdb::FileOptions&,
                                          std::unique_ptr<rocksdb::FSRandomRWFile>* result, IODebugContext*) {
  result->reset();
  DiskNodePtr node;
  uint64_t size = 0;
  IOStatus status = disk_->open_for_writing(mount_, path, SimulatedDisk::Existing::kKeep, &node, &size);
  if (status.ok()) *result = std::make_unique<RandomRWFile>(Handle{disk_, mount_, path, node});
  return status;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                                       IODebugContext*) {
  result->reset();
  DiskNodePtr node;
  IOStatus status = disk_->run(mount_, Operation::kOpen, path, [&](DiskTree& tree) { return tree.find_directory(path, &node); });
  if (status.ok()) *result = std::make_unique<Directory>(Handle{disk_, mount_, path, node});
  return status;
}

IOStatus FaultFileSystem::NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                                    IODebugContext*) {
  *result = std::make_shared<DroppingLogger>();
  return IOStatus::OK();
}

IOStatus FaultFileSystem::FileExists(const std::string& path, const IOOptions&, IODebugContext*) {
  IOStatus status = query_node(path, [](const DiskTree&, const DiskNode&) {});
  return status.IsPathNotFound() ? IOStatus::NotFound(path) : status;
}

IOStatus FaultFileSystem::IsDirectory(const std::string& path, const IOOptions&, bool* is_directory, IODebugContext*) {
  return query_node(path, [&](const DiskTree&, const DiskNode& node) { *is_directory = node.is_directory; });
}

IOStatus FaultFileSystem::list(const std::string& path, const std::function<void(const std::string&, const DiskNode&)>& visit) {
  return disk_->run(mount_, Operation::kQuery, path, [&](DiskTree& tree) {
    DiskNodePtr node;
    IOStatus status = tree.find_directory(path, &node);
    if (status.IsPathNotFound()) return IOStatus::NotFound(path);
    if (!status.ok()) return status;
    for (const auto& [name, child] : node->names) visit(name, *child);
    return status;
  });
}

IOStatus FaultFileSystem::GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names, IODebugContext*) {
  names->clear();
  return list(path, [&](const std::string& name, const DiskNode&) { names->push_back(name); });
}

IOStatus FaultFileSystem::GetChildrenFileAttributes(const std::string& path, const IOOptions&,
                                                    std::vector<rocksdb::FileAttributes>* attributes, IODebugContext*) {
  attributes->clear();
  return list(path, [&](const std::string& name, const DiskNode& node) {
    attributes->push_back({name, node.file.bytes().size()});
  });
}

IOStatus FaultFileSystem::GetFileSize(const std::string& path, const IOOptions&, uint64_t* size, IODebugContext*) {
  return query_node(path, [&](const DiskTree&, const DiskNode& node) { *size = node.file.bytes().size(); });
}

IOStatus FaultFileSystem::GetFileModificationTime(const std::string& path, const IOOptions&, uint64_t* time_s, IODebugContext*) {
  return query_node(path, [&](const DiskTree&, const DiskNode& node) { *time_s = node.modified_at_s; });
}

IOStatus FaultFileSystem::NumFileLinks(const std::string& path, const IOOptions&, uint64_t* count, IODebugContext*) {
  return query_node(path, [&](const DiskTree& tree, const DiskNode& node) { *count = tree.links_of(node); });
}

IOStatus FaultFileSystem::AreFilesSame(const std::string& first, const std::string& second, const IOOptions&, bool* same,
                                       IODebugContext*) {
  return disk_->run(mount_, Operation::kQuery, first, [&](DiskTree& tree) {
    DiskNodePtr one;
    DiskNodePtr other;
    IOStatus status = tree.find_file(first, &one);
    if (status.ok()) status = tree.find_file(second, &other);
    *same = status.ok() && one == other;
    return status;
  });
}

IOStatus FaultFileSystem::GetFreeSpace(const std::string& path, const IOOptions&, uint64_t* bytes, IODebugContext*) {
  return disk_->free_bytes(mount_, path, bytes);
}

IOStatus FaultFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute, IODebugContext*) {
  *absolute = path.starts_with('/') ? path : "/" + path;
  return IOStatus::OK();
}

IOStatus FaultFileSystem::GetTestDirectory(const IOOptions& options, std::string* path, IODebugContext* debug) {
  *path = "/test";
  return CreateDirIfMissing(*path, options, debug);
}

IOStatus FaultFileSystem::DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) {
  return change_directory(path, [&](DiskTree& tree) { return tree.remove_file(path); });
}

IOStatus FaultFileSystem::Truncate(const std::string& path, size_t size, const IOOptions&, IODebugContext*) {
  DiskNodePtr node;
  IOStatus status = open_existing(path, &node);
  return status.ok() ? disk_->resize(mount_, path, *node, size) : status;
}

IOStatus FaultFileSystem::CreateDir(const std::string& path, const IOOptions&, IODebugContext*) {
  return change_directory(path, [&](DiskTree& tree) { return tree.make_directory(path); });
}

IOStatus FaultFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) {
  return change_directory(path, [&](DiskTree& tree) {
    DiskNodePtr node;
    IOStatus status = tree.find_directory(path, &node);
    return status.IsPathNotFound() ? tree.make_directory(path) : status;
  });
}

IOStatus FaultFileSystem::DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) {
  return change_directory(path, [&](DiskTree& tree) { return tree.remove_directory(path); });
}

IOStatus FaultFileSystem::RenameFile(const std::string& source, const std::string& target, const IOOptions&, IODebugContext*) {
  return change_directory(target, [&](DiskTree& tree) { return tree.rename(source, target); });
}

IOStatus FaultFileSystem::LinkFile(const std::string& source, const std::string& target, const IOOptions&, IODebugContext*) {
  return change_directory(target, [&](DiskTree& tree) { return tree.link(source, target); });
}

IOStatus FaultFileSystem::LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) {
  *lock = nullptr;
  DiskNodePtr node;
  IOStatus status = disk_->lock(mount_, path, &node);
  if (status.ok()) *lock = std::make_unique<Lock>(path, node).release();
  return status;
}

IOStatus FaultFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) {
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
  return disk_->unlock(mount_, owned->path(), owned->node());
}

}  // namespace forge::testing_support
