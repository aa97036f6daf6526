#pragma once

// What a refused commit means to whoever wanted it.

#include <cstdint>

#include "forge/events/status.h"

namespace forge::internal {

// The store cannot take anything just now, and will later: it is tried again after this.
inline constexpr std::int64_t kAgainAfterUs = 1'000'000;
inline bool is_passing(const Status& status) {
  return status.id() == ErrorId::kDiskFull || status.id() == ErrorId::kOverloaded;
}

// Nothing can be written any more, or nobody knows what was.
inline bool is_final(const Status& status) {
  const Code code = status.code();
  return code == Code::kUnknownOutcome || code == Code::kIo || code == Code::kCorruption || status.id() == ErrorId::kClosed ||
         status.id() == ErrorId::kReadOnly || status.id() == ErrorId::kHolderGone;
}

// Whether the store cannot be read. A file that a map goes over is not the store's, and is the affair of its run.
inline bool is_of_store(const Status& read) {
  return read.code() == Code::kIo && read.id() != ErrorId::kInputUnreadable;
}

}  // namespace forge::internal
