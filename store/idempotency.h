#pragma once

// What table `idempotency` keeps under a transaction's key: first seq u64, last seq u64 (big-endian), input digest (16 bytes). The
// receipt itself is read back from the log.

#include <cstring>
#include <string>
#include <string_view>

#include "forge/events/key.h"
#include "forge/events/status.h"
#include "prepared.h"

namespace forge::internal {

struct IdempotencyRecord {
  Seq first = 0;
  Seq last = 0;
  InputDigest digest{};
};

inline std::string encode(const IdempotencyRecord& record) {
  std::string out;
  append_u64(out, record.first);
  append_u64(out, record.last);
  out.append(reinterpret_cast<const char*>(record.digest.data()), record.digest.size());
  return out;
}

// Errors: kDataCorrupt.
inline Result<IdempotencyRecord> read_idempotency_record(std::string_view bytes) {
  IdempotencyRecord record;
  if (bytes.size() != 16 + record.digest.size()) return Status(ErrorId::kDataCorrupt, "an idempotency record is malformed");
  record.first = read_u64(bytes.data());
  record.last = read_u64(bytes.data() + 8);
  std::memcpy(record.digest.data(), bytes.data() + 16, record.digest.size());
  return record;
}

}  // namespace forge::internal
