#pragma once

// What writing is refused with, and how it fails.

#include <rocksdb/status.h>

#include <chrono>
#include <optional>
#include <string>

#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge::internal {

// A refusal that says nothing of the store's state gets "nothing was written".
Status nothing_written(Status status);

// Of the store in `path`, which is open for reading only.
Status read_only_error(const std::string& path);

Status sync_failure(const rocksdb::Status& status);
// kDiskFull or kIoFatal.
Status write_failure(const rocksdb::Status& status);

// What is refused without a try has written nothing. An attempt before it with the same key may have.
std::string state_of_untried(const std::string& idempotency_key);
// What later writes are told, where `failure` ended writing for good.
Status not_tried(const Status& failure, const std::string& idempotency_key = {});

// Until when, by the store's clock, a transaction may wait to be decided, or a query may take; nothing: for ever.
using Deadline = std::optional<Time>;
Deadline deadline_after(std::chrono::microseconds timeout, Clock& clock);
Deadline deadline_after(std::chrono::microseconds timeout, Time begun);
// Errors: kDeadlinePassed.
Status check_deadline(const Deadline& deadline, Clock& clock);
Status check_deadline(const Deadline& deadline, Time now);

}  // namespace forge::internal
