#include "database.h"

#include <rocksdb/cache.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>

#include "forge/events/thread_annotations.h"

namespace forge::internal {
namespace {

// RocksDB's own diary. Debian's library aborts when its default one meets a full disk.
class DiaryLogger : public rocksdb::Logger {
 public:
  explicit DiaryLogger(LogSink sink) : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), sink_(std::move(sink)) {}

  using rocksdb::Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (!sink_ || level < GetInfoLogLevel()) return;
    char line[1024];
    const int size = std::vsnprintf(line, sizeof(line), format, arguments);
    for (int i = 0; i < size && i < static_cast<int>(sizeof(line)); ++i) {
      if (static_cast<unsigned char>(line[i]) < 0x20) line[i] = ' ';
    }
    sink_(level_of(level), line);
  }
  void Logv(const char* format, va_list arguments) override { Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments); }

 private:
  static LogLevel level_of(rocksdb::InfoLogLevel level) {
    if (level >= rocksdb::InfoLogLevel::ERROR_LEVEL) return LogLevel::kError;
    if (level == rocksdb::InfoLogLevel::WARN_LEVEL) return LogLevel::kWarning;
    return level == rocksdb::InfoLogLevel::INFO_LEVEL ? LogLevel::kInfo : LogLevel::kDebug;
  }
  LogSink sink_;
};

// An environment with another file system; clock and threads stay the target's.
class LogEnv : public rocksdb::EnvWrapper {
 public:
  LogEnv(rocksdb::Env* target, const std::shared_ptr<LogFileSystem>& file_system) : EnvWrapper(target) {
    file_system_ = file_system;
    system_clock_ = target->GetSystemClock();
  }
};

// The record's part of a version key: all versions of a record share it.
class RecordPrefix : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "forge.RecordPrefix"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), key.size() - 8}; }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > 10; }
};

rocksdb::BlockBasedTableOptions table_options(Table table, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  options.format_version = 5;
  const bool sequential = table == Table::kLog || table == Table::kVersions || table == Table::kTree;
  options.block_size = sequential ? 16 << 10 : 4 << 10;
  if (table != Table::kLog && table != Table::kTree && table != Table::kMeta && table != Table::kCursors) {
    options.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.whole_key_filtering = table != Table::kVersions;
  }
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Table table, const DatabaseOptions& wanted,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(table, cache)));
  options.write_buffer_size = 2 * wanted.write_buffer_bytes;  // never full: see Database::write
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = table == Table::kCurrent ? rocksdb::kLZ4Compression : rocksdb::kZSTD;
  options.paranoid_file_checks = true;
  // One hint for all: each seq goes right behind the one before.
  if (table == Table::kLog) options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
  const bool is_seen = table == Table::kMeta || table == Table::kLog || table == Table::kCurrent || table == Table::kTree;
  if (wanted.is_glance && !is_seen) options.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
  if (table == Table::kVersions) options.prefix_extractor = std::make_shared<RecordPrefix>();
  if (table == Table::kCurrent || table == Table::kUnique || table == Table::kIdempotency) {
    options.memtable_prefix_bloom_size_ratio = 0.0125;
    options.memtable_whole_key_filtering = true;
  }
  return options;
}

// So many files stay open, of those that this process may have open: the rest is for whatever else it does. -1: all.
int open_files_most() {
  constexpr rlim_t kPlenty = 1 << 16;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kPlenty) return -1;
  return static_cast<int>(limit.rlim_cur / 2);
}

rocksdb::DBOptions db_options(const DatabaseOptions& wanted) {
  rocksdb::DBOptions options;
  options.create_if_missing = wanted.create;
  options.create_missing_column_families = !wanted.read_only;  // those that came later: see open_tables
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = !wanted.is_inventory;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.write_dbid_to_manifest = true;
  options.allow_concurrent_memtable_write = false;
  options.avoid_flush_during_shutdown = true;
  options.max_background_jobs = 2;
  options.max_bgerror_resume_count = 0;  // what fails otherwise than for want of space is final
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.keep_log_file_num = 1;
  options.max_open_files = open_files_most();
  return options;
}

