// When the steps of runs were at work.

#include "forge/workflows/timeline.h"

#include "runner_fixture.h"

namespace forge {
namespace {

class Timeline : public RunnerTest {
 protected:
  // "nap 0+60s completed, undo take 63+0s undone try 2": begin since the run's, and how long.
  std::string words() const {
    const Result<RunTimeline> timeline = run_timeline(store_->view(), "r-1");
    EXPECT_TRUE(timeline.ok()) << timeline.status().message();
    if (!timeline.ok()) return "";
    constexpr const char* kPurposes[] = {"", "compensate ", "undo "};
    std::string text;
    for (const StepSpan& span : timeline->spans) {
      text += (text.empty() ? "" : ", ") + std::string(kPurposes[static_cast<int>(span.purpose)]) + span.step + " " +
              std::to_string((span.begin.micros - timeline->begin.micros) / 1'000'000) + "+" +
              (span.end ? std::to_string((span.end->micros - span.begin.micros) / 1'000'000) + "s " + span.what : "");
      if (span.attempts > 1) text += " try " + std::to_string(span.attempts);
    }
    return text;
  }
};

TEST_F(Timeline, HoldsEachStepWithItsTriesWaitsAndUndo) {
  functions_["busy"] = [](const Object&, StepContext& context) {
    return context.attempt < 3 ? StepOutcome::failed("503", "busy") : StepOutcome::done();
  };
  declare("w", R"(
[step.nap]
sleep = "1m"
[step.each]
over = [1, 1]
[step.each.step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = "${item}" }
undo = "Stock.release"
[step.each.step.nap]
sleep = "2s"
after = ["take"]
[step.busy]
run = "busy"
after = ["nap"]
retry = { max_attempts = 3, backoff = "fixed", first = "5s" }
[step.never]
template = "x"
where = "false"
after = ["busy"]
[step.no]
fail = "no"
after = ["never"]
)");
  run("w");

  EXPECT_EQ(words(),
            "nap 0+60s completed, each 0+2s completed, each[0].take 0+0s completed, each[1].take 0+0s completed, "
            "each[0].nap 0+2s completed, each[1].nap 0+2s completed, busy 60+10s completed try 3, never 70+0s skipped, "
            "no 70+0s failed, undo each[1].take 70+0s undone, undo each[0].take 70+0s undone");
}

TEST_F(Timeline, OfARunThatGoesOnLeavesWhatIsOpen) {
  declare("w", "[step.a]\ntemplate = 'a'\n[step.ask]\napprove = 'go on after ${a}?'\n");
  start("w");
  work();

  EXPECT_EQ(words(), "a 0+0s completed, ask 0+");
  EXPECT_EQ(run_timeline(store_->view(), "nobody").status().id(), ErrorId::kRunNotFound);
}

}  // namespace
}  // namespace forge
