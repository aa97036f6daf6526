// Workflows: durable runs beside raw RocksDB batches with the same rows, and a chain of steps beside a slow one.

#include <atomic>
#include <functional>
#include <future>
#include <optional>

#include "figures.h"
#include "forge/workflows/runner.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workflow_domain.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr const char* kSyncedBatches = "RocksDB, 32 threads, synced batches with a hop's rows";

double median_millis(int count, const std::function<void()>& act) {
  std::vector<double> millis;
  for (int i = 0; i < count; ++i) {
    const WallTime wall;
    act();
    millis.push_back(wall.seconds() * 1e3);
  }
  return spread_of(std::move(millis)).median;
}

void must_complete(const Result<RunInfo>& run) {
  must(run.status());
  if (run->status != "completed") must(Status(ErrorId::kInternal, "a run of the benchmark is " + run->status + ": " + run->error));
}

// A store with a runner, and the raw one beside it.
class Contest {
 public:
  explicit Contest(const Settings& settings)
      : settings_(settings), store_(open_cells(settings.fresh("workflow.forge"))), ten_(counting("ten", kSteps, "${run.id}")) {
    runner_.emplace(Runner::start(store_).value());
    const std::filesystem::path sample = settings.fresh("workflow.shapes");
    {
      Store like = open_cells(sample);
      Runner runner = Runner::start(like).value();
      for (int i = 0; i < 50; ++i) must_complete(runner.run(*ten_));
      runner.stop();
      must(like.close());
    }
    raw_ = std::make_unique<RawStore>(settings.fresh("workflow.raw"), data_of(sample), shapes_of(data_of(sample)));
  }

  // Milliseconds of one run of ten steps, alone.
  double run_alone() {
    return median_millis(20, [&] { must_complete(runner_->run(*ten_)); });
  }
  // Milliseconds of its hops as batches, one after another: the start, and each step.
  double batches_alone() {
    return median_millis(20, [&] {
      for (int i = 0; i <= kSteps; ++i) raw_->act_hop(next_++);
    });
  }
  // A second, of 32 callers.
  double batches() {
    return call_rate(kCallers, settings_.seconds, [&] { raw_->act_hop(next_++); });
  }
  double runs(const WorkflowDefinition& definition) {
    return call_rate(kCallers, settings_.seconds, [&] { must_complete(runner_->run(definition)); });
  }
  const WorkflowDefinition& ten() const { return *ten_; }

 private:
  const Settings& settings_;
  Store store_;
  const Definition ten_;
  std::optional<Runner> runner_;
  std::unique_ptr<RawStore> raw_;
  std::atomic<std::uint64_t> next_{1};
};

void measure_alone(const Settings& settings, Contest& contest, std::vector<Figure>& figures) {
  if (!settings.wants("workflow.alone")) return;
  const auto measured = alternate(settings.rounds, {[&] { return contest.run_alone(); }, [&] { return contest.batches_alone(); }});
  figures.push_back({.name = "workflow.alone",
                     .what = "a durable run of ten dependent steps, alone, p50",
                     .unit = "ms",
                     .baseline = "RocksDB, eleven synced batches with a hop's rows, one after another",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kRatioAtMost, .limit = 1.5}});
}

// `hops` of a run: each is a batch of the other side.
void measure_rate(const Settings& settings, Contest& contest, const std::string& name, const std::string& what,
                  const WorkflowDefinition& definition, double hops, const Promise& promise, std::vector<Figure>& figures) {
  if (!settings.wants(name)) return;
  const auto measured =
      alternate(settings.rounds, {[&] { return hops * contest.runs(definition); }, [&] { return contest.batches(); }});
  figures.push_back({.name = name,
                     .what = what,
                     .unit = hops > 1 ? "hops/s" : "runs/s",
                     .baseline = kSyncedBatches,
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = promise});
}

// Ten steps beside one that is under way until the tenth is done.
void measure_beside(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("workflow.beside")) return;
  std::promise<void> chain_done;
  RunnerOptions options;
  options.functions["slow"] = [&](const Object&, StepContext&) {
    chain_done.get_future().wait();
    return StepOutcome::done();
  };
  options.functions["last"] = [&](const Object&, StepContext&) { return chain_done.set_value(), StepOutcome::done(); };
  const auto chain = [](const char* name, bool beside) {
    Workflow workflow(name);
    workflow.set("ttl_hops", 2 * kSteps);
    if (beside) workflow.step("slow").run("slow");
    for (int i = 0; i < kSteps; ++i) {
      WorkflowStep& step = workflow.step("s" + std::to_string(i)).action("Cell.add", {{"id", "${run.id}"}});
      if (i > 0) step.after({"s" + std::to_string(i - 1)});
    }
    workflow.step("last").run("last").after({"s" + std::to_string(kSteps - 1)});
    return defined(workflow);
  };
  const Definition beside = chain("beside", true), alone = chain("alone", false);
  Store store = open_cells(settings.fresh("workflow.beside"));
  Runner runner = Runner::start(store, options).value();
  const auto measure = [&](const Definition& definition) {
    return median_millis(20, [&] {
      chain_done = {};
      must_complete(runner.run(*definition));
    });
  };
  const auto measured = alternate(settings.rounds, {[&] { return measure(beside); }, [&] { return measure(alone); }});
  figures.push_back({.name = "workflow.beside",
                     .what = "a chain of eleven steps beside a step that lasts as long",
                     .unit = "ms",
                     .baseline = "the same chain alone",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kRatioAtMost, .limit = 1.5}});
}

}  // namespace

void measure_workflows(const Settings& settings, std::vector<Figure>& figures) {
  if (settings.wants("workflow.alone") || settings.wants("workflow.hops") || settings.wants("workflow.none") ||
      settings.wants("workflow.hot")) {
    Contest contest(settings);
    measure_alone(settings, contest, figures);
    measure_rate(settings, contest, "workflow.hops", "durable hops, 32 runs of ten steps in flight", contest.ten(), kSteps,
                 {.bound = Bound::kRatioAtLeast, .limit = 0.5}, figures);
    measure_rate(settings, contest, "workflow.none", "durable runs without a step of their own, 32 callers",
                 *counting("none", 0, ""), 1, {.bound = Bound::kValueAtLeast, .limit = 20'000}, figures);
    measure_rate(settings, contest, "workflow.hot", "durable runs that update one key, 32 callers", *counting("hot", 1, "hot"), 1,
                 {.bound = Bound::kValueAtLeast, .limit = 3'000}, figures);
  }
  measure_beside(settings, figures);
  measure_workflow_costs(settings, figures);
}

}  // namespace forge::bench
