#include "forge/cli/run.h"

#include <gtest/gtest.h>

#include "forge/events/json.h"
#include "forge/store/store.h"
#include "harness.h"

namespace forge::cli {
namespace {

class RunTest : public testing::Test {
 protected:
  Bench bench{{"init", "schema add shop.fbs", "do Order.place id=o-1 sku=tea", "do Order.place id=o-2 sku=milk"}};
};

TEST_F(RunTest, ColoursOnlyWhereTheyAreWanted) {
  const auto has_colours = [&](const std::string& line) { return bench.line(line).out.find("\033[") != std::string::npos; };
  EXPECT_FALSE(has_colours("list Order"));
  EXPECT_TRUE(has_colours("list Order --color always"));
  bench.environment["CLICOLOR_FORCE"] = "1";
  EXPECT_TRUE(has_colours("list Order"));
  bench.environment["NO_COLOR"] = "1";
  EXPECT_FALSE(has_colours("list Order"));
  bench.environment.clear();
  bench.out_is_terminal = true;
  EXPECT_TRUE(has_colours("list Order"));
  EXPECT_FALSE(has_colours("list Order --color never"));
  bench.environment["NO_COLOR"] = "";
  EXPECT_TRUE(has_colours("list Order"));
  bench.environment["TERM"] = "dumb";
  EXPECT_FALSE(has_colours("list Order"));
}

TEST_F(RunTest, DecidesOnColoursOfErrorsByThemselves) {
  bench.out_is_terminal = true;
  EXPECT_EQ(bench.line("get Order o-9").err.find("\033["), std::string::npos);
  bench.err_is_terminal = true;
  EXPECT_NE(bench.line("get Order o-9").err.find("\033["), std::string::npos);
}

TEST_F(RunTest, TellsStepsAsTheyAreDoneWhereErrorsGoToATerminal) {
  bench.write(
      "w.toml",
      "workflow = \"w\"\n[step.load]\nread = \"Order\"\nkey = \"o-1\"\n[step.no]\nfail = \"a\\u001B[31mb\"\nafter = [\"load\"]\n");
  const std::string told = "✓ load completed\n✗ no failed  fail: a\\u001b[31mb\n";
  EXPECT_EQ(bench.line("workflow run w.toml --id a").err.find(told), std::string::npos);
  bench.err_is_terminal = true;
  EXPECT_TRUE(bench.line("workflow run w.toml --id b --color never").err.starts_with(told));
  EXPECT_EQ(bench.line("workflow run w.toml --id c --quiet").err.find("load"), std::string::npos);
}

TEST_F(RunTest, PagesOnlyLongCommandsOnATerminalThatNamesAPager) {
  bench.environment["PAGER"] = "less";
  (void)bench.line("list Order");
  EXPECT_TRUE(bench.pagers.empty());
  bench.out_is_terminal = true;
  (void)bench.line("list Order --no-pager");
  (void)bench.line("stats");
  EXPECT_TRUE(bench.pagers.empty());
  EXPECT_NE(bench.line("list Order").out.find("o-1"), std::string::npos);
  bench.environment["FORGE_PAGER"] = "more";
  (void)bench.line("list Order");
  EXPECT_EQ(bench.pagers, (std::vector<std::string>{"less", "more"}));
  bench.environment["FORGE_PAGER"] = "cat";
  (void)bench.line("list Order");
  EXPECT_EQ(bench.pagers.size(), 2U);
}

TEST_F(RunTest, FindsTheStoreByFlagThenVariableThenUpwards) {
  std::filesystem::create_directories("deep/er");
  ASSERT_EQ(bench.line("init other").exit, 0);
  const std::string other = (bench.directory() / "other").string(), here = bench.directory().string();
  std::filesystem::current_path("deep/er");
  EXPECT_EQ(bench.line("list Order -o name").out, "o-1\no-2\n");
  bench.environment["FORGE_STORE"] = other;
  EXPECT_NE(bench.line("list Order -o name").err.find("E2013"), std::string::npos);
  EXPECT_EQ(bench.line("list Order -o name --store " + here).out, "o-1\no-2\n");
  EXPECT_EQ(bench.line("list Order -o name --store " + here + "/.forge").out, "o-1\no-2\n");
}

TEST_F(RunTest, NamesTheActorByFlagThenVariable) {
  bench.environment["FORGE_ACTOR"] = "env";
  ASSERT_EQ(bench.line("do Order.resize id=o-1 qty=2").exit, 0);
  ASSERT_EQ(bench.line("do Order.resize id=o-2 qty=2 --actor flag").exit, 0);
  EXPECT_NE(bench.line("get Order o-1").out.find("by env"), std::string::npos);
  EXPECT_NE(bench.line("get Order o-2").out.find("by flag"), std::string::npos);
}

TEST_F(RunTest, GoesOnWhereAPageStopped) {
  Value page = parse_json(bench.line("list Order --limit 1 --page --json").out, "page").value();
  EXPECT_EQ(page.if_object()->find("items")->if_list()->size(), 1U);
  const std::string cursor = page.if_object()->find("next_cursor")->as_text();
  // A record that came between the pages is not part of the answer.
  ASSERT_EQ(bench.line("do Order.place id=o-3 sku=tea").exit, 0);
  page = parse_json(bench.line("list Order --limit 1 --page --json --cursor " + cursor).out, "page").value();
  EXPECT_EQ((*page.if_object()->find("items")->if_list())[0].if_object()->find("id")->as_text(), "o-2");
  EXPECT_TRUE(page.if_object()->find("next_cursor")->is_null());
}

TEST_F(RunTest, PagesHistoryAndLog) {
  for (int qty = 2; qty < 5; ++qty) ASSERT_EQ(bench.line("do Order.resize id=o-1 qty=" + std::to_string(qty)).exit, 0);
  for (const std::string line : {"history Order o-1", "log", "log --newest"}) {
    std::string all, cursor;
    for (int pages = 0; pages < 20; ++pages) {
      const Answer answer = bench.line(line + " --limit 2 --page --json" + (cursor.empty() ? "" : " --cursor " + cursor));
      ASSERT_EQ(answer.exit, 0) << answer.err;
      const Value page = parse_json(answer.out, "page").value();
      for (const Value& item : *page.if_object()->find("items")->if_list())
        all += std::to_string(item.if_object()->find("seq")->as_int()) + "\n";
      const Value* next = page.if_object()->find("next_cursor");
      if (next->is_null()) break;
      cursor = next->as_text();
    }
    EXPECT_EQ(all, bench.line(line + " --limit 0 -o name").out) << line;
  }
}

TEST_F(RunTest, StopsWhenTheUserSaysSo) {
  bench.interrupted = true;
  const Answer answer = bench.line("list Order --json");
  EXPECT_EQ(answer.exit, 130);
  EXPECT_EQ(answer.out, "");
}

TEST_F(RunTest, ReadsBesideAWriter) {
  OpenOptions options;
  options.clock = &bench.clock;
  options.ids = &bench.ids;
  const Result<Store> writer = Store::open(".", options);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  EXPECT_EQ(bench.line("list Order -o name").out, "o-1\no-2\n");
  const Answer answer = bench.line("do Order.resize id=o-1 qty=2");
  EXPECT_EQ(answer.exit, 7);
  EXPECT_NE(answer.err.find("error[E1004]"), std::string::npos) << answer.err;
}

}  // namespace
}  // namespace forge::cli
