#pragma once

// The state folded from the log in memory: what rebuilding keeps while it reads event after event. Rows that are put once and stay
// (versions, idempotency records) go straight to the caller; of rows that change (records, unique values) the newest are kept. So
// memory grows with the state and not with the log. The functions that fold are those of the commit path; no rule runs.
//
// Not safe for concurrent use.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.h"
#include "forge/projections/state_projection.h"
#include "forge/projections/unique_changes.h"

namespace forge::internal {

class StateFold {
 public:
  // Schema versions that the log adds go into `catalog`, which outlives the fold and has none at first.
  explicit StateFold(Catalog& catalog);

  // The next event of the log. `append` takes the rows that stay. Errors: kDataCorrupt, naming the event; kUpcastFailed.
  Status fold(const Envelope& envelope, const RowSink& append);
  // After the last event: makes the index entries of every record, by the schema then in force. An index that a later version
  // added holds records that no event touched since, so its entries are not folded event by event.
  // Errors: kDataCorrupt, kKeyInvalid, kUpcastFailed.
  Status fill_indexes();
  // The rows of a table that changes, in key order; they are forgotten.
  void take_rows(Table table, const std::function<void(std::string_view key, std::string_view value)>& visit);
  // Records, destroyed ones included.
  std::uint64_t records() const { return rows(Table::kCurrent).size(); }

  // What does not follow from where the record stood before the event, as a clause; empty where nothing is wrong.
  static std::string problem(const Action& action, const Envelope& envelope, const CurrentEntry& before);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Rows = boost::unordered_flat_map<std::string, std::string, TextHash, std::equal_to<>>;

  Rows& rows(Table table) { return rows_[static_cast<std::size_t>(table)]; }
  const Rows& rows(Table table) const { return rows_[static_cast<std::size_t>(table)]; }
  Status fold_idempotency(const Envelope& envelope, const RowSink& append);
  Status fold_record(const Envelope& envelope, const RowSink& append);
  Status read_before(const Resource& resource, const Envelope& envelope);
  Status take_schema(const Envelope& envelope);
  Status refill_unique(const Resource& before, const Resource& next);
  void take(const RowChange& change, const Envelope& envelope, const Resource& resource, const RowSink& append);
  Status settle_unique(Seq seq);
  Status settle_value(Seq seq, std::span<const UniqueChange> changes);

  Catalog& catalog_;
  const std::uint16_t schema_resource_;
  std::array<Rows, kTableCount> rows_;
  std::vector<UniqueChange> unique_;     // of the transaction at hand
  std::deque<std::string> unique_text_;  // what they borrow
  StateProjection projection_;
  std::uint32_t domain_version_ = 0;
  std::shared_ptr<const Domain> domain_;  // of the last event
  std::string key_;
  std::string* current_ = nullptr;  // the record's row, where it has one
  CurrentEntry before_;
  AlignedBytes before_bytes_;
  Row before_row_, changes_, after_;
  std::pmr::monotonic_buffer_resource upcast_memory_;  // what before_row_ borrows beside its bytes
};

}  // namespace forge::internal
