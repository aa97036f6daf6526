#pragma once

// A group commit on its way through the writer's stages, and those who wait for how it ends.

#include <memory>
#include <optional>
#include <vector>

#include "decider.h"
#include "forge/events/thread_annotations.h"
#include "log_file_system.h"
#include "request_queue.h"

namespace forge::internal {

// Filled under the decide role, then handed from stage to stage; waiting and settling are safe from any thread.
struct OpenGroup {
  OpenGroup(std::uint64_t number, bool is_led) : group(number), has_leader(is_led) {}

  Group group;
  Requests requests;
  std::size_t callers = 0;       // that wait for it
  const bool has_leader;         // the first of the callers, who appends it
  std::shared_ptr<LogFile> log;  // what it was appended to

  std::size_t members() const { return callers + requests.size(); }
  // Under the decide role.
  void close_gates(const Status& why);
  // How it ended, for those who wait.
  void settle(const Status& with);
  Status wait();
  // The turn to sync, for its leader: given, unless it has ended meanwhile; false when it has ended without.
  bool give_turn();
  bool await_turn();

 private:
  Mutex mutex_;
  CondVar settled_, turn_;
  std::optional<Status> outcome_ FORGE_GUARDED_BY(mutex_);
  bool has_turn_ FORGE_GUARDED_BY(mutex_) = false;
};

}  // namespace forge::internal
