#pragma once

// One record as of one seq, from the tables `current` and `versions`. The current entry answers when it is old enough; otherwise
// the newest version at or before the seq does, with at most kDeltasMax older ones to start from.

#include <rocksdb/iterator.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // Folds the links from the oldest on. Errors: kDataCorrupt.
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
  RecordReader(const Database& database, Seq seq) : database_(database), seq_(seq) {}

  // Nothing where there is no living record. `touched` counts the entries looked at. Errors: kDataCorrupt, kIoError.
  Result<std::optional<RecordState>> find(const Resource& resource, std::string_view key, std::uint64_t& touched);
  // The same where the current entry is at hand. `key` is the record's encoded key.
  Result<std::optional<RecordState>> find(const Resource& resource, std::string_view key, std::string_view current,
                                          std::uint64_t& touched);

 private:
  Result<std::optional<RecordState>> find_version(const Resource& resource, std::string_view key, std::uint64_t& touched);

  const Database& database_;
  Seq seq_;
  std::unique_ptr<rocksdb::Iterator> versions_;
  std::string key_;
  VersionChain chain_;
  TableWriter writer_;
  AlignedBytes bytes_;
};

}  // namespace forge::internal
