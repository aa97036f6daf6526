// The order of checks is part of the contract. Of the transaction the idempotency key, then the append condition; of each of its
// actions existence, policies, expected version, `require` rules, `set`, value ranges, the handler, computed fields, required
// fields, limits of fields, transitions, `check` rules; at the end of the transaction unique values, then references. What takes an
// event back is decided in decider_undo.cc up to the computed fields, and is checked as everything else from there on.

#include "decider.h"

#include <algorithm>
#include <span>

#include "decider_parts.h"
#include "forge/events/assignment.h"
#include "forge/events/key.h"
#include "handling.h"
#include "idempotency.h"
#include "log_reader.h"
#include "record_name.h"
#include "row_rules.h"
#include "rule_check.h"
#include "stored_form.h"

namespace forge::internal {
namespace {

constexpr std::int64_t kClockSlackMicros = 1000;  // below this the raw clock is not worth recording

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// `actor`: who used it before.
Status key_reused(const ActOptions& now, Seq first, Seq last, std::string_view actor) {
  const bool is_same_actor = now.actor.id == actor;
  std::string why = first == last ? "event " + std::to_string(first) + " was written under it"
                                  : "events " + std::to_string(first) + " to " + std::to_string(last) + " were written under it";
  if (!is_same_actor) why += actor.empty() ? " without an actor" : " by " + std::string(actor);
  return Status(ErrorId::kKeyReused, "the idempotency key '" + now.idempotency_key + "' was used " +
                                         (is_same_actor ? "with other input" : "by another actor"))
      .why(std::move(why));
}

// What could not be read back must not be written. Only nested values can grow past what verify_table lets through.
Status check_nesting(const TableType& table, std::span<const Cell> row, std::span<const std::uint8_t> bytes,
                     const std::string& name) {
  const bool nests = std::any_of(row.begin(), row.end(), [](const Cell& cell) { return cell.kind == Kind::kNested; });
  if (!nests || verify_table(table, bytes).ok()) return {};
  return Status(ErrorId::kTooLarge, name + " would nest too deep or too much").why("the limits are 64 levels and 10,000 tables");
}

Status unique_taken(const UniqueChange& change, std::string_view owner) {
  const std::uint16_t number = read_u16(change.key.data());
  const auto& all = change.resource->unique;
  const auto found = std::find_if(all.begin(), all.end(), [&](const UniqueConstraint& one) { return one.number == number; });
  FORGE_ASSERT(found != all.end());
  return Status(ErrorId::kUniqueTaken, change.resource->name + "." + found->name + " must be unique")
      .why(unique_values_text(*change.resource, *found, change.key) + ", held by " + name_of_record(*change.resource, owner))
      .place(found->place);
}

}  // namespace

Decider::Decider(const Database& database, const Catalog& catalog, Clock& clock, IdSource& ids, const Limits& limits,
                 const ActionHandlers& handlers)
    : database_(database),
      catalog_(catalog),
      clock_(clock),
      ids_(ids),
      limits_(limits),
      handlers_(handlers),
      references_(database),
      conditions_(database, catalog),
      tree_(&database),
      staging_(std::make_unique<Staging>()),
      subject_(std::make_unique<Subject>()) {}

Decider::~Decider() = default;

Status Decider::restore(Seq head, Time last_time) {
  overlay_.clear();
  references_.clear();
  conditions_.restore(head);
  if (folds_ != nullptr) folds_->restore();
  in_flight_.clear();
  in_flight_order_.clear();
  last_seq_ = head;
  last_time_ = std::max(last_time_, last_time);
  return tree_.restore(head);
}

void Decider::raise_floor(Time time) {
  last_time_ = std::max(last_time_, time);
}

Result<TransactionReceipt> Decider::decide(PreparedTransaction& transaction, Group& group) {
  if (transaction.is_rows_alone()) {
    put_rows(transaction, group);
    ++group.actions;
    return TransactionReceipt();
  }
  const std::shared_ptr<const Domain> domain = catalog_.current();
  if (domain.get() != &transaction.domain()) FORGE_TRY(transaction.prepare_again(domain));
  FORGE_ASSIGN(std::optional<TransactionReceipt> earlier, replay(transaction));
  if (earlier) return *std::move(earlier);
  FORGE_TRY(transaction.refusal());
  for (const PreparedCondition& condition : transaction.conditions()) FORGE_TRY(conditions_.check(condition));

  Staging& staging = *staging_;
  staging.reset(transaction, group);
  open(staging);
  begin(group);
  if (transaction.options().follow_up) {
    const Status followed = follow(transaction, staging);
    roll_back(group);
    if (!followed.ok()) return followed;
    staging.restart();
    begin(group);
  }
  const Status staged = stage(transaction, staging);
  if (!staged.ok() || transaction.options().dry_run) {
    roll_back(group);
  } else {
    group.batch.PopSavePoint().PermitUncheckedError();
    accept(staging);
  }
  if (!staged.ok()) return staged;
  return std::move(staging.receipt);
}

void Decider::begin(Group& group) {
  overlay_.begin();
  references_.begin();
  conditions_.begin();
  if (folds_ != nullptr) folds_->begin();
  group.batch.SetSavePoint();
}

void Decider::roll_back(Group& group) {
  overlay_.roll_back();
  references_.roll_back();
  conditions_.roll_back();
  if (folds_ != nullptr) folds_->roll_back();
  group.batch.RollbackToSavePoint().PermitUncheckedError();
}

// What stays the same where it is staged again.
void Decider::open(Staging& staging) {
  const Time clock = clock_.now();
  staging.now = std::max(clock, Time{last_time_.micros + 1});
  if (staging.now.micros - clock.micros > kClockSlackMicros) staging.raw_clock = clock;
  staging.id = ids_.next(staging.now);
  staging.size_before = staging.group->batch.GetDataSize();
  staging.next_seq = last_seq_ + 1;
}

Status Decider::stage(PreparedTransaction& transaction, Staging& staging) {
  staging.receipt.transaction = staging.id;
  staging.receipt.recorded_at = staging.now;
  staging.receipt.first_seq = staging.next_seq;
  staging.receipt.actions.reserve(transaction.actions().size());
  for (const PreparedAction& action : transaction.actions()) {
    FORGE_TRY(act(action, staging));
    FORGE_TRY(check_size(staging));
  }
  if (transaction.actions().empty()) FORGE_TRY(stage_empty(staging));
  FORGE_TRY(check_unique(staging));
  FORGE_TRY(check_references());
  staging.receipt.last_seq = staging.next_seq - 1;
  stage_idempotency(staging);
  put_rows(transaction, *staging.group);
  return {};
}

Status Decider::check_size(const Staging& staging) const {
  if (staging.group->batch.GetDataSize() - staging.size_before <= limits_.transaction_bytes_max) return {};
  return Status(ErrorId::kTransactionTooLarge, "the transaction is larger than the limit")
      .why("the limit is " + std::to_string(limits_.transaction_bytes_max) + " bytes");
}

// Nobody reads them in flight, so they need no overlay.
void Decider::put_rows(const PreparedTransaction& transaction, Group& group) const {
  for (const RowWrite& row : transaction.rows()) {
    rocksdb::ColumnFamilyHandle* handle = database_.handle(row.table);
    if (row.value) {
      group.batch.Put(handle, slice_of(row.key), slice_of(*row.value)).PermitUncheckedError();
    } else {
      group.batch.Delete(handle, slice_of(row.key)).PermitUncheckedError();
    }
  }
}

void Decider::accept(Staging& staging) {
  for (const Hash& leaf : staging.leaves) tree_.append(leaf, staging.group->batch);
  if (folds_ != nullptr) folds_->accept(database_, staging.group->batch, staging.group->number);
  last_seq_ = staging.receipt.last_seq;
  last_time_ = staging.now;
  if (const std::string& key = staging.transaction->options().idempotency_key; !key.empty()) {
    in_flight_.emplace(key, InFlight{staging.receipt, staging.transaction->digest(), staging.transaction->options().actor.id});
    in_flight_order_.emplace_back(staging.group->number, key);
  }
  staging.group->actions += staging.leaves.size();
  staging.group->last_seq = last_seq_;
  staging.group->last_time = last_time_;
}

Result<std::optional<std::string>> Decider::lookup(Table table, std::string_view key) const {
  if (const Overlay::Entry* staged = overlay_.find(table, key)) {
    return staged->value ? std::optional<std::string>(*staged->value) : std::nullopt;
  }
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database_.get(table, key, value));
  return found ? std::optional<std::string>(value.ToString()) : std::nullopt;
}

