// Steps that wait for an event.

#include "runner_fixture.h"

namespace forge {
namespace {

class EventWaits : public RunnerTest {
 protected:
  void note(const std::string& order, const std::string& text) {
    store_->act("Order.note", {{"id", order}, {"note", text}}).value();
  }
};

constexpr const char* kWaits = R"(
[step.place]
action = "Order.place"
args = { id = "o-2", sku = "tea", qty = 1 }
[step.seen]
wait = { event = "Order.noted", key = "${place.key}", where = "${event.changes.note} <> 'not yet'" }
[step.text]
template = "${seen.key}: ${seen.changes.note}"
)";

TEST_F(EventWaits, EndWithTheFirstThatFits) {
  declare("waits", kWaits);
  start("waits");
  work();
  EXPECT_EQ(info().status, "running");
  EXPECT_TRUE(runner_->summary().idle);
  EXPECT_EQ(run_detail(store_->view(), "r-1")->open.at(0).waits_for, "Order.noted/o-2");

  note("o-1", "another order");
  note("o-2", "not yet");
  runner_->run();
  EXPECT_EQ(info().status, "running");
  note("o-2", "this one");
  note("o-2", "too late");
  runner_->run();
  EXPECT_EQ(info().result, "\"o-2: this one\"");
}

TEST_F(EventWaits, KnowNothingOfWhatCameBeforeThey) {
  declare("waits", "[step.w]\nwait = { event = 'Order.noted' }\n");
  note("o-1", "early");
  start("waits");
  work();
  EXPECT_EQ(info().status, "running");
}

TEST_F(EventWaits, SeeWhatCameWhileNoRunnerWasAtWork) {
  declare("waits", kWaits);
  start("waits");
  work();
  runner_.reset();
  note("o-2", "not yet");
  note("o-2", "meanwhile");
  work();
  EXPECT_EQ(info().result, "\"o-2: meanwhile\"");
}

TEST_F(EventWaits, OfManyRunsEndWithTheSameEvent) {
  declare("waits", "[input]\nn = 'int'\n[step.w]\nwait = { event = 'Order.*', where = \"${event.changes.note} = 'go'\" }\n");
  for (int i = 0; i < 5; ++i) start("waits", {{"n", i}}, "r-" + std::to_string(i));
  work();
  note("o-1", "go");
  runner_->run();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(info("r-" + std::to_string(i)).status, "completed");
}

TEST_F(EventWaits, HaveATimeout) {
  declare("waits", "[step.w]\nwait = { event = 'Order.noted', key = 'o-1' }\ntimeout = '10s'\n");
  const RunInfo failed = run("waits");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_NE(failed.error.find("timeout"), std::string::npos) << failed.error;
}

TEST_F(EventWaits, AreCleanedUpAfterWhenTheyTimeOut) {
  declare("waits",
          "[step.w]\nwait = { event = 'Order.noted', key = 'o-1' }\ntimeout = '10s'\n"
          "compensate = [{ do = { action = 'Order.cancel', args = { id = 'o-1' } }, continue = 'given up' }]\n"
          "[step.text]\ntemplate = 'the order is ${w}'\n");
  const RunInfo done = run("waits");
  EXPECT_EQ(done.status, "completed");
  EXPECT_EQ(done.result, "\"the order is given up\"");
  EXPECT_EQ(get("Order", "o-1")["status"], Value("cancelled"));
}

// However late somebody sees that their time was up.
TEST_F(EventWaits, AndOthersTakeNothingThatComesTooLate) {
  declare("event", "[step.w]\nwait = { event = 'Order.noted', key = 'o-1' }\ntimeout = '10s'\n");
  declare("signal", "[step.g]\ngroup = true\ndeadline = '10s'\n[step.g.step.w]\nwait = 'go'\n");
  declare("asks", "deadline = '10s'\n[step.w]\napprove = 'well?'\n");
  for (const char* name : {"event", "signal", "asks"}) start(name, {}, name);
  work(1'000'000);
  runner_.reset();
  clock_.set(Time{clock_.now().micros + 11'000'000});
  note("o-1", "late");
  ASSERT_TRUE(send_signal(*store_, "go", "", true).ok());
  const Seq head = store_->head();
  EXPECT_EQ(approve_step(*store_, "asks", "w", true, {.actor = {"ann"}}).id(), ErrorId::kStepWaitsNot);
  EXPECT_EQ(store_->head(), head);
  work();
  EXPECT_EQ(info("event").status, "failed");
  EXPECT_EQ(info("signal").status, "failed");
  EXPECT_EQ(info("asks").status, "expired");
}

// A timer of the first wait, which standing still has set once more, is none of the second one.
TEST_F(EventWaits, WaitAnewForTheirWholeTimeout) {
  declare("waits",
          "[step.hold]\nwait = 'go'\ntimeout = '7s'\ncompensate = [{ when = \"${error.code} = 'timeout'\", retry = true }]\n"
          "[step.kid]\nworkflow = 'kid'\n");
  const Time begun = clock_.now();
  start("waits");
  work(1'000'000);
  ASSERT_EQ(runner_->summary().parked.size(), 1U);
  declare("kid", "[step.text]\ntemplate = 'x'\n");
  runner_->run();
  EXPECT_EQ(info().status, "compensated") << "the child that had completed";
  EXPECT_GE(clock_.now().micros - begun.micros, 14'000'000);
}

// It need not come from without: a step of a run that the same runner carries out makes it.
TEST_F(EventWaits, SeeWhatAnotherRunOfTheRunnerDoes) {
  declare("waits", "[step.w]\nwait = { event = 'Order.noted', key = 'o-1' }\n");
  declare("notes", "[step.n]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'by a run' }\n[step.nap]\nsleep = '1s'\n");
  start("waits");
  work();
  start("notes", {}, "r-2");
  runner_->run();
  EXPECT_EQ(info().status, "completed");
  note("o-1", "late");
  runner_->run();
}

TEST_F(EventWaits, OfRunsAreForgottenWithThem) {
  declare("waits", "[step.w]\nwait = { event = 'Order.noted' }\n");
  start("waits");
  work();
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  runner_->run();
  note("o-1", "nobody waits");
  runner_->run();
  EXPECT_EQ(info().status, "cancelled");
}

// A runner that ends after any task: the wait begins with the run, and ends once, with the first that fits.
TEST_F(EventWaits, EndOnceWhereverTheRunnerEnds) {
  for (std::size_t tasks = 0; tasks < 12; ++tasks) {
    const std::string id = "r-" + std::to_string(tasks);
    const std::string order = "n-" + std::to_string(tasks);
    declare("w", "[step.seen]\nwait = { event = 'Order.noted', key = '" + order +
                     "' }\n[step.note]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 0 }\nafter = ['seen']\n"
                     "[step.text]\ntemplate = '${seen.changes.note}'\nafter = ['note']\n");
    store_->act("Order.place", {{"id", order}, {"sku", "tea"}}).value();
    start("w", {}, id);
    VirtualRunner(*store_, clock_).run(1'000'000, tasks);
    note(order, "first");
    note(order, "second");
    VirtualRunner(*store_, clock_).run(1'000'000, tasks);
    VirtualRunner(*store_, clock_).run();
    EXPECT_EQ(info(id).result, "\"first\"") << tasks << " tasks";
    EXPECT_EQ(pulses(id), "started, signalled seen, completed note, completed text, completed") << tasks << " tasks";
  }
}

}  // namespace
}  // namespace forge
