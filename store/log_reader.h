#pragma once

// Events read back from the log, verified.

#include "catalog.h"
#include "database.h"
#include "forge/events/envelope.h"
#include "forge/events/event.h"
#include "forge/store/transaction.h"

namespace forge::internal {

// Decodes one row of the log. The envelope borrows from `bytes`. Errors: kDataCorrupt, also when the event carries another seq.
Result<Envelope> decode_event(Seq seq, std::string_view row, AlignedBytes& bytes);
// Errors: kEventNotFound, kDataCorrupt, kIoError.
Result<Envelope> read_event(const Database& database, Seq seq, AlignedBytes& bytes, const rocksdb::Snapshot* snapshot = nullptr);
// The domain an event was written under. Errors: kDataCorrupt.
Result<std::shared_ptr<const Domain>> domain_of(const Catalog& catalog, const Envelope& envelope);
// The last event's seq; 0 for an empty log. Errors: kDataCorrupt, kIoError.
Result<Seq> last_seq(const Database& database, const rocksdb::Snapshot* snapshot = nullptr);

// The receipt of the transaction whose events are first to last, as it was given then. Errors: kDataCorrupt.
Result<TransactionReceipt> receipt_from_log(const Database& database, const Catalog& catalog, Seq first, Seq last);

}  // namespace forge::internal
