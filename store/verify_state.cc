#include "verify_state.h"

#include <map>

#include "forge/events/json.h"
#include "forge/events/key.h"
#include "idempotency.h"
#include "log_reader.h"
#include "state_fold.h"
#include "view_state.h"

namespace forge::internal {
namespace {

constexpr std::size_t kCurrentKeyMin = 3;
constexpr std::size_t kVersionKeyMin = kCurrentKeyMin + 8;

Status state_differs(std::string what, std::string why) {
  return Status(ErrorId::kStateDiffers, std::move(what)).why(std::move(why));
}

// Collects "version is 3, the log gives 4".
class Differences {
 public:
  void number(const char* name, std::uint64_t found, std::uint64_t expected) {
    if (found != expected) add(name, std::to_string(found), std::to_string(expected));
  }
  void add(const std::string& name, const std::string& found, const std::string& expected) {
    if (!text_.empty()) text_ += ", ";
    text_ += name + " is " + found + ", the log gives " + expected;
  }
  void rows(const Resource& resource, const Row& found, const Row& expected) {
    for (const VersionRow::Change& change : changes_between(resource, found, expected)) {
      add(change.field, to_json(change.before), to_json(change.after));
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

const char* life_of(EntryKind kind) {
  return kind == EntryKind::kTombstone ? "destroyed" : "living";
}

void compare_headers(const VersionEntry& found, const VersionEntry& expected, Differences& out) {
  if ((found.kind == EntryKind::kTombstone) != (expected.kind == EntryKind::kTombstone)) {
    out.add("the record", life_of(found.kind), life_of(expected.kind));
  }
  out.number("the version", found.version, expected.version);
  out.number("the incarnation", found.incarnation, expected.incarnation);
  out.number("the schema version", found.schema_version, expected.schema_version);
  out.number("the action", found.action, expected.action);
  if (found.recorded_at != expected.recorded_at)
    out.add("the time", format_time(found.recorded_at), format_time(expected.recorded_at));
  if (found.actor != expected.actor) out.add("the actor", to_json(Value(found.actor)), to_json(Value(expected.actor)));
  if (found.changed != expected.changed) out.add("the set of changed fields", "another", "its own");
}

std::string current_key_of(const Resource& resource, std::string_view key) {
  std::string out;
  append_current_key(resource.number, key, out);
  return out;
}

}  // namespace

StateCheck::StateCheck(const Database& database, const Catalog& catalog, const rocksdb::Snapshot* snapshot, Seq head,
                       VerifyCheck& check)
    : database_(database),
      catalog_(catalog),
      snapshot_(snapshot),
      domain_(catalog.as_of(head)),
      check_(check),
      versions_(database.iterate(Table::kVersions, false, snapshot)),
      entries_(database, catalog, snapshot, *domain_, [this](Table table, std::string_view key, Status finding) {
        differs(table, key, std::move(finding));
        return !is_full(check_);
      }) {}

// --- event by event ------------------------------------------------------------------------------------------------------------

void StateCheck::event(const Envelope& envelope) {
  if (is_full(check_)) return;
  if (envelope.place == 0 && !envelope.idempotency_key.empty()) check_idempotency(envelope);
  const Result<std::shared_ptr<const Domain>> domain = domain_of(catalog_, envelope);
  const Action* action = domain.ok() ? (*domain)->action(envelope.resource, envelope.action) : nullptr;
  // An event that does not resolve is a finding of the tree's check.
  if (action == nullptr) return;
  const std::string current_key = current_key_of(*action->resource, envelope.key);
  if (is_reported(Table::kCurrent, current_key)) return;
  const Status checked = check_event(*action, envelope);
  if (checked.ok()) {
    ++sound_versions_;
  } else {
    differs(Table::kCurrent, current_key, checked);
  }
}

Status StateCheck::check_event(const Action& action, const Envelope& envelope) {
  const Resource& resource = *action.resource;
  key_.clear();
  append_version_key(resource.number, envelope.key, envelope.seq, key_);
  versions_->Seek(key_);
  FORGE_TRY(Database::check(*versions_, "reading a record's versions"));
  if (!versions_->Valid() || view_of(versions_->key()) != key_) {
    return state_differs(name_of_record(record_part(key_)) + " lacks version " + std::to_string(envelope.version),
                         "event " + std::to_string(envelope.seq) + " made it");
  }
  const std::string found = versions_->value().ToString();
  versions_->Next();
  FORGE_ASSIGN(const Before before, read_before(resource, envelope));
  const std::string problem = StateFold::problem(action, envelope, before.entry);
  if (!problem.empty()) {
    return state_differs(
        "event " + std::to_string(envelope.seq) + " does not follow the versions of " + name_of_record(record_part(key_)), problem);
  }
  Row changes, after;
  if (!envelope.changes.empty()) {
    FORGE_TRY(verify_table(resource.record, envelope.changes));
    read_row(resource.record, envelope.changes, changes);
  }
  fold_row(resource.record, before.row, changes, envelope.cleared, after);
  const bool destroyed = action.kind == ActionKind::kDestroys;
  FORGE_TRY(entries_.event(resource, envelope, before.lives() ? &before.row : nullptr, destroyed ? nullptr : &after));
  return check_version(action, envelope, found, before, after);
}

// The record as of the version that `versions_` stands at, as the event's schema version has it.
Result<StateCheck::Before> StateCheck::read_before(const Resource& resource, const Envelope& envelope) {
  chain_.clear();
  for (; versions_->Valid() && record_part(view_of(versions_->key())) == record_part(key_) && !chain_.complete();
       versions_->Next()) {
    FORGE_TRY(chain_.add(seq_of_version_key(view_of(versions_->key())), view_of(versions_->value())));
  }
  FORGE_TRY(Database::check(*versions_, "reading a record's versions"));
  Before out;
  if (chain_.empty()) return out;
  if (!chain_.complete()) return state_differs("the versions of " + name_of_record(record_part(key_)) + " begin with a delta", "");
  const VersionEntry& newest = chain_.newest().entry;
  out.entry.kind = newest.kind == EntryKind::kTombstone ? EntryKind::kTombstone : EntryKind::kFull;
  out.entry.version = newest.version;
  out.entry.seq = chain_.newest().seq;
  out.entry.incarnation = newest.incarnation;
  out.entry.schema_version = newest.schema_version;
  out.entry.deltas = static_cast<std::uint8_t>(chain_.size() - 1);
  if (!out.lives()) return out;
  FORGE_ASSIGN(out.state, chain_.fold(resource.record, writer_));
  out.entry.record = out.state.record();
  read_row(resource.record, out.entry.record, out.row);
  if (const StoredForm form(catalog_, resource, out.entry.schema_version); form.is_older()) {
    upcast_memory_.release();
    FORGE_TRY(form.upcast(envelope.key, out.entry, upcast_memory_, out.row));
  }
  return out;
}

// Equal bytes are the rule; other bytes of the same meaning are no finding.
Status StateCheck::check_version(const Action& action, const Envelope& envelope, std::string_view found, const Before& before,
                                 const Row& after) {
  const Resource& resource = *action.resource;
  std::string expected;
  const bool destroyed = action.kind == ActionKind::kDestroys;
  const Status projected =
      projection_.project(resource, envelope, destroyed, before.entry, before.row, after, [&](const RowChange& change) {
        if (change.table == Table::kVersions) expected = change.value;
      });
  FORGE_TRY(projected);
  if (found == expected) return {};

  FORGE_ASSIGN(const VersionEntry found_entry, read_version_entry(found));
  FORGE_ASSIGN(const VersionEntry expected_entry, read_version_entry(expected));
  Differences differences;
  compare_headers(found_entry, expected_entry, differences);
  if (found_entry.kind != EntryKind::kTombstone && !destroyed) {
    const std::span<const std::uint8_t> bytes = found_bytes_.assign(found_entry.record);
    if (!bytes.empty()) FORGE_TRY(verify_table(resource.record, bytes));
    Row row = before.row;
    apply_version(resource.record, found_entry, bytes, row);
    differences.rows(resource, row, after);
  }
  if (differences.text().empty()) return {};
  return state_differs(name_of_record(record_part(key_)) + " version " + std::to_string(envelope.version) + " differs from event " +
                           std::to_string(envelope.seq),
                       differences.text());
}

void StateCheck::check_idempotency(const Envelope& envelope) {
  if (!envelope.input_digest) {
    return differs(Table::kIdempotency, envelope.idempotency_key,
                   state_differs("event " + std::to_string(envelope.seq) + " lacks the digest of its transaction's input",
                                 "it carries the idempotency key '" + std::string(envelope.idempotency_key) + "'"));
  }
  rocksdb::PinnableSlice value;
  const Result<bool> found = database_.get(Table::kIdempotency, envelope.idempotency_key, value, snapshot_);
  if (!found.ok()) return differs(Table::kIdempotency, envelope.idempotency_key, found.status());
  const std::string name = "the idempotency record '" + std::string(envelope.idempotency_key) + "'";
  const std::string events = range_text(envelope.seq, envelope.seq + envelope.count - 1);
  if (!*found) {
    return differs(Table::kIdempotency, envelope.idempotency_key,
                   state_differs(name + " is missing", "it was given with event " + events));
  }
  const Result<IdempotencyRecord> record = read_idempotency_record(view_of(value));
  if (!record.ok()) return differs(Table::kIdempotency, envelope.idempotency_key, record.status());
  if (record->first == envelope.seq && record->last == envelope.seq + envelope.count - 1) {
    ++sound_idempotency_;
    return;
  }
  differs(
      Table::kIdempotency, envelope.idempotency_key,
      state_differs(name + " differs", "it names events " + range_text(record->first, record->last) + ", the log gives " + events));
}

// --- records -------------------------------------------------------------------------------------------------------------------

void StateCheck::finish() {
  compare_records();
  if (version_rows_ != sound_versions_) find_extra_versions();
  check_unique_table();
  check_idempotency_table();
  entries_.finish();
  report(check_, Catalog().load(database_));  // every schema version still parses
}

// Both tables are ordered by record: they are walked side by side.
void StateCheck::compare_records() {
  const auto versions = database_.iterate(Table::kVersions, true, snapshot_);
  const auto current = database_.iterate(Table::kCurrent, true, snapshot_);
  versions->SeekToFirst();
  current->SeekToFirst();
  while ((versions->Valid() || current->Valid()) && !is_full(check_)) {
    if (versions->Valid() && versions->key().size() < kVersionKeyMin) {
      differs(Table::kVersions, view_of(versions->key()), state_differs("a row of the versions has a malformed key", ""));
      versions->Next();
      continue;
    }
    const std::string version_of = versions->Valid() ? std::string(record_part(view_of(versions->key()))) : std::string();
    const std::string current_of = current->Valid() ? current->key().ToString() : std::string();
    if (!versions->Valid() || (current->Valid() && current_of < version_of)) {
      differs(Table::kCurrent, current_of,
              state_differs(name_of_record(current_of) + " has a state and no versions", "no event made it"));
      current->Next();
      continue;
    }
    const Status taken = take_chain(*versions);
    if (!taken.ok()) differs(Table::kCurrent, version_of, taken);
    skip_versions(*versions, version_of);
    if (!current->Valid() || version_of < current_of) {
      differs(Table::kCurrent, version_of,
              state_differs(name_of_record(version_of) + " has versions and no state", "its row is missing"));
      continue;
    }
    compare_record(current_of, view_of(current->value()));
    current->Next();
  }
  report(check_, Database::check(*versions, "reading the versions"));
  report(check_, Database::check(*current, "reading the records"));
}

// The newest version of the record at hand and what it stands on.
Status StateCheck::take_chain(rocksdb::Iterator& versions) {
  chain_.clear();
  const std::string record(record_part(view_of(versions.key())));
  for (; versions.Valid() && !chain_.complete(); versions.Next()) {
    const std::string_view key = view_of(versions.key());
    if (key.size() < kVersionKeyMin || record_part(key) != record) break;
    ++version_rows_;
    FORGE_TRY(chain_.add(seq_of_version_key(key), view_of(versions.value())));
  }
  return chain_.complete() ? Status() : state_differs("the versions of " + name_of_record(record) + " begin with a delta", "");
}

void StateCheck::skip_versions(rocksdb::Iterator& versions, std::string_view record) {
  for (; versions.Valid(); versions.Next()) {
    const std::string_view key = view_of(versions.key());
    if (key.size() < kVersionKeyMin || record_part(key) != record) return;
    ++version_rows_;
  }
}

void StateCheck::compare_record(std::string_view current_key, std::string_view current) {
  ++check_.count;
  if (is_reported(Table::kCurrent, current_key)) return;
  const Result<CurrentEntry> entry = read_current_entry(current);
  if (!entry.ok()) return differs(Table::kCurrent, current_key, entry.status());
  const Result<const Resource*> resource = resource_of(entry->schema_version, current_key);
  if (!resource.ok()) return differs(Table::kCurrent, current_key, resource.status());
  Row row;
  const Status checked = check_current(**resource, current_key, *entry, row);
  if (!checked.ok()) return differs(Table::kCurrent, current_key, checked);
  if (entry->kind != EntryKind::kFull) return;
  const Resource* in_force = domain_->resource((*resource)->number);
  if (in_force == nullptr) return;
  const std::string_view key = current_key.substr(2);
  if (!rows_ || &rows_->resource() != in_force) rows_.emplace(catalog_, *in_force);
  const Result<const Row*> read = rows_->read(key, current);
  if (!read.ok()) return differs(Table::kCurrent, current_key, read.status());
  check_unique_values(*in_force, key, **read);
  entries_.record(*in_force, key, **read);
}

// A current row is the newest version of its record, whole.
Status StateCheck::check_current(const Resource& resource, std::string_view current_key, const CurrentEntry& entry, Row& row) {
  const VersionEntry& newest = chain_.newest().entry;
  Differences differences;
  const bool lives = newest.kind != EntryKind::kTombstone;
  if (lives != (entry.kind == EntryKind::kFull)) differences.add("the record", life_of(entry.kind), life_of(newest.kind));
  differences.number("the version", entry.version, newest.version);
  differences.number("the seq", entry.seq, chain_.newest().seq);
  differences.number("the incarnation", entry.incarnation, newest.incarnation);
  differences.number("the schema version", entry.schema_version, newest.schema_version);
  differences.number("the count of deltas", entry.deltas, chain_.size() - 1);
  if (lives && entry.kind == EntryKind::kFull) {
    const std::span<const std::uint8_t> bytes = record_bytes_.assign(entry.record);
    FORGE_TRY(verify_table(resource.record, bytes));
    read_row(resource.record, bytes, row);
    FORGE_ASSIGN(const RecordState folded, chain_.fold(resource.record, writer_));
    Row expected;
    read_row(resource.record, folded.record(), expected);
    differences.rows(resource, row, expected);
  }
  if (differences.text().empty()) return {};
  return state_differs(name_of_record(current_key) + " differs from its newest version", differences.text());
}

// --- unique values -------------------------------------------------------------------------------------------------------------

void StateCheck::check_unique_values(const Resource& resource, std::string_view key, const Row& row) {
  for (const UniqueConstraint& constraint : resource.unique) {
    std::string entry;
    const Result<bool> has_entry = append_unique_key(resource, constraint, row, entry);
    if (has_entry.ok() && !*has_entry) continue;
    rocksdb::PinnableSlice owner;
    const Result<bool> found = has_entry.ok() ? database_.get(Table::kUnique, entry, owner, snapshot_) : has_entry;
    if (found.ok() && *found && view_of(owner) == key) {
      ++sound_unique_;
      continue;
    }
    const std::string name = resource.name + "." + constraint.name + " of " + name_of_record(current_key_of(resource, key));
    if (!found.ok()) {
      differs(Table::kUnique, entry, found.status());
    } else if (!*found) {
      differs(Table::kUnique, entry, state_differs(name + " has no unique entry", "another record could take the value"));
    } else {
      differs(Table::kUnique, entry,
              state_differs(name + " belongs to another record",
                            "its unique entry names " + name_of_record(current_key_of(resource, view_of(owner)))));
    }
  }
}

// Entries of constraints that are no longer in force stay and mean nothing.
void StateCheck::check_unique_table() {
  std::map<std::uint16_t, std::pair<const Resource*, const UniqueConstraint*>> in_force;
  for (const Resource& resource : domain_->resources()) {
    for (const UniqueConstraint& constraint : resource.unique) in_force[constraint.number] = {&resource, &constraint};
  }
  std::set<std::uint16_t> known;
  for (const auto& [name, number] : domain_->numbering().unique) known.insert(number);
  std::uint64_t entries = 0;
  each_row(Table::kUnique, [&](std::string_view key, std::string_view) {
    const std::uint16_t number = key.size() < 2 ? std::uint16_t{0} : read_u16(key.data());
    if (in_force.contains(number)) {
      ++entries;
    } else if (!known.contains(number)) {
      differs(Table::kUnique, key,
              state_differs("a unique entry belongs to no constraint", "its number is " + std::to_string(number)));
    }
  });
  if (entries == sound_unique_) return;
  each_row(Table::kUnique, [&](std::string_view key, std::string_view owner) {
    const auto found = key.size() < 2 ? in_force.end() : in_force.find(read_u16(key.data()));
    if (found == in_force.end()) return;
    const auto& [resource, constraint] = found->second;
    const Result<bool> held = holds(*resource, *constraint, owner, key);
    if (held.ok() && *held) return;
    const std::string current_key = current_key_of(*resource, owner);
    if (is_reported(Table::kCurrent, current_key)) return;
    differs(Table::kUnique, key,
            state_differs("a unique entry of " + resource->name + "." + constraint->name + " names a record without that value",
                          held.ok() ? name_of_record(current_key) : held.status().text().what));
  });
}

Result<bool> StateCheck::holds(const Resource& resource, const UniqueConstraint& constraint, std::string_view owner,
                               std::string_view entry) {
  Row row;
  FORGE_ASSIGN(const bool found, entries_.find_record(resource, owner, row));
  if (!found) return false;
  std::string key;
  FORGE_ASSIGN(const bool has_entry, append_unique_key(resource, constraint, row, key));
  return has_entry && key == entry;
}

// --- what no event made --------------------------------------------------------------------------------------------------------

void StateCheck::find_extra_versions() {
  AlignedBytes bytes;
  each_row(Table::kVersions, [&](std::string_view key, std::string_view) {
    if (key.size() < kVersionKeyMin) return;
    const Result<Envelope> event = read_event(database_, seq_of_version_key(key), bytes, snapshot_);
    const std::string_view record = record_part(key);
    if (event.ok() && event->resource == read_u16(record.data()) && event->key == record.substr(2)) return;
    if (!event.ok() && event.status().id() != ErrorId::kEventNotFound) return;  // damage is the tree's finding
    differs(Table::kVersions, key,
            state_differs(name_of_record(record) + " has a version that no event made",
                          "it names event " + std::to_string(seq_of_version_key(key))));
  });
}

void StateCheck::check_idempotency_table() {
  std::uint64_t records = 0;
  each_row(Table::kIdempotency, [&](std::string_view, std::string_view) { ++records; });
  if (records == sound_idempotency_) return;
  AlignedBytes bytes;
  each_row(Table::kIdempotency, [&](std::string_view key, std::string_view value) {
    const Result<IdempotencyRecord> record = read_idempotency_record(value);
    const Result<Envelope> event = record.ok() ? read_event(database_, record->first, bytes, snapshot_) : record.status();
    if (event.ok() && event->idempotency_key == key && event->place == 0) return;
    differs(Table::kIdempotency, key,
            state_differs("the idempotency record '" + std::string(key) + "' belongs to no transaction",
                          event.ok() ? "event " + std::to_string(record->first) + " has another key" : event.status().text().what));
  });
}

// --- together ------------------------------------------------------------------------------------------------------------------

void StateCheck::each_row(Table table, const std::function<void(std::string_view key, std::string_view value)>& visit) {
  const auto iterator = database_.iterate(table, true, snapshot_);
  for (iterator->SeekToFirst(); iterator->Valid() && !is_full(check_); iterator->Next()) {
    visit(view_of(iterator->key()), view_of(iterator->value()));
  }
  report(check_, Database::check(*iterator, "reading the table " + std::string(name_of(table))));
}

void StateCheck::differs(Table table, std::string_view key, Status finding) {
  if (is_full(check_) || !reported_.emplace(table, std::string(key)).second) return;
  if (table == Table::kCurrent && finding.id() == ErrorId::kDataCorrupt) finding = Status(finding).place(name_of_record(key));
  report(check_, std::move(finding));
}

bool StateCheck::is_reported(Table table, std::string_view key) const {
  return !reported_.empty() && reported_.contains({table, std::string(key)});
}

Result<const Resource*> StateCheck::resource_of(std::uint32_t schema_version, std::string_view current_key) const {
  const std::shared_ptr<const Domain> domain = catalog_.at(schema_version);
  if (current_key.size() < kCurrentKeyMin) return state_differs("a record has a malformed key", "");
  if (domain == nullptr)
    return state_differs("a record names an unknown schema version", "version " + std::to_string(schema_version));
  if (const Resource* resource = domain->resource(read_u16(current_key.data()))) return resource;
  return state_differs("a record belongs to no resource of its schema version", "");
}

std::string StateCheck::name_of_record(std::string_view current_key) const {
  const Resource* resource = current_key.size() < kCurrentKeyMin ? nullptr : domain_->resource(read_u16(current_key.data()));
  if (resource == nullptr) return "a record of no resource";
  const Result<std::string> text = key_text(*resource, current_key.substr(2));
  return resource->name + " " + (text.ok() ? *text : std::string("with a malformed key"));
}

}  // namespace forge::internal