void Decider::put(Staging& staging, Table table, std::string_view key, std::string_view value) {
  staging.group->batch.Put(database_.handle(table), slice_of(key), slice_of(value)).PermitUncheckedError();
}

// --- idempotency ---------------------------------------------------------------------------------------------------------------

Result<std::optional<TransactionReceipt>> Decider::replay(const PreparedTransaction& transaction) {
  const std::string& key = transaction.options().idempotency_key;
  if (key.empty()) return std::optional<TransactionReceipt>();
  TransactionReceipt receipt;
  if (const auto staged = in_flight_.find(key); staged != in_flight_.end()) {
    receipt = staged->second.receipt;
    if (staged->second.digest != transaction.digest()) {
      return key_reused(transaction.options(), receipt.first_seq, receipt.last_seq, staged->second.actor);
    }
  } else {
    rocksdb::PinnableSlice row;
    FORGE_ASSIGN(const bool found, database_.get(Table::kIdempotency, key, row));
    if (!found) return std::optional<TransactionReceipt>();
    FORGE_ASSIGN(const IdempotencyRecord record, read_idempotency_record(view_of(row)));
    AlignedBytes bytes;
    FORGE_ASSIGN(const Envelope first, read_event(database_, record.first, bytes));
    if (first.input_digest != transaction.digest()) {
      return key_reused(transaction.options(), record.first, record.last, first.actor);
    }
    FORGE_ASSIGN(receipt, receipt_from_log(database_, catalog_, record.first, record.last));
  }
  receipt.replayed = true;
  return std::optional<TransactionReceipt>(std::move(receipt));
}

