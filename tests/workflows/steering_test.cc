// Steps that are retried, undos that are retried and waived, and runs that fork from a step.

#include "forge/workflows/steering.h"

#include "forge/workflows/replay.h"
#include "runner_fixture.h"

namespace forge {
namespace {

// A runner ends between the step by which a run halts and the record of that; by then somebody has resumed it.
TEST_F(RunnerTest, ARunThatIsResumedBeforeItsHaltIsRecordedIsNotSaidToHaveHalted) {
  declare("w",
          "[step.note]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\n[step.stop]\nhalt = 'look'\nafter = ['note']\n"
          "[step.ask]\napprove = 'go on?'\nafter = ['stop']\n");
  bool was_between = false;
  for (std::size_t tasks = 1; tasks < 40 && !was_between; ++tasks) {
    const std::string id = start("w", {}, "r-" + std::to_string(tasks));
    VirtualRunner(*store_, clock_).run(1'000'000, tasks);
    was_between = info(id).status == "running" && tell_run(*store_, id, RunTelling::kResume).ok();
    if (!was_between) continue;
    work();
    EXPECT_EQ(info(id).status, "running");
    EXPECT_LT(pulses(id).find("resume"), pulses(id).find("halted"));
    EXPECT_TRUE(replay_run(store_->view(), id).value().is_identical());
    EXPECT_TRUE(approve_step(*store_, id, "ask", true, {.actor = "ada"}).ok());
    work();
    EXPECT_EQ(info(id).status, "completed");
  }
  EXPECT_TRUE(was_between);
}

constexpr const char* kPaid = R"(
[input]
note = { type = "string", default = "thanks" }
[step.load]
read = "Order"
key = "o-1"
[step.charge]
run = "charge"
args = { sku = "${load.sku}" }
undo = { run = "refund" }
[step.reserve]
action = "Stock.reserve"
args = { sku = "${load.sku}", qty = "${load.qty}" }
after = ["charge"]
undo = "Stock.release"
[step.ship]
run = "ship"
after = ["reserve"]
[step.note]
action = "Order.note"
args = { id = "o-1", note = "${input.note} ${ship}" }
)";

class Steering : public RunnerTest {
 protected:
  Steering() {
    functions_["charge"] = [this](const Object&, StepContext& context) {
      calls_.push_back("charge " + context.idempotency_key);
      return charge_works_ ? StepOutcome::done("paid") : StepOutcome::failed("503", "busy");
    };
    functions_["refund"] = [this](const Object&, StepContext& context) {
      calls_.push_back("refund " + context.idempotency_key);
      return refund_works_ ? StepOutcome::done() : StepOutcome::failed("503", "busy");
    };
    functions_["ship"] = [this](const Object&, StepContext&) {
      return ship_works_ ? StepOutcome::done("today") : StepOutcome::failed("full", "no room");
    };
  }

  // A run whose charge cannot be refunded.
  void leave_undo_failed() {
    ship_works_ = refund_works_ = false;
    declare("paid", kPaid);
    ASSERT_EQ(run("paid").status, "undo_failed");
    calls_.clear();
  }
  void expect_replay_is_identical(const std::string& id = "r-1") const {
    const Result<ReplayReport> report = replay_run(store_->view(), id);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_TRUE(report->is_identical()) << report->difference->step << ": " << report->difference->recorded << " | "
                                        << report->difference->replayed;
  }
  std::string last_pulses(std::size_t count) const {
    const RunDetail detail = run_detail(store_->view(), "r-1").value();
    std::string text;
    for (std::size_t i = detail.pulses.size() - count; i < detail.pulses.size(); ++i) {
      const Pulse& pulse = detail.pulses[i];
      text += (text.empty() ? "" : ", ") + pulse.what + (pulse.step.empty() ? "" : " " + pulse.step);
    }
    return text;
  }

