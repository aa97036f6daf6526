#pragma once

// How much memory requests hold.

#include <cstddef>
#include <span>

#include "forge/store/transaction.h"

namespace forge::internal {

// About: their texts and values, and what keeps these.
std::size_t bytes_of(std::span<const ActionRequest> requests);
std::size_t bytes_of(const AppendCondition& condition);

}  // namespace forge::internal
