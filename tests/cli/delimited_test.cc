#include "delimited.h"

#include <gtest/gtest.h>

namespace forge::cli {
namespace {

std::string csv(std::string_view field) {
  std::string out;
  append_csv(out, field);
  return out;
}

std::string tsv(std::string_view field) {
  std::string out;
  append_tsv(out, field);
  return out;
}

TEST(Csv, QuotesWhatRfc4180Names) {
  EXPECT_EQ(csv("tea"), "tea");
  EXPECT_EQ(csv("a,b"), "\"a,b\"");
  EXPECT_EQ(csv("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv("cr\r"), "\"cr\r\"");
  EXPECT_EQ(csv(" padded"), "\" padded\"");
  EXPECT_EQ(csv(""), "\"\"");
}

TEST(Tsv, EscapesItsSeparators) {
  EXPECT_EQ(tsv("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
}

}  // namespace
}  // namespace forge::cli
