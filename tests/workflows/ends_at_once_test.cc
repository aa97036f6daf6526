// Runs that are over with a fact: their end stands in its transaction. Of workflows whose steps are all values that is the start.

#include <gtest/gtest.h>

#include "forge/workflows/replay.h"
#include "workflows/runner_fixture.h"

namespace forge {
namespace {

using RunsOfValues = RunnerTest;

TEST_F(RunsOfValues, AreStartedAndEndedByOneTransaction) {
  declare("greet", "[input]\nname = 'string'\n[step.text]\ntemplate = 'hello ${input.name}'\n");
  start("greet", {{"name", "ada"}});

  EXPECT_EQ(info().status, "completed") << "no runner was at work";
  EXPECT_EQ(info().result, "\"hello ada\"");
  EXPECT_EQ(last_event("_run.started").transaction, last_event("_run.ended").transaction);
  EXPECT_TRUE(replay_run(store_->view(), "r-1").value().is_identical());
  const Seq head = store_->head();
  work();
  EXPECT_EQ(store_->head(), head) << "nothing was left to a runner";
}

TEST_F(RunsOfValues, OfOtherStepsAreEndedWithTheLastOfThem) {
  functions_["price"] = [](const Object&, StepContext&) { return StepOutcome::done(7); };
  declare(
      "two",
      "return = 'a'\n[step.a]\nrun = 'price'\n[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'b' }\nafter = ['a']\n");
  declare("slept", "[step.nap]\nsleep = '1s'\n");
  declare("one", "[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'b' }\n");
  for (const char* workflow : {"two", "slept", "one"}) {
    SCOPED_TRACE(workflow);
    start(workflow, {}, workflow);
    work();
    EXPECT_EQ(info(workflow).status, "completed");
    EXPECT_EQ(last_event("_run.advanced").transaction, last_event("_run.ended").transaction);
    EXPECT_TRUE(replay_run(store_->view(), workflow).value().is_identical());
  }
  EXPECT_EQ(info("two").result, "7");
  EXPECT_EQ(info("one").result.find("{\"seq\":"), 0U) << "of the event of the same transaction";
  EXPECT_EQ(last_event("_run.ended").hops_left, std::optional<std::uint8_t>(7));
}

TEST_F(RunsOfValues, FailInOneTransaction) {
  declare("fails", "[step.no]\nfail = 'never'\n");
  start("fails");

  EXPECT_EQ(info().status, "failed");
  EXPECT_EQ(last_event("_run.started").transaction, last_event("_run.ended").transaction);
}

TEST_F(RunsOfValues, AreNotStartedByADryRun) {
  declare("greet", "[step.text]\ntemplate = 'hello'\n");
  const Seq head = store_->head();
  ASSERT_TRUE(start_run(*store_, "greet", {.id = "r-1", .options = {.dry_run = true}}).ok());
  EXPECT_EQ(store_->head(), head);
  EXPECT_EQ(run_info(store_->view(), "r-1").status().id(), ErrorId::kRunNotFound);
}

// Attributes by which a run may not be over yet.
TEST_F(RunsOfValues, AreLeftToARunnerWhereSomethingHasToBeWaitedFor) {
  const std::vector<std::string> attributes = {"deadline = '1s'", "guards = [{ when = 'false', else = 'halt' }]",
                                               "concurrency_key = 'k'", "async = false"};
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    SCOPED_TRACE(attributes[i]);
    const std::string name = "w" + std::to_string(i), id = "r-" + std::to_string(i);
    declare(name, "[step.no]\nfail = 'never'\n" + attributes[i] + "\n");
    start(name, {}, id);
    work();
    EXPECT_TRUE(info(id).status == "failed" || info(id).status == "halted") << info(id).status;
    EXPECT_TRUE(replay_run(store_->view(), id).value().is_identical());
  }
}

}  // namespace
}  // namespace forge
