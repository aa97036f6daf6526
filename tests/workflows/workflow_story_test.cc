// Stories about runs, told with the public headers alone, as a program would.

#include "forge/workflow_story.h"

#include <gtest/gtest.h>

#include "forge/testing.h"

namespace forge::testing {
namespace {

constexpr const char* kShop = R"(include "forge.fbs";
namespace shop;
table Order (resource) { id: string (key); sku: string; qty: long; status: string; }
table Stock (resource) { sku: string (key); left: long (check: "enough: left >= 0"); }
table PlaceOrder (action: "Order.place", creates, event: "Order.placed", set: "status = 'placed'") { sku: string; qty: long = 1; }
table ShipOrder (action: "Order.ship", updates, event: "Order.shipped", set: "status = 'shipped'") {}
table FillStock (action: "Stock.fill", upserts, event: "Stock.filled") { left: long = 0; }
table Reserve (action: "Stock.reserve", updates, event: "Stock.reserved", set: "left = left - :qty") { qty: long = 1; }
table Release (action: "Stock.release", updates, event: "Stock.released", set: "left = left + :qty") { qty: long = 1; }
)";

constexpr const char* kCheckout = R"(
workflow = "checkout"
[input]
order = "string"
[step.load]
read = "Order"
key = "${input.order}"
[step.reserve]
action = "Stock.reserve"
args = { sku = "${load.sku}", qty = "${load.qty}" }
undo = "Stock.release"
[step.charge]
run = "charge"
args = { order = "${input.order}", cents = { expr = "${load.qty} * 250" } }
after = ["reserve"]
retry = { max_attempts = 3, backoff = "exponential", first = "10s" }
undo = { run = "refund" }
[step.wrap]
approve = "wrap ${input.order}?"
after = ["charge"]
[step.ship]
action = "Order.ship"
args = { id = "${input.order}" }
after = ["wrap"]
where = "${wrap.approved}"
)";

class Checkout : public WorkflowStory {
 public:
  explicit Checkout(StepFunctions functions = {}, std::uint64_t seed = 0)
      : WorkflowStory({{"shop.fbs", kShop}}, kCheckout, std::move(functions), seed) {
    given("Stock.fill", {{"sku", "tea"}, {"left", 5}});
    given("Order.place", {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}});
    given_approval("wrap", true);
    replace("charge", StepOutcome::done("paid"));
  }
};

const Object kOrder = {{"order", "o-1"}};

TEST(WorkflowStory, HoldsWhereEverythingCameAsExpected) {
  for (const std::uint64_t seed : {0, 1, 2, 3}) {
    Checkout story({}, seed);
    story.run(kOrder)
        .then("completed")
        .then_in_order({"load", "reserve", "charge", "ship"})
        .then_undone({})
        .then_calls("charge", 1)
        .then_given("charge", 1, {{"cents", 500}})
        .then_events({"Stock.reserved", "Order.shipped"})
        .then_record("Stock", "tea", {{"left", 3}})
        .then_the_same_wherever_it_crashes();
    EXPECT_EQ(story.failure(), "") << "seed " << seed;
  }
}

TEST(WorkflowStory, ReplacesStepsOfAnyKindAndTheirUndo) {
  Checkout story;
  story.replace("load", StepOutcome::done(Object{{"sku", "tea"}, {"qty", 4}}))
      .replace("charge/undo", StepOutcome::done())
      .replace("ship", StepOutcome::failed("road", "it is closed"))
      .run(kOrder)
      .then("compensated")
      .then_error("road")
      .then_undone({"charge", "reserve"})
      .then_calls("charge/undo", 1)
      .then_given("ship", 1, {{"id", "o-1"}})
      .then_events({"Stock.reserved", "Stock.released"})
      .then_record("Stock", "tea", {{"left", 5}})
      .then_the_same_wherever_it_crashes();
  EXPECT_EQ(story.failure(), "");
}

TEST(WorkflowStory, FailsTheAttemptThatItIsAskedFor) {
  Checkout twice;
  twice.fail("charge", 1, "503").fail("charge", 2, "503").run(kOrder).then("completed").then_calls("charge", 3);
  EXPECT_EQ(twice.failure(), "");
  Checkout always;
  for (const std::uint32_t attempt : {1, 2, 3}) always.fail("charge", attempt, "503", "busy");
  always.run(kOrder).then("compensated").then_error("busy").then_undone({"reserve"});
  EXPECT_EQ(always.failure(), "");
  Checkout action;
  action.fail("reserve", 1, "gone").run(kOrder).then("failed").then_events({});
  EXPECT_EQ(action.failure(), "");
}

