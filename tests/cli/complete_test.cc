#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "harness.h"

namespace forge::cli {
namespace {

class CompleteTest : public testing::Test {
 protected:
  // The words offered, with a blank between them.
  std::string offered(const std::string& line) {
    const Answer answer = bench.run({"__complete", "forgectl " + line});
    EXPECT_EQ(answer.exit, 0);
    EXPECT_EQ(answer.err, "");
    std::string words;
    for (std::size_t at = 0; at < answer.out.size(); at = answer.out.find('\n', at) + 1) {
      words += (words.empty() ? "" : " ") + answer.out.substr(at, answer.out.find_first_of("\t\n", at) - at);
    }
    return words;
  }
  Bench bench{{"init", "schema add shop.fbs", "do Order.place id=o-1 sku=tea", "bookmark add noon"}};
};

TEST_F(CompleteTest, OffersCommandsAndVerbs) {
  EXPECT_EQ(offered("hi"), "history");
  EXPECT_EQ(offered("schema "), "check add diff list show graph gen");
  EXPECT_EQ(offered("schema sh"), "show");
  EXPECT_EQ(offered("help ti"), "time");
  EXPECT_EQ(offered("help bookmark re"), "remove");
}

TEST_F(CompleteTest, OffersFlagsAndTheirValues) {
  EXPECT_EQ(offered("list Order --lim"), "--limit");
  EXPECT_EQ(offered("list Order -o nd"), "ndjson");
  EXPECT_EQ(offered("list Order --output=t"), "--output=table --output=tsv");
  EXPECT_EQ(offered("init --template "), "shop ledger tickets empty");
  EXPECT_EQ(offered("list Order --as-of bookmark:n"), "bookmark:noon");
  EXPECT_EQ(offered("get Order -- --lim"), "");
}

TEST_F(CompleteTest, OffersNamesOfTheSchema) {
  EXPECT_EQ(offered("get "), "Order");
  EXPECT_EQ(offered("--json get O"), "Order");
  EXPECT_EQ(offered("do Order.p"), "Order.place Order.pay");
  EXPECT_EQ(offered("do Order.place "), "id= sku= qty= note= email=");
  EXPECT_EQ(offered("do Order.place sku=tea q"), "qty=");
  EXPECT_EQ(offered("list Order --fields sku,q"), "sku,qty");
  EXPECT_EQ(offered("bookmark remove "), "noon");
  EXPECT_EQ(offered("explain Order.st"), "Order.status");
  EXPECT_EQ(offered("explain do Order.dr"), "Order.drop");
  EXPECT_EQ(offered("explain do Order.resize q"), "qty=");
  EXPECT_EQ(offered("schema show Order.dr"), "Order.drop");
}

TEST_F(CompleteTest, OffersKeysOfRecords) {
  ASSERT_EQ(bench.line("do Order.place id='o 2' sku=tea").exit, 0);
  ASSERT_EQ(bench.line("do Order.place id=x-1 sku=tea").exit, 0);
  EXPECT_EQ(offered("get Order "), "o 2 o-1 x-1");
  EXPECT_EQ(offered("get Order o-"), "o-1");
  EXPECT_EQ(offered("history Order x"), "x-1");
  EXPECT_EQ(offered("blame Order 'o 2"), "o 2");
  EXPECT_EQ(offered("diff Order o-1 "), "");
  EXPECT_EQ(offered("do Order.resize id=o-"), "id=o-1");
  EXPECT_EQ(offered("do Order.place id="), "");
  EXPECT_EQ(offered("get Ordr "), "");
}

TEST_F(CompleteTest, OffersAtMostFiftyKeys) {
  std::string lines;
  for (int i = 0; i < 120; ++i) {
    lines += "{\"actions\":[{\"action\":\"Order.place\",\"args\":{\"id\":\"k-" + std::to_string(i) + "\",\"sku\":\"tea\"}}]}\n";
  }
  ASSERT_EQ(bench.run({"do", "--batch"}, lines).exit, 0);
  const std::string words = offered("get Order k-");
  EXPECT_EQ(std::count(words.begin(), words.end(), ' '), 49);
}

TEST_F(CompleteTest, OffersKeysThatReferencesAndNumbersName) {
  bench.write("more.fbs",
              "include \"shop.fbs\";\nnamespace shop;\n"
              "table Line (resource, index: \"sku\") { id: ulong (key); of: string (references: \"Order\"); sku: string; }\n"
              "table AddLine (action: \"Line.add\", creates) { id: ulong; of: string; sku: string; }\n"
              "table MoveLine (action: \"Line.move\", updates) { of: string; }\n");
  const Answer added = bench.line("schema add more.fbs");
  ASSERT_EQ(added.exit, 0) << added.err;
  ASSERT_EQ(bench.line("do Line.add id=12 of=o-1").exit, 0);
  ASSERT_EQ(bench.line("do Line.add id=34 of=o-1").exit, 0);
  EXPECT_EQ(offered("do Line.move of="), "of=o-1");
  EXPECT_EQ(offered("do Line.move id="), "id=12 id=34");
  EXPECT_EQ(offered("get Line 3"), "34");
  EXPECT_EQ(offered("list Line --where "), "sku id of");
  EXPECT_EQ(offered("list Line --where o"), "of");
}

TEST_F(CompleteTest, ChangesNothingAndIsSilentWhereItFails) {
  const auto before = std::filesystem::last_write_time(".forge");
  EXPECT_EQ(offered("get Order o"), "o-1");
  EXPECT_EQ(std::filesystem::last_write_time(".forge"), before);
  std::filesystem::remove(".forge/data/CURRENT");
  EXPECT_EQ(offered("get Order o"), "");
  EXPECT_FALSE(std::filesystem::exists("nowhere"));
  EXPECT_EQ(offered("get Order o --store nowhere "), "");
  EXPECT_FALSE(std::filesystem::exists("nowhere"));
}

TEST_F(CompleteTest, OffersProfilesAndSettings) {
  bench.environment["XDG_CONFIG_HOME"] = (bench.directory() / "config").string();
  bench.write("config/forge/config.toml",
              "[profile.near]\n[profile.other]\nstore = \"" + bench.directory().string() + "/other\"\n");
  EXPECT_EQ(offered("list --profile "), "near other");
  EXPECT_EQ(offered("list --profile=n"), "--profile=near");
  EXPECT_EQ(offered("config set co"), "color");
  EXPECT_EQ(offered("config set color a"), "auto always");
  EXPECT_EQ(offered("config set read-only t"), "true");
  ASSERT_EQ(bench.line("init other").exit, 0);
  EXPECT_EQ(offered("--profile other get "), "");
  bench.write("config/forge/config.toml", "[profile");
  EXPECT_EQ(offered("list --profile "), "");
}

TEST_F(CompleteTest, UsesTheStoreNamedInTheLine) {
  ASSERT_EQ(bench.line("init other").exit, 0);
  EXPECT_EQ(offered("--store other get "), "");
  EXPECT_EQ(offered("--store=other get "), "");
  EXPECT_EQ(offered("--store nowhere get "), "");
  EXPECT_EQ(offered("get Order o-1 "), "");
}

}  // namespace
}  // namespace forge::cli
