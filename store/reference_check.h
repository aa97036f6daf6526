#pragma once

// References at the end of a transaction, in both directions: what a record names must live, and what is named must not be
// destroyed. Both are answered by the index over the referring fields, whose entries in flight are kept here in order: the overlay
// has no order, and a destroyed record's referrers are found by the beginning of their entries.
//
// Used by the decider alone. A transaction on resources without references costs nothing here.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "forge/events/domain.h"
#include "forge/projections/row_change.h"

namespace forge::internal {

class ReferenceCheck {
 public:
  explicit ReferenceCheck(const Database& database) : database_(database) {}

  // Marks the beginning of a transaction; roll_back() takes back every change since.
  void begin();
  void roll_back();
  // Forgets what `group` wrote last: it is in the database now.
  void forget(std::uint64_t group);
  void clear();

  // The transaction changes an index entry of a record of `resource`; one that serves no reference is passed over.
  void note_entry(const Resource& resource, const RowChange& change, std::uint64_t group);
  // The transaction destroys that record.
  void note_destroyed(const Resource& resource, std::string_view record_key);

  // Whether a record lives, with what is in flight. Errors: kDataCorrupt, kIoError.
  using Lives = std::function<Result<bool>(const Resource& resource, std::string_view key)>;
  // Errors: kReferenceMissing, kStillReferenced naming one referrer, those of `lives`.
  Status check(const Lives& lives) const;

 private:
  struct Entry {
    bool present = false;
    std::uint64_t group = 0;  // that wrote it last
  };
  struct Undo {
    std::string key;
    std::optional<Entry> before;  // nothing: there was no entry
  };
  struct Appeared {
    const Resource* resource = nullptr;
    const Reference* reference = nullptr;
    std::string entry;
  };
  struct Destroyed {
    const Resource* resource = nullptr;
    std::string key;
  };

  Status check_target(const Appeared& appeared, const Lives& lives) const;
  Status check_destroyed(const Destroyed& destroyed, const Lives& lives) const;
  // The whole entry of one record whose index entry begins with `prefix`, with what is in flight.
  Result<std::optional<std::string>> find(std::string_view prefix) const;

  const Database& database_;
  std::map<std::string, Entry, std::less<>> in_flight_;
  std::deque<std::pair<std::uint64_t, std::string>> written_;  // (group, entry) in order
  std::vector<Undo> undo_;
  std::vector<Appeared> appeared_;  // in the transaction at hand, as is what follows
  std::vector<Destroyed> destroyed_;
};

// The entry's values as the key of the record that it references; nothing where one of them is NULL or the entry is malformed.
std::optional<std::string> referenced_key(const Resource& resource, const Reference& reference, std::string_view entry);
// That the record of the entry references `target`, a key, and there is no such record. A secret value is not shown.
Status reference_missing(const Resource& resource, const Reference& reference, std::string_view entry, std::string_view target);
// What entries begin with that reference the record `key` of `reference.target`.
std::string referring_prefix(const Resource& resource, const Reference& reference, std::string_view key);

}  // namespace forge::internal
