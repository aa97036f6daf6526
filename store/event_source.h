#pragma once

// Where subscribers get events from. Recent ones are read from the log and resolved once for everybody: whoever is first to need
// an event past the newest run makes the next run, all others share it. A reader that has fallen behind the oldest run reads the
// log for itself, with its filter applied before anything is resolved, until it has caught up. The writer takes no part in it.
//
// Safe from any thread.

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "catalog.h"
#include "database.h"
#include "event_matcher.h"
#include "forge/events/event.h"
#include "forge/events/thread_annotations.h"

namespace forge::internal {

// Events that follow each other in the log: all of `first` to `last`, or those of them that a filter lets through.
struct EventRun {
  Seq first = 0;
  Seq last = 0;
  std::vector<std::shared_ptr<const Event>> events;
  std::size_t bytes = 0;  // of the log
};

class EventSource {
 public:
  EventSource(const Database& database, const Catalog& catalog) : database_(database), catalog_(catalog) {}

  // A run that holds event `from`, and all later ones in it that `matcher` wants, or more; it may end before `to` and behind it.
  // Events from..to are in the log. Errors: kDataCorrupt, kIoError.
  Result<std::shared_ptr<const EventRun>> read(Seq from, Seq to, const EventMatcher& matcher);
  // One event. Errors: kEventNotFound, kDataCorrupt, kIoError.
  Result<std::shared_ptr<const Event>> event(Seq seq) const;

 private:
  std::shared_ptr<const EventRun> find(Seq from) const FORGE_EXCLUDES(mutex_);
  bool is_behind(Seq from) const FORGE_EXCLUDES(mutex_);
  void keep(std::shared_ptr<const EventRun> run) FORGE_EXCLUDES(mutex_);
  Result<std::shared_ptr<const EventRun>> read_log(Seq from, Seq to, const EventMatcher* matcher) const;

  const Database& database_;
  const Catalog& catalog_;
  Mutex next_run_;  // held by who makes the next shared run; taken before mutex_
  mutable Mutex mutex_;
  std::deque<std::shared_ptr<const EventRun>> runs_ FORGE_GUARDED_BY(mutex_);  // each begins where the one before it ends
  std::size_t bytes_ FORGE_GUARDED_BY(mutex_) = 0;
};

}  // namespace forge::internal