TEST(WorkflowStory, AnswersWhatTheRunWaitsFor) {
  const auto waits = [](WorkflowStory& story) -> WorkflowStory& { return story.run().then("completed").then_result("visa, late"); };
  WorkflowStory story({{"shop.fbs", kShop}},
                      "workflow = 'w'\n[step.paid]\nwait = 'paid'\nkey = 'o-1'\n[step.nap]\nsleep = '720h'\nafter = ['paid']\n"
                      "[step.text]\ntemplate = '${paid.card}, late'\nafter = ['nap']\n");
  EXPECT_EQ(waits(story.given_signal("paid", "o-1", Object{{"card", "visa"}})).then_the_same_wherever_it_crashes().failure(), "");
  Checkout refused;
  refused.given_approval("wrap", false).run(kOrder).then("completed").then_events({"Stock.reserved"});
  EXPECT_EQ(refused.failure(), "");
}

// Each story is wrong in one thing; what is said of it names what was expected and what was there.
TEST(WorkflowStory, SaysWhatDidNotHold) {
  const auto failure = [](auto&& tell) {
    Checkout story;
    tell(story.run(kOrder));
    EXPECT_FALSE(story.ok());
    return story.failure();
  };
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then("failed").then("completed"); }),
            "expected the run to be failed, it is completed");
  EXPECT_EQ(failure([](WorkflowStory& s) {
              s.then_in_order({"charge", "load"});
            }).substr(0, 52),
            "expected in this order charge, load, completed were ");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_undone({"reserve"}); }), "expected undone reserve, undone were none");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_calls("charge", 2); }), "expected 2 calls of charge, there were 1");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_given("charge", 1, {{"cents", 1}}); }), "call 1 of charge: cents is 500, not 1");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_given("charge", 2, {}); }), "there was no call 2 of charge");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_events({"Order.shipped"}); }),
            "expected the events Order.shipped, got Stock.reserved, Order.shipped");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_record("Stock", "tea", {{"left", 9}}); }), "Stock tea: left is 3, not 9");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_error("no"); }), "expected the error 'no', got ''");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_compensated("charge"); }),
            "expected step charge to clean up after itself, and it did not");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_result(1); }).substr(0, 25), "expected the result 1, go");
}

TEST(WorkflowStory, SaysWhyItDoesNotBegin) {
  EXPECT_EQ(Checkout().failure(), "nothing was run");
  Checkout input;
  EXPECT_NE(input.run({{"ordr", "o-1"}}).failure().find("ordr"), std::string::npos);
  Checkout before;
  EXPECT_NE(before.given("Order.ship", {{"id", "o-9"}}).run(kOrder).failure().find("the story does not begin: "),
            std::string::npos);
  WorkflowStory schema({{"a.fbs", "table"}}, kCheckout);
  EXPECT_NE(schema.run().then("completed").failure().find("the story does not begin: "), std::string::npos);
  WorkflowStory missing({{"shop.fbs", kShop}}, "workflow = 'w'\n[step.a]\nrun = 'nobody'\n");
  EXPECT_NE(missing.run().failure().find("'nobody'"), std::string::npos);
}

// A function that counts its own calls outside of the store is called again after a crash, and what it makes of that shows.
TEST(WorkflowStory, FindsWhatIsNotTheSameAfterACrash) {
  int calls = 0;
  Checkout story({}, 0);
  story
      .replace("charge",
               [&calls](const Object&, StepContext& context) {
                 ++calls;
                 context.act("Stock.fill", {{"sku", "call-" + std::to_string(calls)}, {"left", 1}});
                 return StepOutcome::done("paid");
               })
      .run(kOrder)
      .then("completed")
      .then_the_same_wherever_it_crashes();
  EXPECT_NE(story.failure().find("after a crash behind write "), std::string::npos) << story.failure();
}

TEST(TryStep, CallsOneFunctionWithNothingAroundIt) {
  const StepFunction price = [](const Object& args, StepContext& context) {
    if (context.attempt == 1) return StepOutcome::retry("later", "not yet");
    context.act("Order.ship", {{"id", *args.find("id")}});
    return StepOutcome::done(30);
  };
  EXPECT_EQ(try_step(price, {{"id", "o-1"}}).outcome.kind, StepOutcome::Kind::kRetry);
  const StepTrial second = try_step(price, {{"id", "o-1"}}, 2);
  EXPECT_EQ(second.outcome.value, Value(30));
  ASSERT_EQ(second.actions.size(), 1U);
  EXPECT_EQ(second.actions[0].action, "Order.ship");
}

}  // namespace
}  // namespace forge::testing
