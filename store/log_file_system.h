#pragma once

// A file system that keeps hold of RocksDB's write-ahead log, so that it can be synced while the next batch is being written. In
// RocksDB a synced write keeps every other write waiting, and its function to sync the log alone aborts when it meets a file whose
// last write has failed.
//
// Thread-safe.

#include <rocksdb/file_system.h>

#include <memory>

#include "forge/events/thread_annotations.h"

namespace forge::internal {

// One file of the write-ahead log.
class LogFile {
 public:
  // What was appended before is on disk when this returns. Nothing is to be done once RocksDB has closed the file: what it held is
  // in the tables.
  rocksdb::IOStatus sync();

 private:
  friend class LogFileSystem;
  class Handle;
  Mutex mutex_;
  rocksdb::FSWritableFile* file_ FORGE_GUARDED_BY(mutex_) = nullptr;  // null: closed
};

class LogFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit LogFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target) : FileSystemWrapper(target) {}

  const char* Name() const override { return "forge.LogFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* debug) override;

  // The file that is being appended to; null before the first.
  std::shared_ptr<LogFile> newest() const;

 private:
  mutable Mutex mutex_;
  std::shared_ptr<LogFile> newest_ FORGE_GUARDED_BY(mutex_);
};

}  // namespace forge::internal