// The files of a table family are opened by so many threads, started for each family anew: for the few files that most stores have,
// starting these takes longer than reading the files.
int file_opening_threads(rocksdb::Env& env, const std::string& path) {
  constexpr std::size_t kFilesOfThread = 64;
  constexpr std::size_t kThreadsMost = 16;
  std::vector<std::string> names;
  if (!env.GetChildren(path, &names).ok()) return 1;  // what is wrong there is told by opening it
  const auto files = std::count_if(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".sst"); });
  return static_cast<int>(std::min(1 + static_cast<std::size_t>(files) / kFilesOfThread, kThreadsMost));
}

}  // namespace

class Database::Listener : public rocksdb::EventListener {
 public:
  void OnMemTableSealed(const rocksdb::MemTableInfo& info) override {
    if (info.cf_name == name_of(Table::kMeta)) is_marked_ = false;
  }
  void OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& info) override {
    if (info.cf_name != name_of(Table::kCurrent)) return;
    const MutexLock lock(mutex_);
    if (database_ != nullptr) database_->merge_current();
  }
  // Whose current records are merged after a flush of them; null: nobody's any more.
  void set_database(Database* database) {
    const MutexLock lock(mutex_);
    database_ = database;
  }
  bool is_marked() const { return is_marked_; }
  void set_marked() { is_marked_ = true; }

 private:
  std::atomic<bool> is_marked_{false};
  Mutex mutex_;
  Database* database_ FORGE_GUARDED_BY(mutex_) = nullptr;
};

// A store that was made before a table came has none of it. Opened for reading, it is opened without; opened for writing, it gets
// one. A first table that is missing is damage, which the read-only look before every opening for writing finds.
rocksdb::Status Database::open_tables(const rocksdb::DBOptions& options, const DatabaseOptions& wanted) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(wanted.cache_bytes);
  if (!wanted.only.empty()) return open_these(options, wanted, wanted.only, cache);
  std::vector<Table> tables;
  for (std::size_t i = 0; i < kTableCount; ++i) tables.push_back(static_cast<Table>(i));
  rocksdb::Status opened = open_these(options, wanted, tables, cache);
  if (!wanted.read_only || !opened.IsInvalidArgument()) return opened;
  std::vector<std::string> present;
  if (rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, wanted.path, &present); !listed.ok()) return listed;
  std::erase_if(tables, [&](Table table) {
    return static_cast<std::size_t>(table) >= kFirstTableCount &&
           std::find(present.begin(), present.end(), name_of(table)) == present.end();
  });
  return open_these(options, wanted, tables, cache);
}

rocksdb::Status Database::open_these(const rocksdb::DBOptions& options, const DatabaseOptions& wanted,
                                     std::span<const Table> tables, const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const Table table : tables) families.emplace_back(std::string(name_of(table)), family_options(table, wanted, cache));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status opened = wanted.read_only ? rocksdb::DB::OpenForReadOnly(options, wanted.path, families, &handles, &db)
                                            : rocksdb::DB::Open(options, wanted.path, families, &handles, &db);
  if (!opened.ok()) return opened;
  db_.reset(db);
  for (std::size_t i = 0; i < tables.size(); ++i) handles_[static_cast<std::size_t>(tables[i])] = handles[i];
  return opened;
}

