// Runs that events start.

#include "forge/workflows/steering.h"
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

// An event is for the version that was in force when it came, whenever somebody looks at it.
TEST_F(Hooks, OfAnEarlierVersionLoseNoEventToALaterOne) {
  const auto declare_as = [this](const std::string& on, const std::string& text) {
    declare("noting", on + "[step.text]\ntemplate = '" + text + "'\n");
  };
  const auto place = [this](const std::string& id) {
    return "noting@" + std::to_string(store_->act("Order.place", {{"id", id}, {"sku", "tea"}}).value().seq);
  };
  const std::string on = "on = { event = 'Order.placed' }\n";
  for (const bool is_alive : {false, true}) {
    SCOPED_TRACE(is_alive);
    const std::string id = is_alive ? "a" : "b";
    const std::size_t before = runs(store_->view()).value().size();
    if (is_alive) work();
    declare_as(on, "first " + id);
    const std::string first = place(id + "-1");
    declare_as(on, "second " + id);
    const std::string second = place(id + "-2");
    declare_as("", "none " + id);
    place(id + "-3");
    declare_as(on, "third " + id);
    const std::string third = place(id + "-4");
    is_alive ? runner_->run() : work();
    EXPECT_EQ(info(first).result, "\"first " + id + "\"");
    EXPECT_EQ(info(second).result, "\"second " + id + "\"");
    EXPECT_EQ(info(third).result, "\"third " + id + "\"");
    EXPECT_EQ(runs(store_->view()).value().size(), before + 3) << "none without a hook";
    work();
    EXPECT_EQ(runs(store_->view()).value().size(), before + 3);
  }
}

TEST_F(Hooks, OfAnEarlierVersionLoseNoEventWhereverTheRunnerEnds) {
  declare("noting", kNoting);
  for (int i = 0; i < 3; ++i) store_->act("Order.place", {{"id", "n-" + std::to_string(i)}, {"sku", "tea"}, {"qty", 2}}).value();
  declare("noting", std::string(kNoting) + "[step.more]\ntemplate = 'x'\n");
  for (int i = 3; i < 5; ++i) store_->act("Order.place", {{"id", "n-" + std::to_string(i)}, {"sku", "tea"}, {"qty", 2}}).value();
  work_in_many_lives();
  EXPECT_EQ(runs(store_->view(), "completed").value().size(), 5U);
}

// The id that the hook gives is that of a run of something else.
TEST_F(Hooks, LoseNoEventToARunOfAnotherWorkflow) {
  declare("other", "[step.w]\nwait = 'go'\n");
  declare("noting", "on = { event = 'Order.placed', key = '${event.key}' }\n[step.text]\ntemplate = 'x'\n");
  start("other", {}, "noting:n-1");
  const Seq seq = store_->act("Order.place", {{"id", "n-1"}, {"sku", "tea"}}).value().seq;
  work();
  const RunInfo failed = info("noting@" + std::to_string(seq) + "~unstarted");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_NE(failed.error.find("it is one of workflow 'other'"), std::string::npos) << failed.error;
  EXPECT_EQ(start_run_for(*store_, "noting", seq, {}).status().id(), ErrorId::kRecordExists);
}

// Events of one type may have different changes.
TEST_F(Hooks, AConditionWhosePathLeadsNowhereDoesNotHold) {
  declare("noting", "on = { event = 'Order.placed', where = '${event.changes.nix} > 1' }\n[step.text]\ntemplate = 'x'\n");
  store_->act("Order.place", {{"id", "o-2"}, {"sku", "tea"}}).value();
  work();
  EXPECT_TRUE(runs(store_->view()).value().empty());
}

// ---- Events from which no run can be made

constexpr const char* kCannot = R"(
on = { event = "Order.placed", input = { order = "${event.changes.nix}" } }
[input]
order = "string"
[step.note]
action = "Order.note"
args = { id = "${input.order}", note = "seen" }
)";

class UnstartedRuns : public RunnerTest {
 protected:
  Seq place(const std::string& id, const std::string& sku = "tea") {
    return store_->act("Order.place", {{"id", id}, {"sku", sku}, {"qty", 2}}, {.actor = "web"}).value().seq;
  }
  static std::string unstarted(const std::string& workflow, Seq seq) { return workflow + "@" + std::to_string(seq) + "~unstarted"; }
};

TEST_F(UnstartedRuns, FailWithTheReasonOnce) {
  declare("noting", kCannot);
  const Seq seq = place("o-2");
  work();
  const RunInfo run = info(unstarted("noting", seq));
  EXPECT_EQ(run.status, "failed");
  EXPECT_EQ(run.error, "E8009: event " + std::to_string(seq) +
                           " starts no run: '${event.changes.nix}' leads to no value: 'event' has no such part");
  EXPECT_EQ(unstarted_event(run), seq);
  EXPECT_EQ(pulses(run.id), "started, failed");
  EXPECT_EQ(run_detail(store_->view(), run.id).value().pulses.back().message, run.error);
  EXPECT_EQ(last_event("_run.started").actor, "web");
  EXPECT_EQ(last_event("_run.started").causation, seq);
  const Seq head = store_->head();
  work();
  EXPECT_EQ(store_->head(), head);
  EXPECT_EQ(runs(store_->view()).value().size(), 1U);
}

TEST_F(UnstartedRuns, AreThereOnceForEachEventWhereverTheRunnerEnds) {
  declare("noting", kCannot);
  declare("fine", kNoting);
  for (int i = 0; i < 3; ++i) place("n-" + std::to_string(i));
  work_in_many_lives();
  EXPECT_EQ(runs(store_->view(), "failed").value().size(), 3U);
  EXPECT_EQ(runs(store_->view(), "completed").value().size(), 3U) << "another hook on the same event loses nothing";
  EXPECT_EQ(runs(store_->view()).value().size(), 6U);
}

