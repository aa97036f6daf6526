#pragma once

// One record as of one seq, from the tables `current` and `versions`. The current entry answers when it is old enough; otherwise
// the newest version at or before the seq does, with at most kDeltasMax older ones to start from. What was stored under an earlier
// schema version than that of the resource asked for is brought up to it.

#include <rocksdb/iterator.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.h"
#include "database.h"
#include "forge/events/codec.h"
#include "forge/projections/record_entry.h"
#include "forge/store/view.h"

namespace forge::internal {

// A living record at a point: everything is owned.
struct RecordState {
  Version version = 0;
  Seq seq = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t schema_version = 0;  // that it was stored under
  std::vector<std::uint64_t> bytes;  // its table, aligned and verified
  std::size_t size = 0;

  std::span<const std::uint8_t> record() const { return {reinterpret_cast<const std::uint8_t*>(bytes.data()), size}; }
};

// The entries that make up one version: the newest first, a full one or a tombstone last. Owns their bytes.
class VersionChain {
 public:
  struct Link {
    Seq seq = 0;
    std::string value;
    VersionEntry entry;  // borrows from value
  };
  void clear() { links_.clear(); }
  Status add(Seq seq, std::string_view value);
  bool complete() const { return !links_.empty() && links_.back()->entry.kind != EntryKind::kDelta; }
  bool empty() const { return links_.empty(); }
  const Link& newest() const { return *links_.front(); }
  std::size_t size() const { return links_.size(); }
  // Folds the links from the oldest on, as they are stored: none stands on one that lacks upcasts. Errors: kDataCorrupt.
  Result<RecordState> fold(const TableType& record, TableWriter& writer) const;

 private:
  std::vector<std::unique_ptr<Link>> links_;
};

// Sets in `row` what one version entry set and takes away what it cleared; the cells borrow from `record`, the entry's verified
// bytes.
void apply_version(const TableType& table, const VersionEntry& entry, std::span<const std::uint8_t> record, Row& row);

// Not safe for concurrent use; cheap to make. Lives no longer than the database.
class RecordReader {
 public:
  RecordReader(const Database& database, const Catalog& catalog, Seq seq) : database_(database), catalog_(catalog), seq_(seq) {}

  // Nothing where there is no living record. `touched` counts the entries looked at. Errors: kDataCorrupt, kUpcastFailed, kIoError.
  Result<std::optional<RecordState>> find(const Resource& resource, std::string_view key, std::uint64_t& touched);
  // The same where the current entry is at hand. `key` is the record's encoded key.
  Result<std::optional<RecordState>> find(const Resource& resource, std::string_view key, std::string_view current,
                                          std::uint64_t& touched);

 private:
  Result<std::optional<RecordState>> find_version(const Resource& resource, std::string_view key, std::uint64_t& touched);
  Result<std::optional<RecordState>> brought_up(const Resource& resource, std::string_view key, RecordState state);

  const Database& database_;
  const Catalog& catalog_;
  Seq seq_;
  std::unique_ptr<rocksdb::Iterator> versions_;
  std::string key_;
  VersionChain chain_;
  TableWriter writer_;
  AlignedBytes bytes_;
};

}  // namespace forge::internal
