// Runners that end anywhere, and what the next one makes of it: the same end, every effect in the store once, and no function
// called again that had completed.

#include <functional>
#include <map>

#include "runner_fixture.h"
#include "store_state.h"
#include "support/dice.h"
#include "support/fault_env.h"

namespace forge {
namespace {

constexpr const char* kSaga = R"(
ttl_hops = 20
[input]
bad = "bool"
[step.load]
read = "Order"
key = "o-1"
[step.price]
run = "price"
args = { sku = "${load.sku}" }
retry = { max_attempts = 3, backoff = "fixed", first = "1s" }
[step.each]
over = [1, 1, 1]
[step.each.step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = "${item}" }
undo = "Stock.release"
[step.nap]
sleep = "1m"
after = ["each", "price"]
[step.count]
transaction = true
after = ["nap"]
undo = "auto"
[step.count.step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = 1 }
[step.count.step.left]
read = "Stock"
key = "tea"
[step.count.step.move]
action = "Stock.fill"
args = { sku = "mint", left = "${left.left}" }
[step.note]
action = "Order.note"
args = { id = "o-1", note = "${price}" }
after = ["count"]
undo = { action = "Order.note", args = { id = "o-1", note = "undone" } }
[step.check]
fail = "bad input"
where = "${input.bad}"
after = ["note"]
[step.ship]
action = "Order.ship"
args = { id = "o-1" }
after = ["check"]
)";

// One store and the runners that come and go over it.
class Story {
 public:
  Story(Store& store, testing::ManualClock& clock) : store_(store), clock_(clock) {
    functions_["price"] = [this](const Object&, StepContext& context) {
      ++calls_[context.attempt];
      return context.attempt == 1 ? StepOutcome::failed("503", "busy") : StepOutcome::done("ten");
    };
  }

  void begin(bool bad) {
    const auto outcome = parse_workflow(std::string("workflow='saga'\n") + kSaga, "saga.toml");
    ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0].message();
    ASSERT_TRUE(add_workflow(store_, *outcome.definition).ok());
    ASSERT_TRUE(start_run(store_, "saga", {.id = "r-1", .input = {{"bad", bad}}}).ok());
  }
  // A runner that ends after so many tasks. Once it has found the runs, something else may happen before it goes on with them.
  void live(std::size_t tasks, const std::function<void()>& meanwhile = {}) {
    VirtualRunner runner(store_, clock_, functions_);
    if (meanwhile) meanwhile();
    runner.run(3'600'000'000, tasks);
  }

  std::map<std::uint32_t, int> calls_;  // by attempt

 private:
  Store& store_;
  testing::ManualClock& clock_;
  StepFunctions functions_;
};

std::map<std::string, int> events_of(const Store& store) {
  std::map<std::string, int> counts;
  EXPECT_TRUE(store.view()
                  .log({},
                       [&](const Event& event) {
                         const bool own =
                             event.resource.starts_with('_') && event.type != "_run.ended" && event.type != "_run.started";
                         if (!own) ++counts[event.type];
                         return true;
                       })
                  .ok());
  return counts;
}

class RunnerCrash : public RunnerTest, public ::testing::WithParamInterface<bool> {};

// The end of the run, however it was interrupted: each runner ends after a task more than the one before.
TEST_P(RunnerCrash, AtEachTaskEndsTheSame) {
  const bool bad = GetParam();
  Story whole(*store_, clock_);
  whole.begin(bad);
  whole.live(1'000'000);
  const auto expected = events_of(*store_);
  ASSERT_EQ(info().status, bad ? "compensated" : "completed");
  ASSERT_EQ(whole.calls_.at(1), 1);

  std::size_t interrupted = 0;
  for (std::size_t tasks = 1; tasks < 60; ++tasks) {
    OpenOptions options;
    options.clock = &clock_;
    Store store = Store::open(":memory:", options).value();
    store.add_schema({{"shop.fbs", kRunShop}}).value();
    store.act("Stock.fill", {{"sku", "tea"}, {"left", 5}}).value();
    store.act("Order.place", {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}}).value();
    Story story(store, clock_);
    story.begin(bad);
    story.live(tasks);
    if (!run_info(store.view(), "r-1")->has_ended()) ++interrupted;
    story.live(1'000'000);
    EXPECT_EQ(events_of(store), expected) << tasks << " tasks";
    EXPECT_EQ(store.get("Stock", "tea").value()["left"], Value(bad ? 5 : 1)) << tasks << " tasks";
    EXPECT_EQ(store.get("Stock", "mint").ok(), !bad) << tasks << " tasks";
    for (const auto& [attempt, calls] : story.calls_) EXPECT_LE(calls, 2) << tasks << " tasks";
  }
  EXPECT_GT(interrupted, 15U);
}

// Runners that each live for one task: every step of the way is recovered from.
TEST_P(RunnerCrash, AfterEveryTaskGetsThereAllTheSame) {
  const bool bad = GetParam();
  Story story(*store_, clock_);
  story.begin(bad);

  for (int life = 0; life < 500 && !info().has_ended(); ++life) story.live(3);

  EXPECT_EQ(info().status, bad ? "compensated" : "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(bad ? 5 : 1));
}

INSTANTIATE_TEST_SUITE_P(Saga, RunnerCrash, ::testing::Bool());

// A disk that loses power at a random write, again and again, under a run: in the end everything is there once.
TEST(RunnerPowerLoss, LeavesEveryEffectInTheStoreOnce) {
  Dice dice(20261127);
  int all_lives = 0;
  for (int round = 0; round < 20; ++round) {
    const bool bad = dice.chance(50);
    testing::ManualClock clock;
    const auto disk = std::make_shared<testing_support::SimulatedDisk>();
    bool made = false;
    int lives = 0;
    for (bool ended = false; !ended && lives < 200; ++lives) {
      clock.advance(1'000'000);
      OpenOptions options;
      options.clock = &clock;
      options.create = !made;
      Result<Store> store = StoreAccess::open("/store", options, testing_support::new_fault_env(disk));
      ASSERT_TRUE(store.ok() || disk->is_frozen()) << store.status().message();
      if (store.ok()) {
        Story story(*store, clock);
        if (!made) {
          made = true;
          store->add_schema({{"shop.fbs", kRunShop}}).value();
          store->act("Stock.fill", {{"sku", "tea"}, {"left", 5}}).value();
          store->act("Order.place", {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}}).value();
          story.begin(bad);
        }
        const std::uint64_t writes = dice.chance(10) ? ~std::uint64_t{0} : 1 + dice.below(25);
        story.live(1'000'000, [&] { disk->power_loss_after(writes); });
        const Result<RunInfo> run = run_info(store->view(), "r-1");
        disk->power_loss_after(~std::uint64_t{0});
        ended = !disk->is_frozen() && run.ok() && run->has_ended();
        if (ended) {
          EXPECT_EQ(run->status, bad ? "compensated" : "completed");
          EXPECT_EQ(store->get("Stock", "tea").value()["left"], Value(bad ? 5 : 1));
          EXPECT_EQ(events_of(*store)["Order.noted"], bad ? 2 : 1);
          EXPECT_EQ(events_of(*store)["_run.ended"], 1);
          EXPECT_TRUE(store->close().ok());
        }
      }
      if (!ended)
        disk->power_loss(dice.below(1000),
                         dice.pick({testing_support::PowerLoss::kDropUnsynced, testing_support::PowerLoss::kTorn}));
    }
    EXPECT_LT(lives, 200);
    all_lives += lives;
  }
  EXPECT_GT(all_lives, 40);
}

}  // namespace
}  // namespace forge
