#pragma once

// The file system under RocksDB, which adds five things.
//
// It keeps hold of the write-ahead log, so that it can be synced while the next batch is being written: in RocksDB a synced write
// keeps every other write waiting, and its function to sync the log alone aborts when it meets a file whose last write has failed.
//
// It puts the names of all files on disk before CURRENT names another list of them. By the letter of POSIX, of two new names in a
// directory the later one may survive a power loss without the earlier; RocksDB syncs the directory only after both.
//
// It can end files before their last bytes, for whoever reads them from the beginning.
//
// A file that may not grow further counts as a full disk.
//
// Space for the log is allocated a MiB at first, as little may be written, and 32 MiB at a time behind that, where the disk has
// plenty.
//
// Thread-safe.

#include <rocksdb/file_system.h>

#include <memory>
#include <string>
#include <vector>

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

// The number in the name of a log: 000042.log has 42.
std::uint64_t number_of_log(const std::string& path);

// The first bytes of a file.
struct FilePrefix {
  std::string path;
  std::uint64_t bytes = 0;
};

class LogFileSystem : public rocksdb::FileSystemWrapper {
 public:
  // Of the files in `prefixes` only so much is read in sequence.
  LogFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, std::vector<FilePrefix> prefixes)
      : FileSystemWrapper(target), prefixes_(std::move(prefixes)) {}

  const char* Name() const override { return "forge.LogFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // The number of the first log that was made here; 0: none.
  std::uint64_t first_number() const;
  // The file that is being appended to; null before the first.
  std::shared_ptr<LogFile> newest() const;

 private:
  const std::vector<FilePrefix> prefixes_;
  mutable Mutex mutex_;
  std::uint64_t first_number_ FORGE_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<LogFile> newest_ FORGE_GUARDED_BY(mutex_);
};

}  // namespace forge::internal
