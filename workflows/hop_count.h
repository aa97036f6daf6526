#pragma once

// How many hops the longest path through a plan takes.

#include "plan.h"

namespace forge::internal {

// The steps of every block can be put in order. Takes time linear in steps and edges.
HopCount count_hops(const Plan& plan, std::uint32_t ttl_hops);

}  // namespace forge::internal
