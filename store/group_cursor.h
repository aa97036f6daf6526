#pragma once

// What a group's cursor is on disk (store/FORMAT.md, "Cursors"): which events it is of, how far it has come, and which events
// before that are open: not acknowledged, or to be delivered again. And the row of an event that it gave up on.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/id.h"
#include "forge/store/subscription.h"

namespace forge::internal {

struct GroupCursor {
  struct Open {
    Seq seq = 0;
    std::uint32_t attempts = 0;  // failed ones
    friend bool operator==(const Open&, const Open&) = default;
  };

  Uuid store;
  Time created;
  Time updated;
  Seq reached = 0;                    // every event up to here is done, but for the open ones
  std::optional<EventFilter> filter;  // which events it is of; nothing: written before cursors said so
  std::vector<Open> open;             // in order of seq

  // Every event up to here is done.
  Seq done_to() const { return open.empty() ? reached : std::min(reached, open.front().seq - 1); }
  friend bool operator==(const GroupCursor&, const GroupCursor&) = default;
};

std::string cursor_key(std::string_view group);
std::string parked_key(std::string_view group, Seq seq);
// What every row of the group's parked events begins with.
std::string parked_prefix(std::string_view group);
// What every cursor's key begins with; the name follows.
inline constexpr std::string_view kCursorPrefix = "G";

std::string encode(const GroupCursor& cursor);
std::string encode(const ParkedEvent& event);
// Errors: kDataCorrupt.
Result<GroupCursor> read_group_cursor(std::string_view name, std::string_view row);
Result<ParkedEvent> read_parked_event(std::string_view name, std::string_view key, std::string_view row);

}  // namespace forge::internal
