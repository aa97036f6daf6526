#pragma once

// Whether an event is one that somebody asked for: on a resolved event, and on an envelope before anything of it is resolved.

#include "catalog.h"
#include "forge/events/envelope.h"
#include "forge/events/event.h"
#include "forge/store/subscription.h"

namespace forge::internal {

// Safe for concurrent use once made.
class EventMatcher {
 public:
  explicit EventMatcher(EventFilter filter) : filter_(std::move(filter)) {}

  bool matches(const Event& event) const;
  // `domain`: the one the event was written under. An event whose numbers mean nothing there matches: resolving it reports the
  // damage.
  bool matches(const Envelope& envelope, const Domain& domain) const;
  bool wants_all() const { return filter_ == EventFilter(); }

 private:
  bool matches_type(std::string_view type) const;

  EventFilter filter_;
};

}  // namespace forge::internal
