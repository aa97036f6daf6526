// Whatever is accepted can be read back: nested values are held to the limits that reading has.

#include <gtest/gtest.h>

#include "forge/store/store.h"
#include "forge/store/verify.h"

namespace forge {
namespace {

Store store_of_boxes() {
  Store store = Store::open(":memory:").value();
  store
      .add_schema({{"box.fbs", R"fbs(include "forge.fbs";
    table Item { weight: int; inside: Item; }
    table Box (resource) { id: string (key); left: [Item]; right: [Item]; }
    table MakeBox (action: "Box.make", creates) { left: [Item]; right: [Item]; }
    table FillBox (action: "Box.fill", updates) { left: [Item]; right: [Item]; }
  )fbs"}})
      .value();
  return store;
}

List items(std::size_t count) {
  return List(count, Object{{"weight", 1}});
}

List nested_items(int levels) {
  Value item = Object{{"weight", 1}};
  for (int level = 1; level < levels; ++level) item = Object{{"inside", std::move(item)}};
  return List{std::move(item)};
}

TEST(StoreNesting, RefusesMoreTablesOrLevelsThanCanBeReadBack) {
  Store store = store_of_boxes();
  const Seq head = store.head();
  EXPECT_EQ(store.act("Box.make", {{"id", "b"}, {"left", items(10'000)}}).status().id(), ErrorId::kTooLarge);
  EXPECT_EQ(store.act("Box.make", {{"id", "b"}, {"left", nested_items(64)}}).status().id(), ErrorId::kTooLarge);
  EXPECT_EQ(store.head(), head);
  EXPECT_TRUE(store.act("Box.make", {{"id", "b"}, {"left", items(9'999)}}).ok());
  EXPECT_TRUE(store.act("Box.make", {{"id", "c"}, {"left", nested_items(63)}}).ok());
  EXPECT_TRUE(store.get("Box", "b").ok());
  EXPECT_TRUE(store.get("Box", "c").ok());
}

TEST(StoreNesting, RefusesARecordThatGrowsPastWhatCanBeReadBack) {
  Store store = store_of_boxes();
  ASSERT_TRUE(store.act("Box.make", {{"id", "b"}, {"left", items(6'000)}}).ok());
  const Result<Receipt> grown = store.act("Box.fill", {{"id", "b"}, {"right", items(6'000)}});
  EXPECT_EQ(grown.status().id(), ErrorId::kTooLarge);
  EXPECT_NE(grown.status().message().find("Box b"), std::string::npos) << grown.status().message();
  EXPECT_EQ(store.get("Box", "b").value().version(), 1u);
  EXPECT_TRUE(verify(store).value().ok());
}

}  // namespace
}  // namespace forge
