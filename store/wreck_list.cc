// A record of the list that removes a table (RocksDB 7, "VersionEdit"): tag 6, level, number; then, for any family but the first,
// tag 200 and the family's id; all of them varints. One that forgets the write-ahead logs below a number: tag 8200 and the number's
// varint, its length before it; the logs that are there are read all the same. log_records.h has the format of the file.

#include "wreck_list.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <set>

#include "data_files.h"
#include "database.h"

namespace forge::internal {
namespace {

constexpr std::uint32_t kDeletedFileTag = 6;
constexpr std::uint32_t kColumnFamilyTag = 200;
constexpr std::uint32_t kWalDeletionTag = 8200;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void append_little_endian(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::string removal_of(const ListedTable& table) {
  std::string out;
  append_varint(out, kDeletedFileTag);
  append_varint(out, table.level);
  append_varint(out, table.number);
  if (table.family_id == 0) return out;
  append_varint(out, kColumnFamilyTag);
  append_varint(out, table.family_id);
  return out;
}

// All of them: an older list may name logs that have gone in order.
std::string forgetting_of_logs() {
  std::string number, out;
  append_varint(number, std::uint64_t{1} << 62);
  append_varint(out, kWalDeletionTag);
  append_varint(out, number.size());
  return out + number;
}

// Behind what is sound in `out`, whose beginning is the file's.
void append_log_record(std::string& out, std::string_view record) {
  constexpr std::size_t kBlock = 32768, kHeader = 7;
  for (bool is_first = true;; is_first = false) {
    std::size_t left = kBlock - out.size() % kBlock;
    if (left < kHeader) {
      out.append(left, '\0');
      left = kBlock;
    }
    const std::string_view part = record.substr(0, left - kHeader);
    record.remove_prefix(part.size());
    const bool is_last = record.empty();
    const char type = is_last ? (is_first ? '\1' : '\4') : (is_first ? '\2' : '\3');
    const std::uint32_t crc = crc32c(std::string(1, type).append(part));
    append_little_endian(out, ((crc >> 15) | (crc << 17)) + 0xa282ead8u, 4);
    append_little_endian(out, static_cast<std::uint32_t>(part.size()), 2);
    out.push_back(type);
    out.append(part);
    if (is_last) return;
  }
}

// Why a table that the list names cannot be used; ok where it opens.
Status table_state(const StoreFiles& files, const std::string& path, std::uint64_t size) {
  if (!files.exists(path)) {
    return Status(ErrorId::kDataCorrupt, "a table of the data files is lost").why(kMissingFile).place(path);
  }
  FORGE_ASSIGN(const std::uint64_t found, files.size_of(path));
  if (found != size) {
    return Status(ErrorId::kDataCorrupt, "a table of the data files is damaged")
        .why("the file does not have the size that was recorded")
        .place(path);
  }
  rocksdb::Options options;
  Status opened = to_status(rocksdb::SstFileReader(options).Open(path), "opening " + path);
  return opened.ok() ? opened : std::move(opened).place(path);
}

}  // namespace

Result<TableInventory> take_inventory(const StoreFiles& files, const LogSink& log) {
  const std::string data = files.paths().data();
  FORGE_ASSIGN(const FilePrefix list, sound_manifest(files));
  FORGE_ASSIGN(const std::unique_ptr<Database> database,
               Database::open({.path = data, .prefixes = {list}, .read_only = true, .is_inventory = true, .log = log}));
  std::vector<rocksdb::LiveFileMetaData> tables;
  database->db().GetLiveFilesMetaData(&tables);
  TableInventory out;
  std::set<std::string> listed;
  for (const rocksdb::LiveFileMetaData& table : tables) {
    listed.insert(table.relative_filename);
    Status why = table_state(files, data + "/" + table.relative_filename, table.size);
    if (why.ok()) continue;
    ListedTable one{.family = table.column_family_name,
                    .level = static_cast<std::uint32_t>(table.level),
                    .number = table.file_number,
                    .name = table.relative_filename,
                    .why = std::move(why)};
    for (std::size_t i = 0; i < kTableCount; ++i) {
      const rocksdb::ColumnFamilyHandle* handle = database->handle(static_cast<Table>(i));
      if (handle != nullptr && handle->GetName() == one.family) one.family_id = handle->GetID();
    }
    out.unusable.push_back(std::move(one));
  }
  std::vector<std::string> names;
  FORGE_TRY(to_status(files.file_system().GetChildren(data, rocksdb::IOOptions(), &names, nullptr), "listing " + data));
  for (std::string& name : names) {
    if (name.ends_with(".sst") && !listed.contains(name)) out.unlisted.push_back(std::move(name));
  }
  std::sort(out.unlisted.begin(), out.unlisted.end());
  return out;
}

Status strike_from_list(StoreFiles& files, const TableInventory& inventory) {
  FORGE_ASSIGN(const FilePrefix list, sound_manifest(files));
  FORGE_ASSIGN(std::string bytes, files.read(list.path));
  bytes.resize(list.bytes);
  append_log_record(bytes, forgetting_of_logs());
  for (const ListedTable& table : inventory.unusable) append_log_record(bytes, removal_of(table));
  return files.replace(list.path, bytes);
}

std::vector<std::string> event_tables(const std::string& data, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const std::string path = data + "/" + name;
    rocksdb::SstFileReader reader{rocksdb::Options()};
    if (!reader.Open(path).ok()) continue;
    if (reader.GetTableProperties()->column_family_name == name_of(Table::kLog)) out.push_back(path);
  }
  return out;
}

Status add_events_of(const std::vector<std::string>& paths, Database& database) {
  constexpr std::size_t kBatchBytes = 1 << 20;
  rocksdb::WriteBatch batch;
  rocksdb::PinnableSlice present;
  for (const std::string& path : paths) {
    rocksdb::SstFileReader reader{rocksdb::Options()};
    if (!reader.Open(path).ok()) continue;
    const std::unique_ptr<rocksdb::Iterator> row(reader.NewIterator(rocksdb::ReadOptions()));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      const Result<bool> known = database.get(Table::kLog, view_of(row->key()), present);
      if (known.ok() && *known) continue;
      FORGE_TRY(to_status(batch.Put(database.handle(Table::kLog), row->key(), row->value()), "copying an event"));
      if (batch.GetDataSize() < kBatchBytes) continue;
      FORGE_TRY(to_status(database.write(batch, false), "copying events"));
      batch.Clear();
    }
    row->status().PermitUncheckedError();
  }
  return to_status(database.write(batch, false), "copying events");
}

}  // namespace forge::internal
