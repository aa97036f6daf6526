#include "schedule.h"

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <vector>

namespace forge::internal {
namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::int64_t kDayUs = 24 * 60 * kMinuteUs;
constexpr std::int64_t kDaysAhead = 366 * 41;  // a 29th of February that is a given day of the week comes within 40 years

struct CronField {
  const char* name;
  unsigned min, max;
  std::string_view words;  // three letters each, from `min` on
};

constexpr std::array<CronField, 5> kFields = {{{"minute", 0, 59, ""},
                                               {"hour", 0, 23, ""},
                                               {"day of the month", 1, 31, ""},
                                               {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                               {"day of the week", 0, 7, "sunmontuewedthufrisat"}}};

Status bad_field(const CronField& field, std::string_view text) {
  return Status(ErrorId::kWorkflowAttribute, "'" + std::string(text) + "' is no " + field.name)
      .why("it is from " + std::to_string(field.min) + " to " + std::to_string(field.max) +
           (field.words.empty() ? "" : ", or a name") + "; '*', lists, ranges and steps are taken")
      .remedy("as in \"30 3 * * mon-fri\"");
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<unsigned> number_in(std::string_view text, unsigned min, unsigned max) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fits = error == std::errc() && end == text.data() + text.size() && number >= min && number <= max;
  return fits ? std::optional(number) : std::nullopt;
}

std::optional<unsigned> value_in(const CronField& field, std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  for (std::size_t at = 0; small.size() == 3 && at < field.words.size(); at += 3) {
    if (field.words.substr(at, 3) == small) return field.min + static_cast<unsigned>(at / 3);
  }
  return number_in(text, field.min, field.max);
}

// One part of a list: '*', a value or a range, with a step behind it.
std::optional<std::uint64_t> bits_of(const CronField& field, std::string_view part) {
  const std::vector<std::string_view> stepped = split(part, '/');
  if (stepped.size() > 2) return std::nullopt;
  const std::optional<unsigned> step = stepped.size() == 2 ? number_in(stepped[1], 1, field.max) : 1U;
  const std::vector<std::string_view> range = split(stepped[0], '-');
  const bool all = stepped[0] == "*";
  const std::optional<unsigned> first = all ? field.min : value_in(field, range[0]);
  const std::optional<unsigned> last = all ? field.max : range.size() == 2 ? value_in(field, range[1]) : first;
  const bool single = !all && range.size() == 1;
  if (!step || !first || !last || range.size() > 2 || *last < *first || (single && stepped.size() == 2)) return std::nullopt;
  std::uint64_t bits = 0;
  for (unsigned value = *first; value <= *last; value += *step) bits |= std::uint64_t{1} << value;
  return bits;
}

Result<std::uint64_t> read_field(const CronField& field, std::string_view text) {
  std::uint64_t bits = 0;
  for (const std::string_view part : split(text, ',')) {
    const std::optional<std::uint64_t> more = bits_of(field, part);
    if (!more) return bad_field(field, text);
    bits |= *more;
  }
  return bits;
}

bool has(std::uint64_t bits, std::int64_t value) {
  return (bits >> value & 1) != 0;
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view line) {
  std::vector<std::string_view> fields;
  for (const std::string_view field : split(line, ' ')) {
    if (!field.empty()) fields.push_back(field);
  }
  if (fields.size() != kFields.size()) {
    return Status(ErrorId::kWorkflowAttribute, "'" + std::string(line) + "' is no cron line")
        .why("it has " + std::to_string(fields.size()) +
             " fields, and there are five: minute, hour, day of the month, month, day of the week")
        .remedy("as in \"30 3 * * mon-fri\"");
  }
  Schedule made;
  std::uint64_t* const into[] = {&made.minutes_, &made.hours_, &made.days_, &made.months_, &made.weekdays_};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    FORGE_ASSIGN(*into[i], read_field(kFields[i], fields[i]));
  }
  if (has(made.weekdays_, 7)) made.weekdays_ |= 1;
  made.any_day_ = fields[2] == "*";
  made.any_weekday_ = fields[4] == "*";
  if (made.next(Time{0})) return made;
  return Status(ErrorId::kWorkflowAttribute, "'" + std::string(line) + "' is never").why("no month has such a day");
}

Schedule Schedule::every(std::int64_t micros) {
  Schedule made;
  made.every_ = micros;
  return made;
}

bool Schedule::is_day(std::int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days{day}};
  const std::chrono::year_month_day parts{date};
  if (!has(months_, static_cast<unsigned>(parts.month()))) return false;
  const bool day_fits = has(days_, static_cast<unsigned>(parts.day()));
  const bool weekday_fits = has(weekdays_, std::chrono::weekday{date}.c_encoding());
  return any_day_ || any_weekday_ ? day_fits && weekday_fits : day_fits || weekday_fits;
}

std::optional<Time> Schedule::next(Time time) const {
  if (every_ > 0) return Time{(floor_div(time.micros, every_) + 1) * every_};
  const std::int64_t first = floor_div(time.micros, kMinuteUs) + 1;  // the minute from which on it may be
  const std::int64_t first_day = floor_div(first, 24 * 60);
  for (std::int64_t day = first_day; day < first_day + kDaysAhead; ++day) {
    if (!is_day(day)) continue;
    for (std::int64_t minute = day == first_day ? first - day * 24 * 60 : 0; minute < 24 * 60; ++minute) {
      if (has(hours_, minute / 60) && has(minutes_, minute % 60)) return Time{day * kDayUs + minute * kMinuteUs};
    }
  }
  return std::nullopt;
}

std::optional<Time> Schedule::last(Time since, Time until) const {
  if (every_ > 0) {
    const Time due{floor_div(until.micros, every_) * every_};
    return since < due ? std::optional(due) : std::nullopt;
  }
  const std::int64_t end = floor_div(until.micros, kMinuteUs);
  const std::int64_t last_day = floor_div(end, 24 * 60);
  const std::int64_t first_day = floor_div(since.micros, kDayUs);
  for (std::int64_t day = last_day; day >= first_day && day > last_day - kDaysAhead; --day) {
    if (!is_day(day)) continue;
    for (std::int64_t minute = day == last_day ? end - day * 24 * 60 : 24 * 60 - 1; minute >= 0; --minute) {
      if (!has(hours_, minute / 60) || !has(minutes_, minute % 60)) continue;
      const Time due{day * kDayUs + minute * kMinuteUs};
      return since < due ? std::optional(due) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace forge::internal