void Decider::stage_idempotency(Staging& staging) {
  const std::string& key = staging.transaction->options().idempotency_key;
  if (key.empty()) return;
  const IdempotencyRecord record{.first = staging.receipt.first_seq, .last = staging.receipt.last_seq};
  put(staging, Table::kIdempotency, key, encode(record));
}

void Decider::committed(std::uint64_t group) {
  overlay_.forget(group);
  references_.forget(group);
  conditions_.forget(group);
  if (folds_ != nullptr) folds_->committed(group);
  for (; !in_flight_order_.empty() && in_flight_order_.front().first <= group; in_flight_order_.pop_front()) {
    in_flight_.erase(in_flight_order_.front().second);
  }
}

// --- one action ----------------------------------------------------------------------------------------------------------------

Status Decider::act(const PreparedAction& action, Staging& staging) {
  Subject& subject = *subject_;
  FORGE_TRY(load(action, staging, subject));
  if (action.undo != nullptr) {
    FORGE_TRY(undo(action, staging, subject));
    return append(action, staging, subject);
  }
  FORGE_TRY(check_existence(action, subject));
  resolve_arguments(*action.action, action.arguments, !subject.lives, subject.arguments);
  FORGE_TRY(check_policies(*action.action, staging.input(subject.seen, subject.arguments), staging.memory));
  FORGE_TRY(check_version(action, subject));
  FORGE_TRY(compute(action, staging, subject));
  return append(action, staging, subject);
}

Status Decider::load(const PreparedAction& action, Staging& staging, Subject& subject) {
  subject.resource = action.action->resource;
  subject.key = action.key;
  const TableType& record = subject.resource->record;
  if (subject.key.empty()) {
    FORGE_TRY(append_key_part(*subject.resource->single_key(), Cell::of(std::string_view(ids_.next(staging.now).to_string())),
                              subject.key));
  }
  subject.current_key.clear();
  append_current_key(subject.resource->number, subject.key, subject.current_key);
  subject.before = CurrentEntry{};
  subject.before_row.clear();
  subject.seen.clear();
  subject.lives = false;

  rocksdb::PinnableSlice value;
  const Overlay::Entry* staged = overlay_.find(Table::kCurrent, subject.current_key);
  if (staged == nullptr) {
    FORGE_ASSIGN(const bool found, database_.get(Table::kCurrent, subject.current_key, value));
    if (!found) return {};
  }
  FORGE_ASSIGN(subject.before, read_current_entry(staged != nullptr ? *staged->value : view_of(value)));
  subject.lives = subject.before.kind == EntryKind::kFull;
  if (!subject.lives) return {};
  subject.before.record = subject.bytes.assign(subject.before.record);
  if (staged == nullptr) FORGE_TRY(verify_table(record, subject.before.record));
  read_row(record, subject.before.record, subject.before_row);
  if (const StoredForm form(catalog_, *subject.resource, subject.before.schema_version); form.is_older()) {
    FORGE_TRY(form.upcast(subject.key, subject.before, staging.memory, subject.before_row));
  }
  subject.seen = subject.before_row;
  return complete_row(*subject.resource, subject.key, subject.seen);
}

