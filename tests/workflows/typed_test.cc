#include <gtest/gtest.h>

#include "forge/testing.h"
#include "shop_generated.h"

namespace forge {
namespace {

constexpr const char* kSchema =
    "include \"forge.fbs\"; namespace shop; enum Status : byte { Placed, Paid, Cancelled }\n"
    "table Order (resource) { id: string (key); sku: string (required); qty: int = 1 (check: \"qty > 0\"); status: Status; }\n"
    "table PlaceOrder (action: \"Order.place\", creates, event: \"Order.placed\") { sku: string (required); qty: int = 1; }\n"
    "table ResizeOrder (action: \"Order.resize\", updates, event: \"Order.resized\") { qty: int = null; }\n";

Store opened(const char* schema) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"shop.fbs", schema}}).value();
  return store;
}

shop::PlaceOrderT place(const char* sku, int qty) {
  shop::PlaceOrderT table;
  table.sku = sku;
  table.qty = qty;
  return table;
}

TEST(TypedActions, AreThoseOfTheirNames) {
  Store store = opened(kSchema);
  const Receipt placed = store.act(place("tea", 2), {.key = "o-1"}).value();
  EXPECT_EQ(placed.key, "o-1");
  EXPECT_EQ(placed.type, "Order.placed");
  shop::ResizeOrderT resize;
  resize.qty = 5;
  EXPECT_EQ(store.act(resize, {.key = "o-1", .if_version = placed.version}).value().version, 2u);
  EXPECT_EQ(store.get("Order", "o-1").value()["qty"].as_int(), 5);
  EXPECT_EQ(store.act(resize, {.key = "o-1", .if_version = placed.version}).status().id(), ErrorId::kVersionConflict);
}

TEST(TypedActions, TakeDefaultsForWhatIsNotGiven) {
  Store store = opened(kSchema);
  EXPECT_TRUE(store.act(place("tea", 1), {.key = "o-1"}).ok());
  EXPECT_EQ(store.get("Order", "o-1").value()["qty"].as_int(), 1);
  EXPECT_TRUE(store.act(shop::ResizeOrderT(), {.key = "o-1"}).ok());
  EXPECT_EQ(store.get("Order", "o-1").value()["qty"].as_int(), 1);
}

TEST(TypedActions, AreRefusedByTheSameRules) {
  Store store = opened(kSchema);
  EXPECT_EQ(store.act(place("tea", 0), {.key = "o-1"}).status().id(), ErrorId::kRuleViolated);
  EXPECT_EQ(store.act(place("t\xff", 1), {.key = "o-1"}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store.head(), 1u);
}

// The program was built with a schema that is not the store's.
TEST(TypedActions, OfAnotherSchemaAreRefused) {
  Store other = opened("include \"forge.fbs\"; table Thing (resource) { id: string (key); }");
  const Status missing = other.act(place("tea", 1), {.key = "o-1"}).status();
  EXPECT_EQ(missing.id(), ErrorId::kSchemaDiffers) << missing.message();
  EXPECT_EQ(missing.text().state, "nothing was written");
  Store changed = opened(
      "include \"forge.fbs\"; table Order (resource) { id: string (key); sku: int; }\n"
      "table PlaceOrder (action: \"Order.place\", creates) { sku: int; }");
  EXPECT_EQ(changed.act(place("tea", 1), {.key = "o-1"}).status().id(), ErrorId::kSchemaDiffers);
}

TEST(ActionOnAKey, IsTheOneWithTheKeyAmongTheArguments) {
  Store store = opened(kSchema);
  EXPECT_EQ(store.act("Order.place", {{"sku", "tea"}}, {.key = "o-1"}).value().key, "o-1");
  const Status twice = store.act("Order.resize", {{"id", "o-1"}, {"qty", 2}}, {.key = "o-1"}).status();
  EXPECT_FALSE(twice.ok()) << "named twice";
  EXPECT_EQ(store.act("Order.resise", {{"qty", 2}}, {.key = "o-1"}).status().id(), ErrorId::kUnknownAction);
}

}  // namespace
}  // namespace forge
