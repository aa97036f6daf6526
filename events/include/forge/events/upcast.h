#pragma once

// Bringing what was stored under an earlier schema version to the meaning of a later one. A resource declares steps, each an
// assignment in the rule language (`upcast`, docs/schema.md). A later version only adds steps at the end, and fields keep their
// places and types; so what was stored lacks the steps behind those that its own version had, and no others.
//
// Pure: what becomes of a row follows from the row, its key and the two versions of the resource alone. There is no clock, no actor
// and no code of a program in it, and each step is bounded as every rule is. So whoever brings a row up comes to the same, also
// where it was stored again halfway. Safe from any thread.

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge {

// In all of these `from` and `to` are versions of one resource, `to` the same or a later one.

// Whether what was stored as `from` lacks steps of `to`.
bool needs_upcast(const Resource& from, const Resource& to);
// The fields that the lacking steps set: ascending, each once.
std::vector<std::uint16_t> upcast_fields(const Resource& from, const Resource& to);
// Whether one of `fields` is among `upcast`, which upcast_fields gave.
bool meets_upcast(std::span<const std::uint16_t> fields, std::span<const std::uint16_t> upcast);

// Applies the lacking steps to `row` in their order, each on what those before it left. `row` is as stored: absent where a field is
// not set, without the key; so it is afterwards, with a cell for each field of `to` at least. A step sees the record with its key
// and with the defaults that `from` has; a field that `from` does not have reads as `to` says. So, where defaults changed in
// between, versions are to be gone through one by one. Texts borrow from `row`, `key`, the resources and `memory`. Errors:
// kUpcastFailed, with what went wrong in which step and the step's place; `row` is then of no use.
Status upcast_row(const Resource& from, const Resource& to, std::string_view key, std::pmr::memory_resource& memory, Row& row);

}  // namespace forge
