#include "forge/projections/state_projection.h"

namespace forge {
void fold_row(const TableType& table, const Row& before, const Row& changes, std::span<const std::uint16_t> cleared, Row& after) {
  after.assign(table.fields.size(), Cell());
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool changed = i < changes.size() && !changes[i].is_absent();
    if (changed) {
      after[i] = changes[i];
    } else if (i < before.size()) {
      after[i] = before[i];
    }
  }
  for (const std::uint16_t field : cleared) {
    if (field < after.size()) after[field] = Cell();
  }
}

Status StateProjection::project(const Resource& resource, const Envelope& envelope, bool destroyed, const CurrentEntry& before,
                                const Row& before_row, const Row& after, const RowSink& sink) {
  const bool lived = before.version != 0 && before.kind == EntryKind::kFull;
  FORGE_TRY(entries_.project(resource, envelope.key, lived ? &before_row : nullptr, destroyed ? nullptr : &after, sink));

  std::span<const std::uint8_t> record;
  if (!destroyed) record = writer_.write(resource.record, after);
  current_ = CurrentEntry{};
  current_.record = record;
  // A delta pays when it is well below the whole record; a create, a tombstone and every eighth entry stand alone.
  const bool full = destroyed || !lived || before.deltas >= kDeltasMax || 2 * envelope.changes.size() >= record.size();
  project_current(envelope, destroyed, before, full);
  project_version(resource, envelope, destroyed, before, full, before_row, after);

  key_.clear();
  append_current_key(resource.number, envelope.key, key_);
  sink({.table = Table::kCurrent, .key = key_, .value = current_bytes_});
  key_.clear();
  append_version_key(resource.number, envelope.key, envelope.seq, key_);
  sink({.table = Table::kVersions, .key = key_, .value = version_bytes_});
  for (const std::string_view tag : envelope.tags) {
    key_.clear();
    append_tag_key(tag, envelope.seq, key_);
    sink({.table = Table::kTags, .key = key_, .value = {}});
  }
  return {};
}

void StateProjection::project_current(const Envelope& envelope, bool destroyed, const CurrentEntry& before, bool full) {
  current_.kind = destroyed ? EntryKind::kTombstone : EntryKind::kFull;
  current_.version = envelope.version;
  current_.seq = envelope.seq;
  current_.incarnation = envelope.incarnation;
  current_.schema_version = envelope.schema_version;
  current_.deltas = full ? 0 : static_cast<std::uint8_t>(before.deltas + 1);
  current_bytes_.clear();
  append_entry(current_, current_bytes_);
}

void StateProjection::project_version(const Resource& resource, const Envelope& envelope, bool destroyed,
                                      const CurrentEntry& before, bool full, const Row& before_row, const Row& after) {
  VersionEntry entry;
  entry.kind = destroyed ? EntryKind::kTombstone : full ? EntryKind::kFull : EntryKind::kDelta;
  entry.version = envelope.version;
  entry.incarnation = envelope.incarnation;
  entry.schema_version = envelope.schema_version;
  entry.action = envelope.action;
  entry.recorded_at = envelope.recorded_at;
  entry.actor = envelope.actor;
  bitmap_.clear();
  const bool lived = before.version != 0 && before.kind == EntryKind::kFull;
  for (std::size_t i = 0; !destroyed && i < after.size(); ++i) {
    const bool set_before = lived && i < before_row.size() && !before_row[i].is_null();
    if (!set_before && after[i].is_null()) continue;
    if (!set_before || !same_value(resource.record.fields[i], before_row[i], after[i])) set_field(bitmap_, i);
  }
  entry.changed = bitmap_;
  entry.record = full ? current_.record : envelope.changes;
  version_bytes_.clear();
  append_entry(entry, version_bytes_);
}

}  // namespace forge
