#include "log_ahead.h"

#include <utility>

namespace forge::internal {

LogAhead::LogAhead(const Database& database, Seq first, Seq last, std::size_t batch_bytes)
    : batch_bytes_(batch_bytes), scan_(database, first, last) {
  read_ahead();
}

Result<bool> LogAhead::next(LogRow& out) {
  if (given_ == batch_.places.size()) FORGE_TRY(turn());
  if (given_ == batch_.places.size()) return false;
  const Place& place = batch_.places[given_];
  out = {.seq = batch_.first + given_, .row = std::string_view(batch_.bytes).substr(place.at, place.bytes), .leaf = place.leaf};
  ++given_;
  return true;
}

// A failure comes behind the events before it.
Status LogAhead::turn() {
  if (batch_.is_last) return batch_.failure;
  FORGE_TRY(thread_.wait());
  std::swap(batch_, ahead_);
  given_ = 0;
  if (!batch_.is_last) read_ahead();
  return batch_.places.empty() ? batch_.failure : Status();
}

// The thread has nothing else to do, so that it takes the work at once; how it ended stands in the batch.
void LogAhead::read_ahead() {
  const Status given = thread_.give([this] {
    read(ahead_);
    return Status();
  });
  FORGE_ASSERT(given.ok());
}

void LogAhead::read(Batch& batch) {
  batch.bytes.clear();
  batch.places.clear();
  batch.failure = Status();
  LogRow row;
  while (batch.bytes.size() < batch_bytes_) {
    const Result<bool> any = scan_.next(row);
    batch.is_last = !any.ok() || !*any;
    if (!any.ok()) batch.failure = any.status();
    if (batch.is_last) return;
    if (batch.places.empty()) batch.first = row.seq;
    batch.places.push_back({batch.bytes.size(), row.row.size(), row.leaf});
    batch.bytes.append(row.row);
  }
}

}  // namespace forge::internal
