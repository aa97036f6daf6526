#pragma once

// The pure fold from events to the store's own state: records, versions, unique and index entries, tags. The commit path and
// `verify` use the same functions; neither runs a rule here. Not safe for concurrent use: one projection a thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/codec.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/projections/entry_projection.h"
#include "forge/projections/record_entry.h"
#include "forge/projections/row_change.h"
#include "forge/projections/table_keys.h"

namespace forge {

// A full version entry at least every this many entries.
inline constexpr std::uint8_t kDeltasMax = 7;

// The record after the event: set fields replaced, cleared ones absent. The cells of `after` borrow from `before` and `changes`.
void fold_row(const TableType& table, const Row& before, const Row& changes, std::span<const std::uint16_t> cleared, Row& after);

class StateProjection {
 public:
  // What one event does to the state. `before` is the record's entry before it (version 0: there was none), `before_row` its row,
  // `after` the row after it (unused for a tombstone), both with absent cells where a field is not set. Where `before_row` was
  // brought up from an earlier schema version, before.deltas is kDeltasMax, so that no delta stands on it. The unique and index
  // entries that disappear come before those that appear. Tags are the envelope's. `envelope.changes` are the fields set;
  // `destroyed` says that the event is a tombstone. Errors: kKeyInvalid where a value cannot stand in an entry, kRuleFailed where
  // the condition of a unique constraint fails.
  Status project(const Resource& resource, const Envelope& envelope, bool destroyed, const CurrentEntry& before,
                 const Row& before_row, const Row& after, const RowSink& sink);

  // The entry that the last project() wrote to `current`, and its bytes; both live until the next call.
  const CurrentEntry& current() const { return current_; }
  std::string_view current_bytes() const { return current_bytes_; }

 private:
  void project_current(const Envelope& envelope, bool destroyed, const CurrentEntry& before, bool full);
  void project_version(const Resource& resource, const Envelope& envelope, bool destroyed, const CurrentEntry& before, bool full,
                       const Row& before_row, const Row& after);

  TableWriter writer_;
  CurrentEntry current_;
  std::string current_bytes_;
  std::string version_bytes_;
  std::string key_;
  EntryProjection entries_;
  std::string bitmap_;
};

}  // namespace forge
