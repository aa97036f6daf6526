#pragma once

// Who is inside a store, so that it can close beside calls of other threads. Every public call passes the gate and leaves it when
// it returns. Closing lets nobody in any more and waits for those inside; what stands behind the gate may be taken down afterwards.
//
// A thread that is inside passes again without being counted, also while the gate closes: a call that is made of other calls, or
// calls back, is not refused halfway. So do the store's own threads, which end before what they use is taken down.
//
// Passing costs two atomic operations on a cache line that few threads share. Safe from any thread. Views and streams share the
// gate with their store and so may outlive it.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "forge/events/status.h"
#include "forge/events/thread_annotations.h"

namespace forge::internal {

// What whoever is not let in is told.
Status closed_error();

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Whether the calling thread holds a pass or is one of the store's own: it must not wait for await_empty().
  bool is_inside() const;
  // Whoever is inside and waits for something else than the store's work ends that.
  bool is_closed() const { return (ways_.front().word.load(std::memory_order_acquire) & Way::kClosed) != 0; }
  // Lets nobody in any more.
  void close() FORGE_EXCLUDES(mutex_);
  // After close(): returns once everybody who was inside has left.
  void await_empty() FORGE_EXCLUDES(mutex_);

 private:
  friend class Pass;
  friend class OwnThread;

  // The threads that are inside by one of the ways in, and whether it is closed.
  struct alignas(64) Way {
    static constexpr std::uint32_t kClosed = std::uint32_t{1} << 31;
    std::atomic<std::uint32_t> word{0};
  };
  // A place where the thread is inside; the innermost is found first.
  struct Mark {
    const Gate* gate = nullptr;
    const Mark* outer = nullptr;
  };
  static constexpr std::size_t kWays = 16;
  static thread_local const Mark* innermost_;

  Way* enter();
  void leave(Way& way) FORGE_EXCLUDES(mutex_);

  std::array<Way, kWays> ways_;
  Mutex mutex_;
  CondVar left_;
  std::size_t occupied_ FORGE_GUARDED_BY(mutex_) = 0;  // closed ways that somebody is still inside by
};

// Being inside, for the length of a call. False where the gate has closed before.
class Pass {
 public:
  explicit Pass(Gate& gate);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  explicit operator bool() const { return is_in_; }

 private:
  Gate& gate_;
  Gate::Mark mark_;
  Gate::Way* way_ = nullptr;  // null: not counted
  bool is_in_ = false;
};

// Stands in a thread of the store as long as it runs.
class OwnThread {
 public:
  explicit OwnThread(const Gate& gate) : mark_{.gate = &gate, .outer = Gate::innermost_} { Gate::innermost_ = &mark_; }
  ~OwnThread() { Gate::innermost_ = mark_.outer; }
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;

 private:
  Gate::Mark mark_;
};

}  // namespace forge::internal
