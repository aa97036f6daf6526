#include <gtest/gtest.h>

#include "driven_run.h"

namespace forge {
namespace {

using internal::TimerKind;
using Kind = DrivenRun::Kind;

// ---- Order

TEST(Decider, StartsReadyStepsInDeclarationOrder) {
  DrivenRun run("[step.z]\nrun='f'\n[step.a]\nrun='f'\n[step.m]\nrun='f'\nafter=['z']\n");
  EXPECT_EQ(run.start(), "execute z; execute a");
  EXPECT_EQ(run.complete("a"), "");
  EXPECT_EQ(run.complete("z"), "execute m");
  EXPECT_EQ(run.complete("m", 7), "ended completed 7");
}

TEST(Decider, StartsNoMoreThanMaxConcurrency) {
  DrivenRun by_option("[step.a]\nrun='f'\n[step.b]\nrun='f'\n[step.c]\nrun='f'\n", {}, 2);
  EXPECT_EQ(by_option.start(), "execute a; execute b");
  EXPECT_EQ(by_option.complete("b"), "execute c");
  DrivenRun by_definition("max_concurrency=1\n[step.a]\nrun='f'\n[step.b]\nrun='f'\n");
  EXPECT_EQ(by_definition.start(), "execute a");
  EXPECT_EQ(by_definition.complete("a"), "execute b");
}

TEST(Decider, ASlowStepDelaysNoIndependentOne) {
  DrivenRun run("[step.slow]\nrun='f'\n[step.a]\nrun='f'\n[step.b]\nrun='f'\nafter=['a']\n[step.c]\nrun='f'\nafter=['b']\n");
  EXPECT_EQ(run.start(), "execute slow; execute a");
  EXPECT_EQ(run.complete("a"), "execute b");
  EXPECT_EQ(run.complete("b"), "execute c");
}

TEST(Decider, AStepThatIsNotAsyncRunsAlone) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nasync=false\n[step.c]\nrun='f'\n");
  EXPECT_EQ(run.start(), "execute a; execute c");
  EXPECT_EQ(run.complete("a"), "");
  EXPECT_EQ(run.complete("c"), "execute b");
}

TEST(Decider, HopsWithOneConcurrencyKeyGoOneAtATime) {
  DrivenRun run("[step.m]\nover=['x','y','x']\n[step.m.step.s]\nrun='f'\nconcurrency_key='${item}'\n");
  EXPECT_EQ(run.start(), "execute m[0].s; execute m[1].s");
  EXPECT_EQ(run.complete("m[1].s"), "");
  EXPECT_EQ(run.complete("m[0].s"), "execute m[2].s");
}

TEST(Decider, WhatIsInsideAStepWithTheKeyGoesOnUnderItOneAtATime) {
  DrivenRun run(
      "[step.g]\ngroup=true\nconcurrency_key='k'\n[step.g.step.a]\nrun='f'\nconcurrency_key='k'\n[step.g.step.b]\nrun='f'\n"
      "concurrency_key='k'\n[step.c]\nrun='f'\nconcurrency_key='k'\n");
  EXPECT_EQ(run.start(), "execute g.a");
  EXPECT_EQ(run.complete("g.a"), "execute g.b");
  EXPECT_EQ(run.complete("g.b"), "execute c");
  EXPECT_EQ(run.complete("c"), "ended completed");
}

TEST(Decider, ReleasesResultsThatNobodyWillReadAgain) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nargs={x='${a}'}\n[step.c]\nrun='f'\nafter=['b']\n");
  run.start();
  run.complete("a", "large");
  EXPECT_EQ(run.state().frames.at(0).slots[0].result.value, Value("large"));
  run.complete("b", "small");
  EXPECT_TRUE(run.state().frames.at(0).slots[0].result.value.is_null());
}

// ---- Values

TEST(Decider, GivesStepsTheirArguments) {
  DrivenRun run(
      "[input]\norder='string'\n[step.load]\nread='Order'\nkey='${input.order}'\n"
      "[step.ship]\naction='Order.ship'\nargs={ id='${load.id}', note='order ${input.order} of ${load.qty}', "
      "twice={expr='${load.qty} * 2'}, list=[1,'${load.qty}'], run='${run.id}' }\n");
  EXPECT_EQ(run.start({{"order", "o-1"}}), "execute load");
  EXPECT_EQ(run.given("load"), R"({"values":["o-1"]})");
  EXPECT_EQ(run.complete("load", Object{{"id", "o-1"}, {"qty", 2}}), "execute ship");
  EXPECT_EQ(run.given("ship"), R"({"args":{"id":"o-1","note":"order o-1 of 2","twice":4,"list":[1,2],"run":"r-1"}})");
}