Status Decider::check_existence(const PreparedAction& action, const Subject& subject) const {
  const ActionKind kind = action.action->kind;
  if (kind == ActionKind::kCreates && subject.lives) {
    return Status(ErrorId::kRecordExists, subject.name() + " exists already")
        .why("it is at version " + std::to_string(subject.before.version) + " since event " + std::to_string(subject.before.seq));
  }
  if ((kind == ActionKind::kUpdates || kind == ActionKind::kDestroys) && !subject.lives) {
    return Status(ErrorId::kRecordNotFound, "there is no " + subject.name())
        .why(subject.before.version == 0 ? "it was never created"
                                         : "event " + std::to_string(subject.before.seq) + " destroyed it");
  }
  return {};
}

Status Decider::check_version(const PreparedAction& action, const Subject& subject) const {
  const Version version = subject.lives ? subject.before.version : 0;
  if (!action.if_version || *action.if_version == version) return {};
  if (!subject.lives) {
    return Status(ErrorId::kVersionConflict,
                  "there is no " + subject.name() + ", version " + std::to_string(*action.if_version) + " was expected");
  }
  return Status(ErrorId::kVersionConflict,
                subject.name() + " is at version " + std::to_string(version) + ", not " + std::to_string(*action.if_version))
      .why("changed by event " + std::to_string(subject.before.seq))
      .remedy("reload and retry");
}

Status Decider::compute(const PreparedAction& action, Staging& staging, Subject& subject) {
  FORGE_TRY(check_requirements(*action.action, staging.input(subject.seen, subject.arguments), staging.memory));
  subject.changes.clear();
  subject.cleared.clear();
  if (action.action->kind == ActionKind::kDestroys) {
    subject.after.clear();
    return handle(action, staging, subject);
  }
  FORGE_TRY(apply_arguments(action, subject));
  FORGE_TRY(assign(action, staging, subject));
  FORGE_TRY(handle(action, staging, subject));
  return complete(action, staging, subject);
}

// Of a record that lives on, from what the action set.
Status Decider::complete(const PreparedAction& action, Staging& staging, Subject& subject) {
  if (!subject.resource->computed.empty()) {
    FORGE_TRY(compute_fields(*action.action, subject.key, staging.input({}, {}), staging.memory, subject.after));
  }
  FORGE_TRY(check_record(action, staging, subject));
  find_changes(subject.resource->record, subject.before_row, subject.after, subject.changes, subject.cleared);
  // What is stored is the fold, to the byte: an equal value written another way (-0.0 for 0.0) is no change.
  fold_row(subject.resource->record, subject.before_row, subject.changes, subject.cleared, subject.after);
  return {};
}

Status Decider::apply_arguments(const PreparedAction& action, Subject& subject) {
  const TableType& record = subject.resource->record;
  subject.after = subject.before_row;
  if (!subject.lives) {
    subject.after.assign(record.fields.size(), Cell());
    resolve_defaults(record, subject.after);
    for (const std::uint16_t part : subject.resource->key_fields) subject.after[part] = Cell();
  }
  subject.after.resize(record.fields.size());
  for (std::size_t i = 0; i < subject.arguments.size(); ++i) {
    const int field = action.action->field_of_argument[i];
    if (field < 0) continue;
    const bool given = i < action.arguments.size() && !action.arguments[i].is_absent();
    if (given || !subject.arguments[i].is_null()) subject.after[static_cast<std::size_t>(field)] = subject.arguments[i];
  }
  return {};
}

Status Decider::assign(const PreparedAction& action, Staging& staging, Subject& subject) {
  const RuleInput input = staging.input(subject.seen, subject.arguments);
  for (const Assignment& assignment : action.action->assignments) {
    FORGE_ASSIGN(subject.after[assignment.field],
                 assigned_value(action.action->resource->record, assignment, input, staging.memory, action.action->name));
  }
  return {};
}

