#include "log_file_system.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "size_limited_file.h"

namespace forge::internal {
namespace {

bool is_same_file(const std::string& a, const std::string& b) {
  return std::filesystem::path(a).lexically_normal() == std::filesystem::path(b).lexically_normal();
}

class PrefixReader : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  PrefixReader(std::unique_ptr<rocksdb::FSSequentialFile>&& target, std::uint64_t bytes)
      : FSSequentialFileOwnerWrapper(std::move(target)), left_(bytes) {}

  rocksdb::IOStatus Read(std::size_t wanted, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus read =
        FSSequentialFileOwnerWrapper::Read(std::min<std::uint64_t>(wanted, left_), options, result, scratch, debug);
    if (read.ok()) left_ -= result->size();
    return read;
  }
  rocksdb::IOStatus Skip(std::uint64_t bytes) override {
    const std::uint64_t skipped = std::min(bytes, left_);
    left_ -= skipped;
    return FSSequentialFileOwnerWrapper::Skip(skipped);
  }

 private:
  std::uint64_t left_;
};

}  // namespace

// What RocksDB holds: tells the LogFile when it is closed.
class LogFile::Handle : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  // The file of that name in the file system, which outlives it.
  Handle(std::unique_ptr<rocksdb::FSWritableFile>&& target, std::shared_ptr<LogFile> log, rocksdb::FileSystem& file_system,
         std::string name)
      : FSWritableFileOwnerWrapper(std::move(target)), log_(std::move(log)), file_system_(file_system), name_(std::move(name)) {
    const MutexLock lock(log_->mutex_);
    log_->file_ = this;
  }
  ~Handle() override { forget(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // RocksDB would have space allocated for a whole memtable and more, at each opening, however little is then written. Here that
  // comes behind the first MiB; in steps of a MiB all along, each sync takes longer. Not on a disk that is nearly full: of what is
  // asked for in vain, a file system may keep all that there was.
  void SetPreallocationBlockSize(std::size_t bytes) override {
    FSWritableFileOwnerWrapper::SetPreallocationBlockSize(std::min(bytes, kBlockBytes));
  }
  void PrepareWrite(std::size_t offset, std::size_t bytes, const rocksdb::IOOptions& options,
                    rocksdb::IODebugContext* debug) override {
    if (offset + bytes <= allocated_) return;
    const std::size_t first = offset < kBlockBytes ? kBlockBytes - offset : kBlockBytes;
    const std::size_t ahead = std::max(bytes, offset < kBlockBytes || !has_plenty(options) ? first : kAheadBytes);
    FSWritableFileOwnerWrapper::PrepareWrite(offset, ahead, options, debug);
    allocated_ = offset + ahead;
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    forget();
    return FSWritableFileOwnerWrapper::Close(options, debug);
  }

 private:
  static constexpr std::size_t kBlockBytes = 1 << 20;
  static constexpr std::size_t kAheadBytes = 32 << 20;  // as much as is usually written between two flushes
  static constexpr std::uint64_t kPlenty = 16 * std::uint64_t{kAheadBytes};

  bool has_plenty(const rocksdb::IOOptions& options) {
    std::uint64_t free = 0;
    return file_system_.GetFreeSpace(name_, options, &free, nullptr).ok() && free >= kPlenty;
  }

  void forget() {
    const MutexLock lock(log_->mutex_);
    log_->file_ = nullptr;
  }
  std::shared_ptr<LogFile> log_;
  rocksdb::FileSystem& file_system_;
  const std::string name_;
  std::atomic<std::size_t> allocated_{0};  // bytes of the file, about; written by whoever appends, one after the other
};

std::uint64_t number_of_log(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

rocksdb::IOStatus LogFile::sync() {
  const MutexLock lock(mutex_);
  return file_ == nullptr ? rocksdb::IOStatus::OK() : file_->Sync(rocksdb::IOOptions(), nullptr);
}

rocksdb::IOStatus LogFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus made = FileSystemWrapper::NewWritableFile(name, options, result, debug);
  if (!made.ok()) return made;
  *result = std::make_unique<SizeLimitedFile>(std::move(*result));
  if (!std::string_view(name).ends_with(".log")) return made;
  auto log = std::make_shared<LogFile>();
  *result = std::make_unique<LogFile::Handle>(std::move(*result), log, *target(), name);
  const MutexLock lock(mutex_);
  if (first_number_ == 0) first_number_ = number_of_log(name);
  newest_ = std::move(log);
  return made;
}

rocksdb::IOStatus LogFileSystem::NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                                   std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                                   rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus opened = FileSystemWrapper::NewSequentialFile(name, options, result, debug);
  if (!opened.ok()) return opened;
  const auto prefix =
      std::find_if(prefixes_.begin(), prefixes_.end(), [&](const FilePrefix& one) { return is_same_file(name, one.path); });
  if (prefix != prefixes_.end()) *result = std::make_unique<PrefixReader>(std::move(*result), prefix->bytes);
  return opened;
}

rocksdb::IOStatus LogFileSystem::RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                                            rocksdb::IODebugContext* debug) {
  const std::filesystem::path target(to);
  if (target.filename() == "CURRENT") {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    rocksdb::IOStatus synced = FileSystemWrapper::NewDirectory(target.parent_path().string(), options, &directory, debug);
    if (synced.ok()) synced = directory->Fsync(options, debug);
    if (!synced.ok()) return synced;
  }
  return FileSystemWrapper::RenameFile(from, to, options, debug);
}

std::uint64_t LogFileSystem::first_number() const {
  const MutexLock lock(mutex_);
  return first_number_;
}

std::shared_ptr<LogFile> LogFileSystem::newest() const {
  const MutexLock lock(mutex_);
  return newest_;
}

}  // namespace forge::internal
