#pragma once

// The facts of a run as its journal holds them.

#include <cstdint>
#include <span>
#include <vector>

#include "forge/events/status.h"
#include "run.h"

namespace forge::internal {

// As schemas/workflow.fbs describes it.
std::vector<std::uint8_t> encode_fact(const Fact& fact);
// The same fact. Errors: kDataCorrupt where the bytes are damaged, or of a kind that this version does not know.
Result<Fact> decode_fact(std::span<const std::uint8_t> bytes);

}  // namespace forge::internal
