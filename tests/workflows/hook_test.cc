// Runs that events start.

#include "runner_fixture.h"

namespace forge {
namespace {

using Hooks = RunnerTest;

constexpr const char* kNoting = R"(
on = { event = "Order.placed", where = "${event.changes.qty} > 1", input = { order = "${event.key}" } }
[input]
order = "string"
[step.note]
action = "Order.note"
args = { id = "${input.order}", note = "seen" }
)";

TEST_F(Hooks, EachMatchingEventStartsOneRunWithItsCorrelation) {
  declare("noting", kNoting);
  const Receipt placed = store_->act("Order.place", {{"id", "o-2"}, {"sku", "tea"}, {"qty", 2}}, {.actor = "web"}).value();
  store_->act("Order.place", {{"id", "o-3"}, {"sku", "tea"}, {"qty", 1}}).value();

  work();

  ASSERT_EQ(runs(store_->view()).value().size(), 1U);
  EXPECT_EQ(info("noting@" + std::to_string(placed.seq)).status, "completed");
  EXPECT_EQ(get("Order", "o-2")["note"], Value("seen"));
  EXPECT_EQ(last_event("Order.noted").correlation, placed.transaction.to_string());
  EXPECT_EQ(last_event("Order.noted").actor, "web");
  work();
  EXPECT_EQ(runs(store_->view()).value().size(), 1U);
}

TEST_F(Hooks, HoldForEventsAfterTheyWereDeclared) {
  declare("noting", kNoting);
  work();

  EXPECT_TRUE(runs(store_->view()).value().empty());
}

TEST_F(Hooks, StartOneRunForEachKey) {
  declare("noting", R"(
on = { event = "Order.noted", key = "${event.key}" }
[step.text]
template = "${event.key}"
)");
  store_->act("Order.note", {{"id", "o-1"}, {"note", "a"}}).value();
  store_->act("Order.note", {{"id", "o-1"}, {"note", "b"}}).value();

  work();

  ASSERT_EQ(runs(store_->view()).value().size(), 1U);
  EXPECT_EQ(info("noting:o-1").result, "\"o-1\"");
}

// Each task of a runner may be its last: an event starts its run once all the same.
TEST_F(Hooks, StartOneRunForAnEventWhereverTheRunnerEnds) {
  declare("noting", kNoting);
  for (int i = 0; i < 5; ++i) store_->act("Order.place", {{"id", "n-" + std::to_string(i)}, {"sku", "tea"}, {"qty", 2}}).value();

  work_in_many_lives();

  EXPECT_EQ(runs(store_->view(), "completed").value().size(), 5U);
  EXPECT_EQ(count_of("Order.noted"), 5);
}

// A workflow that emits what starts it dies out by its hops, and leaves a tombstone.
TEST_F(Hooks, AnEventStormEndsByItself) {
  declare("storm", R"(
on = { event = "Order.noted" }
[step.again]
action = "Order.note"
args = { id = "o-1", note = "again" }
)");
  store_->act("Order.note", {{"id", "o-1"}, {"note", "first"}}).value();

  work();

  EXPECT_EQ(count_of("Order.noted"), 1 + 8);
  const std::vector<RunInfo> all = runs(store_->view()).value();
  EXPECT_EQ(all.size(), 9U);
  EXPECT_EQ(runs(store_->view(), "failed").value().size(), 1U);
  EXPECT_EQ(last_event("_run.ttl_expired").key, runs(store_->view(), "failed").value()[0].id);
  EXPECT_TRUE(store_->act("Order.cancel", {{"id", "o-1"}}).ok());
}

// Runs that begin or end are events, too.
TEST_F(Hooks, AStormOfWhatRunsSayOfThemselvesEndsByItself) {
  for (const char* event : {"_run.started", "_run.advanced", "_run.ended", "_run.ttl_expired"}) {
    SCOPED_TRACE(event);
    declare("storm", "on = { event = '" + std::string(event) +
                         "' }\n[step.again]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'again' }\n");
    declare("first", "ttl_hops = 3\n[step.a]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'a' }\n");
    declare("short", "ttl_hops = 1\n[step.go]\nworkflow = 'first'\n");
    const std::size_t before = runs(store_->view()).value().size();
    start("first", {}, std::string("r-") + event);
    start("short", {}, std::string("s-") + event);
    work();
    const std::size_t began = runs(store_->view()).value().size() - before;
    // Two and a child, and what they set off; a tombstone has no hops for anybody.
    EXPECT_EQ(began > 3, event != std::string("_run.ttl_expired")) << began;
    EXPECT_TRUE(runs(store_->view(), "running").value().empty());
  }
}

// So is that they stand still.
TEST_F(Hooks, AStormOfRunsThatStandStillEndsByItself) {
  declare("storm", "ttl_hops = 4\non = { event = '_run.parked' }\n[step.again]\nrun = 'nowhere'\n");
  start("storm");
  work();
  const std::vector<RunInfo> all = runs(store_->view()).value();
  EXPECT_EQ(all.size(), 5U) << "with 4, 3, 2, 1 and no hops";
  EXPECT_EQ(runs(store_->view(), "failed").value().size(), 1U) << "the last one has none for its step";
}

}  // namespace
}  // namespace forge
