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

}  // namespace
}  // namespace forge