namespace {

// What RocksDB finds wrong with a table while it reads its list of files it tells as wrong with the list. The table that does not
// open by itself, either, is the one.
Status name_table(Status told, const rocksdb::Status& opened, const std::string& directory, rocksdb::Env& env) {
  const bool is_told = opened.ok() || !opened.IsCorruption() || told.text().place.ends_with(".sst");
  std::vector<std::string> names;
  if (is_told || !env.GetChildren(directory, &names).ok()) return told;
  std::sort(names.begin(), names.end());
  rocksdb::Options options;
  options.env = &env;
  for (const std::string& name : names) {
    if (!name.ends_with(".sst")) continue;
    const std::string path = directory + "/" + name;
    const rocksdb::Status alone = rocksdb::SstFileReader(options).Open(path);
    if (!alone.IsCorruption()) continue;
    return std::move(told).why(to_status(alone, "opening " + path).text().why).place(path);
  }
  return told;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& wanted) {
  std::unique_ptr<Database> database(new Database);
  database->logger_ = std::make_shared<DiaryLogger>(wanted.log);
  database->listener_ = std::make_shared<Listener>();
  rocksdb::DBOptions options = db_options(wanted);
  rocksdb::Env* const env = wanted.env != nullptr ? wanted.env : rocksdb::Env::Default();
  database->log_files_ = std::make_shared<LogFileSystem>(env->GetFileSystem(), wanted.prefixes);
  database->env_ = std::make_unique<LogEnv>(env, database->log_files_);
  options.env = database->env_.get();
  options.max_file_opening_threads = file_opening_threads(*env, wanted.path);
  options.info_log = database->logger_;
  options.listeners.push_back(database->listener_);
  const rocksdb::Status opened = database->open_tables(options, wanted);
  if (!opened.ok() && wanted.log) wanted.log(LogLevel::kError, opened.ToString());
  FORGE_TRY(name_table(to_status(opened, "opening the data files in " + wanted.path), opened, wanted.path, *options.env));
  database->write_buffer_bytes_ = wanted.write_buffer_bytes;
  if (!wanted.read_only) database->listener_->set_database(database.get());
  return database;
}

Database::~Database() {
  if (db_ == nullptr) return;
  listener_->set_database(nullptr);
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  db_->Close().PermitUncheckedError();
}

Result<bool> Database::get(Table table, std::string_view key, rocksdb::PinnableSlice& value,
                           const rocksdb::Snapshot* snapshot) const {
  value.Reset();
  if (handle(table) == nullptr) return false;
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const rocksdb::Status status = db_->Get(options, handle(table), slice_of(key), &value);
  if (status.IsNotFound()) return false;
  FORGE_TRY(to_status(status, "reading from " + std::string(name_of(table))));
  return true;
}

std::unique_ptr<rocksdb::Iterator> Database::iterate(Table table, bool total_order, const rocksdb::Snapshot* snapshot) const {
  if (handle(table) == nullptr) return std::unique_ptr<rocksdb::Iterator>(rocksdb::NewEmptyIterator());
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.fill_cache = snapshot == nullptr;
  options.total_order_seek = total_order;
  options.prefix_same_as_start = !total_order;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, handle(table)));
}

Result<std::uint64_t> Database::count_entries(Table table) const {
  rocksdb::TablePropertiesCollection files;
  FORGE_TRY(
      to_status(db_->GetPropertiesOfAllTables(handle(table), &files), "reading the properties of " + std::string(name_of(table))));
  std::uint64_t count = 0;
  for (const auto& [name, properties] : files) count += properties->num_entries;
  for (const std::string& property :
       {rocksdb::DB::Properties::kNumEntriesActiveMemTable, rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
    std::uint64_t entries = 0;
    db_->GetIntProperty(handle(table), property, &entries);
    count += entries;
  }
  return count;
}

std::uint64_t Database::oldest_log() const {
  std::uint64_t number = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &number);
  return std::max(number, log_files_->first_number());
}

Status Database::check(const rocksdb::Iterator& iterator, std::string_view doing) {
  return to_status(iterator.status(), doing);
}