TEST(Decider, AMissingPathFailsTheStepBeforeItStarts) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nargs={x='${a.lines[1].sku}'}\n");
  run.start();
  EXPECT_EQ(run.complete("a", Object{{"lines", List{1}}}), "ended failed");
  EXPECT_EQ(run.end().error.code, "E8009");
  EXPECT_EQ(run.failed(), "b E8009");
  EXPECT_NE(run.end().error.message.find("'${a.lines[1].sku}'"), std::string::npos) << run.end().error.message;
}

TEST(Decider, AFalseWhereSkipsAndTheResultIsNull) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nwhere='${a.qty} > 0'\nundo='X.y'\n[step.c]\nrun='f'\nargs={b='${b}'}\n");
  run.start();
  EXPECT_EQ(run.complete("a", Object{{"qty", 0}}), "skipped b; execute c");
  EXPECT_EQ(run.given("c"), R"({"args":{"b":null}})");
  EXPECT_EQ(run.fail("c"), "ended failed") << "a skipped step is never undone";
}

TEST(Decider, GuardsAreAskedInDeclaredOrder) {
  const std::string guards =
      "[step.a]\nrun='f'\n[step.b]\nrun='f'\nguards=[{when='${a} > 1',else='skip'},{when='${a} > 2',else='fail',message='only "
      "${a}'},{when='${a} > 3',else='halt',message='ask'}]\n";
  const auto after = [&](Value value) {
    DrivenRun run(guards);
    run.start();
    return run.complete("a", std::move(value));
  };
  EXPECT_EQ(after(1), "skipped b; ended completed");
  EXPECT_EQ(after(2), "ended failed");
  EXPECT_EQ(after(3), "halted \"ask\"");
  EXPECT_EQ(after(4), "execute b");
  DrivenRun halted(guards);
  halted.start();
  halted.complete("a", 3);
  EXPECT_EQ(halted.tell(Kind::kResume), "execute b") << "who resumes lets it through";
}

// ---- Attempts

TEST(Decider, CountsAttemptsAndBacksOff) {
  DrivenRun run("[step.a]\nrun='f'\nretry={max_attempts=4,backoff='exponential',first='200ms',cap='500ms'}\n");
  EXPECT_EQ(run.start(), "execute a");
  EXPECT_EQ(run.fail("a"), "timer retry a +200ms");
  EXPECT_EQ(run.timer("a", TimerKind::kRetry), "execute a #2");
  EXPECT_EQ(run.fail("a"), "timer retry a +400ms");
  EXPECT_EQ(run.timer("a", TimerKind::kRetry), "execute a #3");
  EXPECT_EQ(run.fail("a"), "timer retry a +500ms");
  EXPECT_EQ(run.timer("a", TimerKind::kRetry), "execute a #4");
  EXPECT_EQ(run.fail("a", "last"), "ended failed");
  EXPECT_EQ(run.end().error.code, "last") << "exhausted: the last reason";
}

TEST(Decider, TriesOnceUnlessToldOtherwise) {
  DrivenRun run("[step.a]\nrun='f'\n");
  run.start();
  EXPECT_EQ(run.fail("a", "again", Kind::kRetry), "ended failed");
}

TEST(Decider, RetriesOnlyWhatItIsFor) {
  const auto after = [](const std::string& code) {
    DrivenRun run("[step.a]\nrun='f'\nretry={max_attempts=2,on=['timeout','5xx','429']}\n");
    run.start();
    return run.fail("a", code);
  };
  EXPECT_EQ(after("timeout"), "timer retry a +100ms");
  EXPECT_EQ(after("503"), "timer retry a +100ms");
  EXPECT_EQ(after("429"), "timer retry a +100ms");
  EXPECT_EQ(after("404"), "ended failed");
  EXPECT_EQ(after("5xy"), "ended failed");
}

TEST(Decider, JitterIsTheSameForTheSameRun) {
  const std::string toml = "[step.a]\nrun='f'\nretry={max_attempts=2,first='10s',jitter=true}\n";
  DrivenRun one(toml);
  DrivenRun other(toml);
  one.start();
  other.start();
  const std::string delayed = one.fail("a");
  EXPECT_EQ(delayed, other.fail("a"));
  const std::int64_t delay = one.last("a").at.micros - 1'000'000;
  EXPECT_GE(delay, 5'000'000);
  EXPECT_LE(delay, 10'000'000);
}

TEST(Decider, ALateResultOfAnEarlierAttemptIsDiscarded) {
  DrivenRun run("[step.a]\nrun='f'\nretry={max_attempts=2}\n");
  run.start();
  internal::Fact late;
  late.kind = Kind::kCompleted;
  late.hop = run.last("a").hop;
  late.attempt = 1;
  run.fail("a");
  EXPECT_EQ(run.take(late), "");
  run.timer("a", TimerKind::kRetry);
  EXPECT_EQ(run.take(late), "");
  EXPECT_EQ(run.complete("a", 1), "ended completed 1");
  EXPECT_EQ(run.take(late), "") << "nothing follows the terminal event";
}

