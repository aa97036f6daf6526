#include "parser.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace forge::cli {
namespace {

Arguments parsed(std::string_view line) {
  Result<Parsed> result = parse(shell_words(line));
  EXPECT_TRUE(result.ok()) << line << ": " << result.status().message();
  return result.ok() ? result->arguments : Arguments(*find_command("help"), {}, {});
}

Status refused(std::string_view line) {
  return parse(shell_words(line)).status();
}

using Words = std::vector<std::string>;

TEST(Parser, TakesFlagsInAnyPlace) {
  for (const char* line : {"--store x list Order --limit 3 -o json", "list --limit 3 Order -o json --store x",
                           "-ojson list --store=x --limit=3 Order", "list Order --output json --store x --limit 3"}) {
    const Arguments arguments = parsed(line);
    EXPECT_EQ(arguments.command().name, "list") << line;
    EXPECT_EQ(arguments.words(), Words{"Order"}) << line;
    EXPECT_EQ(arguments.text("store"), "x") << line;
    EXPECT_EQ(arguments.count("limit"), 3U) << line;
    EXPECT_EQ(arguments.text("output"), "json") << line;
  }
}

TEST(Parser, EndsFlagsAtTheMark) {
  EXPECT_EQ(parsed("get Order --json -- --odd").words(), (Words{"Order", "--odd"}));
  EXPECT_EQ(parsed("get -- Order -o").words(), (Words{"Order", "-o"}));
}

TEST(Parser, TakesNumbersWithAMinusAsValues) {
  EXPECT_EQ(parsed("get Stock -5").words(), (Words{"Stock", "-5"}));
  EXPECT_EQ(parsed("list Order --as-of -2h").text("as-of"), "-2h");
  EXPECT_EQ(parsed("do Stock.adjust -5 by=-5").words(), (Words{"Stock.adjust", "-5", "by=-5"}));
}

TEST(Parser, LeavesWordsThatLookLikeCommandsOrListsAlone) {
  EXPECT_EQ(parsed("get list show").words(), (Words{"list", "show"}));
  EXPECT_EQ(parsed("schema show check").words(), Words{"check"});
  EXPECT_EQ(parsed("do A.b [1,2] x=[a,b]").words(), (Words{"A.b", "[1,2]", "x=[a,b]"}));
  EXPECT_EQ(parsed("explain do Order.place id=1").words(), (Words{"do", "Order.place", "id=1"}));
}

TEST(Parser, TakesAnEmptyValueAsItIs) {
  EXPECT_EQ(parsed("list Order --where= --limit 3").text("where"), "");
  EXPECT_EQ(parsed("list Order --where '' --limit 3").count("limit"), 3U);
}

TEST(Parser, GivesDefaultsAndCountsRepeats) {
  EXPECT_EQ(parsed("list Order").count("limit"), 100U);
  EXPECT_FALSE(parsed("list Order").given("limit"));
  EXPECT_EQ(parsed("diff --as-of -1d --as-of now").texts("as-of"), (Words{"-1d", "now"}));
  EXPECT_EQ(refused("list Order --limit 1 --limit 2").text().what, "--limit is given 2 times");
}

TEST(Parser, ChecksValues) {
  EXPECT_EQ(refused("list Order --limit x").text().what, "--limit: 'x' is not a whole number of 0 and more");
  EXPECT_EQ(refused("list Order --limit=-3").text().what, "--limit: '-3' is not a whole number of 0 and more");
  EXPECT_EQ(refused("do A.b --timeout 3q").text().what, "--timeout: '3q' is not a duration");
  EXPECT_EQ(refused("list Order -o jsn").text().what, "--output cannot be 'jsn' — did you mean 'json'?");
  EXPECT_EQ(refused("list Order --json=perhaps").text().what, "--json takes no value");
  EXPECT_EQ(refused("list Order --limit").text().what, "--limit needs a value");
  EXPECT_EQ(parsed("do A.b --timeout 1.5s").duration("timeout"), std::chrono::milliseconds(1500));
}

TEST(Parser, SuggestsTheNearestNames) {
  EXPECT_EQ(refused("lst").text().what, "unknown command 'lst' — did you mean 'list'?");
  EXPECT_EQ(refused("schema chek x").text().what, "unknown command 'schema chek' — did you mean 'check'?");
  EXPECT_EQ(refused("list Order --limt 3").text().what, "list: unknown flag '--limt' — did you mean '--limit'?");
  EXPECT_EQ(refused("--stor x list Order").text().what, "list: unknown flag '--stor' — did you mean '--store'?");
  EXPECT_EQ(refused("frobnicate").text().what, "unknown command 'frobnicate'");
  EXPECT_EQ(refused("lst").id(), ErrorId::kUnknownCommand);
  EXPECT_EQ(refused("list Order --limt 3").id(), ErrorId::kUnknownFlag);
}

TEST(Parser, CountsWords) {
  EXPECT_EQ(refused("get Order").text().what, "get needs KEY");
  EXPECT_EQ(refused("get Order o-1 more").text().what, "get does not take 'more'");
  EXPECT_EQ(refused("schema").text().what, "schema needs a verb");
}

TEST(Parser, GivesHelpBeforeItCountsWords) {
  EXPECT_TRUE(parse(shell_words("get --help"))->wants_help);
  EXPECT_TRUE(parse(shell_words("schema -h"))->wants_help);
  EXPECT_TRUE(parse(shell_words(""))->wants_help);
}

TEST(Duration, ReadsUnits) {
  EXPECT_EQ(parse_duration("250ms").value(), std::chrono::milliseconds(250));
  EXPECT_EQ(parse_duration("3m").value(), std::chrono::minutes(3));
  EXPECT_FALSE(parse_duration("").ok());
  EXPECT_FALSE(parse_duration("5").ok());
  EXPECT_FALSE(parse_duration("-5s").ok());
  EXPECT_FALSE(parse_duration("1e99h").ok());
}

}  // namespace
}  // namespace forge::cli
