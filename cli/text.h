#pragma once

// How values, times and sizes look in text meant for people, and how wide they are on a terminal. All pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "forge/events/time.h"
#include "forge/events/value.h"

namespace forge::cli {

// Columns on a terminal: East Asian wide characters and emoji count two, combining marks none.
std::size_t display_width(std::string_view text);
// Control characters, escape sequences, marks that turn the reading direction and bytes that are not UTF-8, all made visible:
// nothing that comes from data can steer a terminal. "a\x1b[2Jb" becomes "a\\u001b[2Jb".
std::string printable(std::string_view text);
// The same inside JSON text, where only the characters JSON itself lets through need it.
std::string printable_json(std::string_view json);
// At most `columns` wide; what is cut ends in "…".
std::string fitted(std::string_view text, std::size_t columns);

// Text as it is, null as "", lists and objects as JSON, bytes as base64.
std::string value_text(const Value& value);
// The same as a condition or an assignment would write it: null as "null", text with blanks or quotes in single quotes.
std::string value_shown(const Value& value);

std::string time_text(Time time);               // "2026-11-23 04:00:01Z"
std::string short_time_text(Time time);         // "11-23 04:00:01Z"
std::string grouped(std::uint64_t number);      // "4,213"
std::string bytes_text(std::uint64_t bytes);    // "41 KiB"
std::string elapsed_text(std::int64_t micros);  // "0.01 s", "2 min 5 s"
// "1 event", "2 events".
std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace forge::cli
