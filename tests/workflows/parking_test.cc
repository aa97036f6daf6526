// Runs whose function, program or workflow is missing: they stand still, and the store says why.

#include "forge/workflows/hop.h"
#include "forge/workflows/replay.h"
#include "forge/workflows/timeline.h"
#include "runner_fixture.h"

namespace forge {
namespace {

constexpr const char* kCallsAbsent = R"(
[step.reserve]
action = "Stock.reserve"
args = { sku = "tea", qty = 1 }
undo = "Stock.release"
[step.a]
run = "absent"
after = ["reserve"]
[step.beside]
action = "Order.note"
args = { id = "o-1", note = "${run.id}" }
after = ["reserve"]
)";

class RunnerParking : public RunnerTest {
 protected:
  void tell(RunTelling telling, const std::string& id = "r-1") {
    EXPECT_TRUE(tell_run(*store_, id, telling, {.actor = "boss"}).ok());
  }
  void provide() {
    functions_["absent"] = [](const Object&, StepContext&) { return StepOutcome::done(1); };
  }
};

TEST_F(RunnerParking, TheReasonIsInTheStoreAndGoesWhenTheRunGoesOn) {
  declare("calls", kCallsAbsent);
  start("calls");
  work();

  EXPECT_EQ(info().status, "running");
  EXPECT_NE(info().parked.find("unknown function 'absent'"), std::string::npos) << info().parked;
  const RunDetail detail = run_detail(store_->view(), "r-1").value();
  EXPECT_EQ(detail.pulses.back().what, "parked");
  EXPECT_EQ(detail.pulses.back().message, info().parked);

  provide();
  work();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(info().parked, "");
  EXPECT_EQ(pulses(), "started, completed reserve, parked, unparked, completed beside, completed a, completed");
}

TEST_F(RunnerParking, ARunnerThatFindsTheSameWritesNothing) {
  declare("calls", kCallsAbsent);
  start("calls");
  work();
  const Seq head = store_->head();

  for (int life = 0; life < 3; ++life) work();

  EXPECT_EQ(store_->head(), head);
  EXPECT_EQ(runner_->summary().parked.size(), 1U);
}

TEST_F(RunnerParking, AnotherReasonIsWrittenAnew) {
  declare("two", "[step.a]\nrun = 'absent'\n[step.b]\nrun = 'other'\nafter = ['a']\n");
  start("two");
  work();
  const std::string first = info().parked;
  provide();
  work();

  EXPECT_NE(info().parked, first);
  EXPECT_NE(info().parked.find("'other'"), std::string::npos);
  EXPECT_EQ(pulses(), "started, parked, unparked, completed a, parked");
}

TEST_F(RunnerParking, ACancelledRunDoesNotWaitForWhatIsMissing) {
  declare("calls", kCallsAbsent);
  start("calls");
  work();
  EXPECT_EQ(get("Stock", "tea")["left"], Value(4));

  tell(RunTelling::kCancel);
  runner_->run();

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(info().parked, "");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_TRUE(runner_->summary().parked.empty());
}

TEST_F(RunnerParking, ItIsCancelledByARunnerThatComesLater) {
  declare("calls", kCallsAbsent);
  start("calls");
  work();
  runner_.reset();
  tell(RunTelling::kCancel);
  work();

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(RunnerParking, ATerminatedRunEndsWhereItStands) {
  declare("calls", kCallsAbsent);
  start("calls");
  work();
  tell(RunTelling::kTerminate);
  runner_->run();

  EXPECT_EQ(info().status, "terminated");
  EXPECT_EQ(info().parked, "");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(4));
}

TEST_F(RunnerParking, AChildThatStandsStillIsCancelledWithItsParent) {
  declare("calls", "[step.f]\nrun = 'absent'\n");
  declare("order", "[step.pay]\nworkflow = 'calls'\n");
  start("order");
  work();
  EXPECT_NE(info("r-1/pay").parked, "");

  tell(RunTelling::kCancel);
  runner_->run();

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(info("r-1/pay").status, "cancelled");
  EXPECT_TRUE(runner_->summary().parked.empty());
}

TEST_F(RunnerParking, WhoWaitsForARunThatStandsStillSaysSo) {
  declare("inner", "[step.low]\nworkflow = 'later'\n");
  declare("outer", "[step.mid]\nworkflow = 'inner'\n");
  declare("outmost", "[step.top]\nworkflow = 'outer'\n");
  start("outmost");
  start("inner", {}, "r-10");  // a run beside it, whose id begins alike
  work();

  const std::optional<RunInfo> standing = standing_below(store_->view(), "r-1").value();
  ASSERT_TRUE(standing.has_value());
  EXPECT_EQ(standing->id, "r-1/top/mid");
  EXPECT_FALSE(standing_below(store_->view(), "r-1/top/mid").value().has_value());
  EXPECT_FALSE(standing_below(store_->view(), "r-10").value().has_value());
  const OpenStep top = run_detail(store_->view(), "r-1")->open.at(0);
  EXPECT_EQ(top.waits_for, "r-1/top");
  EXPECT_EQ(top.stands, "where r-1/top/mid stands still: " + standing->parked);
  const OpenStep mid = run_detail(store_->view(), "r-1/top")->open.at(0);
  EXPECT_EQ(mid.stands, "which stands still: " + standing->parked);

  declare("later", "[step.x]\ntemplate = 'x'\n");
  work();
  EXPECT_EQ(info().status, "completed");
  EXPECT_FALSE(standing_below(store_->view(), "r-1").value().has_value());
}

// Ids that hooks make from keys may look like those of steps.
TEST_F(RunnerParking, IsNotThatOfARunWhoseIdOnlyLooksLikeAStep) {
  declare("pack",
          "on = { event = 'Order.placed', key = '${event.key}' }\n[step.w]\nwait = 'go'\nkey = '${event.key}'\nwhere = "
          "\"${event.key} = 'a'\"\n[step.f]\nrun = 'absent'\nwhere = \"${event.key} = 'a/b'\"\n");
  for (const char* id : {"a", "a/b"}) store_->act("Order.place", {{"id", id}, {"sku", "tea"}}).value();
  work();
  EXPECT_NE(info("pack:a/b").parked, "");
  EXPECT_FALSE(standing_below(store_->view(), "pack:a").value().has_value());
}

TEST_F(RunnerParking, IsToldOnceForEachReason) {
  declare("calls", "[step.low]\nworkflow = 'later'\n");
  std::string told;
  const LogSink log = [&told](LogLevel, std::string_view line) { told += std::string(line) + "\n"; };
  runner_ = std::make_unique<VirtualRunner>(*store_, clock_, functions_, log, programs_);
  start("calls");
  runner_->run(1'000'000);
  declare("other", "[step.x]\ntemplate = 'x'\n");  // so that it looks again
  runner_->run(1'000'000);

  EXPECT_EQ(
      told,
      "run r-1 stands still: E8013: there is no workflow 'later': step 'low' is a run of it; declare it: forgectl workflow add "
      "FILE\n");
}

TEST_F(RunnerParking, AnUndoWhoseFunctionIsMissingIsWaitedFor) {
  declare("calls", "[step.a]\ntemplate = 'x'\nundo = { run = 'absent' }\n[step.b]\nsleep = '1h'\nafter = ['a']\n");
  start("calls");
  work(1'000'000);
  tell(RunTelling::kCancel);
  runner_->run();

  EXPECT_EQ(info().status, "running");
  EXPECT_NE(info().parked, "");
  provide();
  work();
  EXPECT_EQ(info().status, "cancelled");
}

TEST_F(RunnerParking, AMissingWorkflowIsNamedUntilItIsDeclared) {
  declare("order", "[step.pay]\nworkflow = 'later'\n");
  start("order");
  work();
  EXPECT_NE(info().parked.find("there is no workflow 'later'"), std::string::npos) << info().parked;

  declare("later", "[step.a]\ntemplate = 'there'\n");
  runner_->run();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(info().parked, "");
}

TEST_F(RunnerParking, IsNoPartOfWhatARunDecides) {
  declare("calls", kCallsAbsent);
  start("calls");
  work();
  provide();
  work();

  EXPECT_TRUE(replay_run(store_->view(), "r-1").value().is_identical());
  EXPECT_EQ(run_timeline(store_->view(), "r-1").value().spans.size(), 3U);
  EXPECT_EQ(hop_detail(store_->view(), "r-1", "a").value().what, "completed");
}

// ---- What a later schema does not have

class RunnerLostActions : public RunnerParking {
 protected:
  // The shop without the lines that have this in them.
  void lose(const std::string& what) {
    std::string kept;
    const std::string all(kRunShop);
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      const std::string line = all.substr(at, end - at + 1);
      if (line.find(what) == std::string::npos) kept += line;
      at = end + 1;
    }
    ASSERT_NE(kept, all);
    ASSERT_TRUE(store_->add_schema({{"shop.fbs", kept}}).ok());
  }
  void bring_back() { ASSERT_TRUE(store_->add_schema({{"shop.fbs", kRunShop}}).ok()); }
  void expect_parked(const std::string& name) {
    EXPECT_EQ(info().status, "running");
    EXPECT_NE(info().parked.find("needs what the schema does not have"), std::string::npos) << info().parked;
    EXPECT_NE(info().parked.find(name), std::string::npos) << info().parked;
  }
};

