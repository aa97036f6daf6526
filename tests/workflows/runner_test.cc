// What the runner does with each kind of step, on a virtual clock.

#include "journal.h"
#include "runner_fixture.h"

namespace forge {
namespace {

using RunnerSteps = RunnerTest;
using RunnerUndo = RunnerTest;
using RunnerPeople = RunnerTest;

TEST_F(RunnerSteps, ActionsAndReadsGoOnFromEachOther) {
  declare("checkout", R"(
[input]
order = "string"
[step.load]
read = "Order"
key = "${input.order}"
[step.reserve]
action = "Stock.reserve"
args = { sku = "${load.sku}", qty = "${load.qty}" }
[step.ship]
action = "Order.ship"
args = { id = "${load.id}" }
after = ["reserve"]
)");

  const RunInfo run = this->run("checkout", {{"order", "o-1"}});

  EXPECT_EQ(run.status, "completed");
  EXPECT_EQ(pulses(), "started, completed load, completed reserve, completed ship, completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
  EXPECT_EQ(get("Order", "o-1")["status"], Value("shipped"));
  const Event shipped = last_event("Order.shipped");
  EXPECT_EQ(parse_json(run.result, "result").value().if_object()->find("seq")->as_int(), static_cast<std::int64_t>(shipped.seq));
}

// The action and the fact that it is done are one transaction, in the name of who started the run, with what is left of its hops.
TEST_F(RunnerSteps, AnActionIsInOneTransactionWithItsPulse) {
  declare("one", "[step.note]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'hello' }\n");

  run("one");

  const Event noted = last_event("Order.noted");
  const Event pulse = store_->view().event(noted.seq + 1).value();
  EXPECT_EQ(pulse.type, "_run.advanced");
  EXPECT_EQ(pulse.transaction, noted.transaction);
  EXPECT_EQ(noted.actor, "ada");
  EXPECT_EQ(noted.hops_left, 7);
  EXPECT_EQ(noted.correlation, last_event("_run.started").correlation);
  EXPECT_EQ(noted.causation, last_event("_run.started").seq);
}

TEST_F(RunnerSteps, ARefusedActionFailsTheRunWithTheRule) {
  declare("greedy", "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 50 }\n");

  const RunInfo run = this->run("greedy");

  EXPECT_EQ(run.status, "failed");
  EXPECT_NE(run.error.find("E2107"), std::string::npos) << run.error;
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(RunnerSteps, AReadThatFindsNothingFailsIsNullOrHalts) {
  declare("fails", "[step.load]\nread = 'Order'\nkey = 'nothing'\n");
  declare("null", "[step.load]\nread = 'Order'\nkey = 'nothing'\nnot_found = 'null'\n");
  declare("halts",
          "[step.load]\nread = 'Order'\nkey = 'nothing'\nnot_found = 'halt'\n[step.next]\ntemplate = 'n'\nafter = ['load']\n");

  EXPECT_EQ(run("fails", {}, "a").status, "failed");
  EXPECT_EQ(run("null", {}, "b").status, "completed");
  EXPECT_EQ(run("halts", {}, "c").status, "halted");
}

TEST_F(RunnerSteps, AQueryGivesItsRows) {
  store_->act("Stock.fill", {{"sku", "mint"}, {"left", 50}}).value();
  declare("few", "[step.few]\nquery = 'Stock.few'\nargs = { below = 10 }\n[step.text]\ntemplate = 'first ${few[0].sku}'\n");

  EXPECT_EQ(run("few").result, "\"first tea\"");
}

TEST_F(RunnerSteps, AMapOverAQueryWorksOnEachRow) {
  store_->act("Stock.fill", {{"sku", "mint"}, {"left", 1}}).value();
  declare("refill", R"(
[step.each]
over = { query = "Stock.few" }
[step.each.step.fill]
action = "Stock.fill"
args = { sku = "${item.sku}", left = 20 }
)");

  EXPECT_EQ(run("refill").status, "completed");
  EXPECT_EQ(get("Stock", "mint")["left"], Value(20));
  EXPECT_EQ(get("Stock", "tea")["left"], Value(20));
}

TEST_F(RunnerSteps, ATransactionIsOneCommit) {
  declare("both", R"(
[step.t]
transaction = true
[step.t.step.load]
read = "Order"
key = "o-1"
[step.t.step.reserve]
action = "Stock.reserve"
args = { sku = "${load.sku}", qty = "${load.qty}" }
[step.t.step.ship]
action = "Order.ship"
args = { id = "${load.id}" }
[step.text]
template = "${t.type}"
)");

  EXPECT_EQ(run("both").result, "\"Order.shipped\"");
  EXPECT_EQ(last_event("Stock.reserved").transaction, last_event("Order.shipped").transaction);
  EXPECT_EQ(last_event("Stock.reserved").transaction,
            store_->view().event(last_event("Order.shipped").seq + 1).value().transaction);
}

TEST_F(RunnerSteps, ATransactionThatIsRefusedDoesNothing) {
  declare("both", R"(
[step.t]
transaction = true
[step.t.step.ship]
action = "Order.ship"
args = { id = "o-1" }
[step.t.step.reserve]
action = "Stock.reserve"
args = { sku = "tea", qty = 50 }
)");

  EXPECT_EQ(run("both").status, "failed");
  EXPECT_EQ(get("Order", "o-1")["status"], Value("placed"));
}

TEST_F(RunnerSteps, AFunctionActsWithItsOwnCompletion) {
  functions_["note"] = [](const Object& args, StepContext& context) {
    context.act("Order.note", {{"id", "o-1"}, {"note", *args.find("text")}});
    return StepOutcome::done(context.idempotency_key);
  };
  declare("call", "[step.note]\nrun = 'note'\nargs = { text = 'from code' }\n");

  const RunInfo run = this->run("call");

  EXPECT_EQ(run.result, "\"r-1/0/0\"");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("from code"));
}

TEST_F(RunnerSteps, AFunctionIsTriedAgainAfterItsBackoffWithOneKey) {
  std::vector<std::string> keys;
  std::vector<Time> times;
  functions_["flaky"] = [&](const Object&, StepContext& context) {
    keys.push_back(context.idempotency_key);
    times.push_back(clock_.now());
    return context.attempt < 3 ? StepOutcome::failed("503", "busy") : StepOutcome::done(std::int64_t{context.attempt});
  };
  declare("flaky", "[step.a]\nrun = 'flaky'\nretry = { max_attempts = 4, backoff = 'exponential', first = '1s', on = ['5xx'] }\n");

  EXPECT_EQ(run("flaky").result, "3");
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys[0], keys[2]);
  EXPECT_GE(times[1].micros - times[0].micros, 1'000'000);
  EXPECT_GE(times[2].micros - times[1].micros, 2'000'000);
  EXPECT_EQ(pulses(), "started, failed a, timer a, failed a, timer a, completed a, completed");
}

TEST_F(RunnerSteps, WhatAFunctionThrowsIsItsFailure) {
  functions_["throws"] = [](const Object&, StepContext&) -> StepOutcome { throw std::runtime_error("no such luck"); };
  declare("throws", "[step.a]\nrun = 'throws'\n");

  EXPECT_EQ(run("throws").error, "exception: no such luck");
}

TEST_F(RunnerSteps, AMissingFunctionLetsTheRunStandStillAndOthersGoOn) {
  declare("call", "[step.a]\nrun = 'absent'\n");
  declare("fine", "[step.a]\ntemplate = 'ok'\n");
  start("call", {}, "a");
  start("fine", {}, "b");

  work();

  EXPECT_EQ(info("a").status, "running");
  EXPECT_EQ(runner_->summary().parked.at("a").id(), ErrorId::kWorkflowReference);
  EXPECT_EQ(info("b").status, "completed");
  functions_["absent"] = [](const Object&, StepContext&) { return StepOutcome::done(1); };
  work();
  EXPECT_EQ(info("a").result, "1");
}

TEST_F(RunnerSteps, RunsAreListedInPortionsAndThoseOfAStatusAlone) {
  declare("fine", "[step.a]\ntemplate = 'ok'\n");
  declare("no", "[step.a]\nfail = 'no'\n");
  for (const char* id : {"a", "b", "c", "d", "e"}) start("fine", {}, id);
  start("no", {}, "cc");
  work();
  const auto ids = [&](const std::string& status, std::size_t limit, const std::string& after) {
    std::string text;
    const std::vector<RunInfo> found = runs(store_->view(), status, limit, after).value();
    for (const RunInfo& run : found) text += run.id + " ";
    return text;
  };

  EXPECT_EQ(ids("", 2, "b"), "c cc ");
  EXPECT_EQ(ids("completed", 2, "b"), "c d ");
  EXPECT_EQ(ids("failed", 0, ""), "cc ");
  EXPECT_EQ(ids("", 0, "e"), "");
  ReadPlan plan;
  const ListQuery failed{.resource = "_run", .where = "status = 'failed'"};
  ASSERT_TRUE(store_->view()
                  .list(
                      failed, [](const Record&) { return true; }, &plan)
                  .ok());
  EXPECT_EQ(plan.index, "_run.status");
  EXPECT_LE(plan.entries_touched, 2U);
}

TEST_F(RunnerSteps, WhatRunsWaitForIsTold) {
  declare("nap", "[step.nap]\nsleep = '2h'\n");
  declare("asks", "[step.ask]\napprove = 'so?'\ndeadline = '1h'\n");
  declare("halts", "[step.a]\nhalt = 'look'\n[step.b]\ntemplate = 'on'\nafter = ['a']\n");
  declare("call", "[step.a]\nrun = 'absent'\n");
  const Time begin = clock_.now();
  start("nap", {}, "n");
  start("asks", {}, "a");
  start("halts", {}, "h");
  start("call", {}, "c");

  work(1'000'000);

  const RunnerOutlook outlook = runner_->engine().outlook();
  EXPECT_EQ(outlook.working, 0U);
  EXPECT_EQ(outlook.sleeping, 1U);
  EXPECT_EQ(outlook.waiting, 1U);
  EXPECT_EQ(outlook.halted, 1U);
  EXPECT_EQ(outlook.parked, 1U);
  ASSERT_TRUE(outlook.next.has_value());
  EXPECT_EQ(outlook.next->run + " " + outlook.next->step, "a ask");
  EXPECT_GE(outlook.next->at.micros - begin.micros, 3'600'000'000);
  EXPECT_LT(outlook.next->at.micros - begin.micros, 3'601'000'000);
}

TEST_F(RunnerSteps, SleepsGoByTheClockAlsoOverARestart) {
  declare("nap", "[step.nap]\nsleep = '2h'\n[step.text]\ntemplate = 'awake'\nafter = ['nap']\n");
  const Time begin = clock_.now();
  start("nap");

  work(3'600'000'000);
  EXPECT_EQ(info().status, "running");
  work(3 * 3'600'000'000LL);

  EXPECT_EQ(info().status, "completed");
  EXPECT_GE(clock_.now().micros - begin.micros, 7'200'000'000);
}

TEST_F(RunnerSteps, BranchesGroupsRecursionsAndCollectsAreCarriedOut) {
  declare("all", R"(
ttl_hops = 40
[input]
n = "int"
[step.which.switch.big]
when = "${input.n} > 10"
[step.which.switch.big.step.a]
template = "big"
[step.which.default.step.b]
template = "small"
[step.g]
group = true
[step.g.step.x]
template = "x"
[step.g.step.y]
template = "y${x}"
[step.grow]
recurse = { until = "${item.n} >= 5", at_most = 9, start = { n = 1 } }
[step.grow.step.next]
collect = { n = { expr = "${item.n} + 1" } }
[step.all]
collect = { which = "${which}", g = "${g}", grown = "${grow.n}" }
)");

  EXPECT_EQ(run("all", {{"n", 3}}).result, R"({"which":"small","g":"yx","grown":5})");
}

TEST_F(RunnerSteps, StepsThatWereSkippedAreRecorded) {
  declare("skips", "[step.a]\ntemplate = 'a'\nwhere = '1 > 2'\n[step.b]\ntemplate = 'b'\nafter = ['a']\n");

  run("skips");

  EXPECT_EQ(pulses(), "started, skipped a, completed b, completed");
}

TEST_F(RunnerSteps, WhatEndsAnItemIsRecordedWithTheItem) {
  declare("items", "[step.m]\nover = [1, 2]\nwindow = 1\n[step.m.step.t]\ntemplate = 'x'\n");

  run("items");

  EXPECT_EQ(pulses(), "started, completed m[0].t, completed m[1].t, completed m, completed");
}

TEST_F(RunnerUndo, AnItemThatHasGoneWakesNoMore) {
  functions_["f"] = functions_["u"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  functions_["bad"] = [](const Object&, StepContext&) { return StepOutcome::failed("no", "no"); };
  declare("items",
          "[step.m]\nover = [1]\non_item_error = 'collect'\n[step.m.step.g]\ngroup = true\ndeadline = '1m'\n"
          "[step.m.step.g.step.x]\nrun = 'f'\nundo = { run = 'u' }\n[step.m.step.g.step.y]\nsleep = '1h'\n"
          "[step.m.step.z]\nrun = 'bad'\n[step.nap]\nsleep = '10m'\nafter = ['m']\n");

  run("items");

  EXPECT_EQ(pulses(),
            "started, failed m[0].z, completed m[0].g.x, undone m[0].g.x, completed m, timer nap, completed nap, completed");
}

TEST_F(RunnerSteps, WhatIsToldToStopBeforeItBeganIsNotCalled) {
  int calls = 0;
  functions_["f"] = [&](const Object&, StepContext&) { return ++calls, StepOutcome::done(); };
  declare("f", "[step.a]\nrun = 'f'\n");
  start("f");
  VirtualRunner runner(*store_, clock_, functions_);

  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  runner.engine().read_events();
  runner.run();

  EXPECT_EQ(calls, 0);
  EXPECT_EQ(info().status, "cancelled");
}

// Nothing that no worker has begun is begun in a run that was cancelled, of whatever kind.
TEST_F(RunnerSteps, OfACancelledRunAreNotBegun) {
  int calls = 0;
  functions_["f"] = [&](const Object&, StepContext&) { return ++calls, StepOutcome::done(); };
  declare("child", "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n");
  declare("w",
          "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n[step.b]\nrun = 'f'\n[step.c]\nworkflow = 'child'\n"
          "[step.d]\ntransaction = true\n[step.d.step.x]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n");
  start("w");
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  work();

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(runs(store_->view()).value().size(), 1U) << "no child";
}

// The action waits to be written when the run is cancelled.
TEST_F(RunnerSteps, OfACancelledRunAreNotWritten) {
  declare("w", "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n");
  start("w");
  VirtualRunner runner(*store_, clock_);

  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  runner.run();

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(RunnerUndo, ARunThatUnwindsWaitsForNothing) {
  int undone = 0;
  functions_["f"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  functions_["u"] = [&](const Object&, StepContext&) {
    return ++undone == 1 ? StepOutcome::failed("busy", "not now") : StepOutcome::done();
  };
  declare("w", "[step.a]\nrun='f'\nundo={run='u'}\n[step.ask]\napprove='well?'\n[step.stop]\nfail='no'\nafter=['a']\n");
  start("w");
  work(500'000);
  ASSERT_EQ(pulses(), "started, completed a, failed stop, undo_failed a");

  EXPECT_EQ(approve_step(*store_, "r-1", "ask", true).id(), ErrorId::kStepWaitsNot);
  EXPECT_EQ(run_detail(store_->view(), "r-1").value().open.size(), 1U) << "the undo that is tried again";
  work();

  EXPECT_EQ(info().status, "compensated");
}

// The first runner ends when the second step is done and the first is not: a runner that would have taken one after the other finds
// the same.
TEST_F(RunnerSteps, ARunnerWithAnotherConcurrencyDoesNothingAgain) {
  functions_["f"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  declare("two", "[step.a]\nrun = 'f'\n[step.b]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\n");
  start("two");
  VirtualRunner(*store_, clock_, functions_).run(3'600'000'000, 2);
  ASSERT_EQ(get("Stock", "tea")["left"], Value(4));
  ASSERT_EQ(pulses(), "started, completed b");

  Runner runner = Runner::start(*store_, {.functions = functions_, .max_concurrency = 1, .clock = &clock_}).value();

  EXPECT_EQ(runner.wait("r-1").value().status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(4));
}

TEST_F(RunnerSteps, TheStartSaysHowManyStepsMayBeInFlight) {
  declare("one", "[step.a]\ntemplate = 'x'\n");
  Runner runner = Runner::start(*store_, {.max_concurrency = 3, .clock = &clock_}).value();
  const auto said = [this] {
    return internal::decode_fact(*last_event("_run.started").arguments.find("fact")->if_bytes()).value().concurrency;
  };

  static_cast<void>(runner.run(*workflow(store_->view(), "one").value()).value());
  EXPECT_EQ(said(), 3U) << "as the runner that starts it";
  static_cast<void>(runner.run(*workflow(store_->view(), "one").value(), {.max_concurrency = 2}).value());
  EXPECT_EQ(said(), 2U) << "as its start was asked to";
}

TEST_F(RunnerSteps, AStepWithoutHopsLeavesATombstone) {
  declare("deep",
          "ttl_hops = 2\n[step.a]\ntemplate = 'a'\n[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = '${a}' }\n");
  ASSERT_TRUE(start_run(*store_, "deep", {.id = "r-1", .hops = 1}).ok());

  work();

  EXPECT_EQ(info().status, "failed");
  EXPECT_EQ(pulses(), "started, completed a, ttl_expired b, failed b, failed");
  EXPECT_EQ(events().back(), "Order.placed");
}

TEST_F(RunnerSteps, TheSameIdIsStartedOnce) {
  declare("one", "[input]\nn = 'int'\n[step.a]\ntemplate = '${input.n}'\n");
  run("one", {{"n", 1}});
  const Seq head = store_->head();

  EXPECT_EQ(start_run(*store_, "one", {.id = "r-1", .input = {{"n", 1}}}).value(), "r-1");
  EXPECT_EQ(start_run(*store_, "one", {.id = "r-1", .input = {{"n", 2}}}).status().id(), ErrorId::kRecordExists);
  EXPECT_EQ(store_->head(), head);
}

TEST_F(RunnerSteps, ARunKeepsToTheDefinitionThatItWasStartedWith) {
  declare("w", "[step.nap]\nsleep = '1h'\n[step.text]\ntemplate = 'old'\nafter = ['nap']\n");
  start("w");
  work(1'000'000);
  declare("w", "[step.text]\ntemplate = 'new'\n");

  work(7'200'000'000);

  EXPECT_EQ(info().result, "\"old\"");
  EXPECT_EQ(run("w", {}, "r-2").result, "\"new\"");
}

// An undo that is given the step's own arguments gets what was made of them.
TEST_F(RunnerSteps, ATransformMakesTheArgumentsAsAWhole) {
  functions_["double"] = [](const Object& args, StepContext&) {
    return StepOutcome::done(Object{{"sku", *args.find("sku")}, {"qty", args.find("qty")->as_int() * 2}});
  };
  const std::string take =
      "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\ntransform = 'double'\nundo = 'Stock.release'\n";
  declare("undone", take + "[step.stop]\nfail = 'no'\nafter = ['take']\n");
  declare("done", take);

  EXPECT_EQ(run("undone").status, "compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(run("done", {}, "r-2").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(1));
}

TEST_F(RunnerSteps, ATransformThatMakesNoArgumentsFailsTheStep) {
  functions_["text"] = [](const Object&, StepContext&) { return StepOutcome::done("no arguments"); };
  functions_["act"] = [](const Object&, StepContext& context) {
    context.act("Stock.fill", {{"sku", "tea"}, {"left", 9}});
    return StepOutcome::done(Object{});
  };
  functions_["fails"] = [](const Object&, StepContext&) { return StepOutcome::failed("odd", "it is odd"); };
  for (const auto& [name, error] :
       {std::pair("text", "no object"), std::pair("act", "asked for actions"), std::pair("fails", "odd")}) {
    declare(name, std::string("[step.t]\nread = 'Stock'\nkey = 'tea'\ntransform = '") + name + "'\n");
    EXPECT_NE(run(name, {}, name).error.find(error), std::string::npos) << info(name).error;
  }
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(RunnerSteps, ATransformThatIsMissingIsWaitedFor) {
  declare("w", "[step.t]\nread = 'Stock'\nkey = 'tea'\ntransform = 'later'\n");
  start("w");
  work();
  EXPECT_EQ(info().status, "running");
  functions_["later"] = [](const Object& args, StepContext&) { return StepOutcome::done(args); };
  work();
  EXPECT_EQ(info().status, "completed");
}

TEST_F(RunnerSteps, KindsThatAreNotCarriedOutAreRefusedByName) {
  const auto outcome = parse_workflow("workflow='w'\n[step.call]\ntemplate = 'x'\nundo = 'auto'\n", "w.toml");
  const Status refused = add_workflow(*store_, *outcome.definition).status();

  EXPECT_EQ(refused.id(), ErrorId::kWorkflowUnsupported);
  EXPECT_NE(refused.message().find("'call'"), std::string::npos);
  EXPECT_NE(refused.message().find("without events of its own"), std::string::npos);
}

// ---- Undo

TEST_F(RunnerUndo, GoesBackInReverseOrderByAppending) {
  declare("saga", R"(
[step.reserve]
action = "Stock.reserve"
args = { sku = "tea", qty = 2 }
undo = "Stock.release"
[step.note]
action = "Order.note"
args = { id = "o-1", note = "n" }
after = ["reserve"]
undo = { action = "Order.cancel", args = { id = "o-1" } }
[step.stop]
fail = "no"
after = ["note"]
)");

  const RunInfo run = this->run("saga");

  EXPECT_EQ(run.status, "compensated");
  EXPECT_EQ(run.error, "fail: no");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_EQ(pulses(), "started, completed reserve, completed note, failed stop, undone note, undone reserve, compensated");
  EXPECT_EQ(last_event("Stock.released").causation, last_event("Stock.reserved").seq);
  EXPECT_EQ(last_event("Order.cancelled").causation, last_event("Order.noted").seq);
}

TEST_F(RunnerUndo, IsTriedAgainAndThenVisible) {
  int tries = 0;
  functions_["undo"] = [&](const Object&, StepContext&) { return ++tries, StepOutcome::failed("gone", "it is gone"); };
  functions_["do"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  declare("saga", "[step.a]\nrun = 'do'\nundo = { run = 'undo' }\n[step.b]\nfail = 'no'\nafter = ['a']\n");

  EXPECT_EQ(run("saga").status, "undo_failed");
  EXPECT_EQ(tries, 5);
}

TEST_F(RunnerUndo, AClauseContinuesInsteadOfTheFailure) {
  declare("soft", R"(
[step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = 50 }
compensate = [ { when = "${error.code} = 'E2107'", do = { action = "Order.note", args = { id = "o-1", note = "later" } }, continue = { state = "later" } } ]
[step.text]
template = "${take.state}"
)");

  EXPECT_EQ(run("soft").result, "\"later\"");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("later"));
}

TEST_F(RunnerUndo, FollowsARunsDeadline) {
  declare("late",
          "deadline = '1m'\n[step.reserve]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\nundo = 'Stock.release'\n"
          "[step.nap]\nsleep = '1h'\nafter = ['reserve']\n");

  EXPECT_EQ(run("late").status, "expired");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

// Each look at it is a second later.
class HurriedClock : public Clock {
 public:
  Time now() override { return Time{1'795'000'000'000'000 + 1'000'000 * ++looks_}; }

 private:
  std::int64_t looks_ = 0;
};

TEST_F(RunnerSteps, AQueryPastTheStepsTimeoutFailsIt) {
  HurriedClock hurried;
  OpenOptions options;
  options.clock = &hurried;
  Store store = Store::open(":memory:", std::move(options)).value();
  store.add_schema({{"shop.fbs", kRunShop}}).value();
  for (const char* sku : {"tea", "milk", "salt"}) store.act("Stock.fill", {{"sku", sku}, {"left", 5}}).value();
  const auto ended = [&](const std::string& timeout) {
    const auto parsed = parse_workflow("workflow='few'\n[step.few]\nquery='Stock.few'\ntimeout='" + timeout + "'\n", "few.toml");
    EXPECT_TRUE(add_workflow(store, *parsed.definition).ok());
    EXPECT_TRUE(start_run(store, "few", {.id = "r-" + timeout}).ok());
    VirtualRunner(store, clock_).run();
    const RunInfo info = run_info(store.view(), "r-" + timeout).value();
    return info.status + " " + info.error.substr(0, 7);
  };

  EXPECT_EQ(ended("1500ms"), "failed timeout");
  EXPECT_EQ(ended("1h"), "completed ");
}

// ---- People and signals

TEST_F(RunnerPeople, ASignalReachesTheRunThatWaitsForItsKey) {
  declare("waits",
          "[input]\nk = 'string'\n[step.paid]\nwait = 'paid'\nkey = '${input.k}'\n[step.text]\ntemplate = 'by ${paid.card}'\n");
  start("waits", {{"k", "a"}}, "r-a");
  start("waits", {{"k", "b"}}, "r-b");
  work();
  EXPECT_EQ(runner_->summary().idle, true);

  ASSERT_TRUE(send_signal(*store_, "paid", "a", Object{{"card", "visa"}}).ok());
  runner_->run();

  EXPECT_EQ(info("r-a").result, "\"by visa\"");
  EXPECT_EQ(info("r-b").status, "running");
}

TEST_F(RunnerPeople, ASignalSentWhileNoRunnerWorksIsNotLost) {
  declare("waits", "[step.paid]\nwait = 'paid'\n[step.text]\ntemplate = 'by ${paid}'\n");
  start("waits");
  work();
  runner_.reset();

  ASSERT_TRUE(send_signal(*store_, "paid", "", "visa").ok());
  ASSERT_TRUE(send_signal(*store_, "paid", "", "later").ok());
  work();

  EXPECT_EQ(info().result, "\"by visa\"");
}

TEST_F(RunnerPeople, AnEarlierSignalCountsOnlyWhereItIsKept) {
  declare("waits", "[step.paid]\nwait = 'paid'\ntimeout = '1m'\n");
  ASSERT_TRUE(send_signal(*store_, "paid", "", "early").ok());
  EXPECT_EQ(run("waits", {}, "r-1").status, "failed");
  ASSERT_TRUE(send_signal(*store_, "paid", "", "kept", {.keep_until = Time{clock_.now().micros + 10'000'000}}).ok());
  EXPECT_EQ(run("waits", {}, "r-2").result, "\"kept\"");
}

TEST_F(RunnerPeople, OneRunSignalsAnother) {
  declare("waits", "[step.paid]\nwait = 'paid'\n");
  declare("sends", "[step.s]\nsignal = 'paid'\nargs = { card = 'visa' }\n");
  start("waits", {}, "r-1");
  work();
  run("sends", {}, "r-2");

  EXPECT_EQ(info("r-1").result, R"({"card":"visa"})");
}

TEST_F(RunnerPeople, AnApprovalSaysWhoAndWhy) {
  declare("asks", "[step.ok]\napprove = 'ship it?'\n[step.text]\ntemplate = '${ok.by}: ${ok.reason}'\n");
  start("asks");
  work();
  EXPECT_EQ(run_detail(store_->view(), "r-1").value().open.at(0).waits_for, "ship it?");
  EXPECT_EQ(approve_step(*store_, "r-1", "text", true).id(), ErrorId::kStepWaitsNot);

  ASSERT_TRUE(approve_step(*store_, "r-1", "ok", true, {.actor = "boss", .reason = "fine"}).ok());
  runner_->run();

  EXPECT_EQ(info().result, "\"boss: fine\"");
  EXPECT_EQ(approve_step(*store_, "r-1", "ok", true).id(), ErrorId::kRunEnded);
}

TEST_F(RunnerPeople, ACancelledRunUndoesWhatItDid) {
  declare("saga",
          "[step.reserve]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\nundo = 'Stock.release'\n"
          "[step.nap]\nsleep = '1h'\nafter = ['reserve']\n");
  start("saga");
  work(1'000'000);
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));

  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel, {.actor = "boss", .reason = "asked"}).ok());
  runner_->run(1'000'000);

  EXPECT_EQ(info().status, "cancelled");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
}

TEST_F(RunnerPeople, WhatARunWasToldAlreadyIsNotRecordedAgain) {
  declare("ask", "[step.ok]\napprove = 'go on?'\n");
  const auto events = [this](const std::string& id) { return get("_run", id.c_str()).version(); };
  const auto refuses = [&](const std::string& id, RunTelling telling) {
    const Version before = events(id);
    const ErrorId refused = tell_run(*store_, id, telling).id();
    return refused == ErrorId::kStepWaitsNot && events(id) == before;
  };
  for (const char* id : {"terminated", "cancelled", "paused"}) start("ask", {}, id);

  ASSERT_TRUE(tell_run(*store_, "terminated", RunTelling::kTerminate).ok());
  for (const RunTelling telling : {RunTelling::kTerminate, RunTelling::kCancel, RunTelling::kPause, RunTelling::kResume}) {
    EXPECT_TRUE(refuses("terminated", telling));
  }
  ASSERT_TRUE(tell_run(*store_, "cancelled", RunTelling::kCancel).ok());
  EXPECT_TRUE(refuses("cancelled", RunTelling::kCancel));
  EXPECT_TRUE(refuses("cancelled", RunTelling::kPause));
  ASSERT_TRUE(tell_run(*store_, "paused", RunTelling::kPause).ok());
  EXPECT_TRUE(refuses("paused", RunTelling::kPause));
  work();
  EXPECT_EQ(info("paused").status, "halted");
  EXPECT_TRUE(refuses("paused", RunTelling::kPause));
  // One that halts can still be told to end, and one that unwinds to end at once.
  EXPECT_TRUE(tell_run(*store_, "paused", RunTelling::kCancel).ok());
}

TEST_F(RunnerPeople, ARunThatUnwindsCanOnlyBeTerminated) {
  functions_["stuck"] = [](const Object&, StepContext&) { return StepOutcome::failed("no", "not yet"); };
  declare("saga", "[step.a]\ntemplate = 'x'\nundo = { run = 'stuck' }\n[step.nap]\nsleep = '1h'\nafter = ['a']\n");
  start("saga");
  work(1'000'000);
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  runner_->run(1'500'000);
  ASSERT_EQ(info().status, "running");

  EXPECT_EQ(tell_run(*store_, "r-1", RunTelling::kCancel).id(), ErrorId::kStepWaitsNot);
  EXPECT_EQ(tell_run(*store_, "r-1", RunTelling::kPause).id(), ErrorId::kStepWaitsNot);
  EXPECT_TRUE(tell_run(*store_, "r-1", RunTelling::kTerminate).ok());
}

TEST_F(RunnerPeople, AnApprovalIsSomebodys) {
  declare("ask", "[step.ok]\napprove = 'go on?'\n[step.no]\napprove = 'and on?'\n");
  start("ask");
  work();

  EXPECT_EQ(approve_step(*store_, "r-1", "ok", true).id(), ErrorId::kPolicyDenied);
  ASSERT_TRUE(approve_step(*store_, "r-1", "ok", true, {.actor = "ada", .reason = "fine"}).ok());
  ASSERT_TRUE(approve_step(*store_, "r-1", "no", false, {.actor = "bob"}).ok());
  EXPECT_EQ(pulses(), "started, approved ok, rejected no");
  const Pulse pulse = run_detail(store_->view(), "r-1")->pulses.at(1);
  EXPECT_EQ(pulse.actor + ", " + pulse.reason, "ada, fine");
}

TEST_F(RunnerPeople, ATerminatedRunUndoesNothing) {
  declare("saga",
          "[step.reserve]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 2 }\nundo = 'Stock.release'\n"
          "[step.nap]\nsleep = '1h'\nafter = ['reserve']\n");
  start("saga");
  work(1'000'000);

  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kTerminate).ok());
  runner_->run(1'000'000);

  EXPECT_EQ(info().status, "terminated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
}

TEST_F(RunnerPeople, AHaltedRunGoesOnDaysLater) {
  declare("halts", "[step.a]\nhalt = 'look'\n[step.b]\ntemplate = 'on'\nafter = ['a']\n");
  EXPECT_EQ(run("halts").status, "halted");
  EXPECT_EQ(info().result, "\"look\"");
  runner_.reset();
  clock_.advance(3 * 86'400'000'000LL);

  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kResume).ok());
  work();

  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(tell_run(*store_, "r-1", RunTelling::kResume).id(), ErrorId::kRunEnded);
  declare("nap", "[step.nap]\nsleep = '2h'\n");
  start("nap", {}, "r-2");
  EXPECT_EQ(tell_run(*store_, "r-2", RunTelling::kResume).id(), ErrorId::kStepWaitsNot) << "it has not halted";
}

// More runs than are taken up in one turn: some go on, and some are resumed before their turn came, or after it.
TEST_F(RunnerPeople, ManyRunsAreTakenUpAndNoneIsMissed) {
  declare("halts", "[step.a]\nhalt = 'look'\n[step.b]\ntemplate = 'on'\nafter = ['a']\n");
  declare("calls", "[step.a]\nrun = 'f'\n");
  functions_["f"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  const auto id = [](int number) { return "r-" + std::to_string(1000 + number); };
  for (int i = 0; i < 300; ++i) start("halts", {}, id(i));
  work();
  for (int i = 300; i < 400; ++i) start("calls", {}, id(i));
  runner_.reset();

  runner_ = std::make_unique<VirtualRunner>(*store_, clock_, functions_);
  EXPECT_FALSE(runner_->summary().idle);
  for (const int resumed : {10, 150, 299}) ASSERT_TRUE(tell_run(*store_, id(resumed), RunTelling::kResume).ok());
  runner_->run();

  EXPECT_TRUE(runner_->summary().idle);
  EXPECT_EQ(runs(store_->view(), "halted").value().size(), 297U);
  EXPECT_EQ(runs(store_->view(), "completed").value().size(), 103U);
}

// ---- Middleware

using RunnerMiddleware = RunnerTest;

TEST_F(RunnerMiddleware, HearsOfARunThatBeginsWhileOthersAreTakenUp) {
  declare("waits", "[step.a]\nwait = 'go'\n");
  for (int i = 0; i < 300; ++i) start("waits", {}, "r-" + std::to_string(1000 + i));
  work();
  std::map<std::string, int> heard;
  const auto listen = [&heard](const LifecycleEvent& event) { ++heard[std::string(event.run)]; };

  runner_.reset();
  runner_ = std::make_unique<VirtualRunner>(*store_, clock_, functions_, LogSink(), programs_,
                                            MiddlewareList{attach("run.start", listen)});
  ASSERT_FALSE(runner_->summary().idle) << "it is still taking up runs";
  start("waits", {}, "z-1");
  runner_->run();
  start("waits", {}, "z-2");
  runner_->run();

  EXPECT_EQ(heard, (std::map<std::string, int>{{"z-1", 1}, {"z-2", 1}}));
}

// What is told of a step before it begins is told once more where its runner ended before the outcome was in the log.
TEST_F(RunnerMiddleware, HearsOfABeginningAgainWhereTheRunnerEndedBeforeTheOutcome) {
  functions_["f"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  declare("w", "[step.a]\nrun='f'\n");
  int most_starts = 0;
  for (std::size_t tasks = 0; tasks < 8; ++tasks) {
    const std::string id = start("w", {}, "r-" + std::to_string(tasks));
    std::map<std::string, int> heard;
    const auto listen = [&heard](const LifecycleEvent& event) { ++heard[std::string(event.name)]; };
    const MiddlewareList middleware{attach("*", listen)};
    VirtualRunner(*store_, clock_, functions_, LogSink(), programs_, middleware).run(3'600'000'000, tasks);
    VirtualRunner(*store_, clock_, functions_, LogSink(), programs_, middleware).run();

    EXPECT_EQ(info(id).status, "completed");
    EXPECT_GE(heard["step.start"], 1) << tasks;
    EXPECT_LE(heard["step.stop"], 1) << "what is recorded is told by whoever recorded it, after " << tasks;
    most_starts = std::max(most_starts, heard["step.start"]);
  }
  EXPECT_EQ(most_starts, 2);
}

}  // namespace
}  // namespace forge
