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
table Few (action: "Stock.few", reads, where: "left < 10") {}
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

// A map over that, whose item's step is said by the lines. No row may have less than one.
std::string map_over(const std::string& source, const std::string& step) {
  return "workflow = 'load'\nreturn = 'told'\n[input]\nfile = 'string'\n[step.rows]\nover = " + source +
         "\non_item_error = 'quarantine:bad.ndjson'\nreturn = 'one'\n"
         "[step.rows.step.check]\nfail = 'no ${item.sku}'\nwhere = '${item.qty} < 1'\n"
         "[step.rows.step.one]\nafter = ['check']\n" +
         step + "[step.told]\ntemplate = '${rows.failures[0].message}'\n";
}

const List kRows{Object{{"sku", "tea"}, {"qty", 3}}, Object{{"sku", "pot"}, {"qty", 0}}, Object{{"sku", "cup"}, {"qty", 4}}};

TEST(WorkflowStory, GivesTheRowsOfAMap) {
  const std::string fill = "action = 'Stock.fill'\nargs = { sku = '${item.sku}', left = '${item.qty}' }\n";
  for (const char* source : {"{ file = '${input.file}', columns = { qty = 'int' } }", "{ query = 'Stock.few' }",
                             "{ pages = { get = 'https://shop.example/goods' }, items = 'body' }"}) {
    WorkflowStory story({{"shop.fbs", kShop}}, map_over(source, fill));
    story.replace("rows", StepOutcome::done(Object{{"rows", kRows}}))
        .run({{"file", "goods.csv"}})
        .then("completed")
        .then_result("no pot")
        .then_calls("rows", 1)
        .then_record("Stock", "tea", {{"left", 3}})
        .then_record("Stock", "cup", {{"left", 4}})
        .then_no_record("Stock", "pot")
        .then_the_same_wherever_it_crashes();
    EXPECT_EQ(story.failure(), "") << source;
  }
}

TEST(WorkflowStory, GivesTheRowsOfAMapThatIsDecidedAlone) {
  const std::string file = "{ file = '${input.file}', columns = { qty = 'int' } }";
  WorkflowStory story({{"shop.fbs", kShop}}, map_over(file, "template = '${item.sku}'\n"));
  story.replace("rows", StepOutcome::done(Object{{"rows", kRows}}))
      .run({{"file", "goods.csv"}})
      .then_result("no pot")
      .then_given("rows", 1, {{"file", "goods.csv"}})
      .then_the_same_wherever_it_crashes();
  EXPECT_EQ(story.failure(), "");
}

TEST(WorkflowStory, FailsAMapWhoseRowsAreNone) {
  WorkflowStory story({{"shop.fbs", kShop}}, map_over("{ file = 'a.csv' }", "template = 'x'\n"));
  story.replace("rows", StepOutcome::done(5)).run({{"file", ""}}).then("failed").then_error("no_rows");
  EXPECT_EQ(story.failure(), "");
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
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then("failed").then("completed"); }), "the run's end: expected failed, got completed");
  EXPECT_EQ(failure([](WorkflowStory& s) {
              s.then_in_order({"charge", "load"});
            }),
            "the order of completed steps: expected charge, load, got load, reserve, charge, wrap, ship");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_undone({"reserve"}); }),
            "the steps that were undone: expected reserve, got none");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_calls("charge", 2); }), "the calls of step charge: expected 2, got 1");
  EXPECT_EQ(failure([](WorkflowStory& s) {
              s.then_given("charge", 1, {{"cents", 1}});
            }),
            R"(call 1 of step charge: expected {"cents":1}, got {"cents":500})");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_given("charge", 2, {}); }), "call 2 of step charge: expected {}, got 1 call");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_events({"Order.shipped"}); }),
            "the events: expected Order.shipped, got Stock.reserved, Order.shipped");
  EXPECT_EQ(failure([](WorkflowStory& s) {
              s.then_record("Stock", "tea", {{"left", 9}});
            }),
            R"(Stock tea: expected {"left":9}, got {"left":3})");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_no_record("Stock", "tea"); }),
            R"(Stock tea: expected no such record, got {"sku":"tea","left":3,"_version":2,"_seq":7})");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_error("no"); }), "the run's error: expected 'no' in it, got ''");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_compensated("charge"); }),
            "the steps that cleaned up after themselves: expected charge, got none");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_hops(9); }), "the run's hops: expected 9, got 5");
  EXPECT_EQ(failure([](WorkflowStory& s) { s.then_result(1); }).substr(0, 33), "the run's result: expected 1, got");
}

// A run that waits, told for a time and then for more.
TEST(WorkflowStory, LetsTimePassAsFarAsItIsAsked) {
  constexpr std::int64_t kHour = std::int64_t{3600} * 1'000'000;
  const std::string waits =
      "workflow = 'w'\n[step.nap]\nsleep = '1h'\n[step.paid]\nwait = 'paid'\nkey = 'o-1'\ntimeout = '3h'\nafter = ['nap']\n";
  WorkflowStory story({{"shop.fbs", kShop}}, waits);
  story.signal_at(2 * kHour, "paid", "o-1", 7).run_for(kHour / 2).then("running").then_in_order({});
  story.go_on_for(kHour).then("running").then_in_order({"nap"}).then_the_same_wherever_it_crashes();
  story.go_on_for(kHour).then("completed").then_in_order({"nap", "paid"}).then_the_same_wherever_it_crashes();
  EXPECT_EQ(story.failure(), "");
  WorkflowStory late({{"shop.fbs", kShop}}, waits);
  EXPECT_EQ(late.signal_at(5 * kHour, "paid", "o-1", 7).run().then("failed").then_error("timeout").failure(), "");
  WorkflowStory told({{"shop.fbs", kShop}}, waits);
  EXPECT_EQ(told.telling_at(kHour / 2, RunTelling::kCancel).run().then("cancelled").failure(), "");
}