TEST_F(RunnerLostActions, AreWaitedFor) {
  declare("w", "[step.a]\nsleep = '1h'\n[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\nafter = ['a']\n");
  start("w");
  work(1'000'000);
  lose("NoteOrder");
  runner_->run(7'200'000'000);
  expect_parked("Order.note");
  bring_back();
  runner_->run();
  EXPECT_EQ(info().status, "completed") << "the runner that has it goes on";
  EXPECT_EQ(info().parked, "");
}

TEST_F(RunnerLostActions, AreWaitedForByALaterRunner) {
  declare("w", "[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\n");
  start("w");
  lose("NoteOrder");
  work();
  expect_parked("Order.note");
  runner_.reset();
  bring_back();
  work();
  EXPECT_EQ(info().status, "completed");
}

TEST_F(RunnerLostActions, AreWaitedForByAnUndo) {
  declare("w",
          "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = 'Stock.release'\n"
          "[step.b]\nsleep = '1h'\nafter = ['a']\n[step.c]\nfail = 'no'\nafter = ['b']\n");
  start("w");
  work(1'000'000);
  lose("Release");
  runner_->run(7'200'000'000);
  expect_parked("Stock.release");
  bring_back();
  runner_->run();
  EXPECT_EQ(info().status, "compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(RunnerLostActions, AreWaitedForByAClause) {
  declare("w",
          "[step.a]\nrun = 'breaks'\ncompensate = [{ do = { action = 'Order.note', args = { id = 'o-1', note = 'n' } }, "
          "continue = 1 }]\n");
  functions_["breaks"] = [](const Object&, StepContext&) { return StepOutcome::failed("odd", "it broke"); };
  start("w");
  lose("NoteOrder");
  work();
  expect_parked("Order.note");
  bring_back();
  runner_->run();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("n"));
}

TEST_F(RunnerLostActions, AreWaitedForByATransactionThatComesToThem) {
  declare("w",
          "[input]\nn = 'int'\n[step.t]\ntransaction = true\n[step.t.step.r]\nread = 'Stock'\nkey = 'tea'\n"
          "[step.t.step.n]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\nwhere = '${input.n} > 0'\n");
  lose("NoteOrder");
  start("w", {{"n", 0}});
  start("w", {{"n", 1}}, "r-2");
  work();
  EXPECT_EQ(info().status, "completed") << "it skips the step";
  EXPECT_NE(info("r-2").parked.find("Order.note"), std::string::npos);
  bring_back();
  runner_->run();
  EXPECT_EQ(info("r-2").status, "completed");
}

TEST_F(RunnerLostActions, AreWaitedForByATransactionThatReadsWhatItWrites) {
  declare("w",
          "[step.t]\ntransaction = true\n[step.t.step.f]\naction = 'Stock.fill'\nargs = { sku = 'tea', left = 3 }\n"
          "[step.t.step.r]\nread = 'Stock'\nkey = 'tea'\nafter = ['f']\n"
          "[step.t.step.n]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n ${r.left}' }\n");
  lose("NoteOrder");
  start("w");
  work();
  expect_parked("Order.note");
  bring_back();
  runner_->run();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("n 3"));
}

TEST_F(RunnerLostActions, AreQueriesToo) {
  declare("w",
          "[step.q]\nquery = 'Stock.few'\n[step.m]\nafter = ['q']\nover = { query = 'Stock.few' }\n"
          "[step.m.step.x]\ntemplate = 'x'\n");
  lose("Stock.few");
  start("w");
  work();
  expect_parked("Stock.few");
  bring_back();
  runner_->run();
  EXPECT_EQ(info().status, "completed");
}

TEST_F(RunnerLostActions, DoNotKeepARunThatIsCancelled) {
  declare("w", "[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\n");
  lose("NoteOrder");
  start("w");
  work();
  tell(RunTelling::kCancel);
  runner_->run();
  EXPECT_EQ(info().status, "cancelled");
}

// What a function asks for is its own affair: nobody declared that the run needs it.
TEST_F(RunnerLostActions, FailTheFunctionThatAsksForThem) {
  functions_["asks"] = [](const Object&, StepContext& context) {
    context.act("Order.note", {{"id", "o-1"}, {"note", "n"}});
    return StepOutcome::done();
  };
  declare("w", "[step.a]\nrun = 'asks'\n");
  lose("NoteOrder");
  start("w");
  work();
  EXPECT_EQ(info().status, "failed");
  EXPECT_NE(info().error.find("E2011"), std::string::npos) << info().error;
}

}  // namespace
}  // namespace forge