Status Decider::handle(const PreparedAction& action, Staging& staging, Subject& subject) {
  if (!action.action->handled) return {};
  const ActionCall call{.action = *action.action,
                        .before = subject.seen,
                        .after = subject.after,
                        .arguments = subject.arguments,
                        .actor = staging.transaction->options().actor,
                        .now = staging.now};
  return handle_action(handlers_, call, staging.memory, subject.after);
}

Status Decider::check_record(const PreparedAction& action, Staging& staging, Subject& subject) {
  const TableType& record = subject.resource->record;
  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    const Field& field = record.fields[i];
    if (subject.resource->is_key(i)) continue;
    if (subject.after[i].kind == Kind::kNull && (!field.nullable || field.has_default)) {
      return Status(ErrorId::kArgumentNull, action.action->name + " would clear " + field.name)
          .why(field.computed ? "what it is computed from gives null, and it is never null" : "it has a default and is never null")
          .place(field.place);
    }
    if (field.required && subject.after[i].is_null()) {
      return Status(ErrorId::kArgumentMissing, action.action->name + " leaves " + field.name + " without a value")
          .why("it is required")
          .place(field.place);
    }
  }
  subject.after_seen = subject.after;
  FORGE_TRY(complete_row(*subject.resource, subject.key, subject.after_seen));
  FORGE_TRY(check_values(*action.action, subject.lives ? &subject.seen : nullptr, subject.after_seen));
  return check_checks(*action.action, staging.input(subject.after_seen, {}), staging.memory);
}

// --- the event and what follows from it ------------------------------------------------------------------------------------------

Envelope Decider::envelope_of(const Staging& staging) const {
  const ActOptions& options = staging.transaction->options();
  Envelope out;
  out.seq = staging.next_seq;
  out.recorded_at = staging.now;
  out.transaction = staging.id;
  out.schema_version = catalog_.version();
  out.place = staging.place();
  out.count = static_cast<std::uint16_t>(std::max<std::size_t>(1, staging.transaction->actions().size()));
  out.actor = options.actor.id;
  out.idempotency_key = options.idempotency_key;
  out.occurred_at = options.occurred_at;
  out.correlation = options.correlation;
  out.causation = options.causation;
  out.hops_left = options.hops_left;
  out.raw_clock = staging.raw_clock;
  if (out.place == 0 && !options.idempotency_key.empty()) out.input_digest = staging.transaction->digest();
  if (!options.reason.empty()) out.metadata.emplace_back("reason", options.reason);
  if (!options.actor.role.empty()) out.metadata.emplace_back("role", options.actor.role);
  if (const PreparedTransaction& of = *staging.transaction; of.is_generic()) {
    out.metadata.emplace_back("generic", of.generic());
    if (out.place == 0) out.metadata.emplace_back("generic_arguments", of.generic_arguments());
  }
  return out;
}

Status Decider::append(const PreparedAction& action, Staging& staging, Subject& subject) {
  const Resource& resource = *subject.resource;
  const bool destroyed = action.action->kind == ActionKind::kDestroys;
  Envelope envelope = envelope_of(staging);
  envelope.resource = resource.number;
  envelope.action = action.action->number;
  envelope.key = subject.key;
  envelope.version = subject.before.version + 1;
  envelope.incarnation = subject.lives ? subject.before.incarnation : subject.before.incarnation + 1;
  envelope.cleared = subject.cleared;
  if (action.undo != nullptr) envelope.undoes = action.undo->seq;
  if (!resource.tag_fields.empty()) FORGE_TRY(add_tags(subject, destroyed, envelope));
  const bool any_change =
      std::any_of(subject.changes.begin(), subject.changes.end(), [](const Cell& cell) { return !cell.is_absent(); });
  if (any_change) envelope.changes = changes_writer_.write(resource.record, subject.changes);
  mark_recorded(*action.action, subject.arguments);
  envelope.has_arguments = !arguments_equal_changes(*action.action, subject.arguments, subject.changes);
  if (envelope.has_arguments) {
    envelope.arguments = arguments_writer_.write(action.action->arguments, subject.arguments);
    FORGE_TRY(check_nesting(action.action->arguments, subject.arguments, envelope.arguments, action.action->name));
  }
  FORGE_TRY(write_event(envelope, staging));

  const Status projected = projection_.project(resource, envelope, destroyed, subject.before, subject.before_row, subject.after,
                                               [&](const RowChange& change) { stage_row(change, subject, staging); });
  FORGE_TRY(projected);
  if (!destroyed) FORGE_TRY(check_nesting(resource.record, subject.after, projection_.current().record, subject.name()));
  if (destroyed) references_.note_destroyed(resource, subject.key);
  overlay_.put(Table::kCurrent, subject.current_key, projection_.current_bytes(), staging.group->number);
  FORGE_ASSIGN(std::string key, key_text(resource, subject.key));
  staging.receipt.actions.push_back({.resource = resource.name,
                                     .key = std::move(key),
                                     .version = envelope.version,
                                     .seq = envelope.seq,
                                     .type = action.action->event_type});
  return {};
}

