#include "state_fold.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/events/upcast.h"
#include "idempotency.h"
#include "index_filling.h"
#include "key_start.h"
#include "log_reader.h"
#include "stored_form.h"
#include "upcast_filling.h"

namespace forge::internal {
namespace {

Status unsound(const Envelope& envelope, std::string why) {
  return Status(ErrorId::kDataCorrupt, "event " + std::to_string(envelope.seq) + " is not sound").why(std::move(why));
}

}  // namespace

StateFold::StateFold(Catalog& catalog)
    : catalog_(catalog), schema_resource_(Domain::system()->find_resource("_schema")->number), domain_(catalog.at(0)) {}

std::string StateFold::problem(const Action& action, const Envelope& envelope, const CurrentEntry& before) {
  const bool lives = before.version != 0 && before.kind == EntryKind::kFull;
  if (envelope.version != before.version + 1) {
    return "it makes version " + std::to_string(envelope.version) + ", the record was at " + std::to_string(before.version);
  }
  if (envelope.incarnation != before.incarnation + (lives ? 0u : 1u)) {
    return "it says incarnation " + std::to_string(envelope.incarnation) + ", the record was in its " +
           std::to_string(before.incarnation);
  }
  if (action.kind == ActionKind::kCreates && lives) return "it creates a record that lives";
  if ((action.kind == ActionKind::kUpdates || action.kind == ActionKind::kDestroys) && !lives)
    return "there is no record to change";
  return {};
}

Status StateFold::fold(const Envelope& envelope, const RowSink& append) {
  if (envelope.place == 0 && !envelope.idempotency_key.empty()) FORGE_TRY(fold_idempotency(envelope, append));
  if (envelope.resource != 0) FORGE_TRY(fold_record(envelope, append));
  return envelope.place + 1 == envelope.count ? settle_unique(envelope.seq) : Status();
}

Status StateFold::fold_idempotency(const Envelope& envelope, const RowSink& append) {
  if (!envelope.input_digest) return unsound(envelope, "it has an idempotency key and no digest of its transaction's input");
  const std::string row = encode(IdempotencyRecord{.first = envelope.seq, .last = envelope.seq + envelope.count - 1});
  append({.table = Table::kIdempotency, .key = envelope.idempotency_key, .value = row});
  return {};
}

Status StateFold::fold_record(const Envelope& envelope, const RowSink& append) {
  if (envelope.schema_version != domain_version_) {
    FORGE_ASSIGN(domain_, domain_of(catalog_, envelope));
    domain_version_ = envelope.schema_version;
  }
  const Action* action = domain_->action(envelope.resource, envelope.action);
  if (action == nullptr) {
    return unsound(envelope, "schema version " + std::to_string(envelope.schema_version) + " has no action " +
                                 std::to_string(envelope.action) + " of resource " + std::to_string(envelope.resource));
  }
  const Resource& resource = *action->resource;
  FORGE_TRY(read_before(resource, envelope));
  if (std::string why = problem(*action, envelope, before_); !why.empty()) return unsound(envelope, std::move(why));
  changes_.clear();
  if (!envelope.changes.empty()) {
    if (const Status verified = verify_table(resource.record, envelope.changes); !verified.ok())
      return unsound(envelope, verified.text().what);
    read_row(resource.record, envelope.changes, changes_);
  }
  fold_row(resource.record, before_row_, changes_, envelope.cleared, after_);
  const bool destroyed = action->kind == ActionKind::kDestroys;
  const RowSink sink = [&](const RowChange& change) { take(change, envelope, resource, append); };
  FORGE_TRY(projection_.project(resource, envelope, destroyed, before_, before_row_, after_, sink));
  if (envelope.resource != schema_resource_ || destroyed) return {};
  return take_schema(envelope);
}

// What the upcasts of a new schema version make of unique values is part of its event, as on the commit path.
Status StateFold::take_schema(const Envelope& envelope) {
  const std::shared_ptr<const Domain> before = catalog_.current();
  FORGE_TRY(catalog_.add_stored(projection_.current().record, envelope.seq));
  const std::shared_ptr<const Domain> next = catalog_.current();
  for (const Resource& resource : next->resources()) {
    const Resource* known = before->find_resource(resource.name);
    if (known != nullptr && needs_upcast(*known, resource)) FORGE_TRY(refill_unique(*known, resource));
  }
  return {};
}

Status StateFold::refill_unique(const Resource& before, const Resource& next) {
  const std::vector<const UniqueConstraint*> constraints = upcast_constraints(before, next);
  if (constraints.empty()) return {};
  UniqueEntries unique(catalog_, next, constraints);
  for (const auto& [current_key, current] : rows(Table::kCurrent)) {
    if (read_u16(current_key.data()) != next.number) continue;
    FORGE_TRY(unique.take(std::string_view(current_key).substr(2), current).status());
  }
  Rows& table = rows(Table::kUnique);
  boost::unordered::erase_if(table, [&](const auto& row) { return is_entry_of(constraints, row.first); });
  for (const auto& [entry, key] : unique.entries()) table.insert_or_assign(entry, key);
  return {};
}

// The record's entry before the event and its row, both borrowing from before_bytes_.
Status StateFold::read_before(const Resource& resource, const Envelope& envelope) {
  key_.clear();
  append_current_key(resource.number, envelope.key, key_);
  before_ = CurrentEntry{};
  before_row_.clear();
  const auto found = rows(Table::kCurrent).find(std::string_view(key_));
  current_ = found == rows(Table::kCurrent).end() ? nullptr : &found->second;
  if (current_ == nullptr) return {};
  FORGE_ASSIGN(before_, read_current_entry(*current_));
  if (before_.kind != EntryKind::kFull) return {};
  before_.record = before_bytes_.assign(before_.record);
  read_row(resource.record, before_.record, before_row_);
  const StoredForm form(catalog_, resource, before_.schema_version);
  if (!form.is_older()) return {};
  upcast_memory_.release();
  return form.upcast(envelope.key, before_, upcast_memory_, before_row_);
}

void StateFold::take(const RowChange& change, const Envelope& envelope, const Resource& resource, const RowSink& append) {
  if (change.table == Table::kUnique) {
    const std::string& key = unique_text_.emplace_back(change.key);
    const std::string& record_key = unique_text_.emplace_back(envelope.key);
    unique_.push_back({.key = key, .record_key = record_key, .resource = &resource, .erase = change.erase});
    return;
  }
  if (is_append_only(change.table)) return append(change);
  if (change.table == Table::kIndex) return;  // see fill_indexes
  Rows& table = rows(change.table);
  if (change.table == Table::kCurrent && current_ != nullptr) {  // found before the event was folded
    current_->assign(change.value);
    return;
  }
  const auto found = table.find(change.key);
  if (change.erase) {
    if (found != table.end()) table.erase(found);
  } else if (found != table.end()) {
    found->second.assign(change.value);
  } else {
    table.emplace(change.key, change.value);
  }
}

Status StateFold::settle_unique(Seq seq) {
  FORGE_TRY(each_unique_value(unique_, [&](std::span<const UniqueChange> changes) { return settle_value(seq, changes); }));
  unique_.clear();
  unique_text_.clear();
  return {};
}

Status StateFold::settle_value(Seq seq, std::span<const UniqueChange> changes) {
  Rows& table = rows(Table::kUnique);
  const std::string_view key = changes.front().key;
  const auto found = table.find(key);
  const std::optional<std::string> before = found == table.end() ? std::nullopt : std::optional<std::string>(found->second);
  const std::vector<std::string_view> owners = owners_after(before, changes);
  if (owners.size() > 1) {
    return Status(ErrorId::kDataCorrupt, "the transaction that ends with event " + std::to_string(seq) + " is not sound")
        .why("after it two records of " + changes.front().resource->name + " hold the same unique value");
  }
  if (!owners.empty()) {
    table.insert_or_assign(std::string(key), std::string(owners.front()));
  } else if (before) {
    table.erase(found);
  }
  return {};
}

Status StateFold::fill_indexes() {
  const std::shared_ptr<const Domain> domain = catalog_.current();
  std::map<std::uint16_t, IndexEntries> entries;
  for (const Resource& resource : domain->resources()) {
    std::vector<const Index*> indexes;
    for (const Index& index : resource.indexes) indexes.push_back(&index);
    if (indexes.empty()) continue;
    entries.emplace(std::piecewise_construct, std::tuple(resource.number), std::tie(catalog_, resource, indexes));
  }
  for (const auto& [current_key, current] : rows(Table::kCurrent)) {
    const auto found = entries.find(read_u16(current_key.data()));
    if (found == entries.end()) continue;
    FORGE_TRY(found->second.each(std::string_view(current_key).substr(2), current,
                                 [&](std::string_view entry) { rows(Table::kIndex).emplace(entry, std::string()); }));
  }
  return {};
}

void StateFold::take_rows(Table table, const std::function<void(std::string_view key, std::string_view value)>& visit) {
  struct Place {
    KeyStart start;
    const Rows::value_type* row = nullptr;
    bool operator<(const Place& other) const { return start == other.start ? row->first < other.row->first : start < other.start; }
  };
  const Rows taken = std::exchange(rows(table), Rows());
  std::vector<Place> sorted;
  sorted.reserve(taken.size());
  for (const auto& row : taken) sorted.push_back({KeyStart::of(row.first), &row});
  std::sort(sorted.begin(), sorted.end());
  for (const Place& place : sorted) visit(place.row->first, place.row->second);
}

}  // namespace forge::internal
