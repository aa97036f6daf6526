// Steps that are undone from the log.

#include "forge/workflows/replay.h"
#include "forge/workflows/steering.h"
#include "runner_fixture.h"

namespace forge {
namespace {

constexpr const char* kTwoNotes = R"(
[step.first]
action = "Order.note"
args = { id = "o-1", note = "first" }
undo = "auto"
[step.second]
action = "Order.note"
args = { id = "o-1", note = "second" }
after = ["first"]
undo = "auto"
[step.other]
action = "Order.place"
args = { id = "o-2", sku = "mint", qty = 1 }
after = ["second"]
undo = "auto"
[step.stop]
fail = "no"
after = ["other"]
)";

using AutoUndo = RunnerTest;

TEST_F(AutoUndo, TakesBackWhatTheStepsDidInReverseOrder) {
  declare("notes", kTwoNotes);

  const RunInfo run = this->run("notes");

  EXPECT_EQ(run.status, "compensated");
  EXPECT_EQ(pulses(),
            "started, completed first, completed second, completed other, failed stop, undone other, undone second, undone first, "
            "compensated");
  EXPECT_EQ(get("Order", "o-1")["note"], Value());
  EXPECT_EQ(store_->get("Order", "o-2").status().id(), ErrorId::kRecordNotFound);
  EXPECT_EQ(replay_run(store_->view(), "r-1")->is_identical(), true);
}

TEST_F(AutoUndo, IsOneTransactionWithTheFact) {
  declare("notes", kTwoNotes);
  run("notes");
  const Event undone = last_event("Order._undone");
  const Event noted = store_->view().event(undone.undoes.value()).value();
  EXPECT_EQ(noted.changes.find("note")->as_text(), "first");
  EXPECT_EQ(undone.causation, noted.seq);
  EXPECT_EQ(undone.actor, "ada");
  EXPECT_EQ(undone.correlation, noted.correlation);
  ASSERT_LT(undone.place + 1, undone.count);
  EXPECT_EQ(store_->view().event(undone.seq + 1)->type, "_run.advanced");
}

TEST_F(AutoUndo, OfATransactionAndOfAFunctionTakesBackAllOfIt) {
  functions_["fill"] = [](const Object&, StepContext& context) {
    context.act("Stock.fill", {{"sku", "mint"}, {"left", 3}});
    context.act("Stock.reserve", {{"sku", "mint"}, {"qty", 1}});
    return StepOutcome::done();
  };
  declare("both", R"(
[step.t]
transaction = true
undo = "auto"
[step.t.step.reserve]
action = "Stock.reserve"
args = { sku = "tea", qty = 2 }
[step.t.step.ship]
action = "Order.ship"
args = { id = "o-1" }
[step.f]
run = "fill"
after = ["t"]
undo = "auto"
[step.stop]
fail = "no"
after = ["f"]
)");

  EXPECT_EQ(run("both").status, "compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(get("Order", "o-1")["status"], Value("placed"));
  EXPECT_EQ(store_->get("Stock", "mint").status().id(), ErrorId::kRecordNotFound);
  EXPECT_EQ(replay_run(store_->view(), "r-1")->is_identical(), true);
}

TEST_F(AutoUndo, OfWhatSomebodyChangedSinceFailsUntilThatIsSettled) {
  functions_["meddle"] = [&](const Object&, StepContext&) {
    store_->act("Order.note", {{"id", "o-1"}, {"note", "mine"}}, {.actor = "eve"}).value();
    return StepOutcome::failed("no", "no");
  };
  declare("notes", "[step.a]\naction='Order.note'\nargs={id='o-1',note='a'}\nundo='auto'\n[step.b]\nrun='meddle'\nafter=['a']\n");

  EXPECT_EQ(run("notes").status, "undo_failed");
  const RunDetail detail = run_detail(store_->view(), "r-1").value();
  const auto failed =
      std::find_if(detail.pulses.begin(), detail.pulses.end(), [](const Pulse& pulse) { return pulse.code == "E3016"; });
  ASSERT_NE(failed, detail.pulses.end());
  EXPECT_NE(failed->message.find("actor eve"), std::string::npos) << failed->message;
  EXPECT_EQ(get("Order", "o-1")["note"], Value("mine"));

  store_->undo(last_event("Order.noted").seq).value();
  ASSERT_TRUE(retry_step(*store_, "r-1", "a").ok());
  work();
  EXPECT_EQ(info().status, "compensated");
  EXPECT_EQ(get("Order", "o-1")["note"], Value());
}

TEST_F(AutoUndo, LeavesBeWhatSomebodyTookBack) {
  functions_["meddle"] = [&](const Object&, StepContext&) {
    store_->undo(last_event("Order.noted").seq, {.actor = "eve"}).value();
    store_->act("Order.note", {{"id", "o-1"}, {"note", "mine"}}, {.actor = "eve"}).value();
    return StepOutcome::failed("no", "no");
  };
  declare("notes", "[step.a]\naction='Order.note'\nargs={id='o-1',note='a'}\nundo='auto'\n[step.b]\nrun='meddle'\nafter=['a']\n");

  EXPECT_EQ(run("notes").status, "compensated");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("mine"));
}

TEST_F(AutoUndo, WhereverTheRunnerEndsItComesToTheSame) {
  for (std::size_t tasks = 1; tasks < 40; ++tasks) {
    OpenOptions options;
    options.clock = &clock_;
    Store store = Store::open(":memory:", options).value();
    store.add_schema({{"shop.fbs", kRunShop}}).value();
    store.act("Order.place", {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}}).value();
    const auto outcome = parse_workflow(std::string("workflow='notes'\n") + kTwoNotes, "notes.toml");
    ASSERT_TRUE(add_workflow(store, *outcome.definition).ok());
    ASSERT_TRUE(start_run(store, "notes", {.id = "r-1"}).ok());
    VirtualRunner(store, clock_).run(3'600'000'000, tasks);
    VirtualRunner(store, clock_).run();
    EXPECT_EQ(run_info(store.view(), "r-1")->status, "compensated") << tasks << " tasks";
    std::size_t undos = 0;
    ASSERT_TRUE(store.view().log({.type = "Order._undone"}, [&](const Event&) { return ++undos > 0; }).ok());
    EXPECT_EQ(undos, 3u) << tasks << " tasks";
    EXPECT_EQ(store.get("Order", "o-1").value()["note"], Value()) << tasks << " tasks";
  }
}

TEST_F(AutoUndo, OfAStepWithoutEventsIsRefused) {
  const auto outcome = parse_workflow("workflow='w'\n[step.t]\ntemplate='x'\nundo='auto'\n", "w.toml");
  ASSERT_NE(outcome.definition, nullptr);
  const Status refused = add_workflow(*store_, *outcome.definition).status();
  EXPECT_EQ(refused.id(), ErrorId::kWorkflowUnsupported);
  EXPECT_NE(refused.message().find("'t'"), std::string::npos);
}

}  // namespace
}  // namespace forge