TEST(Decider, ADeadlineStopsTheStepAndFailsIt) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nafter=['a']\ndeadline='5s'\nretry={max_attempts=9}\n");
  run.start();
  EXPECT_EQ(run.complete("a"), "timer deadline b +5000ms; execute b");
  run.fail("b");
  EXPECT_EQ(run.timer("b", TimerKind::kRetry), "execute b #2") << "one deadline for all attempts";
  EXPECT_EQ(run.timer("b", TimerKind::kStepDeadline), "stop b; ended failed");
  EXPECT_EQ(run.end().error.code, "timeout");
}

// ---- Compensating

const std::string kClauses =
    "[step.a]\nrun='f'\ncompensate=[{when=\"${error.code} = 'down'\",continue={by='hand'}},{when=\"${error.code} = "
    "'slow'\",retry=true},{when=\"${error.code} = 'half'\",do={action='X.clean',args={why='${error.message}'}},ok=true}]\n"
    "undo='X.undo'\n[step.b]\nrun='f'\nargs={a='${a}'}\n";

TEST(Compensate, ContinuesWithAValueAndIsUndoneLater) {
  DrivenRun run(kClauses);
  run.start();
  EXPECT_EQ(run.fail("a", "down"), "execute b");
  EXPECT_EQ(run.given("b"), R"({"args":{"a":{"by":"hand"}}})");
  EXPECT_EQ(run.fail("b"), "undo a");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended compensated");
}

TEST(Compensate, RetriesOnceByAClause) {
  DrivenRun run(kClauses);
  run.start();
  EXPECT_EQ(run.fail("a", "slow"), "execute a #2");
  EXPECT_EQ(run.fail("a", "slow"), "ended failed");
}

TEST(Compensate, CleansUpFirstAndTheFailureStands) {
  DrivenRun run(kClauses);
  run.start();
  EXPECT_EQ(run.fail("a", "half"), "compensate a");
  EXPECT_EQ(run.given("a"), R"({"args":{"why":"half it is"}})");
  EXPECT_EQ(run.tell(Kind::kCompensated, "a"), "ended failed");
}

TEST(Compensate, AnErrorInItLeavesTheFirstOneTheCause) {
  DrivenRun run(kClauses);
  run.start();
  run.fail("a", "half");
  EXPECT_EQ(run.fail("a", "worse", Kind::kCompensateFailed), "ended failed");
  EXPECT_EQ(run.end().error.code, "half");
  EXPECT_EQ(run.failed(), "a half \"worse it is\"") << "recorded beside it";
}

TEST(Compensate, AClauseMaySayMoreBesideTheCause) {
  DrivenRun run("[step.a]\nrun='f'\ncompensate=[{error='charge ${error.code}: call ann'}]\n");
  run.start();
  EXPECT_EQ(run.fail("a"), "ended failed");
  EXPECT_EQ(run.failed(), "a broken \"charge broken: call ann\"");
}

TEST(Compensate, WithoutAMatchingClauseTheFailureStands) {
  DrivenRun run(kClauses);
  run.start();
  EXPECT_EQ(run.fail("a", "other"), "ended failed");
}

// ---- Failing and undoing

const std::string kThree =
    "[step.a]\naction='A.do'\nargs={k=1}\nundo='A.undo'\n[step.b]\naction='B.do'\nundo={action='B.undo',args={was='${b.id}'}}\n"
    "[step.c]\naction='C.do'\nundo='auto'\n[step.d]\nrun='f'\nafter=['a','b','c']\n";

TEST(Undo, GoesInStrictReverseOrderOfCompletion) {
  DrivenRun run(kThree);
  EXPECT_EQ(run.start(), "execute a; execute b; execute c");
  run.complete("b", Object{{"id", "b-7"}});
  run.complete("c");
  EXPECT_EQ(run.complete("a"), "execute d");
  EXPECT_EQ(run.fail("d"), "undo a");
  EXPECT_EQ(run.given("a"), R"({"args":{"k":1}})") << "an action is undone with the step's own arguments";
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "undo c");
  EXPECT_EQ(run.tell(Kind::kUndone, "c"), "undo b");
  EXPECT_EQ(run.given("b"), R"({"args":{"was":"b-7"}})");
  EXPECT_EQ(run.tell(Kind::kUndone, "b"), "ended compensated");
}

TEST(Undo, AwaitsWhatIsInFlightAndStartsNothingNew) {
  DrivenRun run(kThree);
  run.start();
  EXPECT_EQ(run.fail("a"), "stop b; stop c");
  EXPECT_EQ(run.complete("c"), "");
  EXPECT_EQ(run.tell(Kind::kStopped, "b"), "undo c") << "what completed joins the undo list";
  EXPECT_EQ(run.tell(Kind::kUndone, "c"), "ended compensated");
}