TEST(WorkflowStory, AnswersAnApprovalAtItsTime) {
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000;
  const std::string asks = "workflow = 'w'\n[step.ask]\napprove = 'now?'\ntimeout = '48h'\n";
  WorkflowStory story({{"shop.fbs", kShop}}, asks);
  EXPECT_EQ(story.approval_at(kDay, "ask", true).run().then("completed").failure(), "");
  WorkflowStory late({{"shop.fbs", kShop}}, asks);
  EXPECT_NE(late.approval_at(3 * kDay, "ask", true).run().failure().find("the run does not go on: "), std::string::npos);
  WorkflowStory soon({{"shop.fbs", kShop}}, asks);  // who answers at once is not too late
  EXPECT_EQ(soon.given_approval("ask", true).run().then("completed").failure(), "");
}

// Steps of two workflows have one name; each is replaced by itself.
TEST(WorkflowStory, ReplacesAStepOfTheWorkflowThatIsNamed) {
  const std::string child = "workflow = 'pay'\n[step.do]\nrun = 'x'\n";
  const std::string parent =
      "workflow = 'w'\nreturn = 'text'\n[step.do]\nrun = 'y'\n[step.child]\nworkflow = 'pay'\nafter = ['do']\n"
      "[step.text]\ntemplate = '${do} ${child}'\n";
  WorkflowStory story({{"shop.fbs", kShop}}, parent);
  story.beside(child)
      .replace("do", StepOutcome::done("mine"))
      .replace("pay:do", StepOutcome::done("paid"))
      .run()
      .then("completed")
      .then_result("mine paid")
      .then_calls("do", 1)
      .then_calls("pay:do", 1)
      .then_the_same_wherever_it_crashes();
  EXPECT_EQ(story.failure(), "");
  WorkflowStory whole({{"shop.fbs", kShop}}, parent);
  whole.beside(child).replace("do", StepOutcome::done(1)).replace("child", StepOutcome::done(2)).run().then_result("1 2");
  EXPECT_EQ(whole.failure(), "");
}

TEST(WorkflowStory, IsAboutTheRunThatAHookStarts) {
  const std::string hooked = std::string("on = { event = 'Order.placed', input = { order = '${event.key}' } }\n") + kCheckout;
  WorkflowStory story({{"shop.fbs", kShop}}, hooked);
  story.given("Stock.fill", {{"sku", "tea"}, {"left", 5}})
      .given_approval("wrap", true)
      .action_at(1, "Stock.fill", {{"sku", "milk"}, {"left", 1}})
      .replace("charge", StepOutcome::done("paid"))
      .run_by("Order.place", {{"id", "o-1"}, {"sku", "tea"}})
      .then("completed")
      .then_record("Stock", "milk", {{"left", 1}})
      .then_the_same_wherever_it_crashes();
  EXPECT_EQ(story.failure(), "");
  WorkflowStory none({{"shop.fbs", kShop}}, hooked);
  none.run_by("Stock.fill", {{"sku", "tea"}}).then("completed");
  EXPECT_NE(none.failure().find("no run of 'checkout' has started"), std::string::npos) << none.failure();
}

TEST(WorkflowStory, StartsTheRunByASignal) {
  const std::string hooked = std::string("on = { signal = 'placed', input = { order = '${signal.key}' } }\n") + kCheckout;
  WorkflowStory story({{"shop.fbs", kShop}}, hooked);
  story.given("Stock.fill", {{"sku", "tea"}, {"left", 5}})
      .given("Order.place", {{"id", "o-1"}, {"sku", "tea"}})
      .given_approval("wrap", true)
      .replace("charge", StepOutcome::done("paid"))
      .run_by_signal("placed", "o-1", nullptr)
      .then("completed")
      .then_the_same_wherever_it_crashes();
  EXPECT_EQ(story.failure(), "");
  WorkflowStory none({{"shop.fbs", kShop}}, hooked);
  none.run_by_signal("lost", "", nullptr).then("completed");
  EXPECT_NE(none.failure().find("no signal 'lost' is one that its hook waits for"), std::string::npos) << none.failure();
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
  EXPECT_NE(story.failure().find("with a crash behind write "), std::string::npos) << story.failure();
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

TEST(TryStep, GivesTheFunctionTheTokenThatItIsTold) {
  const StepFunction shows = [](const Object&, StepContext& context) {
    return StepOutcome::done(context.run + " " + context.step + " " + context.correlation + " " +
                             std::to_string(context.hops_left) + " " + context.idempotency_key +
                             (context.stop().stop_requested() ? " stopped" : ""));
  };
  std::stop_source stop;
  stop.request_stop();
  const StepToken token{
      .run = "r-1", .correlation = "c-1", .step = "charge", .attempt = 2, .hops_left = 3, .stop = stop.get_token()};
  EXPECT_EQ(try_step(shows, {}, token).outcome.value, Value("r-1 charge c-1 3 r-1/charge stopped"));
}

}  // namespace
}  // namespace forge::testing
