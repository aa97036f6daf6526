#pragma once

// What an action that reads answers with. Part of a Domain: immutable, and safe to share between threads.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/rule.h"

namespace forge {

struct Resource;

// The records of a resource for which `where` is true, in order, at most `limit` of them.
struct Query {
  struct Order {
    std::uint16_t field = 0;
    bool descending = false;
  };

  std::optional<Expression> where;  // over the record, the arguments and the actor; nothing: every record
  std::vector<Order> order;         // records that are equal in it are in the order of their keys
  std::size_t limit = 0;            // 0: no limit
};

// "status = 'Placed' order by qty desc, id limit 50"; "all" where nothing is said.
std::string definition_of(const Resource& resource, const Query& query);

}  // namespace forge
