#include "table_loader.h"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>

#include "key_start.h"

namespace forge::internal {

// Rows one behind another in one piece of memory.
struct TableLoader::Rows {
  struct Place {
    KeyStart start;
    std::size_t at = 0;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = 0;
  };
  std::string bytes;
  std::vector<Place> places;
  bool is_sorted = true;

  std::string_view key(const Place& place) const { return {bytes.data() + place.at, place.key_bytes}; }
  std::string_view value(const Place& place) const { return {bytes.data() + place.at + place.key_bytes, place.value_bytes}; }
  bool is_before(const Place& a, const Place& b) const { return a.start == b.start ? key(a) < key(b) : a.start < b.start; }

  void put(std::string_view key_text, std::string_view value_text) {
    places.push_back({KeyStart::of(key_text), bytes.size(), static_cast<std::uint32_t>(key_text.size()),
                      static_cast<std::uint32_t>(value_text.size())});
    bytes.append(key_text);
    bytes.append(value_text);
    if (is_sorted && places.size() > 1) is_sorted = is_before(places[places.size() - 2], places.back());
  }

  // Errors: kDataCorrupt where a key stands twice.
  Status write(const Database& database, Table table, LoadedFile& file) {
    if (!is_sorted) std::sort(places.begin(), places.end(), [this](const Place& a, const Place& b) { return is_before(a, b); });
    const std::string doing = "writing the new table " + std::string(name_of(table));
    rocksdb::Options options = database.db().GetOptions(database.handle(table));
    // A run among others is merged and written again: compression waits until then.
    if (!is_sorted) options.compression = options.bottommost_compression = rocksdb::kNoCompression;
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
    FORGE_TRY(to_status(writer.Open(file.path), doing));
    for (const Place& place : places) {
      const rocksdb::Status put = writer.Put(slice_of(key(place)), slice_of(value(place)));
      // RocksDB's word for a key that is not above the one before it.
      if (put.IsInvalidArgument())
        return Status(ErrorId::kDataCorrupt, "the log makes a row of " + std::string(name_of(table)) + " twice");
      FORGE_TRY(to_status(put, doing));
    }
    file.first_key = key(places.front());
    file.last_key = key(places.back());
    return to_status(writer.Finish(), doing);
  }
};

TableLoader::TableLoader(const Database& database, Table table, std::string stem, SideThread& thread, std::size_t run_bytes)
    : database_(database), table_(table), stem_(std::move(stem)), thread_(thread), run_bytes_(run_bytes) {}

Status TableLoader::put(std::string_view key, std::string_view value) {
  if (rows_ == nullptr) {
    rows_ = std::make_shared<Rows>();
    rows_->bytes.reserve(run_bytes_ + run_bytes_ / 16);  // not moved while it grows
  }
  rows_->put(key, value);
  return rows_->bytes.size() < run_bytes_ ? Status() : flush();
}

Status TableLoader::flush() {
  if (rows_ == nullptr) return {};
  files_.push_back(std::make_shared<LoadedFile>(LoadedFile{stem_ + std::to_string(files_.size()) + ".sst", {}, {}}));
  return thread_.give(
      [this, rows = std::exchange(rows_, nullptr), file = files_.back()] { return rows->write(database_, table_, *file); });
}

Status ingest(Database& database, Table table, std::vector<std::shared_ptr<LoadedFile>> files) {
  if (files.empty()) return {};
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a->first_key < b->first_key; });
  const bool overlap = std::adjacent_find(files.begin(), files.end(),
                                          [](const auto& a, const auto& b) { return a->last_key >= b->first_key; }) != files.end();
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file->path);
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.snapshot_consistency = false;
  options.write_global_seqno = false;  // the files are new and stay as they were written
  rocksdb::ColumnFamilyHandle* handle = database.handle(table);
  const std::string doing = "taking in the new table " + std::string(name_of(table));
  if (!overlap) return to_status(database.db().IngestExternalFile(handle, paths, options), doing);
  for (const std::string& path : paths) FORGE_TRY(to_status(database.db().IngestExternalFile(handle, {path}, options), doing));
  rocksdb::CompactRangeOptions merge;
  merge.max_subcompactions = 2;
  return to_status(database.db().CompactRange(merge, handle, nullptr, nullptr), doing);
}

}  // namespace forge::internal
