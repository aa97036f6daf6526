#pragma once

// Where a bounded list goes on: opaque to users, base64url of a small JSON object. It keeps the seq the first page was read at, so
// that the pages together are one consistent answer, and which list of which store it is of, so that none goes on in another.

#include <span>
#include <string>
#include <string_view>

#include "arguments.h"
#include "forge/events/envelope.h"
#include "forge/events/status.h"

namespace forge::cli {

// What a cursor belongs to.
struct ListName {
  std::string of;       // "list Order"
  std::string store;    // the store's id
  std::string filters;  // a digest of the filters, as filters_digest() makes it; empty: none
};

struct Cursor {
  ListName list;
  Seq seq = 0;
  std::string after;  // the key or number of the last row shown
};

// Of the flags among `names` that have a value, wherever it comes from; empty where none has.
std::string filters_digest(const Arguments& arguments, std::span<const std::string_view> names);

std::string write_cursor(const Cursor& cursor);
// Errors: kCursorInvalid, also where it belongs to another list, another store or other filters.
Result<Cursor> read_cursor(std::string_view text, const ListName& list);

}  // namespace forge::cli
