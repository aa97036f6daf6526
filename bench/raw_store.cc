#include "raw_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/metadata.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/utilities/options_util.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "forge/events/key.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr std::size_t kCacheBytes = 64 << 20;        // as OpenOptions::cache_bytes
constexpr std::size_t kWriteBufferBytes = 32 << 20;  // as OpenOptions::write_buffer_bytes

// A record's part of a version key, as store/FORMAT.md has it: an options file names an extractor but cannot hold it.
class RecordPrefix : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "forge.RecordPrefix"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), key.size() - 8}; }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > 10; }
};

struct StoredOptions {
  rocksdb::DBOptions database;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
};

StoredOptions options_of(const std::filesystem::path& data) {
  StoredOptions out;
  rocksdb::ConfigOptions config;
  config.ignore_unknown_options = true;
  config.ignore_unsupported_options = true;
  std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(kCacheBytes);
  must(rocksdb::LoadLatestOptions(config, data.string(), &out.database, &out.families, &cache));
  for (rocksdb::ColumnFamilyDescriptor& family : out.families) {
    if (family.name == name_of(Table::kVersions)) family.options.prefix_extractor = std::make_shared<RecordPrefix>();
    if (family.name == name_of(Table::kLog)) {
      family.options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
    }
  }
  out.database.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  return out;
}

std::size_t median_of(std::vector<std::size_t>& sizes) {
  if (sizes.empty()) return 0;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle;
}

}  // namespace

void must(const rocksdb::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "forge_bench: RocksDB says: %s\n", status.ToString().c_str());
  std::abort();
}

double millis_to_open_raw(const std::filesystem::path& path, const std::filesystem::path& like) {
  const WallTime wall;
  const RawDatabase database(data_of(path), like, RawDatabase::Mode::kWrite);
  return wall.seconds() * 1e3;
}

std::array<std::uint64_t, kTableCount> compacted_bytes(const std::filesystem::path& data) {
  const RawDatabase database(data, data, RawDatabase::Mode::kWrite);
  std::array<std::uint64_t, kTableCount> bytes{};
  for (std::size_t i = 0; i < kTableCount; ++i) {
    rocksdb::ColumnFamilyHandle* const table = database.table(static_cast<Table>(i));
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    must(database.db().CompactRange(options, table, nullptr, nullptr));
    rocksdb::ColumnFamilyMetaData files;
    database.db().GetColumnFamilyMetaData(table, &files);
    bytes[i] = files.size;
  }
  return bytes;
}

std::filesystem::path data_of(const std::filesystem::path& path) {
  return path / "data";
}

RawDatabase::RawDatabase(const std::filesystem::path& path, const std::filesystem::path& like, Mode mode) {
  StoredOptions options = options_of(like);
  if (mode == Mode::kCreateWithDefaults) {
    options.database = {};
    for (rocksdb::ColumnFamilyDescriptor& family : options.families) family.options = {};
  }
  options.database.create_if_missing = options.database.create_missing_column_families =
      mode == Mode::kCreate || mode == Mode::kCreateWithDefaults;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  must(mode == Mode::kRead ? rocksdb::DB::OpenForReadOnly(options.database, path.string(), options.families, &handles, &db)
                           : rocksdb::DB::Open(options.database, path.string(), options.families, &handles, &db));
  db_.reset(db);
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const std::string_view name = name_of(static_cast<Table>(i));
    const auto found = std::find_if(handles.begin(), handles.end(), [&](const auto* handle) { return handle->GetName() == name; });
    handles_[i] = *found;
    handles.erase(found);
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) must(db_->DestroyColumnFamilyHandle(handle));
}

RawDatabase::~RawDatabase() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) must(db_->DestroyColumnFamilyHandle(handle));
  must(db_->Close());
}

void RawDatabase::flush() {
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
  rocksdb::Status begun = db_->Flush(options, handles);
  options.wait = true;
  must(begun.IsTryAgain() ? db_->Flush(options, handles) : begun);
}

RowShapes shapes_of(const std::filesystem::path& data) {
  const RawDatabase database(data, data, RawDatabase::Mode::kRead);
  RowShapes out;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> row(database.db().NewIterator(options, database.table(static_cast<Table>(i))));
    std::vector<std::size_t> keys, values;
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      keys.push_back(row->key().size());
      values.push_back(row->value().size());
    }
    out[i] = {.key_bytes = median_of(keys), .value_bytes = median_of(values)};
  }
  return out;
}

RawStore::RawStore(const std::filesystem::path& path, const std::filesystem::path& like, const RowShapes& shapes,
                   RawDatabase::Mode mode)
    : database_(path, like, mode), shapes_(shapes) {}

// The keys are Forge's own but for the hexadecimal number in place of the key's encoding, filled up to the same size.
std::string RawStore::row_key(Table table, std::uint64_t number, std::uint64_t seq) const {
  if (table == Table::kLog) return log_key(seq);
  const std::size_t size = shapes_[static_cast<std::size_t>(table)].key_bytes;
  std::string out;
  out.reserve(size);
  append_u16(out, 17);
  out += key_of(table == Table::kUnique ? ~number : number);
  const std::size_t tail = table == Table::kVersions ? 8 : 0;
  out.resize(size - tail, '\0');
  if (tail > 0) append_u64(out, ~seq);
  return out;
}

void RawStore::look(std::uint64_t number) const {
  for (const Table table : {Table::kCurrent, Table::kUnique}) {
    rocksdb::PinnableSlice value;
    const rocksdb::Status found =
        database_.db().Get(rocksdb::ReadOptions(), database_.table(table), row_key(table, number, 0), &value);
    if (!found.IsNotFound()) must(found);
  }
}

void RawStore::stage(std::uint64_t number, rocksdb::WriteBatch& batch) {
  const std::uint64_t seq = ++last_seq_;
  for (const Table table : {Table::kLog, Table::kCurrent, Table::kVersions, Table::kUnique}) {
    const std::string_view value = random_text(number, shapes_[static_cast<std::size_t>(table)].value_bytes);
    must(batch.Put(database_.table(table), row_key(table, number, seq), rocksdb::Slice(value.data(), value.size())));
  }
}

void RawStore::write(rocksdb::WriteBatch& batch, bool sync) {
  // As many bytes as Forge writes between two flushes of all tables, counted as it does.
  const std::size_t bytes = batch.GetDataSize() + 64 * batch.Count();
  const std::size_t before = unflushed_bytes_.fetch_add(bytes);
  if (before / kWriteBufferBytes < (before + bytes) / kWriteBufferBytes) database_.flush();
  rocksdb::WriteOptions options;
  options.sync = sync;
  must(database_.db().Write(options, &batch));
}

void RawStore::act_hop(std::uint64_t number) {
  rocksdb::WriteBatch batch;
  for (const std::uint64_t half : {2 * number, 2 * number + 1}) {
    const std::uint64_t seq = ++last_seq_;
    for (const Table table : {Table::kLog, Table::kCurrent, Table::kVersions}) {
      const std::string_view value = random_text(half, shapes_[static_cast<std::size_t>(table)].value_bytes);
      must(batch.Put(database_.table(table), row_key(table, half, seq), rocksdb::Slice(value.data(), value.size())));
    }
  }
  write(batch, true);
}

void RawStore::act(std::uint64_t number) {
  look(number);
  rocksdb::WriteBatch batch;
  stage(number, batch);
  write(batch, true);
}

}  // namespace forge::bench
