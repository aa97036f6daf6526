#pragma once

// Wall time, and processor time of the whole process and of the calling thread, since the object was made.

#include <time.h>

namespace forge::bench {

template <clockid_t kClock>
class Stopwatch {
 public:
  double seconds() const { return now() - start_; }

 private:
  static double now() {
    timespec at{};
    clock_gettime(kClock, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
  }
  double start_ = now();
};

using WallTime = Stopwatch<CLOCK_MONOTONIC>;
using ProcessorTime = Stopwatch<CLOCK_PROCESS_CPUTIME_ID>;
using ThreadTime = Stopwatch<CLOCK_THREAD_CPUTIME_ID>;

}  // namespace forge::bench
