#pragma once

// What table `idempotency` keeps under a transaction's key: first seq u64, last seq u64 (big-endian). The digest of its input and
// the receipt itself are read back from the log.

#include <string>
#include <string_view>

#include "forge/events/envelope.h"
#include "forge/events/key.h"
#include "forge/events/status.h"

namespace forge::internal {

struct IdempotencyRecord {
  Seq first = 0;
  Seq last = 0;
};

inline std::string encode(const IdempotencyRecord& record) {
  std::string out;
  append_u64(out, record.first);
  append_u64(out, record.last);
  return out;
}

// Errors: kDataCorrupt.
inline Result<IdempotencyRecord> read_idempotency_record(std::string_view bytes) {
  if (bytes.size() != 16) return Status(ErrorId::kDataCorrupt, "an idempotency record is malformed");
  return IdempotencyRecord{.first = read_u64(bytes.data()), .last = read_u64(bytes.data() + 8)};
}

}  // namespace forge::internal
