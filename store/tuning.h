#pragma once

// What tests change about a store so that rare things happen often.

#include <chrono>

namespace forge::internal {

struct Tuning {
  std::chrono::milliseconds watermark_interval{1000};  // a watermark is synced at most this long after a commit
};

}  // namespace forge::internal
