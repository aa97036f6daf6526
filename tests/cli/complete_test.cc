#include <gtest/gtest.h>

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

TEST_F(CompleteTest, UsesTheStoreNamedInTheLine) {
  ASSERT_EQ(bench.line("init other").exit, 0);
  EXPECT_EQ(offered("--store other get "), "");
  EXPECT_EQ(offered("--store=other get "), "");
  EXPECT_EQ(offered("--store nowhere get "), "");
  EXPECT_EQ(offered("get Order o-1 "), "");
}

}  // namespace
}  // namespace forge::cli
