// Forge's own actions through the public calls: none may make a store that it cannot read any more.

#include <gtest/gtest.h>

#include <future>

#include "forge/store/store.h"

namespace forge {
namespace {

TEST(OwnActions, ASchemaIsNotIssuedAsAnAction) {
  Store store = Store::open(":memory:").value();
  const auto schema = [] {
    return Args{{"version", 1}, {"digest", "x"}, {"sources", List{Object{{"name", "a.fbs"}, {"text", "?"}}}}, {"numbers", List()}};
  };
  EXPECT_EQ(store.act("_schema.add", schema()).status().id(), ErrorId::kUnknownAction);
  std::promise<Status> answer;
  std::vector<ActionRequest> actions;
  actions.push_back({.action = "_schema.add", .args = schema(), .if_version = {}});
  store.transact_async(std::move(actions), {}, [&](const Result<TransactionReceipt>& done) { answer.set_value(done.status()); });
  EXPECT_EQ(answer.get_future().get().id(), ErrorId::kUnknownAction);
  EXPECT_EQ(store.head(), 0u);
}

TEST(OwnActions, ABookmarkIsOfAnEventThatIsThere) {
  Store store = Store::open(":memory:").value();
  EXPECT_EQ(store.act("_bookmark.add", {{"name", "later"}, {"seq", 1}}).status().id(), ErrorId::kTimeInFuture);
  EXPECT_EQ(store.act("_bookmark.add", {{"name", "before"}, {"seq", -1}}).status().id(), ErrorId::kTimeInFuture);
  EXPECT_TRUE(store.act("_bookmark.add", {{"name", "now"}, {"seq", 0}}).ok());
  EXPECT_EQ(store.bookmarks().value().size(), 1u);
}

TEST(ClosedStore, StillNamesItsSchemas) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", "include \"forge.fbs\";\ntable A (resource) { id: string (key); }"}}).value();
  ASSERT_TRUE(store.close().ok());
  ASSERT_EQ(store.schemas().size(), 1u);
  EXPECT_EQ(store.schemas().front().seq, 1u);
}

}  // namespace
}  // namespace forge
