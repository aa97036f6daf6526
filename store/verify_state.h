#pragma once

// Checks the tables against the fold of the log, in memory that does not grow with the store.
//
// First, event by event: the record before it is read from its own versions, which were checked when their events came, and folded
// with the event by the functions that the commit path uses; the version row on disk must be what they give. Then one pass over
// `versions` and `current` side by side: each current row must be its newest version, and each living record must own its unique
// values and have its index entries. What is left over in a table is found by count, and only then looked for. No rule runs.
//
// Not safe for concurrent use.

#include <functional>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "catalog.h"
#include "forge/projections/state_projection.h"
#include "record_reader.h"
#include "stored_form.h"
#include "verify_entries.h"
#include "verify_parts.h"

namespace forge::internal {

class StateCheck {
 public:
  // `snapshot` holds the store just after event `head`.
  StateCheck(const Database& database, const Catalog& catalog, const rocksdb::Snapshot* snapshot, Seq head, VerifyCheck& check);

  // The events in seq order; one that cannot be read is left out.
  void event(const Envelope& envelope);
  // After the last event.
  void finish();

 private:
  // A record as its versions give it.
  struct Before {
    CurrentEntry entry;  // version 0: there is none
    RecordState state;   // what `entry` and `row` borrow from
    Row row;             // brought up to the event's schema version
    bool lives() const { return entry.version != 0 && entry.kind == EntryKind::kFull; }
  };

  Status check_event(const Action& action, const Envelope& envelope);
  Status check_version(const Action& action, const Envelope& envelope, std::string_view found, const Before& before,
                       const Row& after);
  void check_idempotency(const Envelope& envelope);
  Result<Before> read_before(const Resource& resource, const Envelope& envelope);

  void compare_records();
  void compare_record(std::string_view key, std::string_view current);
  Status check_current(const Resource& resource, std::string_view current_key, const CurrentEntry& entry, Row& row);
  void check_unique_values(const Resource& resource, std::string_view key, const Row& row);
  Status take_chain(rocksdb::Iterator& versions);
  void skip_versions(rocksdb::Iterator& versions, std::string_view record);

  void find_extra_versions();
  void check_unique_table();
  void check_idempotency_table();
  Result<bool> holds(const Resource& resource, const UniqueConstraint& constraint, std::string_view owner, std::string_view entry);
  void each_row(Table table, const std::function<void(std::string_view key, std::string_view value)>& visit);

  // Reports a row once; later findings about the same row are left out.
  void differs(Table table, std::string_view key, Status finding);
  bool is_reported(Table table, std::string_view key) const;
  Result<const Resource*> resource_of(std::uint32_t schema_version, std::string_view current_key) const;
  std::string name_of_record(std::string_view current_key) const;

  const Database& database_;
  const Catalog& catalog_;
  const rocksdb::Snapshot* snapshot_;
  const std::shared_ptr<const Domain> domain_;  // in force at the head
  VerifyCheck& check_;
  std::unique_ptr<rocksdb::Iterator> versions_;
  EntryCheck entries_;
  StateProjection projection_;
  TableWriter writer_;
  VersionChain chain_;
  AlignedBytes found_bytes_, record_bytes_;
  std::optional<CurrentRows> rows_;  // of the resource at hand
  std::string key_;
  std::pmr::monotonic_buffer_resource upcast_memory_;  // of the row at hand
  std::set<std::pair<Table, std::string>> reported_;   // no more than there are findings; records by their current key
  std::uint64_t version_rows_ = 0, sound_versions_ = 0;
  std::uint64_t sound_unique_ = 0, sound_idempotency_ = 0;
};

}  // namespace forge::internal
