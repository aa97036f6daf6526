#pragma once

// RocksDB behind the store: one column family a table, with the options that FAULTS-tolerant operation needs. The only place that
// turns a rocksdb::Status into a forge::Status.

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/thread_annotations.h"
#include "forge/projections/table_keys.h"
#include "forge/store/options.h"
#include "log_file_system.h"

namespace forge::internal {

// `doing` completes the sentence "… failed".
Status to_status(const rocksdb::Status& status, std::string_view doing);

inline rocksdb::Slice slice_of(std::string_view text) {
  return {text.data(), text.size()};
}
inline rocksdb::Slice slice_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string_view view_of(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// Bytes moved to an address that FlatBuffers may read from; reuses its memory.
class AlignedBytes {
 public:
  std::span<const std::uint8_t> assign(std::string_view bytes) {
    words_.resize((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
    return {reinterpret_cast<const std::uint8_t*>(words_.data()), bytes.size()};
  }
  std::span<const std::uint8_t> assign(std::span<const std::uint8_t> bytes) {
    return assign(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  std::vector<std::uint64_t> take() { return std::move(words_); }

 private:
  std::vector<std::uint64_t> words_;
};

struct DatabaseOptions {
  std::string path;
  rocksdb::Env* env = nullptr;            // null: the system's
  std::vector<FilePrefix> prefixes = {};  // what can be read of files that are not sound to their end
  bool read_only = false;
  // With read_only: these tables and no others, meta among them; the files of the others need not be there. Empty: all.
  std::vector<Table> only = {};
  // Closed again before anything but meta, log, current and tree is read, which is slow then. What stands in the write-ahead log
  // goes into the other tables unsorted, which makes the opening a third faster.
  bool is_glance = false;
  // With read_only: opens although tables are missing or damaged, to tell which ones are listed. What is read may fail.
  bool is_inventory = false;
  bool create = false;
  std::size_t cache_bytes = 64 << 20;
  std::size_t write_buffer_bytes = 32 << 20;  // so much is written between two flushes
  LogSink log;
};

// Thread-safe. Iterators and pinned values must be gone before it is destroyed.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Finds `key`; false when there is none. With `snapshot`: as of it. Errors: kDataCorrupt, kIoError.
  Result<bool> get(Table table, std::string_view key, rocksdb::PinnableSlice& value,
                   const rocksdb::Snapshot* snapshot = nullptr) const;
  // `total_order`: the iterator may cross prefixes of `versions`. With `snapshot`: as of it, and past the cache, which a sweep over
  // everything would only empty.
  std::unique_ptr<rocksdb::Iterator> iterate(Table table, bool total_order = true,
                                             const rocksdb::Snapshot* snapshot = nullptr) const;
  // The entries in a table's files and in memory: its rows, where no row is ever put twice or erased. Counted, where RocksDB only
  // promises an estimate. Errors: kDataCorrupt, kIoError.
  Result<std::uint64_t> count_entries(Table table) const;
  // A number that no log below is still needed; those of an earlier opening are not, in a database that is open for writing.
  std::uint64_t oldest_log() const;
  // The error that ended an iteration, if any.
  static Status check(const rocksdb::Iterator& iterator, std::string_view doing);

  // Null for a table that came later than a store that is open for reading.
  rocksdb::ColumnFamilyHandle* handle(Table table) const { return handles_[static_cast<std::size_t>(table)]; }
  rocksdb::DB& db() const { return *db_; }
  // Writes the batch to the log and the tables, from one thread at a time. It is on disk once `log` has been synced, which another
  // thread may do meanwhile. `will_sync` says that it will be. Flushes in the background now and then.
  rocksdb::Status append(rocksdb::WriteBatch& batch, bool will_sync, std::shared_ptr<LogFile>& log);
  // The same, and with `sync` on disk when this returns.
  rocksdb::Status write(rocksdb::WriteBatch& batch, bool sync);
  // Writes every memtable to disk, so that the write-ahead log holds nothing.
  Status flush();
  // The same once RocksDB has recovered from a full disk. Errors: kDiskFull where there is no room for what is in memory.
  Status flush_after_full_disk();
  // Where a table has many small files in a row they become one: of one table, so that no opening is held up for long. Not where
  // the disk has little room. Errors: kDiskFull, kDataCorrupt, kIoError.
  Status merge_small_files();
  // Lets the files of current records be merged in the background where many records that are listed lie hidden in them, and the
  // work is no more than a flush; so after each flush of these, and once after opening for writing.
  void merge_current();
  // Syncs the write-ahead log.
  Status sync_log();

 private:
  class Listener;
  Database() = default;
  rocksdb::Status open_tables(const rocksdb::DBOptions& options, const DatabaseOptions& wanted);
  rocksdb::Status open_these(const rocksdb::DBOptions& options, const DatabaseOptions& wanted, std::span<const Table> tables,
                             const std::shared_ptr<rocksdb::Cache>& cache);
  rocksdb::Status write_sync();
  rocksdb::Status prepare_tables() FORGE_EXCLUDES(flush_mutex_);
  rocksdb::Status begin_flush() FORGE_REQUIRES(flush_mutex_);
  rocksdb::Status mark_unflushed() FORGE_REQUIRES(flush_mutex_);

  std::shared_ptr<LogFileSystem> log_files_;
  std::unique_ptr<rocksdb::Env> env_;  // over log_files_
  std::shared_ptr<rocksdb::Logger> logger_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kTableCount> handles_{};
  std::shared_ptr<LogFile> listed_log_;  // known to be in the directory as it is on disk
  std::size_t write_buffer_bytes_ = 0;
  Mutex flush_mutex_;                // held while the tables are emptied, and while the log is synced alone
  std::size_t unflushed_bytes_ = 0;  // written since the last flush began, with what they cost in memory
};

}  // namespace forge::internal
