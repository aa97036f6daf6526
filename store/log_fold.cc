#include "log_fold.h"

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include "forge/events/key.h"
#include "log_reader.h"

namespace forge::internal {

Result<std::optional<std::string>> stored_row(const Database& database, const std::string& full_key) {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database.get(Table::kRows, full_key, value));
  return found ? std::optional<std::string>(value.ToString()) : std::nullopt;
}

void put_changes(const Database& database, const RowSpace& space, const FoldRows& rows, rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* const handle = database.handle(Table::kRows);
  std::string key = space_key(space);
  rows.each_change([&](std::string_view own_key, const std::optional<std::string>& value) {
    key.resize(kSpaceBytes);
    key.append(own_key);
    if (value) {
      batch.Put(handle, slice_of(key), slice_of(*value)).PermitUncheckedError();
    } else {
      batch.Delete(handle, slice_of(key)).PermitUncheckedError();
    }
  });
}

void note_failure(const Status& failure, Seq seq, Time now, Checkpoint& checkpoint) {
  ++checkpoint.errors;
  checkpoint.failure = FoldFailure{.seq = seq, .at = now, .text = failure.text().why};
}

Status fold_log(const Database& database, const Catalog& catalog, const Projection& projection, Seq to, Time now,
                Checkpoint& checkpoint, rocksdb::WriteBatch& batch) {
  std::string full_key = space_key(checkpoint.space);
  FoldRows rows([&](std::string_view key) {
    full_key.resize(kSpaceBytes);
    full_key.append(key);
    return stored_row(database, full_key);
  });
  rocksdb::ManagedSnapshot snapshot(&database.db());
  const auto row = database.iterate(Table::kLog, true, snapshot.snapshot());
  AlignedBytes aligned;
  std::size_t events = 0, bytes = 0;
  std::shared_ptr<const Domain> domain;
  std::uint32_t version = 0;
  for (row->Seek(log_key(checkpoint.seq + 1)); row->Valid() && checkpoint.seq < to; row->Next()) {
    const Seq seq = read_u64(row->key().data());
    if (seq != checkpoint.seq + 1) break;
    FORGE_ASSIGN(const Envelope envelope, decode_event(seq, view_of(row->value()), aligned));
    if (domain == nullptr || version != envelope.schema_version) {
      FORGE_ASSIGN(domain, domain_of(catalog, envelope));
      version = envelope.schema_version;
    }
    if (Status folded = fold_event(projection, envelope, *domain, rows); folded.id() == ErrorId::kProjectionFailed) {
      note_failure(folded, seq, now, checkpoint);
      break;
    } else if (!folded.ok()) {
      return folded;
    }
    checkpoint.seq = seq;
    bytes += row->value().size();
    if (++events == kEventsInFold || bytes >= kBytesInFold) break;
  }
  FORGE_TRY(Database::check(*row, "reading the log"));
  if (events == 0 && checkpoint.seq < to && !checkpoint.failure) {
    return Status(ErrorId::kDataCorrupt, "event " + std::to_string(checkpoint.seq + 1) + " is missing from the log");
  }
  put_changes(database, checkpoint.space, rows, batch);
  return {};
}

}  // namespace forge::internal
