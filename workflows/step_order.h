#pragma once

// The order of the steps of a plan.

#include <string>
#include <vector>

#include "plan.h"

namespace forge::internal {

// Makes `successors` of `needs`, in which a step may stand more than once; afterwards each stands once, in ascending order on both
// sides. Takes time linear in steps and edges.
void connect(Plan& plan);

// A finding for each block whose steps wait for each other, at the place of the first of them; `places` are those of the steps.
void check_order(const Plan& plan, const std::vector<std::string>& places, const Findings& findings);

}  // namespace forge::internal
