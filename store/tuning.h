#pragma once

// What tests change about a store so that rare things happen often.

#include <chrono>
#include <cstddef>

namespace forge::internal {

struct Tuning {
  std::size_t unflushed_bytes = 32 << 20;              // so much is written between two flushes of the tables
  std::chrono::milliseconds watermark_interval{1000};  // a watermark is synced at most this long after a commit
};

}  // namespace forge::internal
