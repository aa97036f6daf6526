#include "log_reader.h"

#include "forge/events/key.h"

namespace forge::internal {

Result<Envelope> decode_event(Seq seq, std::string_view row, AlignedBytes& bytes) {
  Result<Envelope> envelope = read_envelope(bytes.assign(row));
  if (!envelope.ok()) return Status(envelope.status()).place("event " + std::to_string(seq));
  if (envelope->seq == seq) return envelope;
  return Status(ErrorId::kDataCorrupt, "event " + std::to_string(seq) + " of the log carries another seq")
      .why("it says " + std::to_string(envelope->seq));
}

Result<Envelope> read_event(const Database& database, Seq seq, AlignedBytes& bytes, const rocksdb::Snapshot* snapshot) {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database.get(Table::kLog, log_key(seq), value, snapshot));
  if (!found) return Status(ErrorId::kEventNotFound, "there is no event " + std::to_string(seq));
  return decode_event(seq, view_of(value), bytes);
}

Result<std::shared_ptr<const Domain>> domain_of(const Catalog& catalog, const Envelope& envelope) {
  if (auto domain = catalog.at(envelope.schema_version)) return domain;
  return Status(ErrorId::kDataCorrupt, "event " + std::to_string(envelope.seq) + " names an unknown schema version")
      .why("version " + std::to_string(envelope.schema_version));
}

Result<Seq> last_seq(const Database& database, const rocksdb::Snapshot* snapshot) {
  const auto iterator = database.iterate(Table::kLog, true, snapshot);
  iterator->SeekToLast();
  FORGE_TRY(Database::check(*iterator, "reading the log"));
  if (!iterator->Valid()) return Seq{0};
  if (iterator->key().size() != 8) return Status(ErrorId::kDataCorrupt, "the last key of the log is malformed");
  return Seq{read_u64(iterator->key().data())};
}

Result<TransactionReceipt> receipt_from_log(const Database& database, const Catalog& catalog, Seq first, Seq last) {
  TransactionReceipt receipt;
  receipt.first_seq = first;
  receipt.last_seq = last;
  AlignedBytes bytes;
  for (Seq seq = first; seq <= last; ++seq) {
    FORGE_ASSIGN(const Envelope envelope, read_event(database, seq, bytes));
    receipt.transaction = envelope.transaction;
    receipt.recorded_at = envelope.recorded_at;
    if (envelope.resource == 0) continue;
    FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, domain_of(catalog, envelope));
    FORGE_ASSIGN(const Event event, resolve_event(envelope, *domain));
    receipt.actions.push_back(
        {.resource = event.resource, .key = event.key, .version = event.version, .seq = seq, .type = event.type});
  }
  return receipt;
}

}  // namespace forge::internal