// RocksDB is not left to flush by itself in the middle of a write: when two tables are full at once and the next write-ahead log
// cannot be made, it aborts as it closes; and where writes are not synced, it begins that log while the end of the one before may
// still be lost, which leaves a hole. Here the tables are flushed together, between two writes, with the log on disk.
//
// The first write to a log file is synced by RocksDB, which then syncs the directory and notes the file before in the MANIFEST.
// When any of that fails the tables have taken the batch already; so that write is an empty one.
rocksdb::Status Database::append(rocksdb::WriteBatch& batch, bool will_sync, std::shared_ptr<LogFile>& log) {
  constexpr std::size_t kEntryBytes = 64;  // what a row costs in memory beside its bytes
  if (rocksdb::Status ready = prepare_tables(); !ready.ok()) return ready;
  unflushed_bytes_ += batch.GetDataSize() + kEntryBytes * batch.Count();
  log = log_files_->newest();
  if (will_sync && log != listed_log_) {
    if (rocksdb::Status synced = write_sync(); !synced.ok()) return synced;
    listed_log_ = log;
  }
  if (rocksdb::Status written = db_->Write(rocksdb::WriteOptions(), &batch); !written.ok()) return written;
  if (!will_sync || log_files_->newest() == log) return rocksdb::Status::OK();
  // RocksDB began another file meanwhile, recovering from a full disk: which of the two holds the batch cannot be told. The tables
  // hold it already, so that a failure is never one that writing may go on from.
  const rocksdb::Status synced = write_sync();
  return synced.IsNoSpace() ? rocksdb::Status::IOError("syncing two files of the log found no space") : synced;
}

rocksdb::Status Database::write(rocksdb::WriteBatch& batch, bool sync) {
  std::shared_ptr<LogFile> log;
  const rocksdb::Status appended = append(batch, sync, log);
  return appended.ok() && sync ? rocksdb::Status(log->sync()) : appended;
}

rocksdb::Status Database::prepare_tables() {
  const MutexLock flush(flush_mutex_);
  if (unflushed_bytes_ >= write_buffer_bytes_) {
    if (rocksdb::Status begun = begin_flush(); !begun.ok()) return begun;
    unflushed_bytes_ = 0;
  }
  return mark_unflushed();
}

rocksdb::Status Database::begin_flush() {
  if (rocksdb::Status synced = write_sync(); !synced.ok()) return synced;
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
  rocksdb::Status begun = db_->Flush(options, handles);
  if (!begun.IsTryAgain()) return begun;
  options.wait = true;  // the flush before has not ended: writes must wait for it
  return db_->Flush(options, handles);
}

// Before anything is written to the log. Keeps something in memory that is not on disk: on a full disk RocksDB recovers by
// flushing, and where there is nothing to flush it keeps the log that failed and aborts at the next write. Deleting what is not
// there leaves no row.
rocksdb::Status Database::mark_unflushed() {
  if (listener_->is_marked()) return rocksdb::Status::OK();
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  rocksdb::Status marked = db_->Delete(options, handle(Table::kMeta), "unflushed");
  if (marked.ok()) listener_->set_marked();
  return marked;
}

// RocksDB is not asked to flush before there is room for the tables: each try would begin a log, and RocksDB 7.8 loses the memory
// of a table whose log could not be made.
Status Database::flush_after_full_disk() {
  std::uint64_t needed = 0;
  std::uint64_t free = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &needed);
  const bool is_known = env_->GetFileSystem()->GetFreeSpace(db_->GetName(), rocksdb::IOOptions(), &free, nullptr).ok();
  if (is_known && free < needed) {
    return Status(ErrorId::kDiskFull, "the disk is full")
        .why(std::to_string(free) + " bytes are free, and " + std::to_string(needed) + " wait to be written");
  }
  return flush();
}

Status Database::flush() {
  const MutexLock flush(flush_mutex_);
  rocksdb::FlushOptions options;
  options.wait = true;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
  return to_status(db_->Flush(options, handles), "writing the store's tables to disk");
}

// A synced write of nothing: RocksDB's own function for this aborts when it meets a log whose last write has failed.
rocksdb::Status Database::write_sync() {
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::WriteBatch nothing;
  return db_->Write(options, &nothing);
}

Status Database::sync_log() {
  const MutexLock flush(flush_mutex_);
  const rocksdb::Status marked = mark_unflushed();
  return to_status(marked.ok() ? write_sync() : marked, "syncing the log");
}

}  // namespace forge::internal
