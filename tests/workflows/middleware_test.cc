// What looks on while a runner works, and what it may change.

#include "forge/workflows/middleware.h"

#include <atomic>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "forge/workflows/replay.h"
#include "forge/workflows/runner.h"
#include "runner_fixture.h"

namespace forge {
namespace {

constexpr std::chrono::minutes kLong{1};

class MiddlewareTest : public RunnerTest {
 protected:
  MiddlewareTest() {
    system_ = std::make_unique<Store>(Store::open(":memory:", {}).value());
    system_->add_schema({{"shop.fbs", kRunShop}}).value();
    system_->act("Stock.fill", {{"sku", "tea"}, {"left", 5}}).value();
    options_.functions["ok"] = [](const Object& args, StepContext&) { return StepOutcome::done(Value(args)); };
    options_.functions["no"] = [](const Object&, StepContext&) { return StepOutcome::failed("no", "it will not"); };
    options_.functions["twice"] = [](const Object&, StepContext& context) {
      return context.attempt < 3 ? StepOutcome::retry("busy", "not yet") : StepOutcome::done("late");
    };
  }

  // "run.start, step.start a, …" as a listener to everything hears it.
  std::shared_ptr<Middleware> listener() {
    return attach("*", [this](const LifecycleEvent& event) {
      heard_ += (heard_.empty() ? "" : ", ") + std::string(event.name) + (event.step.empty() ? "" : " ") + std::string(event.step);
    });
  }
  RunInfo run(const std::string& toml, Object input = {}, const std::string& id = "r-1") {
    const auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
    for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
    Runner runner = Runner::start(*system_, options_).value();
    const Result<RunInfo> ended = runner.run(*outcome.definition, {.id = id, .input = std::move(input)});
    EXPECT_TRUE(ended.ok()) << ended.status().message();
    EXPECT_TRUE(runner.wait_idle(kLong).ok());
    return ended.ok() ? *ended : RunInfo{};
  }
  std::string replayed(const std::string& id = "r-1") {
    const Result<ReplayReport> replay = replay_run(system_->view(), id);
    return replay.ok() ? replay->difference ? replay->difference->step : "identical" : replay.status().message();
  }

  std::unique_ptr<Store> system_;  // by the system's clock
  RunnerOptions options_;
  std::string heard_;
};

TEST_F(MiddlewareTest, HearsOfEachRunAndStepInTheOrderOfTheJournal) {
  options_.middleware = {listener()};
  run("[input]\nn = 'int'\n[step.a]\nrun = 'ok'\n[step.b]\nrun = 'twice'\nafter = ['a']\n"
      "retry = { max_attempts = 3, first = '1ms' }\n[step.c]\nrun = 'ok'\nwhere = '${input.n} > 1'\nafter = ['b']\n"
      "[step.d]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\nafter = ['c']\n[step.e]\nsleep = '1ms'\nafter = ['d']\n",
      {{"n", 1}});
  EXPECT_EQ(heard_,
            "run.start, step.start a, step.stop a, step.start b, step.retry b, step.start b, step.retry b, step.start b, "
            "step.stop b, step.skip c, step.start d, step.stop d, step.stop e, run.stop");
}

TEST_F(MiddlewareTest, HearsWhatCleansUpAndWhatIsUndone) {
  options_.middleware = {listener()};
  run("[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\nundo = 'Stock.release'\n"
      "[step.b]\nrun = 'no'\nafter = ['a']\ncompensate = [{ do = { run = 'ok' } }]\n");
  EXPECT_EQ(
      heard_,
      "run.start, step.start a, step.stop a, step.start b, step.error b, compensate.start b, compensate.stop b, undo.start a, "
      "undo.stop a, run.error");
}

TEST_F(MiddlewareTest, HearsOfHalts) {
  options_.middleware = {listener()};
  options_.functions["halt"] = [](const Object&, StepContext&) { return StepOutcome::halted("wait"); };
  run("[step.a]\nrun = 'halt'\n[step.b]\nrun = 'ok'\nafter = ['a']\n");
  EXPECT_EQ(heard_, "run.start, step.start a, step.halt a, run.halt");
}

TEST_F(MiddlewareTest, SeesTokenContextAndResult) {
  std::string seen;
  const auto see = [&](const LifecycleEvent& event) {
    if (event.name == "step.start") {
      seen += to_json(Value(*event.args)) + " attempt " + std::to_string(event.attempt) + " hops " +
              std::to_string(*event.hops_left) + " of " + std::string(event.workflow) + " " + std::string(event.run);
    } else if (event.name == "step.stop") {
      seen += " came to " + to_json(*event.result) + (event.duration ? " timed" : "") + (event.seq > 0 ? " recorded" : "");
    } else if (event.name == "run.stop") {
      seen += ", " + std::string(event.status) + " " + to_json(*event.result);
    }
  };
  options_.middleware = {attach("*", see)};
  run("[step.a]\nrun = 'ok'\nargs = { n = 7 }\n");
  EXPECT_EQ(seen, R"({"n":7} attempt 1 hops 8 of w r-1 came to {"n":7} timed recorded, completed {"n":7})");
}

TEST_F(MiddlewareTest, HearsOnlyWhatItAskedFor) {
  int errors = 0;
  options_.middleware = {attach("step.error", [&](const LifecycleEvent& event) { errors += event.code == "no" ? 1 : 100; })};
  run("[step.a]\nrun = 'no'\n");
  EXPECT_EQ(errors, 1);
}

// Each stands around those behind it.
TEST_F(MiddlewareTest, IsCalledInOrderAndBackwardsWhereSomethingIsOver) {
  std::string order;
  for (const char* name : {"a", "b"}) {
    options_.middleware.push_back(
        attach("step.*", [&order, name](const LifecycleEvent& event) { order += name + std::string(event.name).substr(4) + " "; }));
  }
  run("[step.s]\nrun = 'ok'\n");
  EXPECT_EQ(order, "a.start b.start b.stop a.stop ");
}

TEST_F(MiddlewareTest, ThatThrowsIsLoggedAndChangesNothing) {
  std::string logged;
  options_.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::kError) logged.append(line).append("\n");
  };
  options_.middleware = {listener(), attach("step.stop", [](const LifecycleEvent&) { throw std::runtime_error("it is broken"); })};
  EXPECT_EQ(run("[step.a]\nrun = 'ok'\n").status, "completed");
  EXPECT_EQ(heard_, "run.start, step.start a, step.stop a, run.stop");
  EXPECT_EQ(logged, "middleware failed at step.stop of run r-1: it is broken\n");
}

