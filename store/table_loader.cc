#include "table_loader.h"

#include <algorithm>
#include <functional>

#include "key_start.h"
#include "store_files.h"

namespace forge::internal {
namespace {

constexpr std::size_t kMergedFileBytes = 64 << 20;  // of rows

Status row_twice(Table table) {
  return Status(ErrorId::kDataCorrupt, "the log makes a row of " + std::string(name_of(table)) + " twice");
}

// Writes rows as a table file of the database's own kind.
class TableFile {
 public:
  TableFile(const Database& database, Table table) : table_(table), writer_(rocksdb::EnvOptions(), options_of(database, table)) {}

  Status open(std::shared_ptr<LoadedFile> file) {
    file_ = std::move(file);
    return to_status(writer_.Open(file_->file_path), doing());
  }
  Status put(std::string_view key, std::string_view value) {
    bytes_ += key.size() + value.size();
    const rocksdb::Status put = writer_.Put(slice_of(key), slice_of(value));
    if (put.ok()) return {};
    // RocksDB's word for a key that is not above the one before it.
    return put.IsInvalidArgument() ? row_twice(table_) : to_status(put, doing());
  }
  Status finish() { return to_status(writer_.Finish(file_.get()), doing()); }
  std::size_t bytes() const { return bytes_; }

 private:
  // A file that is written once and then stays: zstd's first level makes it about as small as its default, in two thirds of the
  // time.
  static rocksdb::Options options_of(const Database& database, Table table) {
    rocksdb::Options options = database.db().GetOptions(database.handle(table));
    options.bottommost_compression_opts.level = 1;
    options.bottommost_compression_opts.enabled = true;
    return options;
  }
  std::string doing() const { return "writing the new table " + std::string(name_of(table_)); }

  const Table table_;
  rocksdb::SstFileWriter writer_;
  std::shared_ptr<LoadedFile> file_;
  std::size_t bytes_ = 0;  // of rows
};

// Writes rows in key order as table files, the next one wherever one has become large.
class TableFiles {
 public:
  TableFiles(const Database& database, Table table, std::function<std::shared_ptr<LoadedFile>()> next_file)
      : database_(database), table_(table), next_file_(std::move(next_file)) {}

  Status put(std::string_view key, std::string_view value) {
    if (key <= last_key_) return row_twice(table_);  // a file does not know of the one before
    last_key_ = key;
    if (file_ != nullptr && file_->bytes() >= kMergedFileBytes) FORGE_TRY(finish());
    if (file_ == nullptr) FORGE_TRY(begin());
    return file_->put(key, value);
  }
  Status finish() { return std::exchange(file_, nullptr)->finish(); }

 private:
  Status begin() {
    file_ = std::make_unique<TableFile>(database_, table_);
    return file_->open(next_file_());
  }

  const Database& database_;
  const Table table_;
  const std::function<std::shared_ptr<LoadedFile>()> next_file_;
  std::unique_ptr<TableFile> file_;
  std::string last_key_;
};

}  // namespace

// Rows one behind another in one piece of memory.
struct TableLoader::Rows {
  struct Place {
    KeyStart start;  // of rows that are to be sorted
    std::size_t at = 0;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = 0;
  };
  std::string bytes;
  std::vector<Place> places;

  std::string_view key(const Place& place) const { return {bytes.data() + place.at, place.key_bytes}; }
  std::string_view value(const Place& place) const { return {bytes.data() + place.at + place.key_bytes, place.value_bytes}; }

  void put(std::string_view key_text, std::string_view value_text, Order order) {
    places.push_back({order == Order::kAny ? KeyStart::of(key_text) : KeyStart(), bytes.size(),
                      static_cast<std::uint32_t>(key_text.size()), static_cast<std::uint32_t>(value_text.size())});
    bytes.append(key_text);
    bytes.append(value_text);
  }

  void sort() {
    std::sort(places.begin(), places.end(),
              [this](const Place& a, const Place& b) { return a.start == b.start ? key(a) < key(b) : a.start < b.start; });
  }

  template <typename Writer>
  Status give_to(Writer& writer) const {
    for (const Place& place : places) FORGE_TRY(writer.put(key(place), value(place)));
    return {};
  }
};

class TableLoader::Memory {
 public:
  static std::shared_ptr<Rows> take(const std::shared_ptr<Memory>& memory, std::size_t bytes) {
    std::unique_ptr<Rows> rows = memory->spare();
    if (rows == nullptr) rows = std::make_unique<Rows>();
    rows->bytes.reserve(bytes);  // not moved while it grows
    return {rows.release(), [memory](Rows* used) { memory->put_back(std::unique_ptr<Rows>(used)); }};
  }

 private:
  std::unique_ptr<Rows> spare() {
    const MutexLock lock(mutex_);
    if (spare_.empty()) return nullptr;
    std::unique_ptr<Rows> rows = std::move(spare_.back());
    spare_.pop_back();
    return rows;
  }
  void put_back(std::unique_ptr<Rows> rows) {
    rows->bytes.clear();
    rows->places.clear();
    const MutexLock lock(mutex_);
    spare_.push_back(std::move(rows));
  }

