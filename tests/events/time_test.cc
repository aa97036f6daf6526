#include "forge/events/time.h"

#include <gtest/gtest.h>

#include <limits>

namespace forge {
namespace {

std::string why_not(std::string_view text) {
  const Result<Time> time = parse_time(text);
  EXPECT_EQ(time.status().id(), ErrorId::kTimeUnparsable) << text;
  return time.status().text().why;
}

TEST(FormatTime, PrintsUtcWithMicroseconds) {
  EXPECT_EQ(format_time(Time{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(Time{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(Time{1'795'406'401'100'000}), "2026-11-23T04:00:01.100000Z");
  EXPECT_EQ(format_time(Time{951'782'400'000'000}), "2000-02-29T00:00:00.000000Z");
}

TEST(FormatTime, PrintsTheNearestBoundOutsideFourDigitYears) {
  EXPECT_EQ(format_time(Time{std::numeric_limits<std::int64_t>::max()}), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(Time{std::numeric_limits<std::int64_t>::min()}), "0000-01-01T00:00:00.000000Z");
}

TEST(ParseTime, ReadsOffsetsFractionsAndDatesAlone) {
  const Time expected{1'795'406'401'100'000};
  for (const char* text : {"2026-11-23T04:00:01.1Z", "2026-11-23t04:00:01.1z", "2026-11-23 04:00:01.100000Z",
                           "2026-11-23T06:00:01.1+02:00", "2026-11-22T22:30:01.1-05:30", "2026-11-23T04:00:01.10-00:00"}) {
    EXPECT_EQ(parse_time(text).value(), expected) << text;
  }
  EXPECT_EQ(parse_time("1970-01-02").value(), Time{86'400'000'000});
  EXPECT_EQ(format_time(parse_time("2024-02-29T23:59:59Z").value()), "2024-02-29T23:59:59.000000Z");
}

TEST(ParseTime, CutsDigitsBeyondMicroseconds) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.0000019999999999999Z").value(), Time{1});
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.9999999Z").value(), Time{-1});
}

TEST(ParseTime, ReadsBackWhatIsPrinted) {
  std::uint64_t state = 1;
  for (int i = 0; i < 10'000; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const auto micros = static_cast<std::int64_t>(state % 315'537'897'600'000'000) - 62'167'219'200'000'000;
    ASSERT_EQ(parse_time(format_time(Time{micros})).value(), Time{micros}) << micros;
  }
}

TEST(ParseTime, AgreesWithAPlainCountOfDays) {
  static constexpr int kLengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::int64_t day_number = -719'528;  // 0000-01-01
  for (int year = 0; year <= 9999; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    for (int month = 1; month <= 12; ++month) {
      char text[40];
      std::snprintf(text, sizeof text, "%04d-%02d-01", year, month);
      ASSERT_EQ(parse_time(text).value(), Time{day_number * 86'400'000'000}) << text;
      day_number += kLengths[month - 1] + (month == 2 && leap ? 1 : 0);
    }
  }
}

TEST(ParseTime, SaysWhatIsMissing) {
  EXPECT_EQ(why_not("2026-11-23T04:00:01"), "an offset such as Z or +02:00 is missing");
  EXPECT_EQ(why_not("2026-11-23T04:00"), "the ':' with the seconds after the minute is missing");
  EXPECT_EQ(why_not("2026-11-23T04:00Z"), "the ':' with the seconds after the minute is missing");
  EXPECT_EQ(why_not("2026-11-23T"), "the hour is missing");
  EXPECT_EQ(why_not("2026-11-23X04:00:00Z"), "the 'T' between date and time is missing");
  EXPECT_EQ(why_not("2026-11-23T04:00:00.Z"), "the fraction of the second is missing after the '.'");
  EXPECT_EQ(why_not("2026-11-23T04:00:00+02"), "the ':' after the offset's hour is missing");
  EXPECT_EQ(why_not("2026-11"), "the '-' after the month is missing");
  EXPECT_EQ(why_not(""), "the year is missing");
  EXPECT_EQ(why_not("yesterday"), "the year is not a number of 4 digits");
}

TEST(ParseTime, SaysWhatIsOutOfRange) {
  EXPECT_EQ(why_not("2026-13-01"), "the month is 13, not 1 to 12");
  EXPECT_EQ(why_not("2026-00-01"), "the month is 0, not 1 to 12");
  EXPECT_EQ(why_not("2025-02-29"), "the day is 29, that month has 28");
  EXPECT_EQ(why_not("1900-02-29"), "the day is 29, that month has 28");
  EXPECT_EQ(why_not("2026-01-32"), "the day is 32, not 1 to 31");
  EXPECT_EQ(why_not("2026-11-23T24:00:00Z"), "the hour is 24, not 0 to 23");
  EXPECT_EQ(why_not("2026-11-23T23:60:00Z"), "the minute is 60, not 0 to 59");
  EXPECT_EQ(why_not("2026-11-23T23:59:61Z"), "the second is 61, not 0 to 59");
  EXPECT_EQ(why_not("2016-12-31T23:59:60Z"), "the second is 60: leap seconds are not counted; write 59, or the next minute's 00");
  EXPECT_EQ(why_not("2026-11-23T04:00:00+24:00"), "the offset's hour is 24, not 0 to 23");
  EXPECT_EQ(why_not("2026-11-23T04:00:00+02:60"), "the offset's minute is 60, not 0 to 59");
  EXPECT_EQ(why_not("0000-01-01T00:00:00+00:01"), "in UTC it is outside the years 0000 to 9999");
  EXPECT_EQ(why_not("9999-12-31T23:59:59-00:01"), "in UTC it is outside the years 0000 to 9999");
}

TEST(ParseTime, RefusesWhatFollowsAndQuotesHarmlessly) {
  EXPECT_EQ(why_not("2026-11-23T04:00:00Z "), "nothing may follow, but there is ' '");
  EXPECT_EQ(why_not("2026-11-23+02:00"), "the 'T' between date and time is missing");
  EXPECT_EQ(parse_time("\x1b[31m\xff").status().text().what, "the time '\\x1b[31m\\xff' cannot be read");
  EXPECT_LT(parse_time(std::string(5000, '1')).status().message().size(), 300u);
}

TEST(SystemClock, IsInThisCentury) {
  const Time now = system_clock().now();
  EXPECT_GT(now, parse_time("2020-01-01").value());
  EXPECT_LE(now, system_clock().now());
}

}  // namespace
}  // namespace forge
