#pragma once

// Checks what makes records findable against the records themselves: index entries, tags, and that every reference names a living
// record. Part of StateCheck, which brings events and records in order. Not safe for concurrent use.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "database.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "stored_form.h"

namespace forge::internal {

class EntryCheck {
 public:
  // Takes a finding about one row; says whether more are wanted.
  using Report = std::function<bool(Table table, std::string_view key, Status finding)>;
  // `domain` is the one in force at the snapshot; all outlive the check.
  EntryCheck(const Database& database, const Catalog& catalog, const rocksdb::Snapshot* snapshot, const Domain& domain,
             Report report);

  // One event with its record before and after it, as stored; null: there was or is none. Errors: kDataCorrupt, kStateDiffers.
  Status event(const Resource& resource, const Envelope& envelope, const Row* before, const Row* after);
  // A living record with defaults and key, of a resource of the domain in force.
  void record(const Resource& resource, std::string_view key, const Row& row);
  // After the last record: what is left over in the tables.
  void finish();
  // Reads the living record `key` into `row`, with defaults and key; false where there is none. Its cells live until the next call.
  // Errors: kDataCorrupt, kUpcastFailed, kIoError.
  Result<bool> find_record(const Resource& resource, std::string_view key, Row& row);

 private:
  struct Owner {
    const Resource* resource = nullptr;
    const Index* index = nullptr;
  };

  bool report(Table table, std::string_view key, std::string what, std::string why);
  void check_entry(const Resource& resource, const Index& index, std::string_view key, const Row& row);
  void check_reference(const Resource& resource, const Reference& reference, std::string_view key, const Row& row);
  void check_index_table();
  void find_extra_entries();
  void check_tags_table();
  // The index of that number in force; null resource where there is none.
  Owner owner_of(std::string_view entry) const;
  Result<bool> belongs(const Owner& owner, std::string_view entry);
  void each_row(Table table, const std::function<bool(std::string_view key)>& visit);

  const Database& database_;
  const Catalog& catalog_;
  const rocksdb::Snapshot* snapshot_;
  Report report_;
  std::map<std::uint16_t, Owner> owners_;  // of the indexes in force, by number
  std::set<std::uint16_t> known_;          // every number ever given
  std::optional<CurrentRows> rows_;        // of the resource of the record found last
  std::string entry_;
  Row row_;
  std::uint64_t sound_entries_ = 0;
  std::uint64_t sound_tags_ = 0;
};

}  // namespace forge::internal
