#pragma once

// The baseline: what a RocksDB programmer writes for the same promise. The tables, their options and the sizes of their rows are
// read off a store that Forge made, so that both always write the same. With RocksDB's own options it is what a programmer gets who
// has not measured which of them pay.

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "forge/projections/table_keys.h"

namespace forge::bench {

void must(const rocksdb::Status& status);

// An open database and the tables of it that Forge's have the names of.
class RawDatabase {
 public:
  enum class Mode { kCreate, kCreateWithDefaults, kWrite, kRead };
  // With the tables of the Forge store whose data files stand in `like`, and its options unless they are to be RocksDB's.
  RawDatabase(const std::filesystem::path& path, const std::filesystem::path& like, Mode mode);
  ~RawDatabase();
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  rocksdb::DB& db() const { return *db_; }
  // Starts to write all tables to disk; waits only where the flush before has not ended.
  void flush();
  rocksdb::ColumnFamilyHandle* table(Table table) const { return handles_[static_cast<std::size_t>(table)]; }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kTableCount> handles_{};
};

// Where the data files of the store in `path` stand.
std::filesystem::path data_of(const std::filesystem::path& path);

// Milliseconds to open these files as they are.
double millis_to_open_raw(const std::filesystem::path& path, const std::filesystem::path& like);
// Compacts all tables; the bytes that each has on disk then.
std::array<std::uint64_t, kTableCount> compacted_bytes(const std::filesystem::path& data);

// How large Forge's rows are: the median of each table.
struct RowShape {
  std::size_t key_bytes = 0, value_bytes = 0;
};
using RowShapes = std::array<RowShape, kTableCount>;
RowShapes shapes_of(const std::filesystem::path& data);

// Making items by hand. Safe from any thread.
class RawStore {
 public:
  RawStore(const std::filesystem::path& path, const std::filesystem::path& like, const RowShapes& shapes,
           RawDatabase::Mode mode = RawDatabase::Mode::kCreate);

  // Looks up the record and the unique value of item `number`, as somebody must who is to refuse a second one.
  void look(std::uint64_t number) const;
  // Puts the event, the record, its version and its unique value.
  void stage(std::uint64_t number, rocksdb::WriteBatch& batch);
  void write(rocksdb::WriteBatch& batch, bool sync);
  // All of it, on its own and synced.
  void act(std::uint64_t number);
  // The rows of a workflow's hop, which is two events with their records and versions, synced and with nothing looked up.
  void act_hop(std::uint64_t number);

 private:
  std::string row_key(Table table, std::uint64_t number, std::uint64_t seq) const;

  RawDatabase database_;
  const RowShapes shapes_;
  std::atomic<std::uint64_t> last_seq_{0};
  std::atomic<std::size_t> unflushed_bytes_{0};
};

}  // namespace forge::bench
