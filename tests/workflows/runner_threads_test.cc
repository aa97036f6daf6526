// The runner of a program: its threads, waiting for runs, and stopping.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "forge/workflows/runner.h"
#include "runner_fixture.h"

namespace forge {
namespace {

class RunnerThreads : public RunnerTest {
 protected:
  RunnerThreads() {
    OpenOptions options;
    system_ = std::make_unique<Store>(Store::open(":memory:", options).value());
    system_->add_schema({{"shop.fbs", kRunShop}}).value();
    system_->act("Stock.fill", {{"sku", "tea"}, {"left", 1'000'000}}).value();
  }
  std::shared_ptr<const WorkflowDefinition> define(const std::string& toml) {
    auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
    for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
    return outcome.definition;
  }

  std::unique_ptr<Store> system_;  // by the system's clock
};

constexpr std::chrono::minutes kLong{1};

TEST_F(RunnerThreads, RunsAndWaits) {
  const auto definition = define(
      "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n[step.nap]\nsleep = '5ms'\nafter = ['take']\n");
  Runner runner = Runner::start(*system_).value();

  const RunInfo run = runner.run(*definition, {.id = "r-1"}).value();

  EXPECT_EQ(run.status, "completed");
  EXPECT_EQ(runner.run(*definition, {.id = "r-1"}).value().seq, run.seq);
  EXPECT_EQ(system_->get("Stock", "tea").value()["left"], Value(999'999));
}

TEST_F(RunnerThreads, ManyRunsGoOnAtOnce) {
  const auto definition = define(
      "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n"
      "[step.b]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nafter = ['a']\n");
  ASSERT_TRUE(add_workflow(*system_, *definition).ok());
  Runner runner = Runner::start(*system_).value();
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(start_run(*system_, "w", {}).ok());

  const Status idle = runner.wait_idle(kLong);

  EXPECT_TRUE(idle.ok()) << idle.message();
  EXPECT_EQ(runs(system_->view(), "completed").value().size(), 500U);
  EXPECT_EQ(system_->get("Stock", "tea").value()["left"], Value(999'000));
}

TEST_F(RunnerThreads, IsToldOfEachEndOnce) {
  const auto steps = define(
      "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n"
      "[step.b]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nafter = ['a']\n");
  std::mutex mutex;
  std::vector<std::string> told;
  RunnerOptions options;
  options.ended = [&](const std::string& run) {
    const std::scoped_lock lock(mutex);
    told.push_back(run);
  };
  Runner runner = Runner::start(*system_, options).value();

  ASSERT_TRUE(runner.run(*steps, {.id = "r-1"}).ok());
  ASSERT_TRUE(runner.run(*steps, {.id = "r-2"}).ok());
  ASSERT_TRUE(runner.wait_idle(kLong).ok());
  runner.stop();

  EXPECT_EQ(told, (std::vector<std::string>{"r-1", "r-2"}));
}

TEST_F(RunnerThreads, ASlowStepHoldsUpNoOther) {
  std::atomic<bool> free{false};
  RunnerOptions options;
  options.functions["slow"] = [&](const Object&, StepContext&) {
    while (!free) std::this_thread::yield();
    return StepOutcome::done("slow");
  };
  options.functions["quick"] = [&](const Object&, StepContext&) { return StepOutcome::done("quick"); };
  const auto definition = define(
      "[step.slow]\nrun = 'slow'\n[step.quick]\nrun = 'quick'\n"
      "[step.note]\naction = 'Stock.fill'\nargs = { sku = '${quick}', left = 1 }\n[step.all]\ncollect = { s = '${slow}' }\n");
  ASSERT_TRUE(add_workflow(*system_, *definition).ok());
  Runner runner = Runner::start(*system_, options).value();
  const std::string id = start_run(*system_, "w", {}).value();

  // The other branch is done while the slow step runs.
  Subscription filled =
      system_->subscribe({.from = Seq{1}, .filter = {.resource = "Stock", .key = "quick"}}, [&](const Event&) { free = true; })
          .value();
  EXPECT_EQ(runner.wait(id, kLong).value().result, R"({"s":"slow"})");
}

TEST_F(RunnerThreads, AFunctionPastItsTimeoutIsToldToStopAndItsResultDoesNotCount) {
  std::atomic<int> stopped{0};
  RunnerOptions options;
  options.functions["hangs"] = [&](const Object&, StepContext& context) {
    while (!context.stop().stop_requested()) std::this_thread::yield();
    ++stopped;
    return StepOutcome::done("late");
  };
  const auto definition = define("[step.a]\nrun = 'hangs'\ntimeout = '20ms'\n");
  Runner runner = Runner::start(*system_, options).value();

  const RunInfo run = runner.run(*definition).value();

  EXPECT_EQ(run.status, "failed");
  EXPECT_NE(run.error.find("timeout"), std::string::npos);
  runner.stop();
  EXPECT_EQ(stopped, 1);
}

TEST_F(RunnerThreads, ASyncRunDoesOneStepAtATime) {
  std::atomic<int> inside{0}, most{0};
  RunnerOptions options;
  options.functions["look"] = [&](const Object&, StepContext&) {
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
    for (int i = 0; i < 100; ++i) std::this_thread::yield();
    --inside;
    return StepOutcome::done();
  };
  std::string steps;
  for (char name = 'a'; name <= 'h'; ++name) steps += std::string("[step.") + name + "]\nrun = 'look'\n";
  const auto definition = define(steps);
  Runner runner = Runner::start(*system_, options).value();

  EXPECT_EQ(runner.run(*definition, {.max_concurrency = 1}).value().status, "completed");
  EXPECT_EQ(most, 1);
}

TEST_F(RunnerThreads, AResultThatIsTooLargeFailsItsStepAlone) {
  RunnerOptions options;
  options.functions["large"] = [](const Object&, StepContext&) { return StepOutcome::done(std::string(2 << 20, 'x')); };
  const auto definition = define(
      "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = 'Stock.release'\n"
      "[step.b]\nrun = 'large'\nafter = ['a']\n");
  Runner runner = Runner::start(*system_, options).value();

  const RunInfo run = runner.run(*definition).value();

  EXPECT_EQ(run.status, "compensated");
  EXPECT_TRUE(run.error.starts_with("E")) << run.error;
  EXPECT_NE(run.error.find("larger than the limit"), std::string::npos) << run.error;
}

TEST_F(RunnerThreads, ARunWhoseJournalIsTooLongIsCancelledAndUndone) {
  RunnerOptions options;
  options.history_max = 50;
  const auto definition = define(
      "ttl_hops = 255\n[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = 'Stock.release'\n"
      "[step.again]\nrecurse = { until = 'false', at_most = 200 }\nafter = ['a']\n"
      "[step.again.step.take]\naction = 'Stock.fill'\nargs = { sku = 'milk', left = 1 }\n");
  Runner runner = Runner::start(*system_, options).value();

  const RunInfo run = runner.run(*definition, {.id = "long"}).value();

  EXPECT_EQ(run.status, "cancelled");
  EXPECT_EQ(system_->get("Stock", "tea").value()["left"], Value(1'000'000));
  const RunDetail detail = run_detail(system_->view(), "long").value();
  const auto told =
      std::find_if(detail.pulses.begin(), detail.pulses.end(), [](const Pulse& pulse) { return pulse.what == "cancel"; });
  ASSERT_NE(told, detail.pulses.end());
  EXPECT_NE(told->reason.find("events, at most 50 are allowed"), std::string::npos) << told->reason;
}

TEST_F(RunnerThreads, StoppingLeavesTheRunForTheNextRunner) {
  std::atomic<int> calls{0};
  RunnerOptions options;
  options.functions["once"] = [&](const Object&, StepContext&) { return ++calls, StepOutcome::done(1); };
  const auto definition = define("[step.a]\nrun = 'once'\n[step.nap]\nsleep = '1h'\nafter = ['a']\n");
  ASSERT_TRUE(add_workflow(*system_, *definition).ok());
  const std::string id = start_run(*system_, "w", {}).value();
  {
    Runner runner = Runner::start(*system_, options).value();
    EXPECT_EQ(runner.wait(id, std::chrono::milliseconds(200)).status().id(), ErrorId::kDeadlinePassed);
    runner.stop();
    EXPECT_EQ(runner.wait(id).status().id(), ErrorId::kCancelled);
  }

  Runner next = Runner::start(*system_, options).value();
  ASSERT_TRUE(tell_run(*system_, id, RunTelling::kTerminate).ok());

  EXPECT_EQ(next.wait(id, kLong).value().status, "terminated");
  EXPECT_EQ(calls, 1);
}

TEST_F(RunnerThreads, AStoreThatIsOpenForReadingHasNoRunner) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / ("forge-runner-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  { const Store made = Store::open(directory.string()).value(); }
  {
    Store reading = Store::open(directory.string(), {.read_only = true}).value();
    EXPECT_EQ(Runner::start(reading).status().id(), ErrorId::kRunnerElsewhere);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace forge
