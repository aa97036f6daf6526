#pragma once

// Where a bounded list goes on: opaque to users, base64url of a small JSON object. It keeps the seq the first page was read at, so
// that the pages together are one consistent answer.

#include <string>
#include <string_view>
#include <vector>

#include "forge/events/envelope.h"
#include "forge/events/status.h"

namespace forge::cli {

struct Cursor {
  std::string of;  // what it belongs to: "list Order"
  Seq seq = 0;
  std::string after;  // the key or number of the last row shown
  std::string asked;  // asked_of() it
};

// Which store was asked, and for what, in short: the pages of one list have one.
std::string asked_of(const std::string& store, const std::vector<std::string>& filters);

std::string write_cursor(const Cursor& cursor);
// Errors: kCursorInvalid, also where it belongs to another list, another store or other filters.
Result<Cursor> read_cursor(std::string_view text, std::string_view of, std::string_view asked);

}  // namespace forge::cli