Status Decider::add_tags(const Subject& subject, bool destroyed, Envelope& envelope) {
  tags_.clear();
  FORGE_TRY(
      append_tags(*subject.resource, subject.lives ? &subject.seen : nullptr, destroyed ? nullptr : &subject.after_seen, tags_));
  envelope.tags.assign(tags_.begin(), tags_.end());
  return {};
}

void Decider::stage_row(const RowChange& change, const Subject& subject, Staging& staging) {
  if (change.table == Table::kUnique) return touch_unique(staging, change, subject.key, *subject.resource);
  if (change.table == Table::kIndex) references_.note_entry(*subject.resource, change, staging.group->number);
  if (!change.erase) return put(staging, change.table, change.key, change.value);
  staging.group->batch.Delete(database_.handle(change.table), slice_of(change.key)).PermitUncheckedError();
}

Status Decider::write_event(const Envelope& envelope, Staging& staging) {
  const std::span<const std::uint8_t> bytes = envelope_writer_.write(envelope);
  if (bytes.size() > limits_.event_bytes_max) {
    return Status(ErrorId::kTooLarge, "the event would be larger than the limit")
        .why(std::to_string(bytes.size()) + " bytes, the limit is " + std::to_string(limits_.event_bytes_max));
  }
  put(staging, Table::kLog, log_key(envelope.seq), text_of(bytes));
  staging.leaves.push_back(tree_.leaf_of(bytes));
  conditions_.note(envelope, staging.group->number);
  if (folds_ != nullptr) folds_->fold(envelope, staging.transaction->domain());
  if (staging.is_followed) {
    FORGE_ASSIGN(Event event, resolve_event(envelope, staging.transaction->domain()));
    staging.events.push_back(std::move(event));
  }
  ++staging.next_seq;
  return {};
}

Status Decider::stage_empty(Staging& staging) {
  return write_event(envelope_of(staging), staging);
}

// --- unique values ---------------------------------------------------------------------------------------------------------------

void Decider::touch_unique(Staging& staging, const RowChange& change, std::string_view record_key, const Resource& resource) {
  staging.unique.push_back(
      {.key = staging.keep(change.key), .record_key = staging.keep(record_key), .resource = &resource, .erase = change.erase});
}

Status Decider::check_unique(Staging& staging) {
  return each_unique_value(staging.unique,
                           [&](std::span<const UniqueChange> changes) { return check_unique_value(staging, changes); });
}

Status Decider::check_unique_value(Staging& staging, std::span<const UniqueChange> changes) {
  const std::string_view key = changes.front().key;
  FORGE_ASSIGN(const std::optional<std::string> before, lookup(Table::kUnique, key));
  const std::vector<std::string_view> owners = owners_after(before, changes);
  if (owners.size() > 1) return unique_taken(changes.front(), owners.front());
  if (owners.empty()) {
    staging.group->batch.Delete(database_.handle(Table::kUnique), slice_of(key)).PermitUncheckedError();
    overlay_.put(Table::kUnique, key, std::nullopt, staging.group->number);
  } else {
    put(staging, Table::kUnique, key, owners.front());
    overlay_.put(Table::kUnique, key, owners.front(), staging.group->number);
  }
  return {};
}

// --- references ------------------------------------------------------------------------------------------------------------------

Status Decider::check_references() {
  return references_.check([&](const Resource& resource, std::string_view key) -> Result<bool> {
    std::string current_key;
    append_current_key(resource.number, key, current_key);
    FORGE_ASSIGN(const std::optional<std::string> current, lookup(Table::kCurrent, current_key));
    if (!current) return false;
    FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(*current));
    return entry.kind == EntryKind::kFull;
  });
}

}  // namespace forge::internal
