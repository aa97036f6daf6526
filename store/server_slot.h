#pragma once

// The server of a store, as the store knows it: closing a store ends its server first, and a store has one server at a time. Shared
// by both, so that either may go before the other. Safe from any thread.

#include <functional>

#include "forge/events/thread_annotations.h"

namespace forge::internal {

class ServerSlot {
 public:
  ServerSlot() = default;
  ServerSlot(const ServerSlot&) = delete;
  ServerSlot& operator=(const ServerSlot&) = delete;

  // `end` may be called more than once, until leave() has returned. False where another server is there.
  bool take(std::function<void()> end) FORGE_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (end_) return false;
    end_ = std::move(end);
    return true;
  }
  // Waits for an end_server() that is under way.
  void leave() FORGE_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    end_ = nullptr;
  }
  // Ends the server that is there, and waits for that.
  void end_server() FORGE_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (end_) end_();
  }

 private:
  Mutex mutex_;
  std::function<void()> end_ FORGE_GUARDED_BY(mutex_);
};

}  // namespace forge::internal