TEST(Undo, IsRetriedAndNeverAborts) {
  DrivenRun run(kThree, {.undo_attempts_max = 2});
  run.start();
  run.complete("a");
  run.complete("b", Object{{"id", 1}});
  run.complete("c");
  EXPECT_EQ(run.fail("d"), "undo c");
  EXPECT_EQ(run.fail("c", "conflict", Kind::kUndoFailed), "timer undo c +1000ms");
  EXPECT_EQ(run.timer("c", TimerKind::kUndoRetry), "undo c #2");
  EXPECT_EQ(run.fail("c", "conflict", Kind::kUndoFailed), "undo b") << "the others are undone all the same";
  EXPECT_EQ(run.tell(Kind::kUndone, "b"), "undo a");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended undo_failed with warnings");
}

TEST(Undo, WithNothingToUndoTheRunFailed) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nafter=['a']\n");
  run.start();
  run.complete("a");
  EXPECT_EQ(run.fail("b"), "ended failed");
}

TEST(Undo, ReachesIntoMapsGroupsBranchesAndIterations) {
  DrivenRun run(
      "[step.m]\nover=[1,2]\n[step.m.step.x]\nrun='f'\nundo='X.undo'\n"
      "[step.g]\ngroup=true\nafter=['m']\n[step.g.step.y]\nrun='f'\nundo='Y.undo'\n"
      "[step.s]\nafter=['g']\n[step.s.switch.yes]\nwhen='true'\n[step.s.switch.yes.step.z]\nrun='f'\nundo='Z.undo'\n"
      "[step.r]\nrecurse={until='${item} > "
      "1',at_most=5,start=0}\nafter=['s']\n[step.r.step.w]\nrun='f'\nargs={n='${item}'}\nundo='W.undo'\n"
      "[step.last]\nrun='f'\nafter=['r']\n");
  run.start({}, 20);
  run.complete("m[1].x");
  EXPECT_EQ(run.complete("m[0].x"), "execute g.y");
  EXPECT_EQ(run.complete("g.y"), "execute s.z");
  EXPECT_EQ(run.complete("s.z"), "execute r[0].w");
  EXPECT_EQ(run.complete("r[0].w", 1), "execute r[1].w");
  EXPECT_EQ(run.given("r[1].w"), R"({"args":{"n":1}})");
  EXPECT_EQ(run.complete("r[1].w", 2), "execute last");
  EXPECT_EQ(run.fail("last"), "undo r[1].w");
  EXPECT_EQ(run.tell(Kind::kUndone, "r[1].w"), "undo r[0].w");
  EXPECT_EQ(run.tell(Kind::kUndone, "r[0].w"), "undo s.z");
  EXPECT_EQ(run.tell(Kind::kUndone, "s.z"), "undo g.y");
  EXPECT_EQ(run.tell(Kind::kUndone, "g.y"), "undo m[0].x");
  EXPECT_EQ(run.tell(Kind::kUndone, "m[0].x"), "undo m[1].x");
  EXPECT_EQ(run.tell(Kind::kUndone, "m[1].x"), "ended compensated");
}

TEST(Undo, AbortsWhatBeganAndWasNotCommitted) {
  const std::string toml =
      "[step.t]\naround={begin={run='begin'},commit={run='commit'},abort={run='abort'}}\n[step.t.step.x]\nrun='f'\n[step.n]\nrun='"
      "f'\n"
      "after=['t']\n";
  DrivenRun aborted(toml);
  EXPECT_EQ(aborted.start(), "execute t.begin");
  EXPECT_EQ(aborted.complete("t.begin"), "execute t.x");
  EXPECT_EQ(aborted.fail("t.x"), "undo t");
  EXPECT_NE(aborted.last("t").step, internal::kNone);
  EXPECT_EQ(aborted.tell(Kind::kUndone, "t"), "ended compensated");
  DrivenRun committed(toml);
  committed.start();
  committed.complete("t.begin");
  EXPECT_EQ(committed.complete("t.x", 5), "execute t.commit");
  EXPECT_EQ(committed.complete("t.commit"), "execute n");
  EXPECT_EQ(committed.fail("n"), "ended failed");
}

// ---- Halting, cancelling, deadlines

TEST(Halt, KeepsTheRunUntilItIsResumed) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\n[step.c]\nrun='f'\nafter=['a','b']\n");
  run.start();
  internal::Fact halts;
  halts.kind = Kind::kHalted;
  halts.hop = run.last("a").hop;
  halts.attempt = 1;
  halts.value = "wait";
  EXPECT_EQ(run.take(halts), "") << "what is in flight is brought to a recorded end";
  EXPECT_EQ(run.complete("b"), "halted \"wait\"");
  EXPECT_EQ(run.tell(Kind::kResume), "execute c");
  EXPECT_EQ(run.complete("c"), "ended completed");
}

