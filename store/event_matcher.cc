#include "event_matcher.h"

#include <algorithm>

#include "forge/events/key.h"

namespace forge::internal {

bool EventMatcher::matches_type(std::string_view type) const {
  return filter_.types.empty() || std::any_of(filter_.types.begin(), filter_.types.end(),
                                              [&](const std::string& pattern) { return matches_glob(pattern, type); });
}

bool EventMatcher::matches(const Event& event) const {
  if (!filter_.actor.empty() && event.actor != filter_.actor) return false;
  if (!filter_.resource.empty() && event.resource != filter_.resource) return false;
  if (!filter_.key.empty() && event.key != filter_.key) return false;
  if (!filter_.tag.empty() && std::find(event.tags.begin(), event.tags.end(), filter_.tag) == event.tags.end()) return false;
  return matches_type(event.type);
}

bool EventMatcher::matches(const Envelope& envelope, const Domain& domain) const {
  if (!filter_.actor.empty() && envelope.actor != filter_.actor) return false;
  if (!filter_.tag.empty() && std::find(envelope.tags.begin(), envelope.tags.end(), filter_.tag) == envelope.tags.end())
    return false;
  if (envelope.resource == 0) return filter_.resource.empty() && filter_.key.empty() && matches_type(kEmptyTransactionType);
  const Action* action = domain.action(envelope.resource, envelope.action);
  if (action == nullptr) return true;
  if (!filter_.resource.empty() && action->resource->name != filter_.resource) return false;
  if (!filter_.key.empty()) {
    const Result<std::string> key = key_text(*action->resource, envelope.key);
    if (key.ok() && *key != filter_.key) return false;
  }
  return matches_type(action->event_type);
}

}  // namespace forge::internal
