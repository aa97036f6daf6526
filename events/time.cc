// RFC 3339 both ways. The calendar is the proleptic Gregorian one; no time zone database is consulted.

#include "forge/events/time.h"

#include <algorithm>
#include <chrono>

#include "quote.h"

namespace forge {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;

// Days since 1970-01-01.
constexpr std::int64_t days_of(int year, unsigned month, unsigned day) {
  const year_month_day date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  return sys_days(date).time_since_epoch().count();
}

constexpr std::int64_t kFirstMicros = days_of(0, 1, 1) * kMicrosPerDay;          // 0000-01-01T00:00:00.000000Z
constexpr std::int64_t kLastMicros = days_of(10'000, 1, 1) * kMicrosPerDay - 1;  // 9999-12-31T23:59:59.999999Z

// Reads a text from left to right. The first thing that does not fit is remembered; what is read after it counts for nothing.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  Result<Time> read();

 private:
  bool failed() const { return !why_.empty(); }
  void fail(std::string why) {
    if (!failed()) why_ = std::move(why);
  }
  bool next_is(std::string_view characters) const {
    return !rest_.empty() && characters.find(rest_.front()) != std::string_view::npos;
  }
  bool next_is_digit() const { return next_is("0123456789"); }

  // `name` says in messages what was expected: "the month".
  int number(std::size_t digits, const char* name);
  int number_in(std::size_t digits, const char* name, int lowest, int highest);
  void separator(std::string_view characters, const char* name);

  std::int64_t date();         // days
  std::int64_t time_of_day();  // microseconds
  std::int64_t fraction();     // microseconds
  std::int64_t offset();       // microseconds east of UTC

  std::string_view rest_;
  std::string why_;
};

int TimeReader::number(std::size_t digits, const char* name) {
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!next_is_digit()) {
      const std::string count = std::to_string(digits);
      fail(rest_.empty() && i == 0 ? std::string(name) + " is missing"
                                   : std::string(name) + " is not a number of " + count + " digits");
      return 0;
    }
    value = 10 * value + (rest_.front() - '0');
    rest_.remove_prefix(1);
  }
  return value;
}

int TimeReader::number_in(std::size_t digits, const char* name, int lowest, int highest) {
  const int value = number(digits, name);
  if (value < lowest || value > highest) {
    fail(std::string(name) + " is " + std::to_string(value) + ", not " + std::to_string(lowest) + " to " + std::to_string(highest));
  }
  return value;
}

void TimeReader::separator(std::string_view characters, const char* name) {
  if (next_is(characters)) {
    rest_.remove_prefix(1);
  } else {
    fail(std::string(name) + " is missing");
  }
}

std::int64_t TimeReader::date() {
  const int year = number(4, "the year");
  separator("-", "the '-' after the year");
  const int month = number_in(2, "the month", 1, 12);
  separator("-", "the '-' after the month");
  const int day = number_in(2, "the day", 1, 31);
  if (failed()) return 0;
  const auto last = year_month_day(std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) / std::chrono::last);
  if (static_cast<unsigned>(day) > static_cast<unsigned>(last.day())) {
    fail("the day is " + std::to_string(day) + ", that month has " + std::to_string(static_cast<unsigned>(last.day())));
    return 0;
  }
  return days_of(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
}

std::int64_t TimeReader::time_of_day() {
  const int hour = number_in(2, "the hour", 0, 23);
  separator(":", "the ':' after the hour");
  const int minute = number_in(2, "the minute", 0, 59);
  separator(":", "the ':' with the seconds after the minute");
  const int second = number(2, "the second");
  if (second == 60) fail("the second is 60: leap seconds are not counted; write 59, or the next minute's 00");
  if (second > 60) fail("the second is " + std::to_string(second) + ", not 0 to 59");
  return ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction();
}

std::int64_t TimeReader::fraction() {
  if (failed() || !next_is(".")) return 0;
  rest_.remove_prefix(1);
  if (!next_is_digit()) fail("the fraction of the second is missing after the '.'");
  std::int64_t micros = 0;
  for (std::int64_t unit = kMicrosPerSecond / 10; next_is_digit(); unit /= 10) {
    micros += unit * (rest_.front() - '0');
    rest_.remove_prefix(1);
  }
  return micros;
}

std::int64_t TimeReader::offset() {
  if (failed()) return 0;
  if (next_is("Zz")) {
    rest_.remove_prefix(1);
    return 0;
  }
  if (!next_is("+-")) {
    fail("an offset such as Z or +02:00 is missing");
    return 0;
  }
  const int sign = rest_.front() == '-' ? -1 : 1;
  rest_.remove_prefix(1);
  const int hours = number_in(2, "the offset's hour", 0, 23);
  separator(":", "the ':' after the offset's hour");
  const int minutes = number_in(2, "the offset's minute", 0, 59);
  return sign * (hours * 60 + minutes) * 60 * kMicrosPerSecond;
}

Result<Time> TimeReader::read() {
  const std::string_view whole = rest_;
  std::int64_t micros = date() * kMicrosPerDay;
  if (!failed() && !rest_.empty()) {
    separator("Tt ", "the 'T' between date and time");
    micros += time_of_day();
    micros -= offset();
  }
  if (!failed() && !rest_.empty()) fail("nothing may follow, but there is " + internal::quoted(rest_));
  if (micros < kFirstMicros || micros > kLastMicros) fail("in UTC it is outside the years 0000 to 9999");
  if (failed()) return Status(ErrorId::kTimeUnparsable, "the time " + internal::quoted(whole) + " cannot be read").why(why_);
  return Time{micros};
}

// Writes `value` as `digits` digits at `out`.
void put_digits(char* out, std::int64_t value, int digits) {
  for (int i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

class SystemClock : public Clock {
 public:
  Time now() override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return Time{std::chrono::floor<std::chrono::microseconds>(since_epoch).count()};
  }
};

}  // namespace

std::string format_time(Time time) {
  const std::int64_t micros = std::clamp(time.micros, kFirstMicros, kLastMicros);
  const sys_days day{std::chrono::floor<days>(std::chrono::microseconds(micros))};
  const year_month_day date(day);
  const std::int64_t of_day = micros - day.time_since_epoch().count() * kMicrosPerDay;
  const std::int64_t seconds = of_day / kMicrosPerSecond;

  std::string out = "0000-00-00T00:00:00.000000Z";
  put_digits(&out[0], static_cast<int>(date.year()), 4);
  put_digits(&out[5], static_cast<unsigned>(date.month()), 2);
  put_digits(&out[8], static_cast<unsigned>(date.day()), 2);
  put_digits(&out[11], seconds / 3600, 2);
  put_digits(&out[14], seconds / 60 % 60, 2);
  put_digits(&out[17], seconds % 60, 2);
  put_digits(&out[20], of_day % kMicrosPerSecond, 6);
  return out;
}

Result<Time> parse_time(std::string_view text) {
  return TimeReader(text).read();
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace forge