  Mutex mutex_;
  std::vector<std::unique_ptr<Rows>> spare_ FORGE_GUARDED_BY(mutex_);
};

std::shared_ptr<TableLoader::Memory> TableLoader::new_memory() {
  return std::make_shared<Memory>();
}

TableLoader::TableLoader(const Database& database, Table table, Order order, std::string stem, std::shared_ptr<Memory> memory,
                         SideThread& thread, Limits limits)
    : database_(database),
      table_(table),
      order_(order),
      stem_(std::move(stem)),
      memory_(std::move(memory)),
      thread_(thread),
      limits_(limits) {}

Status TableLoader::put(std::string_view key, std::string_view value) {
  if (rows_ == nullptr) rows_ = Memory::take(memory_, limits_.run_bytes + limits_.run_bytes / 16);
  rows_->put(key, value, order_);
  if (rows_->bytes.size() < limits_.run_bytes) return {};
  return order_ == Order::kSorted ? write_rows() : set_aside();
}

Status TableLoader::flush() {
  if (rows_ == nullptr) return {};
  return run_count_ > 0 ? set_aside() : write_rows();
}

Status TableLoader::write_rows() {
  return thread_.give([this, rows = std::exchange(rows_, nullptr), file = next_file()] {
    if (order_ == Order::kAny) rows->sort();
    TableFile writer(database_, table_);
    FORGE_TRY(writer.open(file));
    FORGE_TRY(rows->give_to(writer));
    return writer.finish();
  });
}

Status TableLoader::set_aside() {
  return thread_.give([this, rows = std::exchange(rows_, nullptr), path = next_run()] {
    rows->sort();
    FORGE_ASSIGN(RowRunWriter writer, RowRunWriter::create(*database_.db().GetFileSystem(), path));
    FORGE_TRY(rows->give_to(writer));
    FORGE_ASSIGN(RowRun run, writer.finish());
    runs_.push_back(std::move(run));
    return shorten_list();
  });
}

// As many runs as the limit that were merged as often as the newest become one. So a row is written again only once for each power
// of the limit.
Status TableLoader::shorten_list() {
  const auto first =
      std::find_if(runs_.rbegin(), runs_.rend(), [&](const RowRun& run) { return run.merges != runs_.back().merges; });
  const std::vector<RowRun> alike(first.base(), runs_.end());
  if (alike.size() < limits_.runs) return {};
  FORGE_ASSIGN(RowRunWriter writer, RowRunWriter::create(*database_.db().GetFileSystem(), alike.front().path + "+"));
  FORGE_TRY(merge_runs(*database_.db().GetFileSystem(), alike,
                       [&](std::string_view key, std::string_view value) { return writer.put(key, value); }));
  FORGE_ASSIGN(RowRun longer, writer.finish());
  longer.merges = alike.front().merges + 1;
  runs_.erase(first.base(), runs_.end());
  runs_.push_back(std::move(longer));
  FORGE_TRY(remove(alike));
  return shorten_list();
}

std::shared_ptr<LoadedFile> TableLoader::next_file() {
  auto file = std::make_shared<LoadedFile>();
  file->file_path = stem_ + std::to_string(files_.size()) + ".sst";
  return files_.emplace_back(std::move(file));
}

std::string TableLoader::next_run() {
  return stem_ + "run-" + std::to_string(run_count_++);
}

Status TableLoader::remove(const std::vector<RowRun>& runs) {
  for (const RowRun& run : runs)
    FORGE_TRY(to_status(database_.db().GetFileSystem()->DeleteFile(run.path, kIo, nullptr), "removing " + run.path));
  return {};
}

Status TableLoader::merge() {
  const std::vector<RowRun> runs = std::exchange(runs_, {});
  if (runs.empty()) return {};
  TableFiles writer(database_, table_, [this] { return next_file(); });
  FORGE_TRY(merge_runs(*database_.db().GetFileSystem(), runs,
                       [&](std::string_view key, std::string_view value) { return writer.put(key, value); }));
  FORGE_TRY(writer.finish());
  return remove(runs);
}

// The checksums are those of what was written, so that whoever verifies the store holds the files against that.
Status ingest(Database& database, Table table, const std::vector<std::shared_ptr<LoadedFile>>& files) {
  if (files.empty()) return {};
  rocksdb::IngestExternalFileArg all;
  all.column_family = database.handle(table);
  for (const std::shared_ptr<LoadedFile>& file : files) {
    all.external_files.push_back(file->file_path);
    all.files_checksums.push_back(file->file_checksum);
    all.files_checksum_func_names.push_back(file->file_checksum_func_name);
  }
  all.options.move_files = true;
  all.options.snapshot_consistency = false;
  all.options.write_global_seqno = false;  // the files are new and stay as they were written
  all.options.verify_file_checksum = false;
  return to_status(database.db().IngestExternalFiles({all}), "taking in the new table " + std::string(name_of(table)));
}

}  // namespace forge::internal
