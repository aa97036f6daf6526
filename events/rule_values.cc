#include "rule_values.h"

#include <string.h>  // memmem, which searches in linear time

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace forge::internal {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

template <typename T>
int sign_of(T a, T b) {
  return a < b ? -1 : static_cast<int>(a > b);
}

// Without rounding the int: a double of 2^53 and more is a whole number, so its int part decides.
int order(std::int64_t a, double b) {
  if (b >= kTwoTo63) return -1;
  if (b < -kTwoTo63) return 1;
  const auto whole = static_cast<std::int64_t>(b);
  if (a != whole) return sign_of(a, whole);
  return sign_of(static_cast<double>(whole), b);
}

double as_double(const Cell& cell) {
  return cell.kind == Kind::kInt ? static_cast<double>(cell.integer) : cell.number;
}

std::string shown(const Cell& cell) {
  if (cell.kind == Kind::kInt) return std::to_string(cell.integer);
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.15g", cell.number);
  return digits;
}

char symbol_of(Op op) {
  return "+-*/%"[static_cast<int>(op) - static_cast<int>(Op::kAdd)];
}

std::string shown(Op op, const Cell& a, const Cell& b) {
  return shown(a) + " " + symbol_of(op) + " " + shown(b);
}

// False on overflow. The divisor is not zero.
bool compute(Op op, std::int64_t a, std::int64_t b, std::int64_t& result) {
  switch (op) {
    case Op::kAdd:
      return !__builtin_add_overflow(a, b, &result);
    case Op::kSubtract:
      return !__builtin_sub_overflow(a, b, &result);
    case Op::kMultiply:
      return !__builtin_mul_overflow(a, b, &result);
    default:
      break;
  }
  // The smallest int divided by -1 traps.
  if (b == -1) return op == Op::kModulo ? (result = 0, true) : !__builtin_sub_overflow(std::int64_t{0}, a, &result);
  result = op == Op::kDivide ? a / b : a % b;
  return true;
}

double compute(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSubtract:
      return a - b;
    case Op::kMultiply:
      return a * b;
    default:
      return a / b;
  }
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The offset after the character at `at`, which is below the size.
std::size_t next_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && continues_character(text[at])) ++at;
  return at;
}

// The byte offset of the character number `index`, from 0; the size when there are fewer.
std::size_t offset_of(std::string_view text, std::int64_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at = next_character(text, at);
  return at;
}

char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

int order(const Cell& a, const Cell& b) {
  if (a.kind == Kind::kText) {
    return a.as_text().compare(b.as_text());
  }
  if (a.kind == Kind::kBool) return sign_of(a.boolean, b.boolean);
  if (a.kind == Kind::kInt) return b.kind == Kind::kInt ? sign_of(a.integer, b.integer) : order(a.integer, b.number);
  return b.kind == Kind::kInt ? -order(b.integer, a.number) : sign_of(a.number, b.number);
}

Cell logical_and(const Cell& a, const Cell& b) {
  if ((!a.is_null() && !a.boolean) || (!b.is_null() && !b.boolean)) return Cell::of(false);
  return a.is_null() || b.is_null() ? Cell::null() : Cell::of(true);
}

Cell logical_or(const Cell& a, const Cell& b) {
  if ((!a.is_null() && a.boolean) || (!b.is_null() && b.boolean)) return Cell::of(true);
  return a.is_null() || b.is_null() ? Cell::null() : Cell::of(false);
}

bool arithmetic(Op op, const Cell& a, const Cell& b, Cell& result, std::string& reason) {
  const bool divides = op == Op::kDivide || op == Op::kModulo;
  if (divides && as_double(b) == 0) {
    reason = shown(op, a, b) + " divides by zero";
    return false;
  }
  if (a.kind == Kind::kInt && b.kind == Kind::kInt) {
    std::int64_t value = 0;
    if (!compute(op, a.integer, b.integer, value)) {
      reason = shown(op, a, b) + " does not fit in 64 bits";
      return false;
    }
    result = Cell::of(value);
    return true;
  }
  const double value = compute(op, as_double(a), as_double(b));
  if (!std::isfinite(value)) {
    reason = shown(op, a, b) + " is not a finite number";
    return false;
  }
  result = Cell::of(value);
  return true;
}

bool unary_arithmetic(Op op, const Cell& a, Cell& result, std::string& reason) {
  if (a.kind == Kind::kInt) {
    const bool negates = op == Op::kNegate || (op == Op::kAbs && a.integer < 0);
    if (negates) return arithmetic(Op::kSubtract, Cell::of(std::int64_t{0}), a, result, reason);
    result = a;
    return true;
  }
  if (op == Op::kNegate || op == Op::kAbs) {
    result = Cell::of(op == Op::kNegate ? -a.number : std::fabs(a.number));
    return true;
  }
  const double whole = op == Op::kRound ? std::round(a.number) : op == Op::kFloor ? std::floor(a.number) : std::ceil(a.number);
  if (whole < -kTwoTo63 || whole >= kTwoTo63) {
    reason = shown(a) + " does not fit in 64 bits";
    return false;
  }
  result = Cell::of(static_cast<std::int64_t>(whole));
  return true;
}

// When the rest does not match, only the last '%' needs to take one character more: what an earlier one takes is decided.
std::optional<bool> like(std::string_view text, std::string_view pattern, std::int64_t& work_left) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t wanted = 0;
  std::size_t after_percent = kNone;
  std::size_t taken_to = 0;
  while (at < text.size()) {
    if (--work_left < 0) return std::nullopt;
    const bool more = wanted < pattern.size();
    if (more && pattern[wanted] == '%') {
      after_percent = ++wanted;
      taken_to = at;
    } else if (more && pattern[wanted] == '_') {
      at = next_character(text, at);
      ++wanted;
    } else if (more && fold(text[at]) == fold(pattern[wanted])) {
      ++at;
      ++wanted;
    } else if (after_percent != kNone) {
      at = taken_to = next_character(text, taken_to);
      wanted = after_percent;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('%', wanted) == kNone;
}

std::int64_t character_count(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); });
}

std::string_view substring(std::string_view text, std::int64_t start, std::optional<std::int64_t> length) {
  // More characters than any text has; sums of two stay in range.
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  const std::int64_t count = character_count(text);
  std::int64_t first = std::clamp(start, -kMany, kMany);  // characters [first, last) are taken, from 1
  if (first < 0) first += count + 1;
  const std::int64_t taken = std::clamp(length.value_or(kMany), -kMany, kMany);
  std::int64_t last = first + taken;
  if (taken < 0) std::swap(first, last);
  first = std::clamp<std::int64_t>(first, 1, count + 1);
  last = std::clamp<std::int64_t>(last, first, count + 1);
  const std::string_view from = text.substr(offset_of(text, first - 1));
  return from.substr(0, offset_of(from, last - first));
}

std::size_t find_from(std::string_view text, std::string_view wanted, std::size_t from) {
  if (wanted.empty()) return from;
  if (text.size() - from < wanted.size()) return std::string_view::npos;
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::int64_t place_in(std::string_view text, std::string_view wanted) {
  const std::size_t found = find_from(text, wanted, 0);
  return found == std::string_view::npos ? 0 : character_count(text.substr(0, found)) + 1;
}

}  // namespace forge::internal
