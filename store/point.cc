#include "forge/store/point.h"

#include <charconv>

namespace forge {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Status unparsable(std::string_view text, std::string why) {
  return Status(ErrorId::kTimeUnparsable, "cannot read the point '" + std::string(text) + "'")
      .why(std::move(why))
      .remedy("a seq (1042), a time (2026-11-23T04:00:00Z), a date, now, -2h, bookmark:NAME or key:IDEMPOTENCY-KEY");
}

// "20261123" could be event 20,261,123 or a date without dashes.
bool looks_like_date(std::string_view digits) {
  if (digits.size() != 8) return false;
  const int year = std::stoi(std::string(digits.substr(0, 4)));
  const int month = std::stoi(std::string(digits.substr(4, 2)));
  const int day = std::stoi(std::string(digits.substr(6, 2)));
  return year >= 1970 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

Result<Point> parse_seq(std::string_view text) {
  Seq seq = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), seq).ec != std::errc())
    return unparsable(text, "the number is too large");
  if (looks_like_date(text)) {
    return Status(ErrorId::kTimeAmbiguous, "'" + std::string(text) + "' could be an event or a date")
        .remedy("write +" + std::string(text) + " for the event, or " + std::string(text.substr(0, 4)) + "-" +
                std::string(text.substr(4, 2)) + "-" + std::string(text.substr(6, 2)) + " for the date");
  }
  return Point(seq);
}

Result<Point> parse_ago(std::string_view text) {
  if (text.size() > 1 && all_digits(text.substr(1))) {
    return unparsable(text, "a span back from now has a unit: " + std::string(text) + "s, m, h, d or w");
  }
  if (text.size() < 3) return unparsable(text, "a number stands before the unit, as in -2h");
  const std::string_view digits = text.substr(1, text.size() - 2);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (!all_digits(digits) || error != std::errc() || end != digits.data() + digits.size())
    return unparsable(text, "a number stands before the unit, as in -2h");
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 86'400;
      break;
    case 'w':
      unit = 604'800;
      break;
    default:
      return unparsable(text, "the units are s, m, h, d and w");
  }
  std::int64_t micros = 0;
  if (__builtin_mul_overflow(count, unit * 1'000'000, &micros)) return unparsable(text, "it is too long ago");
  return Point(Ago{micros});
}

}  // namespace

Result<Point> parse_point(std::string_view text) {
  if (text.empty()) return unparsable(text, "it is empty");
  if (text == "now") return Point(Head{});
  if (all_digits(text)) return parse_seq(text);
  if (text.front() == '+' && all_digits(text.substr(1))) {
    Seq seq = 0;
    if (std::from_chars(text.data() + 1, text.data() + text.size(), seq).ec != std::errc())
      return unparsable(text, "the number is too large");
    return Point(seq);
  }
  if (text.front() == '-') return parse_ago(text);
  if (text.starts_with("bookmark:")) return Point(BookmarkName{std::string(text.substr(9))});
  if (text.starts_with("key:")) return Point(IdempotencyKeyOf{std::string(text.substr(4))});
  FORGE_ASSIGN(const Time time, parse_time(text));
  return Point(time);
}

}  // namespace forge