// Replaces what the step `path` comes to.
class Replacing final : public Middleware {
 public:
  Replacing(std::string path, StepOutcome by) : path_(std::move(path)), by_(std::move(by)) {}
  void on(const LifecycleEvent&) override {}
  bool replaces() const override { return true; }
  StepOutcome replace(const LifecycleEvent& event, StepOutcome outcome) override {
    if (event.step != path_) return outcome;
    if (by_.code == "throws") throw std::runtime_error("cannot");
    return by_;
  }

 private:
  const std::string path_;
  const StepOutcome by_;
};

TEST_F(MiddlewareTest, ReplacesAResultWhichIsThenTheOnlyOne) {
  options_.middleware = {std::make_shared<Replacing>("a", StepOutcome::done(42))};
  EXPECT_EQ(run("[step.a]\nrun = 'ok'\n[step.b]\nrun = 'ok'\nargs = { a = '${a}' }\n").result, R"({"a":42})");
  EXPECT_EQ(replayed(), "identical");
}

TEST_F(MiddlewareTest, MakesAFailureOfAResultAndAResultOfAFailure) {
  options_.middleware = {std::make_shared<Replacing>("a", StepOutcome::done("mended"))};
  EXPECT_EQ(run("[step.a]\nrun = 'no'\n").result, "\"mended\"");
  options_.middleware = {std::make_shared<Replacing>("a", StepOutcome::failed("policy", "not today"))};
  options_.functions["take"] = [](const Object&, StepContext& context) {
    context.act("Stock.reserve", {{"sku", "tea"}});
    return StepOutcome::done();
  };
  EXPECT_EQ(run("[step.a]\nrun = 'take'\n", {}, "r-2").error, "policy: not today");
  EXPECT_EQ(system_->get("Stock", "tea").value()["left"], Value(5));
}

TEST_F(MiddlewareTest, ReplacesNothingWhereItThrowsAndNoAction) {
  options_.middleware = {std::make_shared<Replacing>("a", StepOutcome::failed("throws", "")),
                         std::make_shared<Replacing>("b", StepOutcome::failed("never", ""))};
  const RunInfo ended = run("[step.a]\nrun = 'ok'\n[step.b]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\nafter = ['a']\n");
  EXPECT_EQ(ended.status, "completed");
}

