#include "text.h"

#include <gtest/gtest.h>

namespace forge::cli {
namespace {

TEST(Text, CountsColumnsAsATerminalDoes) {
  EXPECT_EQ(display_width("tea"), 3U);
  EXPECT_EQ(display_width("café"), 4U);
  EXPECT_EQ(display_width("cafe\u0301"), 4U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("🍵"), 2U);
}

TEST(Text, MakesWhatSteersATerminalVisible) {
  EXPECT_EQ(printable("a\033[2Jb"), "a\\u001b[2Jb");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\u009b31m"), "\\u009b31m");
  EXPECT_EQ(printable("x\u202Ey"), "x\\u202ey");
  EXPECT_EQ(printable("\xff\xc0"), "\\xff\\xc0");
  EXPECT_EQ(printable("Grüße 日本 🍵"), "Grüße 日本 🍵");
}

TEST(Text, EscapesInJsonOnlyWhatJsonLetsThrough) {
  EXPECT_EQ(printable_json("{\"a\":\"x\u009by\u202E\"}"), "{\"a\":\"x\\u009by\\u202e\"}");
}

TEST(Text, CutsToColumnsWithAnEllipsis) {
  EXPECT_EQ(fitted("short", 5), "short");
  EXPECT_EQ(fitted("longer", 5), "long…");
  EXPECT_EQ(fitted("日本語", 4), "日…");
}

TEST(Text, ShowsValues) {
  EXPECT_EQ(value_text(Value()), "");
  EXPECT_EQ(value_text(true), "true");
  EXPECT_EQ(value_text(std::int64_t{9007199254740993}), "9007199254740993");
  EXPECT_EQ(value_text(List{1, "a"}), "[1,\"a\"]");
  EXPECT_EQ(value_text(Bytes{1, 2, 3}), "AQID");
  EXPECT_EQ(value_shown(Value()), "null");
  EXPECT_EQ(value_shown("it's"), "'it''s'");
  EXPECT_EQ(value_shown(""), "''");
  EXPECT_EQ(value_shown("tea"), "tea");
}

TEST(Text, ShowsTimesAndSizes) {
  EXPECT_EQ(time_text({1795406400000000}), "2026-11-23 04:00:00Z");
  EXPECT_EQ(short_time_text({1795406400000000}), "11-23 04:00:00Z");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(4213), "4,213");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(41 << 10), "41 KiB");
  EXPECT_EQ(elapsed_text(10'000), "0.01 s");
  EXPECT_EQ(elapsed_text(125'000'000), "2 min 5 s");
  EXPECT_EQ(counted(1, "event"), "1 event");
  EXPECT_EQ(counted(2000, "event"), "2,000 events");
}

}  // namespace
}  // namespace forge::cli