TEST_F(UnstartedRuns, CanBeStartedOnceThatIsMended) {
  declare("noting", kCannot);
  const Seq seq = place("o-2");
  work();
  EXPECT_EQ(start_run_for(*store_, "noting", seq).status().id(), ErrorId::kPathMissing);
  declare("noting", kNoting);
  const std::string id = start_run_for(*store_, "noting", seq, {.options = {.actor = "ada"}}).value();
  EXPECT_EQ(id, "noting@" + std::to_string(seq));
  EXPECT_EQ(start_run_for(*store_, "noting", seq).value(), id) << "one run for the event";
  work();
  EXPECT_EQ(info(id).status, "completed");
  EXPECT_EQ(get("Order", "o-2")["note"], Value("seen"));
  EXPECT_EQ(last_event("Order.noted").actor, "ada");
  EXPECT_EQ(count_of("Order.noted"), 1);
  EXPECT_EQ(unstarted_event(info(id)), std::nullopt);
}

TEST_F(UnstartedRuns, AreNotStartedForWhatTheHookIsNotFor) {
  declare("noting", kNoting);
  declare("none", "[step.a]\nhalt = 1\n");
  const Seq few = store_->act("Order.place", {{"id", "o-3"}, {"sku", "tea"}, {"qty", 1}}).value().seq;
  const Seq filled = store_->act("Stock.fill", {{"sku", "mint"}, {"left", 5}}).value().seq;
  const Seq head = store_->head();
  EXPECT_EQ(start_run_for(*store_, "noting", few).status().id(), ErrorId::kWorkflowReference) << "its condition does not hold";
  EXPECT_EQ(start_run_for(*store_, "noting", filled).status().id(), ErrorId::kWorkflowReference);
  EXPECT_EQ(start_run_for(*store_, "none", few).status().id(), ErrorId::kWorkflowReference);
  EXPECT_EQ(start_run_for(*store_, "gone", few).status().id(), ErrorId::kWorkflowNotFound);
  EXPECT_FALSE(start_run_for(*store_, "noting", head + 100).ok());
  EXPECT_EQ(store_->head(), head);
}

// A key that is taken is taken by a run.
TEST_F(UnstartedRuns, TakeNoKeyFromOtherEvents) {
  const auto declare_with = [this](const std::string& field) {
    declare("typed", "on = { event = 'Order.placed', key = '${event.changes.sku}', input = { n = '${event.changes." + field +
                         "}' } }\n[input]\nn = 'int'\n[step.text]\ntemplate = 'x'\n");
  };
  declare_with("status");
  const Seq first = place("o-2");
  work();
  EXPECT_EQ(info(unstarted("typed", first)).error.substr(0, 6), "E8008:");
  declare_with("qty");
  place("o-3");
  work();
  EXPECT_EQ(info("typed:tea").status, "completed");
}

// What the store refuses is recorded, too, and keeps the other runs of the event from nothing.
TEST_F(UnstartedRuns, StandForThoseThatTheStoreDoesNotTake) {
  declare("keyed", "on = { event = 'Order.placed', key = '${event.changes.sku}' }\n[step.text]\ntemplate = 'x'\n");
  declare("fine", kNoting);
  declare("zlast", "on = { event = 'Order.placed' }\n[step.text]\ntemplate = 'x'\n");
  const Seq seq = place("o-2", std::string(5'000, 'k'));
  place("o-3");
  work();
  EXPECT_EQ(info(unstarted("keyed", seq)).status, "failed");
  EXPECT_NE(info(unstarted("keyed", seq)).error.find("starts no run"), std::string::npos);
  EXPECT_EQ(info("fine@" + std::to_string(seq)).status, "completed");
  EXPECT_EQ(info("zlast@" + std::to_string(seq)).status, "completed");
  EXPECT_EQ(info("keyed:tea").status, "completed") << "the next event is taken as ever";
  EXPECT_EQ(runs(store_->view()).value().size(), 6U);
}

TEST_F(UnstartedRuns, AreThereOnceForWhatIsRefusedWhereverTheRunnerEnds) {
  declare("keyed", "on = { event = 'Order.placed', key = '${event.changes.sku}' }\n[step.text]\ntemplate = 'x'\n");
  declare("fine", kNoting);
  place("o-2", std::string(5'000, 'k'));
  work_in_many_lives();
  EXPECT_EQ(runs(store_->view(), "failed").value().size(), 1U);
  EXPECT_EQ(runs(store_->view()).value().size(), 2U);
}

TEST_F(UnstartedRuns, OfEndsOfRunsDieOutByTheirHops) {
  declare("storm",
          "ttl_hops = 4\non = { event = '_run.ended', input = { a = '${event.changes.nix}' } }\n"
          "[input]\na = 'string'\n[step.text]\ntemplate = 'x'\n");
  declare("first", "ttl_hops = 3\n[step.a]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'a' }\n");
  start("first");
  work();
  const std::size_t all = runs(store_->view()).value().size();
  EXPECT_GT(all, 1U);
  EXPECT_LE(all, 4U);
}

TEST_F(UnstartedRuns, AreStartedAnewByAFork) {
  declare("noting", kCannot);
  const Seq seq = place("o-2");
  work();
  const Result<ForkReceipt> fork =
      fork_run(*store_, unstarted("noting", seq), {.id = "f-1", .from = "note", .input = {{"order", "o-2"}}});
  ASSERT_TRUE(fork.ok()) << fork.status().message();
  work();
  EXPECT_EQ(info("f-1").status, "completed");
}

}  // namespace
}  // namespace forge
