#pragma once

// One more thread for one long task: pieces of work run in it in the order in which they were given, while the giver goes on.

#include <deque>
#include <functional>
#include <thread>

#include "forge/events/status.h"
#include "forge/events/thread_annotations.h"

namespace forge::internal {

class SideThread {
 public:
  // At most `waiting_max` pieces wait at a time.
  explicit SideThread(std::size_t waiting_max = 2);
  // Finishes the piece at hand; what still waits is dropped.
  ~SideThread();
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

  // Waits for room. After the first error, which this and wait() return, no further piece runs.
  Status give(std::function<Status()> work);
  // Until everything given is done.
  Status wait();

 private:
  void run();

  const std::size_t waiting_max_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<Status()>> waiting_ FORGE_GUARDED_BY(mutex_);
  bool busy_ FORGE_GUARDED_BY(mutex_) = false;
  bool stopping_ FORGE_GUARDED_BY(mutex_) = false;
  Status failure_ FORGE_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace forge::internal