TEST(Halt, InsideAGroupHaltsTheWhole) {
  DrivenRun run("[step.g]\ngroup=true\n[step.g.step.h]\nhalt='here'\n[step.n]\nrun='f'\nafter=['g']\n");
  EXPECT_EQ(run.start(), "halted \"here\"");
  EXPECT_EQ(run.tell(Kind::kResume), "execute n");
}

TEST(Halt, AnErrorBesideItWins) {
  DrivenRun run("[step.a]\nrun='f'\nundo='A.undo'\n[step.b]\nrun='f'\n[step.h]\nhalt=1\nafter=['a']\n");
  run.start();
  EXPECT_EQ(run.complete("a"), "");
  EXPECT_EQ(run.fail("b"), "undo a");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended compensated");
}

TEST(Halt, OfAChildHaltsTheParentAndResumesTheChild) {
  DrivenRun run("[step.c]\nworkflow='child'\n");
  run.start();
  EXPECT_EQ(run.tell(Kind::kHalted, "c", "ask"), "halted \"ask\"");
  EXPECT_EQ(run.tell(Kind::kResume), "execute c");
  EXPECT_EQ(run.complete("c", 3, 5), "ended completed 3");
}

TEST(Halt, AChildThatIsNotResumedIsUndone) {
  DrivenRun run("[step.c]\nworkflow='child'\n");
  run.start();
  run.tell(Kind::kHalted, "c", "ask");
  EXPECT_EQ(run.tell(Kind::kCancel), "undo c");
  EXPECT_EQ(run.tell(Kind::kUndone, "c"), "ended cancelled");
}

TEST(Pause, StartsNothingUntilItIsResumed) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nafter=['a']\n");
  run.start();
  EXPECT_EQ(run.tell(Kind::kPause), "");
  EXPECT_EQ(run.complete("a"), "halted null");
  EXPECT_EQ(run.tell(Kind::kResume), "execute b");
}

TEST(Cancel, UndoesWhatWasDone) {
  DrivenRun run(kThree);
  run.start();
  run.complete("a");
  EXPECT_EQ(run.tell(Kind::kCancel), "stop b; stop c");
  run.tell(Kind::kStopped, "b");
  EXPECT_EQ(run.tell(Kind::kStopped, "c"), "undo a");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended cancelled");
}

TEST(Terminate, StopsAtOnceAndUndoesNothing) {
  DrivenRun run(kThree);
  run.start();
  run.complete("a");
  EXPECT_EQ(run.tell(Kind::kTerminate), "stop b; stop c; ended terminated");
  EXPECT_EQ(run.complete("b"), "");
}

TEST(Deadline, ExpiresTheRunAfterUndo) {
  DrivenRun run("deadline='30s'\n[step.a]\nrun='f'\nundo='A.undo'\n[step.b]\nrun='f'\nafter=['a']\n");
  EXPECT_EQ(run.start(), "timer run +30000ms; execute a");
  run.complete("a");
  internal::Fact passed;
  passed.kind = Kind::kTimer;
  passed.timer = TimerKind::kRunDeadline;
  EXPECT_EQ(run.take(passed), "stop b");
  EXPECT_EQ(run.tell(Kind::kStopped, "b"), "undo a");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended expired");
}

// ---- Waiting

TEST(Wait, GoesOnWithTheSignal) {
  DrivenRun run("[step.w]\nwait='paid'\nkey='o-1'\ntimeout='1h'\n[step.n]\nrun='f'\nargs={x='${w.by}'}\n");
  EXPECT_EQ(run.start(), "timer timeout w +3600000ms; await w");
  EXPECT_EQ(run.given("w"), R"({"values":["o-1"]})");
  EXPECT_EQ(run.tell(Kind::kSignalled, "w", Object{{"by", "ann"}}), "execute n");
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "") << "the timeout of what is done is over";
}

TEST(Wait, ASignalThatComesWhileTheRunUndoesChangesNothing) {
  DrivenRun run("[step.a]\nrun='f'\nundo='A.undo'\n[step.w]\nwait='paid'\nundo='W.undo'\n[step.b]\nrun='f'\nafter=['a']\n");
  run.start();
  run.complete("a");
  EXPECT_EQ(run.fail("b"), "undo a");
  EXPECT_EQ(run.tell(Kind::kSignalled, "w"), "");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended compensated");
}

TEST(Wait, TimesOut) {
  DrivenRun run("[step.w]\napprove='Ship it?'\ntimeout='1h'\n");
  run.start();
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "ended failed");
  EXPECT_EQ(run.end().error.code, "timeout");
}

