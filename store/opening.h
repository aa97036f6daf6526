#pragma once

// Opening a store: the directory, its identity and lock, the recovery protocol, and a new store where there is none.
// ARCHITECTURE.md, "Opening safely", has the protocol and its reasons.

#include <memory>

#include "store_state.h"

namespace forge::internal {

// Where a store's id stands in the table of its name `default`.
inline constexpr std::string_view kStoreIdKey = "store id";

// Writes the store's id into a new database, on disk when this returns. Errors: kDiskFull, kIoError.
Status put_store_id(Database& database, const Uuid& id);

// Errors: as Store::open.
Status open_state(Store::State& state);

}  // namespace forge::internal
