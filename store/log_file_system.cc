#include "log_file_system.h"

#include <string_view>

namespace forge::internal {

// What RocksDB holds: tells the LogFile when it is closed.
class LogFile::Handle : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Handle(std::unique_ptr<rocksdb::FSWritableFile>&& target, std::shared_ptr<LogFile> log)
      : FSWritableFileOwnerWrapper(std::move(target)), log_(std::move(log)) {
    const MutexLock lock(log_->mutex_);
    log_->file_ = this;
  }
  ~Handle() override { forget(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    forget();
    return FSWritableFileOwnerWrapper::Close(options, debug);
  }

 private:
  void forget() {
    const MutexLock lock(log_->mutex_);
    log_->file_ = nullptr;
  }
  std::shared_ptr<LogFile> log_;
};

rocksdb::IOStatus LogFile::sync() {
  const MutexLock lock(mutex_);
  return file_ == nullptr ? rocksdb::IOStatus::OK() : file_->Sync(rocksdb::IOOptions(), nullptr);
}

rocksdb::IOStatus LogFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus made = FileSystemWrapper::NewWritableFile(name, options, result, debug);
  if (!made.ok() || !std::string_view(name).ends_with(".log")) return made;
  auto log = std::make_shared<LogFile>();
  *result = std::make_unique<LogFile::Handle>(std::move(*result), log);
  const MutexLock lock(mutex_);
  newest_ = std::move(log);
  return made;
}

std::shared_ptr<LogFile> LogFileSystem::newest() const {
  const MutexLock lock(mutex_);
  return newest_;
}

}  // namespace forge::internal
