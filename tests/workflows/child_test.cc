// Steps that are workflows: runs of their own, which whatever becomes of their parents reaches, and which reach these.

#include <map>

#include "forge/workflows/workflow.h"
#include "runner_fixture.h"

namespace forge {
namespace {

// Takes tea, and goes on as it is asked.
constexpr const char* kTake = R"(
[input]
qty = { type = "int", default = 1 }
then = { type = "string", default = "" }
[step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = "${input.qty}" }
undo = "Stock.release"
[step.note]
action = "Order.note"
args = { id = "o-1", note = "taken" }
undo = { action = "Order.note", args = { id = "o-1", note = "given back" } }
after = ["take"]
[step.fail]
fail = "as asked"
code = "asked"
where = "${input.then} = 'fail'"
after = ["note"]
[step.wait]
wait = "go"
where = "${input.then} = 'wait'"
after = ["note"]
[step.halt]
halt = "ask somebody"
where = "${input.then} = 'halt'"
after = ["note"]
[step.done]
template = "took ${input.qty}"
after = ["fail", "wait", "halt"]
)";

std::string calling(const std::string& then, const std::string& rest = "") {
  return "[step.pay]\nworkflow = 'take'\nargs = { qty = 2, then = '" + then + "' }\n" + rest;
}
constexpr const char* kFailsAfter = "[step.stop]\nfail = 'no'\nafter = ['pay']\n";

class Children : public RunnerTest {
 protected:
  Children() { declare("take", kTake); }
  std::vector<std::string> run_ids() const {
    std::vector<std::string> ids;
    const std::vector<RunInfo> all = runs(store_->view()).value();
    for (const RunInfo& one : all) ids.push_back(one.id);
    return ids;
  }
  Status tell(RunTelling telling) { return tell_run(*store_, "r-1", telling, {.actor = "ada"}); }
};

TEST_F(Children, TheResultOfTheRunIsThatOfTheStep) {
  declare("order", calling("", "[step.text]\ntemplate = '${pay}, then done'\n"));

  EXPECT_EQ(run("order").result, "\"took 2, then done\"");
  EXPECT_EQ(pulses(), "started, completed pay, completed text, completed");
  EXPECT_EQ(info("r-1/pay").status, "completed");
  const Event reserved = last_event("Stock.reserved");
  EXPECT_EQ(reserved.correlation, store_->view().event(info().seq).value().correlation);
  EXPECT_EQ(reserved.actor, "ada");
  EXPECT_EQ(reserved.hops_left, 6) << "the step of the parent costs one, the child's another";
  EXPECT_TRUE(runner_->summary().idle);
}

TEST_F(Children, WhatFailsInTheRunFailsTheStepWithItsCode) {
  declare("order", calling("fail", "compensate = [{ when = \"${error.code} = 'asked'\", continue = 'without' }]\n"));

  EXPECT_EQ(run("order").result, "\"without\"");
  EXPECT_EQ(info("r-1/pay").status, "compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(Children, InputsThatDoNotFitFailTheStep) {
  declare("order", "[step.pay]\nworkflow = 'take'\nargs = { quantity = 2 }\n");

  const RunInfo failed = run("order");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_NE(failed.error.find("quantity"), std::string::npos) << failed.error;
  EXPECT_EQ(run_ids(), std::vector<std::string>{"r-1"});
}

// A child that has completed is undone by its own steps, the last first, and ends once more.
TEST_F(Children, ACompletedRunIsUndoneByItsSteps) {
  declare("order", calling("", kFailsAfter));

  EXPECT_EQ(run("order").status, "compensated");
  EXPECT_EQ(info("r-1/pay").status, "compensated");
  EXPECT_EQ(pulses("r-1/pay"),
            "started, completed take, completed note, skipped fail, skipped wait, skipped halt, completed done, completed, unwind, "
            "undone note, undone take, compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(get("Order", "o-1")["note"], Value("given back"));
  EXPECT_EQ(last_event("Stock.released").causation, last_event("Stock.reserved").seq);
}

TEST_F(Children, AStepsOwnUndoComesBeforeThatOfTheRun) {
  declare("order",
          calling("", std::string("undo = { action = 'Order.note', args = { id = 'o-1', note = 'own' } }\n") + kFailsAfter));

  EXPECT_EQ(run("order").status, "compensated");
  EXPECT_EQ(info("r-1/pay").status, "completed");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("own"));
}

TEST_F(Children, ARunThatCannotBeUndoneMakesThatOfItsParent) {
  declare("stuck", "[step.a]\ntemplate = 'a'\nundo = { action = 'Order.note', args = { id = 'nothing', note = 'x' } }\n");
  declare("order", std::string("[step.pay]\nworkflow = 'stuck'\n") + kFailsAfter);

  EXPECT_EQ(run("order").status, "undo_failed");
  EXPECT_EQ(info("r-1/pay").status, "undo_failed");
}

TEST_F(Children, EachAttemptIsARunOfItsOwn) {
  declare("order", calling("fail", "retry = { max_attempts = 2, first = '1s' }\n"));

  EXPECT_EQ(run("order").status, "failed");
  EXPECT_EQ(run_ids(), (std::vector<std::string>{"r-1", "r-1/pay", "r-1/pay/2"}));
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(Children, EachItemOfAMapHasOneOfItsOwn) {
  declare("order", "[step.each]\nover = [1, 2]\n[step.each.step.pay]\nworkflow = 'take'\nargs = { qty = '${item}' }\n");

  EXPECT_EQ(run("order").result, R"(["took 1","took 2"])");
  EXPECT_EQ(run_ids(), (std::vector<std::string>{"r-1", "r-1/each[0].pay.1", "r-1/each[1].pay.2"}));
}

TEST_F(Children, ARunThatSomebodyElseStartedIsNotTaken) {
  declare("order", calling(""));
  // By a hook, whose key may have a slash.
  declare("r", "on = { event = 'Order.placed', key = '${event.key}' }\n[step.x]\ntemplate = 'x'\n");
  store_->act("Order.place", {{"id", "1/pay"}}).value();
  work();

  const RunInfo failed = run("order", {}, "r:1");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_NE(failed.error.find("E3005"), std::string::npos) << failed.error;
  EXPECT_EQ(info("r:1/pay").status, "completed");
}

TEST_F(Children, AWorkflowThatStartsItselfEndsByItsHops) {
  declare("again", "[step.pay]\nworkflow = 'again'\n");

  const RunInfo ended = run("again");
  EXPECT_EQ(ended.status, "failed");
  EXPECT_NE(ended.error.find("ttl_expired"), std::string::npos) << ended.error;
  EXPECT_EQ(run_ids().size(), 9U) << "each run costs a hop of the eight";
}

// ---- Halting

TEST_F(Children, AHaltHaltsTheWholeAndResumingResumesIt) {
  declare("order", calling("halt"));

  EXPECT_EQ(run("order").status, "halted");
  EXPECT_EQ(info().result, "\"ask somebody\"");
  EXPECT_EQ(info("r-1/pay").status, "halted");
  EXPECT_TRUE(runner_->summary().idle);

  ASSERT_TRUE(tell(RunTelling::kResume).ok());
  work();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(info().result, "\"took 2\"");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
}

TEST_F(Children, ARunThatHaltedAndIsNotResumedIsUndone) {
  declare("order", calling("halt"));
  run("order");

  ASSERT_TRUE(tell(RunTelling::kCancel).ok());
  work();
  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(info("r-1/pay").status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(Children, APauseReachesThem) {
  declare("order", calling("wait"));
  start("order");
  work();
  EXPECT_EQ(run_detail(store_->view(), "r-1")->open.at(0).waits_for, "r-1/pay");
  ASSERT_TRUE(tell(RunTelling::kPause).ok());
  work();
  EXPECT_EQ(info().status, "halted");
  EXPECT_EQ(info("r-1/pay").status, "halted");

  ASSERT_TRUE(tell(RunTelling::kResume).ok());
  ASSERT_TRUE(send_signal(*store_, "go", "", nullptr).ok());
  work();
  EXPECT_EQ(info().status, "completed");
}

// ---- Ending

TEST_F(Children, ACancelReachesThem) {
  declare("order", calling("wait"));
  start("order");
  work();
  EXPECT_TRUE(runner_->summary().idle) << "both wait for somebody";
  ASSERT_TRUE(tell(RunTelling::kCancel).ok());
  work();
  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(info("r-1/pay").status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(Children, ATerminationReachesThem) {
  declare("order", calling("wait"));
  start("order");
  work();
  ASSERT_TRUE(tell(RunTelling::kTerminate).ok());
  work();
  EXPECT_EQ(info().status, "terminated");
  EXPECT_EQ(info("r-1/pay").status, "terminated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
}

TEST_F(Children, ATimeoutIsTheDeadlineOfTheRun) {
  declare("order", calling("wait", "timeout = '10s'\n"));

  const RunInfo failed = run("order");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_NE(failed.error.find("timeout"), std::string::npos) << failed.error;
  EXPECT_EQ(info("r-1/pay").status, "expired");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(Children, ADeadlineOfTheStepOrTheParentReachesThem) {
  declare("order", calling("wait", "deadline = '10s'\n"));
  declare("late", "deadline = '10s'\n" + calling("wait"));

  EXPECT_EQ(run("order").status, "failed");
  EXPECT_EQ(info("r-1/pay").status, "cancelled");
  EXPECT_EQ(run("late", {}, "r-2").status, "expired");
  EXPECT_EQ(info("r-2/pay").status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

// ---- Taking up

TEST_F(Children, AMissingWorkflowIsWaitedFor) {
  declare("order", "[step.pay]\nworkflow = 'later'\n");
  start("order");
  work();
  EXPECT_EQ(info().status, "running");
  EXPECT_EQ(runner_->summary().parked.at("r-1").id(), ErrorId::kWorkflowNotFound);

  declare("later", "[step.a]\ntemplate = 'there'\n");
  runner_->run();
  EXPECT_EQ(info().status, "completed");
  EXPECT_TRUE(runner_->summary().parked.empty());
}

// A child that stands still keeps its parent, and whoever waits for either is told why.
TEST_F(Children, AMissingFunctionIsToldOfTheParentToo) {
  declare("calls", "[step.f]\nrun = 'f'\n");
  declare("order", "[step.pay]\nworkflow = 'calls'\n");
  start("order");
  work();
  EXPECT_EQ(runner_->summary().parked.size(), 2U);
  EXPECT_TRUE(runner_->summary().idle);

  functions_["f"] = [](const Object&, StepContext&) { return StepOutcome::done("called"); };
  work();
  EXPECT_EQ(info().result, "\"called\"");
}

// ---- Cleaning up and undoing by a workflow

constexpr const char* kGiveBack = R"(
ttl_hops = 2
[input]
qty = "int"
[step.release]
action = "Stock.release"
args = { sku = "tea", qty = "${input.qty}" }
[step.note]
action = "Order.note"
args = { id = "o-1", note = "given back" }
after = ["release"]
)";

TEST_F(Children, AWorkflowReversesAStepBySeveralActions) {
  declare("give-back", kGiveBack);
  declare("order",
          "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\n"
          "undo = { workflow = 'give-back', args = { qty = 2 } }\n[step.stop]\nfail = 'no'\nafter = ['take']\n");

  EXPECT_EQ(run("order").status, "compensated");
  EXPECT_EQ(info("r-1/take~undo").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(get("Order", "o-1")["note"], Value("given back"));
  EXPECT_EQ(last_event("Order.noted").hops_left, 0) << "undoing costs nothing: it has the hops of any run of its workflow";
}

TEST_F(Children, AWorkflowThatCannotReverseAStepIsTriedAgain) {
  declare("give-back", "[input]\nqty = 'int'\n[step.no]\nfail = 'no'\n");
  declare("order",
          "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\nundo = { workflow = 'give-back', args = { qty = "
          "2 } }\n"
          "[step.stop]\nfail = 'no'\nafter = ['take']\n");
  declare("misfit",
          "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = { workflow = 'give-back' }\n"
          "[step.stop]\nfail = 'no'\nafter = ['take']\n");

  EXPECT_EQ(run("misfit", {}, "m").status, "undo_failed") << "the step's own arguments are no inputs of it";
  EXPECT_EQ(run("order").status, "undo_failed");
  EXPECT_EQ(info("r-1/take~undo/5").status, "failed");
}

TEST_F(Children, AWorkflowCleansUpAfterAStep) {
  declare("give-back", kGiveBack);
  declare("read",
          "[step.bad]\nread = 'Order'\nkey = 'nothing'\n"
          "compensate = [{ do = { workflow = 'give-back', args = { qty = 1 } }, continue = 'mended' }]\n");

  EXPECT_EQ(run("read").result, "\"mended\"");
  EXPECT_EQ(info("r-1/bad~compensate").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(6));
}

// ---- Steps that a function returns

TEST_F(Children, StepsThatAFunctionReturnsAreARunOfTheirOwn) {
  int calls = 0;
  functions_["plan"] = [&calls](const Object& args, StepContext&) {
    ++calls;
    Workflow further("further");
    further.input("n", "int");
    const std::int64_t count = args.find("count")->as_int();
    for (std::int64_t i = 0; i < count; ++i) {
      further.step("take-" + std::to_string(i))
          .action("Stock.reserve", {{"sku", "tea"}, {"qty", "${input.n}"}})
          .undo("Stock.release");
    }
    further.step("wait").wait("go", nullptr).set("after", List{"take-0"});
    return StepOutcome::further(further.define().definition, {{"n", 1}});
  };
  declare("order", std::string("[step.plan]\nrun = 'plan'\ndynamic = true\nargs = { count = 3 }\n"
                               "[step.stop]\nfail = 'no'\nafter = ['plan']\n"));
  start("order");
  work();
  EXPECT_EQ(run_ids(), (std::vector<std::string>{"r-1", "r-1/plan"}));
  EXPECT_EQ(get("Stock", "tea")["left"], Value(2));
  work();
  EXPECT_EQ(calls, 1) << "what it returned is in the log";

  ASSERT_TRUE(send_signal(*store_, "go", "", nullptr).ok());
  work();
  EXPECT_EQ(info().status, "compensated");
  EXPECT_EQ(info("r-1/plan").status, "compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(calls, 1);
}

// A runner that ends after any task: what the function returned is taken once, and undone once.
TEST_F(Children, StepsThatAFunctionReturnsAreTakenOnceWhereverTheRunnerEnds) {
  std::map<std::string, int> calls;
  functions_["plan"] = [&calls](const Object&, StepContext& context) {
    ++calls[context.run];
    Workflow further("further");
    further.step("take").action("Stock.reserve", {{"sku", "tea"}, {"qty", 1}}).undo("Stock.release");
    further.step("note").action("Order.note", {{"id", "o-1"}, {"note", "taken"}}).after({"take"});
    return StepOutcome::further(further.define().definition);
  };
  declare("order", std::string("[step.plan]\nrun = 'plan'\ndynamic = true\n[step.stop]\nfail = 'no'\nafter = ['plan']\n"));
  const std::size_t before = events().size();
  std::size_t runs = 0;
  for (std::size_t tasks = 1; tasks < 30; ++tasks, ++runs) {
    const std::string id = "r-" + std::to_string(tasks);
    start("order", {}, id);
    VirtualRunner(*store_, clock_, functions_).run(1'000'000, tasks);
    VirtualRunner(*store_, clock_, functions_).run();
    EXPECT_EQ(info(id).status, "compensated") << tasks << " tasks";
    EXPECT_LE(calls[id], 2) << tasks << " tasks";
    EXPECT_EQ(get("Stock", "tea")["left"], Value(5)) << tasks << " tasks";
  }
  EXPECT_EQ(events().size(), before + 3 * runs) << "taken, noted and released once each";
}

TEST_F(Children, AFunctionThatMayReturnStepsNeedNot) {
  functions_["plan"] = [](const Object&, StepContext&) { return StepOutcome::done("nothing to do"); };
  declare("order", "[step.plan]\nrun = 'plan'\ndynamic = true\n[step.text]\ntemplate = '${plan}, ${run.hops_left} left'\n");

  EXPECT_EQ(run("order").result, "\"nothing to do, 7 left\"");
  EXPECT_EQ(run_ids(), std::vector<std::string>{"r-1"});
}

TEST_F(Children, StepsThatDifferFromRunToRunAreEachKeptTo) {
  functions_["plan"] = [](const Object& args, StepContext&) {
    Workflow further("further");
    further.step("text").set("template", *args.find("text"));
    return StepOutcome::further(further.define().definition);
  };
  declare("order",
          "[step.each]\nover = ['a', 'b', 'a']\n"
          "[step.each.step.plan]\nrun = 'plan'\ndynamic = true\nargs = { text = '${item}' }\n");

  EXPECT_EQ(run("order").result, R"(["a","b","a"])");
}

TEST_F(Children, StepsThatCannotBeTakenFailTheStep) {
  functions_["plan"] = [](const Object&, StepContext& context) {
    Workflow further("further");
    further.input("n", "int");
    further.step("text").set("template", "x");
    if (context.step == "acts") context.act("Stock.fill", {{"sku", "tea"}, {"left", 9}});
    return StepOutcome::further(further.define().definition);
  };
  declare("input", "[step.plan]\nrun = 'plan'\ndynamic = true\n");
  declare("plain", "[step.plan]\nrun = 'plan'\n");
  declare("both", "[step.acts]\nrun = 'plan'\ndynamic = true\n");

  EXPECT_NE(run("input", {}, "a").error.find("'n' is missing"), std::string::npos) << info("a").error;
  EXPECT_NE(run("plain", {}, "b").error.find("not declared with dynamic"), std::string::npos) << info("b").error;
  EXPECT_NE(run("both", {}, "c").error.find("asked for actions"), std::string::npos) << info("c").error;
}

struct ChildCase {
  const char* name;
  std::string parent;
  std::optional<RunTelling> telling;  // once both wait
  const char* status;
  const char* child_status;
  int left;
};

class ChildCrash : public ::testing::TestWithParam<ChildCase> {
 protected:
  static void fill(Store& store) {
    store.add_schema({{"shop.fbs", kRunShop}}).value();
    store.act("Stock.fill", {{"sku", "tea"}, {"left", 5}}).value();
    store.act("Order.place", {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}}).value();
    for (const auto& [name, toml] : {std::pair<std::string, std::string>{"take", kTake}, {"order", GetParam().parent}}) {
      const auto outcome = parse_workflow("workflow='" + name + "'\n" + toml, name);
      ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0].message();
      ASSERT_TRUE(add_workflow(store, *outcome.definition).ok());
    }
    ASSERT_TRUE(start_run(store, "order", {.id = "r-1"}).ok());
  }
  // Whether all was done by then.
  static bool live(Store& store, testing::ManualClock& clock, std::size_t tasks) {
    VirtualRunner runner(store, clock);
    runner.run(3'600'000'000, tasks);
    return runner.summary().idle && runner.summary().seen == store.head();
  }
  static std::map<std::string, int> events_of(const Store& store) {
    std::map<std::string, int> counts;
    EXPECT_TRUE(store.view()
                    .log({},
                         [&](const Event& event) {
                           const bool counted =
                               !event.resource.starts_with('_') || event.type == "_run.started" || event.type == "_run.ended";
                           if (counted) ++counts[event.type];
                           return true;
                         })
                    .ok());
    return counts;
  }
  static void tell(Store& store) {
    if (GetParam().telling && !run_info(store.view(), "r-1")->has_ended()) {
      ASSERT_TRUE(tell_run(store, "r-1", *GetParam().telling).ok());
    }
  }
  static void check_end(const Store& store) {
    EXPECT_EQ(run_info(store.view(), "r-1")->status, GetParam().status);
    EXPECT_EQ(run_info(store.view(), "r-1/pay")->status, GetParam().child_status);
    EXPECT_EQ(store.get("Stock", "tea").value()["left"], Value(GetParam().left));
  }
};

// A runner that ends after any task, before what it is told or after it: the next ones come to the same end.
TEST_P(ChildCrash, AtEachTaskEndsTheSame) {
  std::map<std::string, int> expected;
  bool whole = false;
  for (std::size_t tasks = 0; !whole; ++tasks) {
    ASSERT_LT(tasks, 200U);
    testing::ManualClock clock;
    OpenOptions options;
    options.clock = &clock;
    Store store = Store::open(":memory:", options).value();
    fill(store);
    whole = tasks > 0 && live(store, clock, tasks);
    live(store, clock, 1'000'000);
    tell(store);
    whole = tasks > 0 && live(store, clock, tasks) && whole;
    live(store, clock, 1'000'000);
    check_end(store);
    if (tasks == 0) expected = events_of(store);
    EXPECT_EQ(events_of(store), expected) << tasks << " tasks";
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ChildCrash,
    ::testing::Values(ChildCase{"Completes", calling(""), {}, "completed", "completed", 3},
                      ChildCase{"Fails", calling("fail"), {}, "failed", "compensated", 5},
                      ChildCase{"IsUndone", calling("", kFailsAfter), {}, "compensated", "compensated", 5},
                      ChildCase{"IsReversedByAWorkflow",
                                calling("", std::string("undo = { workflow = 'take', args = { qty = 1 } }\n") + kFailsAfter),
                                {},
                                "compensated",
                                "completed",
                                2},
                      ChildCase{"IsCancelled", calling("wait"), RunTelling::kCancel, "cancelled", "cancelled", 5},
                      ChildCase{"IsTerminated", calling("wait"), RunTelling::kTerminate, "terminated", "terminated", 3},
                      ChildCase{"Expires", calling("wait", "deadline = '10s'\n"), {}, "failed", "cancelled", 5},
                      ChildCase{"IsResumed", calling("halt"), RunTelling::kResume, "completed", "completed", 3}),
    [](const auto& tested) { return std::string(tested.param.name); });

// Also by a runner that takes the two up: what was done first is undone last.
TEST_F(Children, OfACancelledRunAreUndoneBeforeWhatCameBeforeThem) {
  declare("kid",
          "[step.b]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = 'Stock.release'\n[step.w]\nwait = "
          "'go'\nafter = ['b']\n");
  declare("top",
          "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\nundo = 'Stock.release'\n"
          "[step.kid]\nworkflow = 'kid'\nafter = ['a']\n");
  start("top");
  work();
  runner_.reset();
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  work();

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(info("r-1/kid").status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  std::vector<Value> released;
  const Status read = store_->view().log(
      {.type = "Stock.released"}, [&](const Event& event) { return released.push_back(*event.arguments.find("qty")), true; });
  EXPECT_TRUE(read.ok()) << read.message();
  EXPECT_EQ(released, (std::vector<Value>{1, 2}));
}

TEST_F(Children, AFailureDeepDownIsToldOnce) {
  declare("deep", R"(
[input]
n = "int"
[step.again]
workflow = "deep"
args = { n = { expr = "${input.n} - 1" } }
where = "${input.n} > 0"
[step.stop]
fail = "no further"
code = "bottom"
after = ["again"]
where = "${input.n} = 0"
)");
  EXPECT_EQ(run("deep", {{"n", 3}}).error, "bottom: run 'r-1/again/again/again' ended as failed: no further");
}

}  // namespace
}  // namespace forge
