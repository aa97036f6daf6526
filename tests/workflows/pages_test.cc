// Maps over pages, and what the other end asks to wait: what a run decides on them.

#include "driven_run.h"

namespace forge {
namespace {

using internal::TimerKind;

std::string pages(const std::string& more = "") {
  return "[step.m]\nover={pages={get='http://a/',query={after='${cursor}'}},items='body.items',cursor='body.next'}\n" + more +
         "[step.m.step.x]\nrun='f'\nundo='X.undo'\n";
}

TEST(Pages, EachIsAskedForByTheCursorOfTheLast) {
  DrivenRun run(pages("window=2\n"));

  EXPECT_EQ(run.start(), "fetch m");
  EXPECT_EQ(run.last("m").value, Value(Object{{"values", List{nullptr, "http://a/", nullptr}},
                                              {"named", List{Object{{"after", nullptr}}, Object{}, Object{}}},
                                              {"cursor", nullptr}}));
  EXPECT_EQ(run.items("m", {1, 2}, false, "c1"), "fetch m; execute m[0].x; execute m[1].x") << "it is asked for ahead";
  EXPECT_EQ(*run.last("m").value.if_object()->find("named")->if_list()->at(0).if_object()->find("after"), Value("c1"));
  EXPECT_EQ(run.last("m").attempt, 2U);
  // A page without items is not the last.
  EXPECT_EQ(run.items("m", {}, false, "c2"), "fetch m");
  EXPECT_EQ(run.complete("m[0].x"), "");
  EXPECT_EQ(run.items("m", {3}, true), "execute m[2].x");
  EXPECT_EQ(run.complete("m[1].x"), "");
  EXPECT_EQ(run.complete("m[2].x", 3), "ended completed [null,null,3]");
}

TEST(Pages, AreTriedAgainEachByItself) {
  DrivenRun run(pages("retry={max_attempts=2,first='100ms',backoff='fixed'}\n"));
  run.start();

  EXPECT_EQ(run.fail("m", "503"), "timer retry m +100ms");
  EXPECT_EQ(run.timer("m", TimerKind::kRetry), "fetch m");
  EXPECT_EQ(run.items("m", {1}, false, "c1"), "fetch m; execute m[0].x");
  EXPECT_EQ(run.fail("m", "503"), "timer retry m +100ms") << "another page has tries of its own";
  EXPECT_EQ(run.complete("m[0].x"), "") << "what waits is not asked for twice";
  run.timer("m", TimerKind::kRetry);
  EXPECT_EQ(run.fail("m", "503"), "undo m[0].x");
}

TEST(Pages, AreNotTriedAgainWhereThatIsOfNoUse) {
  DrivenRun run(pages("retry={max_attempts=2}\n"));
  run.start();
  EXPECT_EQ(run.fail("m", "404"), "ended failed");
}

TEST(Pages, AFailingRunWaitsForNone) {
  DrivenRun run(pages());
  run.start();
  EXPECT_EQ(run.items("m", {1}, false, "c1"), "fetch m; execute m[0].x");

  EXPECT_EQ(run.tell(DrivenRun::Kind::kCancel), "stop m; stop m[0].x");
  EXPECT_EQ(run.items("m", {2}, true), "") << "it comes too late";
  EXPECT_EQ(run.complete("m[0].x"), "undo m[0].x");
}

TEST(Pages, ADeadlineStopsTheOneThatIsUnderWay) {
  DrivenRun run(pages("deadline='1s'\n"));
  EXPECT_EQ(run.start(), "timer deadline m +1000ms; fetch m");
  EXPECT_EQ(run.timer("m", TimerKind::kStepDeadline), "stop m; ended failed");
}

TEST(Pages, AMapInsideAnItemThatMayFailFailsTheItem) {
  DrivenRun run(
      "[step.o]\nover=[1,2]\nwindow=1\non_item_error='collect'\n[step.o.step.m]\n"
      "over={pages={get='http://a/${item}'},items='body'}\nwindow=4\n[step.o.step.m.step.x]\nrun='f'\n");
  EXPECT_EQ(run.start(), "fetch o[0].m");
  EXPECT_EQ(run.items("o[0].m", {7}, false, "c"), "fetch o[0].m; execute o[0].m[0].x");
  EXPECT_EQ(run.fail("o[0].m", "500"), "stop o[0].m[0].x");
  EXPECT_EQ(run.fail("o[0].m[0].x", "stopped"), "fetch o[1].m");
  EXPECT_EQ(run.items("o[1].m", {}, true),
            "ended completed with warnings "
            R"({"results":[null,[]],"failures":[{"index":0,"code":"500","message":"500 it is"}]})");
}

// The length of the file is recorded before anything is written to it, so that a second try can cut off what the first has written.
TEST(Pages, SetItemsAsideBeforeTheMapEnds) {
  DrivenRun run(
      "[step.m]\nover={pages={get='http://a/'},items='body'}\non_item_error='quarantine:bad.ndjson'\nwindow=2\n"
      "[step.m.step.x]\nrun='f'\n");
  run.start();
  EXPECT_EQ(run.items("m", {1, 2}, true), "execute m[0].x; execute m[1].x");
  EXPECT_EQ(run.fail("m[0].x", "no"), "");
  EXPECT_EQ(run.complete("m[1].x", 2), "fetch m");
  EXPECT_EQ(run.tell(DrivenRun::Kind::kItems, "m", Object{{"quarantine_bytes", 0}}), "fetch m");
  const Object* given = run.last("m").value.if_object();
  EXPECT_EQ(*given->find("flush"), Value(true));
  EXPECT_EQ(to_json(*given->find("failures")), R"([{"index":0,"step":"m.x","code":"no","message":"no it is","item":1}])");
  EXPECT_EQ(run.tell(DrivenRun::Kind::kItems, "m", Object{{"quarantine_bytes", 90}, {"written", 1}}),
            "ended completed with warnings "
            R"({"results":[null,2],"failures":[{"index":0,"code":"no","message":"no it is"}]})");
}

TEST(Map, AQueryThatFailsFailsTheMap) {
  DrivenRun run("[step.m]\nover={query='Order.open'}\n[step.m.step.x]\nrun='f'\n");
  run.start();
  EXPECT_EQ(run.fail("m", "E4001"), "ended failed");
}

TEST(Attempts, WaitAsLongAsTheOtherEndAsks) {
  DrivenRun run("[step.a]\nhttp={get='http://a/'}\nretry={max_attempts=3,first='100ms',backoff='fixed'}\n");
  run.start();

  EXPECT_EQ(run.fail("a", "429", DrivenRun::Kind::kFailed, 7'000'000), "timer retry a +7000ms");
  run.timer("a", TimerKind::kRetry);
  EXPECT_EQ(run.fail("a", "429", DrivenRun::Kind::kFailed, 1'000), "timer retry a +100ms") << "and as long as the backoff";
}

}  // namespace
}  // namespace forge
