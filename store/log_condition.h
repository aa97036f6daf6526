#pragma once

// An append condition made ready to be compared with events: names resolved, keys encoded, what cannot match refused.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.h"
#include "forge/events/envelope.h"
#include "forge/store/condition.h"

namespace forge::internal {

// A tag of events, or a record as the reserved tag that all its events have.
struct ConditionTag {
  std::string text;            // "sku=tea"
  std::uint16_t resource = 0;  // not 0: the record of this resource
  std::string key;             // with this key, encoded
};

class LogCondition {
 public:
  struct Item {
    std::vector<std::string> types;
    std::vector<ConditionTag> tags;

    bool wants_type(std::string_view type) const;
  };

  // `versions` are those of the schema, the newest last. Errors: kConditionInvalid, kTooLarge.
  static Result<LogCondition> make(const AppendCondition& condition, std::span<const Catalog::Version> versions, Seq head);

  const std::vector<Item>& items() const { return items_; }
  Seq after() const { return after_; }
  const std::string& text() const { return text_; }

 private:
  LogCondition() = default;

  std::vector<Item> items_;
  Seq after_ = 0;
  std::string text_;
};

// The first event that a condition forbids.
struct ConditionMatch {
  Seq seq = 0;
  std::string event;  // "Order.placed of Order o-2"
};
std::string name_of_event(const Envelope& envelope, const Domain& domain);

// A condition in its transaction, and what the caller's thread has found of it.
struct PreparedCondition {
  LogCondition condition;
  Seq searched_to = 0;                  // nothing up to here matches, but `match`
  std::optional<ConditionMatch> match;  // committed, so that it will be there for ever
};

}  // namespace forge::internal