TEST(Wait, CleansUpWhenItTimesOut) {
  DrivenRun run(
      "[step.w]\napprove='Ship it?'\ntimeout='1h'\ndeadline='2h'\n"
      "compensate=[{do={action='A.refuse',args={why='${error.code}'}},continue='nobody'}]\n"
      "[step.n]\nrun='f'\nargs={x='${w}'}\n");
  EXPECT_EQ(run.start(), "timer deadline w +7200000ms; timer timeout w +3600000ms; await w");
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "compensate w");
  EXPECT_EQ(run.given("w"), R"({"args":{"why":"timeout"}})");
  EXPECT_EQ(run.tell(Kind::kSignalled, "w", "yes"), "") << "the answer came too late";
  EXPECT_EQ(run.tell(Kind::kCompensated, "w"), "execute n");
  EXPECT_EQ(run.given("n"), R"({"args":{"x":"nobody"}})");
}

TEST(Wait, IsOverWithItsDeadlineAlsoWhileItCleansUp) {
  DrivenRun run("[step.w]\nwait='go'\ntimeout='1h'\ndeadline='2h'\ncompensate=[{do={run='u'},ok=true}]\n");
  run.start();
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "compensate w");
  EXPECT_EQ(run.timer("w", TimerKind::kStepDeadline), "stop w; ended failed");
}

TEST(Wait, HasItsDeadlineAgainWhenItIsTriedAgain) {
  DrivenRun run("[step.w]\nwait='go'\ntimeout='1h'\ndeadline='9h'\ncompensate=[{retry=true}]\n");
  run.start();
  run.timer("w", TimerKind::kStepTimeout);
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "ended failed");
  EXPECT_EQ(run.tell(Kind::kRetryStep, "w"), "timer deadline w +32400000ms; timer timeout w +3600000ms; await w");
}

TEST(Wait, BeginsAnewOnceByAClause) {
  DrivenRun run(
      "[step.b]\nrun='f'\n[step.w]\nwait='go'\nkey='${input}'\ntimeout='1h'\ndeadline='9h'\nguards=[{when='${b} = 1'}]\n"
      "compensate=[{retry=true}]\n");
  run.start();
  EXPECT_EQ(run.complete("b", 1), "timer deadline w +32400000ms; timer timeout w +3600000ms; await w");
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "timer timeout w +3600000ms; await w");
  EXPECT_EQ(run.timer("w", TimerKind::kStepTimeout), "ended failed");
}

TEST(Sleep, IsATimer) {
  DrivenRun run("[step.s]\nsleep='2s'\n[step.u]\nuntil='1970-01-01T00:00:11Z'\nafter=['s']\n");
  EXPECT_EQ(run.start(), "timer sleep s +2000ms");
  EXPECT_EQ(run.timer("s", TimerKind::kSleep), "timer sleep u +10000ms");
  EXPECT_EQ(run.timer("u", TimerKind::kSleep), "ended completed");
}

// ---- Maps

TEST(Map, KeepsAWindowAndGivesResultsInOrder) {
  DrivenRun run("[step.m]\nover=[10,20,30]\nwindow=2\n[step.m.step.x]\nrun='f'\nargs={n='${item}'}\n");
  EXPECT_EQ(run.start(), "execute m[0].x; execute m[1].x");
  EXPECT_EQ(run.given("m[1].x"), R"({"args":{"n":20}})");
  EXPECT_EQ(run.complete("m[1].x", "b"), "execute m[2].x");
  EXPECT_EQ(run.complete("m[2].x", "c"), "");
  EXPECT_EQ(run.complete("m[0].x", "a"), R"(ended completed ["a","b","c"])");
}

TEST(Map, OverNothingIsDoneAtOnce) {
  DrivenRun run("[step.m]\nover=[]\n[step.m.step.x]\nrun='f'\n");
  EXPECT_EQ(run.start(), "ended completed []");
}

TEST(Map, TakesBatchesAndChunks) {
  DrivenRun run("[step.m]\nover=[1,2,3,4,5]\nwindow=2\nbatch=2\nchunks=true\n[step.m.step.x]\nrun='f'\nargs={n='${item}'}\n");
  EXPECT_EQ(run.start(), "execute m[0].x; execute m[1].x");
  EXPECT_EQ(run.given("m[1].x"), R"({"args":{"n":[3,4]}})");
  EXPECT_EQ(run.complete("m[0].x"), "") << "a chunk ends before the next begins";
  EXPECT_EQ(run.complete("m[1].x"), "execute m[2].x");
  EXPECT_EQ(run.given("m[2].x"), R"({"args":{"n":[5]}})");
}

TEST(Map, FetchesItemsAsItNeedsThem) {
  DrivenRun run("[step.m]\nover={query='Order.open'}\nwindow=2\n[step.m.step.x]\nrun='f'\n");
  EXPECT_EQ(run.start(), "fetch m");
  EXPECT_EQ(run.items("m", {1, 2, 3}, false), "execute m[0].x; execute m[1].x");
  EXPECT_EQ(run.complete("m[0].x"), "fetch m; execute m[2].x");
  EXPECT_EQ(run.complete("m[1].x"), "");
  EXPECT_EQ(run.items("m", {}, true), "");
  EXPECT_EQ(run.complete("m[2].x", 3), "ended completed [null,null,3]");
}

