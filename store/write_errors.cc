#include "write_errors.h"

#include <limits>

#include "database.h"
#include "forge/store/outcome.h"

namespace forge {
namespace {

constexpr const char* kOutcomeUnknown = "whether it was stored is unknown";

}  // namespace

bool may_be_stored(const Status& failure) {
  return failure.code() == Code::kUnknownOutcome || (failure.id() == ErrorId::kDiskFull && failure.text().state == kOutcomeUnknown);
}

}  // namespace forge

namespace forge::internal {

Status nothing_written(Status status) {
  if (status.ok() || !status.text().state.empty()) return status;
  return std::move(status).state("nothing was written");
}

Status read_only_error(const std::string& path) {
  return Status(ErrorId::kReadOnly, "the store " + path + " is open for reading only").state("nothing was written");
}

Status sync_failure(const rocksdb::Status& status) {
  return Status(ErrorId::kIoFatal, "syncing the log failed")
      .why(to_status(status, "").text().why)
      .state("whether it was stored is unknown, and the store takes no more writes");
}

Status write_failure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    return Status(ErrorId::kDiskFull, "the disk is full")
        .why("the write-ahead log could not grow")
        .state(kOutcomeUnknown)
        .remedy("free some space and retry with the same idempotency key; writes go on by themselves");
  }
  return Status(ErrorId::kIoFatal, "writing the log failed")
      .why(to_status(status, "writing the log").text().why)
      .state("whether it was stored is unknown, and the store takes no more writes");
}

std::string state_of_untried(const std::string& idempotency_key) {
  if (idempotency_key.empty()) return "nothing was written";
  return "this attempt wrote nothing; an earlier one with the same key may be stored";
}

Status not_tried(const Status& failure, const std::string& idempotency_key) {
  if (failure.id() != ErrorId::kIoFatal) return failure;
  return Status(failure.id(), "the store takes no more writes")
      .why(failure.text().what + ": " + failure.text().why)
      .state(state_of_untried(idempotency_key));
}

Deadline deadline_after(std::chrono::microseconds timeout, Clock& clock) {
  return timeout.count() <= 0 ? std::nullopt : deadline_after(timeout, clock.now());
}

Deadline deadline_after(std::chrono::microseconds timeout, Time begun) {
  if (timeout.count() <= 0) return std::nullopt;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return Time{timeout.count() > kMax - begun.micros ? kMax : begun.micros + timeout.count()};
}

Status check_deadline(const Deadline& deadline, Clock& clock) {
  return deadline ? check_deadline(deadline, clock.now()) : Status();
}

Status check_deadline(const Deadline& deadline, Time now) {
  if (!deadline || now <= *deadline) return {};
  return Status(ErrorId::kDeadlinePassed, "the transaction waited longer than it was allowed to").state("nothing was written");
}

}  // namespace forge::internal
