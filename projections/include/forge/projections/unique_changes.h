#pragma once

// What one transaction does to unique values. Inside it a value may pass from record to record, as in a swap; only at its end must
// at most one record hold it. The commit path and rebuilding use the same functions. Pure.

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge {

// What an event does to one unique value; borrowed.
struct UniqueChange {
  std::string_view key;  // of the row in table `unique`
  std::string_view record_key;
  const Resource* resource = nullptr;
  bool erase = false;  // the record gave the value up; otherwise it took it
};

// Visits the changes of a transaction value by value, each with its changes in their order, until one is an error. Reorders
// `changes`.
Status each_unique_value(std::vector<UniqueChange>& changes, const std::function<Status(std::span<const UniqueChange>)>& visit);

// The records that hold one value after its changes, where `before` held it before them.
std::vector<std::string_view> owners_after(std::optional<std::string_view> before, std::span<const UniqueChange> changes);

}  // namespace forge