TEST(Map, AnItemThatFailsFailsTheRun) {
  DrivenRun run("[step.m]\nover=[1,2]\n[step.m.step.x]\nrun='f'\nundo='X.undo'\n");
  run.start();
  run.complete("m[0].x");
  EXPECT_EQ(run.fail("m[1].x"), "undo m[0].x");
}

TEST(Map, CollectedItemsUnwindAloneAndTheRunHasWarnings) {
  DrivenRun run(
      "[step.m]\nover=[1,2]\non_item_error='collect'\n[step.m.step.x]\nrun='f'\nundo='X.undo'\n[step.m.step.y]\nrun='f'\nafter=['x'"
      "]\n");
  EXPECT_EQ(run.start(), "execute m[0].x; execute m[1].x");
  EXPECT_EQ(run.complete("m[0].x"), "execute m[0].y");
  EXPECT_EQ(run.fail("m[0].y"), "undo m[0].x") << "beside the other item, which goes on";
  EXPECT_EQ(run.complete("m[1].x"), "execute m[1].y");
  EXPECT_EQ(run.tell(Kind::kUndone, "m[0].x"), "");
  EXPECT_EQ(
      run.complete("m[1].y", "ok"),
      R"(ended completed with warnings {"results":[null,"ok"],"failures":[{"index":0,"code":"broken","message":"broken it is"}]})");
}

TEST(Map, AnItemThatFailedInACancelledRunEndsItOnce) {
  DrivenRun run(
      "[step.m]\nover=[1]\non_item_error='collect'\n[step.m.step.a]\nrun='f'\nundo='A.undo'\n[step.m.step.b]\nrun='f'\n[step.m."
      "step.c]\nrun='f'\n");
  run.start();
  run.complete("m[0].a");
  EXPECT_EQ(run.fail("m[0].b"), "stop m[0].c");
  EXPECT_EQ(run.tell(Kind::kCancel), "stop m[0].c");
  EXPECT_EQ(run.tell(Kind::kStopped, "m[0].c"), "undo m[0].a");
  EXPECT_EQ(run.tell(Kind::kUndone, "m[0].a"), "ended cancelled");
}

TEST(Map, PastMaxBadTheStepFails) {
  DrivenRun by_number("[step.m]\nover=[1,2,3]\nwindow=1\non_item_error='collect'\nmax_bad=1\n[step.m.step.x]\nrun='f'\n");
  by_number.start();
  EXPECT_EQ(by_number.fail("m[0].x"), "execute m[1].x");
  EXPECT_EQ(by_number.fail("m[1].x"), "ended failed");
  EXPECT_EQ(by_number.end().error.code, "bad_items");
  DrivenRun by_share("[step.m]\nover=[1,2]\non_item_error='collect'\nmax_bad='50%'\n[step.m.step.x]\nrun='f'\n");
  by_share.start();
  EXPECT_EQ(by_share.fail("m[0].x"), "");
  EXPECT_EQ(by_share.complete("m[1].x").substr(0, 29), "ended completed with warnings");
}

TEST(Map, NeedsMemoryForTheItemsInFlightOnly) {
  DrivenRun run("[step.m]\nover={query='Order.open'}\nwindow=3\n[step.m.step.x]\nrun='f'\n");
  run.start();
  std::size_t next = 0;
  for (int page = 0; page < 100; ++page) {
    run.items("m", {1, 2, 3, 4, 5}, false);
    for (int i = 0; i < 5; ++i) run.complete("m[" + std::to_string(next++) + "].x");
    EXPECT_LE(run.state().frames.size(), 4U);
    EXPECT_TRUE(run.state().ready.empty());
  }
}

// ---- Branches, collecting, children

TEST(Switch, TakesTheFirstBranchThatMatches) {
  const auto after = [](std::int64_t n) {
    DrivenRun run(
        "[step.a]\nrun='f'\n[step.s.switch.big]\nwhen='${a} > 10'\n[step.s.switch.big.step.x]\ntemplate='big ${a}'\n"
        "[step.s.switch.some]\nwhen='${a} > 0'\n[step.s.switch.some.step.x]\ntemplate='some'\n");
    run.start();
    return run.complete("a", n);
  };
  EXPECT_EQ(after(11), R"(ended completed "big 11")");
  EXPECT_EQ(after(1), R"(ended completed "some")");
  EXPECT_EQ(after(0), "ended completed") << "no match is null";
}

TEST(Collect, GathersAndTransforms) {
  DrivenRun run("[step.a]\nrun='f'\n[step.c]\ncollect={x='${a}',y=2}\ninto={expr='${item.x} + ${item.y}'}\n");
  run.start();
  EXPECT_EQ(run.complete("a", 5), "ended completed 7");
}

