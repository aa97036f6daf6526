#pragma once

// All projections of a store, and the thread that follows the log for them. Safe from any thread.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "forge/store/projection.h"
#include "projector.h"

namespace forge::internal {

class ProjectionHost {
 public:
  // Of a store that is open for writing.
  explicit ProjectionHost(ProjectorSurroundings store) : store_(std::move(store)) {}
  ~ProjectionHost() { close(); }

  // The projections of the program, and those of Forge's own that the store has. What was discarded goes to `notices`.
  // Errors: as add.
  Status start(std::vector<Projection> projections, std::vector<std::string>& notices);
  // As Projections::add; `warning` says what was discarded.
  Status add(Projection projection, std::string& warning);
  // The projection, with its code or without. Errors: kProjectionNotFound, kClosed, kDataCorrupt.
  Result<std::shared_ptr<Projector>> find(const std::string& name);
  // It has been dropped.
  void forget(const std::string& name);

  // There is news in the log. Never blocks for long.
  void wake();
  // Looks again every time that something was written, until `is_done` says so or the time is over; then false.
  Result<bool> wait(std::chrono::microseconds timeout, const std::function<Result<bool>()>& is_done);
  // Whether the projection's code is here.
  bool is_followed(const std::string& name) const;

  // Whoever waits is told kClosed, and nobody waits any more.
  void end_waiting();
  // Ends the thread. What is at most one batch behind is brought to the head first, so that many short lives keep up, too.
  void close();

 private:
  using Projectors = std::map<std::string, std::shared_ptr<Projector>>;

  Status sweep();
  Result<std::uint16_t> free_number() const;
  Result<std::vector<Checkpoint>> sound_checkpoints() const;
  std::vector<std::shared_ptr<Projector>> all() const;
  void run();
  bool await_news();
  bool step_all();

  const ProjectorSurroundings store_;
  Mutex adding_;  // held while one is added; taken before mutex_
  bool is_swept_ FORGE_GUARDED_BY(adding_) = false;
  mutable Mutex mutex_;
  CondVar called_, stepped_;
  Projectors projectors_ FORGE_GUARDED_BY(mutex_);
  std::thread thread_ FORGE_GUARDED_BY(mutex_);
  bool is_wait_over_ FORGE_GUARDED_BY(mutex_) = false;
  bool stopping_ FORGE_GUARDED_BY(mutex_) = false;
  bool is_troubled_ FORGE_GUARDED_BY(mutex_) = false;  // a step failed: it is tried again after a while
  int waiting_ FORGE_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> has_news_{false};
};

}  // namespace forge::internal
