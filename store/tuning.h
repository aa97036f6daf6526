#pragma once

// What tests change about a store so that rare things happen often.

#include <chrono>

namespace forge::internal {

struct Tuning {
  std::chrono::milliseconds watermark_interval{1000};  // a watermark is synced at most this long after a commit
  std::chrono::microseconds turn_delay{0};             // before it is chosen who syncs next, and before that one is told
};

}  // namespace forge::internal