TEST(Child, ContinuesFromTheHopsOfItsParent) {
  DrivenRun run("[step.c]\nworkflow='child'\n[step.n]\nrun='f'\nafter=['c']\n");
  run.start({}, 8);
  EXPECT_EQ(run.hops("c"), 8U);
  run.complete("c", 1, 3);
  EXPECT_EQ(run.hops("n"), 3U);
  EXPECT_EQ(run.fail("n"), "undo c") << "a child is undone by its own steps";
}

TEST(Child, ThatCompletedIsUnwoundOnce) {
  DrivenRun run("[step.a]\nrun='f'\nundo='A.undo'\n");
  run.start();
  EXPECT_EQ(run.tell(Kind::kUnwind), "") << "it has not completed";
  EXPECT_EQ(run.complete("a"), "ended completed");
  EXPECT_EQ(run.tell(Kind::kUnwind), "undo a");
  EXPECT_EQ(run.tell(Kind::kUnwind), "");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended compensated");
  EXPECT_EQ(run.tell(Kind::kUnwind), "");
}

TEST(Child, WhoseUndoFailedMakesTheRunUndoFailed) {
  DrivenRun run("[step.c]\nworkflow='child'\n[step.n]\nrun='f'\nafter=['c']\n");
  run.start();
  run.complete("c");
  EXPECT_EQ(run.fail("n"), "undo c");
  internal::Fact undone;
  undone.kind = Kind::kUndone;
  undone.hop = run.last("c").hop;
  undone.attempt = 1;
  undone.undo_failed = true;
  EXPECT_EQ(run.take(undone), "ended undo_failed with warnings");
}

TEST(Child, HasTheDeadlineOfItsStepWhereThatIsSooner) {
  internal::Fact started;
  started.parent = "r-0";
  started.hops = 8;
  started.deadline_us = 2'000'000;
  EXPECT_EQ(DrivenRun("deadline='10s'\n[step.a]\nwait='go'\n").take(started).substr(0, 9), "timer run");
  DrivenRun sooner("deadline='1s'\n[step.a]\nwait='go'\n");
  sooner.take(started);
  DrivenRun later("deadline='10s'\n[step.a]\nwait='go'\n");
  later.take(started);
  EXPECT_EQ(sooner.decided()[0][0].at.micros, 1'000'000);
  EXPECT_EQ(later.decided()[0][0].at.micros, 2'000'000);
}

// ---- Hops

TEST(Hops, AStepReceivesTheLeastOfWhatItWaitedForAndPassesOnOneLess) {
  DrivenRun run("[step.a]\nrun='f'\n[step.b]\nrun='f'\nafter=['a']\n[step.c]\nrun='f'\n[step.d]\nrun='f'\nafter=['b','c']\n");
  run.start({}, 5);
  EXPECT_EQ(run.hops("a"), 5U);
  EXPECT_EQ(run.hops("c"), 5U);
  run.complete("a");
  EXPECT_EQ(run.hops("b"), 4U);
  run.complete("c");
  run.complete("b");
  EXPECT_EQ(run.hops("d"), 3U);
}

TEST(Hops, RetriesUndoAndDebugCostNothing) {
  DrivenRun run("[step.a]\nrun='f'\nretry={max_attempts=3}\n[step.x]\ndebug='seen ${a}'\n[step.b]\nrun='f'\nafter=['x']\n");
  run.start({}, 2);
  run.fail("a");
  run.timer("a", TimerKind::kRetry);
  EXPECT_EQ(run.hops("a"), 2U);
  EXPECT_EQ(run.complete("a", 1), "debug \"seen 1\"; execute b");
  EXPECT_EQ(run.hops("b"), 1U);
}

TEST(Hops, WhatIsInsideAStepContinuesFromIt) {
  DrivenRun run(
      "[step.m]\nover=[1]\n[step.m.step.x]\nrun='f'\n[step.m.step.y]\nrun='f'\nafter=['x']\n[step.n]\nrun='f'\nafter=['m']\n");
  run.start({}, 8);
  EXPECT_EQ(run.hops("m[0].x"), 7U);
  run.complete("m[0].x");
  run.complete("m[0].y");
  EXPECT_EQ(run.hops("n"), 5U);
}

TEST(Hops, AStepThatReceivesNoneLeavesATombstoneAndTheRunUndoes) {
  DrivenRun run("[step.a]\nrun='f'\nundo='A.undo'\n[step.b]\nrun='f'\nafter=['a']\n[step.c]\nrun='f'\nafter=['b']\n");
  run.start({}, 2);
  run.complete("a");
  EXPECT_EQ(run.complete("b"), "tombstone c; undo a");
  EXPECT_EQ(run.tell(Kind::kUndone, "a"), "ended compensated");
  EXPECT_EQ(run.end().error.code, "ttl_expired");
}

}  // namespace
}  // namespace forge
