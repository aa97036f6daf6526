#pragma once

// Keeps a number of asynchronous calls on the way from one feeding thread.

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace forge::bench {

class InFlight {
 public:
  explicit InFlight(int most) : most_(most), low_(most - most / 4) {}

  // Before a call: waits, once the limit is reached, until a quarter of it has been answered.
  void begin() {
    if (count_.load() >= most_) wait_for(low_);
    ++count_;
  }
  // After its answer, from any thread.
  void end() {
    if (count_.fetch_sub(1) - 1 > awaited_.load()) return;
    const std::lock_guard lock(mutex_);
    fallen_.notify_one();
  }
  void drain() { wait_for(0); }

 private:
  void wait_for(int low) {
    std::unique_lock lock(mutex_);
    awaited_ = low;
    fallen_.wait(lock, [&] { return count_.load() <= low; });
    awaited_ = -1;
  }

  const int most_, low_;
  std::atomic<int> count_{0};
  std::atomic<int> awaited_{-1};  // the count somebody waits for
  std::mutex mutex_;
  std::condition_variable fallen_;
};

}  // namespace forge::bench