TEST_F(MiddlewareTest, LogsCountsAndTraces) {
  std::string logged;
  std::vector<RunSpan> spans;
  const auto metrics = std::make_shared<RunMetrics>();
  options_.middleware = {
      log_runs([&](LogLevel, std::string_view line) { logged.append(line.substr(0, line.find(" duration"))).append("\n"); }),
      metrics, trace_runs([&](const RunSpan& span) { spans.push_back(span); })};
  run("[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\nundo = 'Stock.release'\n[step.b]\nrun = 'no'\nafter = ['a']\n");
  EXPECT_EQ(logged,
            "run.start run=r-1 workflow=w\n"
            "step.stop run=r-1 workflow=w step=a attempt=1\n"
            "step.error run=r-1 workflow=w step=b attempt=1 code=no\n"
            "undo.stop run=r-1 workflow=w step=a attempt=1\n"
            "run.error run=r-1 workflow=w status=compensated code=no: it will not\n");
  std::map<std::string, double> numbers;
  for (const Metric& metric : metrics->metrics()) numbers.emplace(metric.name, metric.value);
  EXPECT_EQ(numbers["forge.runs.started"], 1);
  EXPECT_EQ(numbers["forge.runs.failed"], 1);
  EXPECT_EQ(numbers["forge.steps.done"], 1);
  EXPECT_EQ(numbers["forge.steps.failed"], 1);
  EXPECT_EQ(numbers["forge.steps.undone"], 1);
  EXPECT_GT(numbers["forge.steps.seconds"], 0);
  ASSERT_EQ(spans.size(), 4U);
  const char* const expected[] = {"step a stop", "step b error", "undo a stop", "run  error"};
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].kind + " " + spans[i].step + " " + spans[i].outcome, expected[i]);
    EXPECT_EQ(spans[i].correlation, spans[0].correlation);
    EXPECT_GE(spans[i].duration.count(), 0);
  }
}

// The document's table and the library name the same metrics.
TEST(RunMetricsTable, IsThatOfTheDocument) {
  std::ifstream file(FORGE_SOURCE_DIR "/docs/observability.md");
  std::stringstream whole;
  whole << file.rdbuf();
  const std::size_t begin = whole.str().find("\n## Runs of workflows");
  ASSERT_NE(begin, std::string::npos);
  std::stringstream text(whole.str().substr(begin));
  std::set<std::string> documented;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("| `forge.")) documented.insert(line.substr(0, line.rfind(" | ")));
  }
  std::set<std::string> made;
  for (const Metric& metric : RunMetrics().metrics()) {
    made.insert("| `" + std::string(metric.name) + "` | " + (metric.is_total ? "total" : "level") + " | " +
                std::string(metric.unit));
  }
  EXPECT_EQ(documented, made);
}

// What happened before is not told again, and the run goes on.
TEST_F(MiddlewareTest, OfTheNextRunnerHearsWhatComes) {
  options_.functions["halt"] = [](const Object&, StepContext&) { return StepOutcome::halted(); };
  run("[step.a]\nrun = 'halt'\n[step.b]\nrun = 'ok'\nafter = ['a']\n");
  options_.middleware = {listener()};
  Runner next = Runner::start(*system_, options_).value();
  ASSERT_TRUE(tell_run(*system_, "r-1", RunTelling::kResume).ok());
  EXPECT_EQ(next.wait("r-1", kLong).value().status, "completed");
  ASSERT_TRUE(next.wait_idle(kLong).ok());
  EXPECT_EQ(heard_, "step.start b, step.stop b, run.stop");
}

// ---- Functions that do not come back

TEST_F(MiddlewareTest, FunctionsThatDoNotReturnHoldUpNoOther) {
  std::atomic<bool> free{false};
  std::atomic<int> inside{0};
  testing::ManualClock clock;
  options_.threads = 1;
  options_.abandoned_max = 2;
  options_.clock = &clock;
  options_.functions["hangs"] = [&](const Object&, StepContext&) {
    ++inside;
    clock.advance(1'000'000);  // its time is over once it has begun, and not before
    while (!free) std::this_thread::yield();
    return StepOutcome::done("late");
  };
  Runner runner = Runner::start(*system_, options_).value();
  const auto ended = [&](const std::string& toml, const std::string& id) {
    const auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
    return runner.run(*outcome.definition, {.id = id}).value();
  };
  const std::string hangs =
      "[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\nundo = 'Stock.release'\n"
      "[step.b]\nrun = 'hangs'\ntimeout = '20ms'\nafter = ['a']\n";

  // The thread that it holds is replaced, and the run is undone.
  EXPECT_EQ(ended(hangs, "r-1").status, "compensated");
  EXPECT_EQ(ended("[step.a]\nrun = 'ok'\n", "r-2").status, "completed");
  EXPECT_EQ(ended(hangs, "r-3").status, "compensated");
  // As many as are allowed: the next one is not called.
  const RunInfo refused = ended("[step.a]\nrun = 'ok'\n", "r-4");
  EXPECT_EQ(refused.status, "failed");
  EXPECT_EQ(refused.error, "abandoned: 2 functions were given up on and have not returned: none is called until one of them does");
  EXPECT_EQ(ended("[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea' }\n", "r-5").status, "completed");
  // Once they are back, functions are called again.
  EXPECT_EQ(inside, 2);
  free = true;
  bool called = false;
  for (int i = 6; i < 5'000 && !called; ++i)
    called = ended("[step.a]\nrun = 'ok'\n", "r-" + std::to_string(i)).status == "completed";
  EXPECT_TRUE(called);
  EXPECT_EQ(system_->get("Stock", "tea").value()["left"], Value(4));
}

}  // namespace
}  // namespace forge
