#pragma once

// Append conditions: what a transaction asks of the log. Who decided on what they read names the events that would have changed
// their mind, and the seq up to which they read; where such an event has come since, the transaction is refused. So a rule may
// reach over any number of records, and only what touches it stands in its way.

#include <string>
#include <vector>

#include "forge/events/envelope.h"

namespace forge {

// Events of one of these types that have all of these tags. What is empty lets all pass; an item with neither is every event.
struct ConditionItem {
  std::vector<std::string> types = {};  // as EventFilter: "Order.placed", "Order.*"
  // "FIELD=VALUE" for a field that a resource marks with `tag`, and "RESOURCE/KEY" for the events of one record.
  std::vector<std::string> tags = {};

  bool operator==(const ConditionItem&) const = default;
};

// Holds while no event after `after` matches an item. It is about what others wrote: the transaction's own events do not count.
// Without tags in an item every event after `after` is read, in the caller's thread; with them an index is asked. Limits: 64
// items, in each 64 types and 64 tags (kTooLarge).
//
// It is looked at before the transaction's actions. Errors: kConditionFailed, naming the first event that matches and the head;
// kConditionInvalid where it could never fail: without items, with a type or a tag that no version of the schema can give, or with
// `after` past the head. Of a transaction that is answered again for its idempotency key it is not asked.
struct AppendCondition {
  std::vector<ConditionItem> items = {};
  Seq after = 0;  // 0: the whole log

  bool operator==(const AppendCondition&) const = default;
};

// "no event of Order.placed with sku=tea after event 8".
std::string definition_of(const AppendCondition& condition);

}  // namespace forge
