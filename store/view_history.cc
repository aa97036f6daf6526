// History and blame of one record, from the table `versions` alone: newest first on disk, each entry with the fields it touched.

#include <algorithm>
#include <memory_resource>

#include "forge/events/codec.h"
#include "stored_form.h"
#include "view_state.h"

namespace forge {

using internal::AlignedBytes;
using internal::Database;

namespace internal {

Status each_version(const Database& database, const Resource& resource, std::string_view key, Seq seq,
                    const std::function<Result<bool>(Seq, const VersionEntry&)>& visit) {
  std::string start;
  append_version_key(resource.number, key, seq, start);
  const auto iterator = database.iterate(Table::kVersions, false);
  for (iterator->Seek(start); iterator->Valid(); iterator->Next()) {
    const std::string_view found = view_of(iterator->key());
    if (record_part(found) != record_part(start)) break;
    FORGE_ASSIGN(const VersionEntry entry, read_version_entry(view_of(iterator->value())));
    FORGE_ASSIGN(const bool more, visit(seq_of_version_key(found), entry));
    if (!more) break;
  }
  return Database::check(*iterator, "reading a record's versions");
}

std::vector<VersionRow::Change> changes_between(const Resource& resource, const Row& before, const Row& after) {
  std::vector<VersionRow::Change> out;
  for (std::size_t i = 0; i < resource.record.fields.size(); ++i) {
    const Field& field = resource.record.fields[i];
    const Cell was = i < before.size() ? before[i] : Cell();
    const Cell is = i < after.size() ? after[i] : Cell();
    if (resource.is_key(i) || same_value(field, was, is)) continue;
    out.push_back({field.name, cell_to_value(field, was), cell_to_value(field, is)});
  }
  return out;
}

}  // namespace internal

namespace {

// A version's entry with bytes of its own.
struct KeptVersion {
  Seq seq = 0;
  VersionEntry entry;
  std::string actor, changed;
  AlignedBytes bytes;
  std::span<const std::uint8_t> record;
};

Result<std::vector<std::unique_ptr<KeptVersion>>> keep_versions(const Database& database, const Resource& resource,
                                                                std::string_view key, Seq seq) {
  std::vector<std::unique_ptr<KeptVersion>> kept;
  const Status walked =
      internal::each_version(database, resource, key, seq, [&](Seq at, const VersionEntry& entry) -> Result<bool> {
        auto version = std::make_unique<KeptVersion>();
        version->seq = at;
        version->entry = entry;
        version->actor = std::string(entry.actor);
        version->changed = std::string(entry.changed);
        version->record = version->bytes.assign(entry.record);
        version->entry.actor = version->actor;
        version->entry.changed = version->changed;
        version->entry.record = version->record;
        if (!version->record.empty()) FORGE_TRY(verify_table(resource.record, version->record));
        kept.push_back(std::move(version));
        return true;
      });
  FORGE_TRY(walked);
  std::reverse(kept.begin(), kept.end());
  return kept;
}

VersionRow row_of(const KeptVersion& version, std::uint16_t resource, const internal::Catalog& catalog) {
  VersionRow row;
  row.version = version.entry.version;
  row.seq = version.seq;
  row.recorded_at = version.entry.recorded_at;
  row.incarnation = version.entry.incarnation;
  row.deleted = version.entry.kind == EntryKind::kTombstone;
  row.actor = version.actor;
  const std::shared_ptr<const Domain> domain = catalog.at(version.entry.schema_version);
  const Action* action = domain == nullptr ? nullptr : domain->action(resource, version.entry.action);
  if (action != nullptr) row.action = action->name;
  return row;
}

Status no_history(const Resource& resource, std::string_view key) {
  return Status(ErrorId::kRecordNotFound, "no " + resource.name + " '" + std::string(key) + "'");
}

}  // namespace

Result<std::vector<VersionRow>> View::history(std::string_view resource, std::string_view key) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const State::Target target, state_->target(resource, key));
  FORGE_ASSIGN(const auto kept, keep_versions(*state_->database, *target.resource, target.key, state_->seq));
  if (kept.empty()) return no_history(*target.resource, key);
  std::vector<VersionRow> rows;
  rows.reserve(kept.size());
  const TableType& record = target.resource->record;
  Row stored, before, after;  // `before` and `after` as a read shows them: brought up, and with defaults
  std::pmr::monotonic_buffer_resource memory;
  for (const auto& version : kept) {
    VersionRow row = row_of(*version, target.resource->number, *state_->catalog);
    if (row.deleted) {
      stored.clear();
      after.clear();
    } else {
      internal::apply_version(record, version->entry, version->record, stored);
      after = stored;
      const internal::StoredForm form(*state_->catalog, *target.resource, version->entry.schema_version);
      if (form.is_older()) FORGE_TRY(form.upcast(target.key, version->seq, memory, after));
      resolve_defaults(record, after);
      row.changes = internal::changes_between(*target.resource, before, after);
    }
    before = after;
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<FieldBlame>> View::blame(std::string_view resource, std::string_view key) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const State::Target target, state_->target(resource, key));
  FORGE_ASSIGN(const Record record, state_->record_at(target, state_->seq, nullptr));
  FORGE_ASSIGN(const std::vector<VersionRow> rows, history(resource, key));
  std::vector<FieldBlame> out;
  for (const Field& field : target.resource->record.fields) {
    FieldBlame blame;
    blame.field = field.name;
    blame.value = cell_to_value(field, record.cells()[field.id]);
    const bool is_key = target.resource->is_key(field.id);
    for (const VersionRow& row : rows) {
      if (row.incarnation != record.incarnation()) continue;
      const auto change = std::find_if(row.changes.begin(), row.changes.end(),
                                       [&](const VersionRow::Change& one) { return one.field == field.name; });
      const bool first = blame.seq == 0;
      if (!first && change == row.changes.end()) continue;
      if (!first && is_key) continue;
      blame.version = row.version;
      blame.seq = row.seq;
      blame.recorded_at = row.recorded_at;
      blame.action = row.action;
      blame.actor = row.actor;
      blame.before = change == row.changes.end() ? Value() : change->before;
    }
    out.push_back(std::move(blame));
  }
  return out;
}

}  // namespace forge