  bool charge_works_ = true;
  bool refund_works_ = true;
  bool ship_works_ = true;
  std::vector<std::string> calls_;
};

using SteeringRetry = Steering;
using SteeringWaive = Steering;
using SteeringFork = Steering;
using RunIds = Steering;

TEST_F(SteeringRetry, OfAnUndoThatWasGivenUpEndsTheRunAsItWouldHave) {
  leave_undo_failed();
  refund_works_ = true;

  ASSERT_TRUE(retry_step(*store_, "r-1", "charge", {.actor = "boss", .reason = "the bank is back"}).ok());
  EXPECT_EQ(info().status, "running");
  work();

  EXPECT_EQ(info().status, "compensated");
  EXPECT_TRUE(info().warnings);
  EXPECT_EQ(calls_, (std::vector<std::string>{"refund r-1/0/1/undo"}));
  EXPECT_EQ(last_pulses(3), "retry charge, undone charge, compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  const Event asked = last_event("_run.reopened");
  EXPECT_EQ(asked.actor, "boss");
  EXPECT_EQ(*asked.metadata.find("reason"), Value("the bank is back"));
  expect_replay_is_identical();
}

TEST_F(SteeringRetry, OfAnUndoThatFailsAgainLeavesItAsItWas) {
  leave_undo_failed();

  ASSERT_TRUE(retry_step(*store_, "r-1", "charge").ok());
  work();

  EXPECT_EQ(info().status, "undo_failed");
  EXPECT_EQ(calls_.size(), 5U);
  expect_replay_is_identical();
}

TEST_F(SteeringRetry, OfAnUndoThatBacksOffDoesNotWait) {
  ship_works_ = refund_works_ = false;
  declare("paid", kPaid);
  start("paid");
  work(500'000);
  ASSERT_EQ(info().status, "running");
  refund_works_ = true;
  const Time before = clock_.now();

  ASSERT_TRUE(retry_step(*store_, "r-1", "charge").ok());
  work(1);

  EXPECT_EQ(info().status, "compensated");
  EXPECT_LE(clock_.now().micros - before.micros, 1);
  expect_replay_is_identical();
}

TEST_F(SteeringRetry, OfAStepThatBacksOffDoesNotWait) {
  charge_works_ = false;
  declare("slow", "[step.charge]\nrun = 'charge'\nretry = { max_attempts = 2, first = '1h', cap = '1h' }\n");
  start("slow");
  work(1);
  charge_works_ = true;

  ASSERT_TRUE(retry_step(*store_, "r-1", "charge").ok());
  work(1);

  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(calls_, (std::vector<std::string>{"charge r-1/0/0", "charge r-1/0/0"}));
  work(7'200'000'000);
  EXPECT_EQ(calls_.size(), 2U) << "the time it backed off until means nothing any more";
  expect_replay_is_identical();
}

TEST_F(SteeringRetry, OfTheStepThatFailedGoesOnAsTheSameRun) {
  charge_works_ = false;
  declare("paid", kPaid);
  ASSERT_EQ(run("paid").status, "failed");
  charge_works_ = true;

  ASSERT_TRUE(retry_step(*store_, "r-1", "charge", {.actor = "boss"}).ok());
  work();

  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(info().error, "");
  EXPECT_EQ(calls_, (std::vector<std::string>{"charge r-1/0/1", "charge r-1/0/1"}));
  EXPECT_EQ(get("Order", "o-1")["note"], Value("thanks today"));
  expect_replay_is_identical();
}

// What was stopped with it, waited or slept begins again; a map that it was in goes on where it was.
TEST_F(SteeringRetry, OfAStepInAMapGoesOnWithTheRest) {
  charge_works_ = false;
  declare("each", R"(
[step.nap]
sleep = "1h"
[step.each]
over = ["a", "b"]
window = 1
[step.each.step.note]
action = "Order.note"
args = { id = "o-1", note = "${item}" }
[step.each.step.charge]
run = "charge"
after = ["note"]
[step.end]
template = "${each}"
after = ["nap"]
)");
  ASSERT_EQ(run("each").status, "failed");
  charge_works_ = true;
  const std::size_t notes = events().size();

  ASSERT_TRUE(retry_step(*store_, "r-1", "each[0].charge").ok());
  work(7'200'000'000);

  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(info().result, R"(["paid","paid"])");
  EXPECT_EQ(events().size(), notes + 1) << "the note of the first item is not made again";
  expect_replay_is_identical();
}

TEST_F(SteeringRetry, IsRefusedWhereNothingOfItIsOpen) {
  leave_undo_failed();
  const Seq head = store_->head();

  EXPECT_EQ(retry_step(*store_, "r-1", "ship").id(), ErrorId::kStepWaitsNot);
  EXPECT_EQ(retry_step(*store_, "nobody", "ship").id(), ErrorId::kRunNotFound);
  ASSERT_TRUE(waive_undo(*store_, "r-1", "charge").ok());
  work();
  const Status undone = retry_step(*store_, "r-1", "ship");
  EXPECT_NE(undone.text().remedy.find("workflow fork r-1 --from ship"), std::string::npos);
  EXPECT_GT(store_->head(), head);
}

TEST_F(SteeringWaive, OfAnUndoThatWasGivenUpEndsTheRun) {
  leave_undo_failed();

  ASSERT_TRUE(waive_undo(*store_, "r-1", "charge", {.actor = "boss", .reason = "refunded by hand"}).ok());
  work();

  EXPECT_EQ(info().status, "compensated");
  EXPECT_TRUE(info().warnings);
  EXPECT_EQ(last_pulses(2), "waive charge, compensated");
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(waive_undo(*store_, "r-1", "charge").id(), ErrorId::kStepWaitsNot);
  expect_replay_is_identical();
}

TEST_F(SteeringWaive, OfAnUndoThatBacksOffGoesOnWithTheNextOne) {
  ship_works_ = refund_works_ = false;
  declare("paid",
          std::string(kPaid) + "[step.first]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'x' }\nundo = 'Order.note'\n");
  start("paid");
  work(500'000);
  ASSERT_EQ(info().status, "running");

  ASSERT_TRUE(waive_undo(*store_, "r-1", "charge").ok());
  work(1);

  EXPECT_EQ(info().status, "compensated");
  EXPECT_TRUE(info().warnings);
  expect_replay_is_identical();
}

// A runner may end after any task; what was asked for is in the log and happens once.
TEST_F(SteeringRetry, IsFinishedByWhicheverRunnerComes) {
  for (std::size_t tasks = 1; tasks < 12; ++tasks) {
    SCOPED_TRACE(tasks);
    const std::string id = "r-" + std::to_string(tasks);
    ship_works_ = refund_works_ = false;
    declare("paid", kPaid);
    ASSERT_EQ(run("paid", {}, id).status, "undo_failed");
    refund_works_ = true;
    ASSERT_TRUE(retry_step(*store_, id, "charge").ok());

    VirtualRunner(*store_, clock_, functions_).run(3'600'000'000, tasks);
    work();

    EXPECT_EQ(info(id).status, "compensated");
    EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
    expect_replay_is_identical(id);
  }
}

TEST_F(SteeringFork, TakesOverWhatWasDoneAndRunsTheRest) {
  declare("paid", kPaid);
  ASSERT_EQ(run("paid").status, "completed");
  calls_.clear();
  const std::size_t before = events().size();

  const Result<ForkReceipt> fork =
      fork_run(*store_, "r-1", {.id = "f-1", .from = "ship", .input = {{"note", "sorry"}}, .options = {.actor = "boss"}});
  ASSERT_TRUE(fork.ok()) << fork.status().message();
  EXPECT_EQ(fork->taken, (std::vector<std::string>{"load", "charge", "reserve"}));
  work();

  EXPECT_EQ(info("f-1").status, "completed");
  EXPECT_EQ(pulses("f-1"), "started, taken load, taken charge, taken reserve, completed ship, completed note, completed");
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(events().size(), before + 1);
  EXPECT_EQ(get("Order", "o-1")["note"], Value("sorry today"));
  const Event started = store_->view().event(run_detail(store_->view(), "f-1")->pulses[0].seq).value();
  EXPECT_EQ(started.correlation, last_event("Order.noted").correlation);
  EXPECT_EQ(started.causation, run_info(store_->view(), "r-1")->seq);
  EXPECT_EQ(started.actor, "boss");
  expect_replay_is_identical("f-1");
}

TEST_F(SteeringFork, RunsAgainWhatWasUndone) {
  ship_works_ = false;
  declare("paid", kPaid);
  ASSERT_EQ(run("paid").status, "compensated");
  ship_works_ = true;

  const Result<ForkReceipt> fork = fork_run(*store_, "r-1", {.id = "f-1", .from = "ship"});
  ASSERT_TRUE(fork.ok()) << fork.status().message();
  EXPECT_EQ(fork->taken, (std::vector<std::string>{"load"}));
  work();

  EXPECT_EQ(info("f-1").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
}

TEST_F(SteeringFork, HasAsManyStepsInFlight) {
  int calls = 0;
  functions_["stop"] = [&](const Object&, StepContext&) { return ++calls, StepOutcome::failed("no", "no"); };
  declare("three", "[step.x]\ntemplate = 'x'\n[step.a]\nrun = 'stop'\nafter = ['x']\n[step.b]\nrun = 'stop'\nafter = ['x']\n");
  ASSERT_TRUE(start_run(*store_, "three", {.id = "r-1", .max_concurrency = 1}).ok());
  work();
  ASSERT_EQ(calls, 1);

  ASSERT_TRUE(fork_run(*store_, "r-1", {.id = "f-1", .from = "a"}).ok());
  work();

  EXPECT_EQ(info("f-1").status, "failed");
  EXPECT_EQ(calls, 2) << "the second was to wait for the first";
}

TEST_F(SteeringFork, UndoesOnlyItsOwn) {
  declare("paid", kPaid);
  ASSERT_EQ(run("paid").status, "completed");
  ship_works_ = false;
  calls_.clear();

  ASSERT_TRUE(fork_run(*store_, "r-1", {.id = "f-1", .from = "reserve"}).ok());
  work();

  EXPECT_EQ(info("f-1").status, "compensated");
  EXPECT_TRUE(calls_.empty()) << "the charge is the first run's";
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
}

TEST_F(SteeringFork, TakesOtherResultsThanThoseRecorded) {
  declare("paid", kPaid);
  ASSERT_EQ(run("paid").status, "completed");

  const RunFork how{.id = "f-1", .from = "reserve", .results = {{"load", Object{{"sku", "tea"}, {"qty", 1}}}}};
  ASSERT_TRUE(fork_run(*store_, "r-1", how).ok());
  work();

  EXPECT_EQ(info("f-1").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(2));
}

constexpr const char* kAsks = R"(
[input]
order = { type = "string", default = "o-1" }
[step.ask]
approve = "ship ${input.order}?"
role = "manager"
[step.boxed]
group = true
[step.boxed.step.also]
approve = "in this box?"
role = "packer"
[step.ship]
template = "${input.order} by ${ask.by}"
after = ["boxed"]
)";

TEST_F(SteeringFork, GivesAnApprovalOnlyAsTheRoleThatMay) {
  declare("asks", kAsks);
  start("asks");
  work();
  ASSERT_TRUE(approve_step(*store_, "r-1", "ask", true, {.actor = Actor("mia", "manager")}).ok());
  ASSERT_TRUE(approve_step(*store_, "r-1", "boxed.also", true, {.actor = Actor("paul", "packer")}).ok());
  work();
  ASSERT_EQ(info().status, "completed");
  const Seq head = store_->head();

  // Kept, and supplied.
  const Status kept = fork_run(*store_, "r-1", {.from = "ship", .input = {{"order", "o-2"}}}).status();
  EXPECT_EQ(kept.id(), ErrorId::kPolicyDenied);
  EXPECT_NE(kept.message().find("--from ask"), std::string::npos) << kept.message();
  RunFork supplied{.from = "boxed", .results = {{"ask", Object{{"approved", true}, {"by", "me"}, {"reason", ""}}}}};
  EXPECT_EQ(fork_run(*store_, "r-1", supplied).status().id(), ErrorId::kPolicyDenied);
  supplied.options.actor = Actor("mia", "packer");
  EXPECT_EQ(fork_run(*store_, "r-1", supplied).status().id(), ErrorId::kPolicyDenied);
  // One that stands inside a step that is taken over.
  RunFork boxed{.from = "ship", .options = {.actor = Actor("mia", "manager")}};
  EXPECT_EQ(fork_run(*store_, "r-1", boxed).status().id(), ErrorId::kPolicyDenied);
  EXPECT_EQ(store_->head(), head);

  supplied.options.actor = Actor("mia", "manager");
  EXPECT_TRUE(fork_run(*store_, "r-1", supplied).ok());
}

TEST_F(SteeringFork, AsksAgainWhereItBeginsAtTheApproval) {
  declare("asks", kAsks);
  start("asks");
  work();
  ASSERT_TRUE(approve_step(*store_, "r-1", "ask", true, {.actor = Actor("mia", "manager")}).ok());

  ASSERT_TRUE(fork_run(*store_, "r-1", {.id = "f-1", .from = "ask"}).ok());
  work();

  const RunDetail detail = run_detail(store_->view(), "f-1").value();
  ASSERT_FALSE(detail.open.empty());
  EXPECT_EQ(detail.open[0].waits_for, "ship o-1?");
}

TEST_F(SteeringFork, GivesTheApprovalsOfAWorkflowThatAStepCalled) {
  declare("asks", kAsks);
  declare("outer", "[step.call]\nworkflow = 'asks'\n[step.done]\ntemplate = '${call}'\n");
  start("outer");
  work();
  const RunFork how{.from = "done", .results = {{"call", "o-1 by nobody"}}};
  EXPECT_EQ(fork_run(*store_, "r-1", how).status().id(), ErrorId::kWorkflowReference) << "it is not done yet";

  ASSERT_TRUE(approve_step(*store_, "r-1/call", "ask", true, {.actor = Actor("mia", "manager")}).ok());
  ASSERT_TRUE(approve_step(*store_, "r-1/call", "boxed.also", true, {.actor = Actor("paul", "packer")}).ok());
  work();
  ASSERT_EQ(info().status, "completed");
  const Status refused = fork_run(*store_, "r-1", how).status();
  EXPECT_EQ(refused.id(), ErrorId::kPolicyDenied);
  EXPECT_NE(refused.message().find("'call/ask'"), std::string::npos) << refused.message();
}

TEST_F(Steering, NamesTheStepsThatCanBeHelped) {
  leave_undo_failed();
  const SteerableSteps steps = steerable_steps(store_->view(), "r-1").value();
  EXPECT_EQ(steps.to_retry, std::vector<std::string>{"charge"});
  EXPECT_EQ(steps.to_waive, std::vector<std::string>{"charge"});
  const Status other = waive_undo(*store_, "r-1", "load", {});
  EXPECT_NE(other.message().find("these can be: charge"), std::string::npos) << other.message();
}

TEST_F(RunIds, OfPeopleHaveNoSlashesAndNoControlCharacters) {
  declare("paid", kPaid);
  run("paid");
  const Seq head = store_->head();

  for (const char* id : {"r-1/pay", "/", "a\tb", "a\nb", "a\x7f"}) {
    EXPECT_EQ(start_run(*store_, "paid", {.id = id}).status().id(), ErrorId::kKeyInvalid) << id;
    EXPECT_EQ(fork_run(*store_, "r-1", {.id = id, .from = "ship"}).status().id(), ErrorId::kKeyInvalid) << id;
  }
  const Status taken = fork_run(*store_, "r-1", {.id = "r-1", .from = "ship"}).status();
  EXPECT_EQ(taken.text().what, "there is a run 'r-1' already");
  EXPECT_EQ(store_->head(), head);
  EXPECT_TRUE(fork_run(*store_, "r-1", {.id = "r~1:a@b ü", .from = "ship"}).ok());
}

TEST_F(SteeringFork, IsRefusedByNameAndStartsNothing) {
  declare("paid", kPaid);
  run("paid");
  const Seq head = store_->head();

  EXPECT_EQ(fork_run(*store_, "nobody", {.from = "ship"}).status().id(), ErrorId::kRunNotFound);
  EXPECT_EQ(fork_run(*store_, "r-1", {.from = "nothing"}).status().id(), ErrorId::kWorkflowReference);
  EXPECT_EQ(fork_run(*store_, "r-1", {.from = "ship", .results = {{"note", 1}}}).status().id(), ErrorId::kWorkflowReference);
  EXPECT_EQ(fork_run(*store_, "r-1", {.from = "ship", .input = {{"noet", "x"}}}).status().id(), ErrorId::kRunInput);
  EXPECT_EQ(fork_run(*store_, "r-1", {.id = "r-1", .from = "ship"}).status().id(), ErrorId::kRecordExists);
  EXPECT_TRUE(fork_run(*store_, "r-1", {.from = "ship", .options = {.dry_run = true}}).ok());
  EXPECT_EQ(store_->head(), head);
}

}  // namespace
}  // namespace forge
