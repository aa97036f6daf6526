#include <gtest/gtest.h>

#include "forge/testing.h"

namespace forge::testing {
namespace {

constexpr const char* kShop = FORGE_SOURCE_DIR "/tests/consumer/shop.fbs";
const Args kOrder = {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}};
const Args kFive = {{"id", "o-1"}, {"qty", 5}};

TEST(Scenario, HoldsWhereEverythingCameAsExpected) {
  Scenario story(kShop);
  story.at(parse_time("2027-01-02").value())
      .given("Order.place", kOrder)
      .after(1'000'000)
      .when("Order.resize", kFive)
      .then("Order.resized", {{"qty", 5}})
      .then_nothing_else()
      .then_record("Order", "o-1", {{"qty", 5}, {"sku", "tea"}})
      .then_no_record("Order", "o-2")
      .when("Order.resize", {{"id", "o-1"}, {"qty", 0}})
      .then_refused(ErrorId::kRuleViolated, "qty > 0")
      .then_record("Order", "o-1", {{"qty", 5}});
  EXPECT_EQ(story.failure(), "");
  EXPECT_EQ(format_time(story.store().view().event(3).value().recorded_at), "2027-01-02T00:00:01.000000Z");
}

TEST(Scenario, TellsOfATransactionEventByEvent) {
  Scenario story(kShop);
  story
      .when({{.action = "Order.place", .args = kOrder, .if_version = {}},
             {.action = "Order.pay", .args = {{"id", "o-1"}}, .if_version = {}}})
      .then("Order.placed", {{"sku", "tea"}})
      .then("Order.paid", {{"status", "Paid"}})
      .then_nothing_else();
  EXPECT_EQ(story.failure(), "");
}

// Each story is wrong in one step; what is said of it names the step, what was expected and what was there.
TEST(Scenario, SaysWhatDidNotHold) {
  const auto failure = [](auto&& tell) {
    Scenario story(kShop);
    tell(story);
    EXPECT_FALSE(story.ok());
    return story.failure();
  };
  EXPECT_EQ(failure([](Scenario& s) {
              s.when("Order.place", kOrder).then("Order.placed", {{"qty", 3}});
            }),
            "when Order.place: expected Order.placed: qty is 2, not 3");
  EXPECT_EQ(failure([](Scenario& s) { s.when("Order.place", kOrder).then("Order.paid"); }),
            "when Order.place: expected Order.paid, got Order.placed");
  EXPECT_EQ(failure([](Scenario& s) { s.when("Order.place", kOrder).then("Order.placed").then("Order.paid"); }),
            "when Order.place: expected Order.paid, but there is no further event");
  EXPECT_EQ(failure([](Scenario& s) { s.when("Order.place", kOrder).then_nothing_else(); }),
            "when Order.place: expected nothing else, got Order.placed");
  EXPECT_EQ(failure([](Scenario& s) { s.when("Order.place", kOrder).then_refused(ErrorId::kRecordExists); }),
            "when Order.place: expected RecordExists, but it was accepted");
  EXPECT_EQ(failure([](Scenario& s) {
              s.when("Order.place", kOrder).then_record("Order", "o-1", {{"sku", "milk"}});
            }),
            "when Order.place: Order o-1: sku is \"tea\", not \"milk\"");
  EXPECT_NE(
      failure([](Scenario& s) { s.when("Order.place", kOrder).then_no_record("Order", "o-1"); }).find("expected no Order o-1"),
      std::string::npos);
}

TEST(Scenario, EndsWithTheFirstThingThatDoesNotHold) {
  Scenario refused(kShop);
  refused.when("Order.pay", {{"id", "o-9"}}).then("Order.paid").then_record("Order", "o-9");
  EXPECT_TRUE(refused.failure().starts_with("when Order.pay: E")) << refused.failure();
  Scenario unsaid(kShop);
  EXPECT_FALSE(unsaid.when("Order.pay", {{"id", "o-9"}}).ok()) << "a refusal must be expected";
  Scenario given(kShop);
  given.given("Order.pay", {{"id", "o-9"}}).when("Order.place", kOrder).then("Order.placed");
  EXPECT_TRUE(given.failure().starts_with("given Order.pay: E")) << given.failure();
  EXPECT_FALSE(Scenario(std::string("/nowhere/shop.fbs")).when("Order.place", kOrder).ok());
}

TEST(Scenario, TakesPoliciesAndHandlers) {
  const std::vector<SourceFile> schema = {{"a.fbs", R"fbs(include "forge.fbs";
    table A (resource) { id: string (key); n: int; }
    table Add (action: "A.add", creates, handler, allow: "named: :actor.id <> ''") { n: int = 0; })fbs"}};
  ActionHandlers handlers;
  handlers["A.add"] = [](const ActionCall& call) -> Result<Object> { return Object{{"n", call.argument("n").as_int() * 2}}; };
  Scenario story(schema, handlers);
  story.when("A.add", {{"id", "a"}, {"n", 4}})
      .then_refused(ErrorId::kPolicyDenied, "policy 'named'")
      .when("A.add", {{"id", "a"}, {"n", 4}}, {.actor = "ann"})
      .then("A.add", {{"n", 8}});
  EXPECT_EQ(story.failure(), "");
}

}  // namespace
}  // namespace forge::testing
