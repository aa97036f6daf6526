#pragma once

// What operators and functions of rules compute, on single values. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "forge/events/cell.h"
#include "rule_tree.h"

namespace forge::internal {

// Negative, zero or positive as `a` is below, equal to or above `b`; exact between ints and floats. Both are of comparable kinds
// and neither is NULL. Texts are ordered by their bytes.
int order(const Cell& a, const Cell& b);

// Three-valued logic: each cell is a bool or NULL.
Cell logical_and(const Cell& a, const Cell& b);
Cell logical_or(const Cell& a, const Cell& b);

// + - * / % of two numbers. On overflow or division by zero false, with the reason.
bool arithmetic(Op op, const Cell& a, const Cell& b, Cell& result, std::string& reason);
// Negation, abs, round, floor and ceil of a number; the last three give an int. As above.
bool unary_arithmetic(Op op, const Cell& a, Cell& result, std::string& reason);

// SQL's like: '%' stands for any text, '_' for one character; ASCII letters match in either case. Takes one from `work_left` for
// each comparison; nullopt when that is used up.
std::optional<bool> like(std::string_view text, std::string_view pattern, std::int64_t& work_left);

// The number of characters (UTF-8) of a text.
std::int64_t character_count(std::string_view text);
// `length` characters from `start` on, counted from 1, or from the end when negative, as SQLite does; a negative length takes
// the characters before `start`; without a length, all that follow.
std::string_view substring(std::string_view text, std::int64_t start, std::optional<std::int64_t> length);
// The place of `wanted` in `text` in characters from 1, or 0. In linear time.
std::int64_t place_in(std::string_view text, std::string_view wanted);
// The byte offset of `wanted` in `text` from `from` on, or npos. In linear time.
std::size_t find_from(std::string_view text, std::string_view wanted, std::size_t from);

}  // namespace forge::internal
