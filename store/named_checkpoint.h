#pragma once

// A caller's checkpoint as it is stored (store/FORMAT.md, "Named checkpoints").

#include <optional>
#include <string>
#include <string_view>

#include "forge/store/transaction.h"
#include "prepared.h"

namespace forge::internal {

// In table `cursors`.
inline constexpr std::string_view kNamedCheckpointPrefix = "N";

// The row that sets it, or removes it. Errors: kKeyInvalid, kTooLarge.
Result<RowWrite> named_checkpoint_row(const std::string& name, const std::optional<std::string>& value);
// Errors: kDataCorrupt.
Result<std::string> read_named_checkpoint(std::string_view name, std::string_view row);

}  // namespace forge::internal
