// What durable runs need beside time: memory under load, bytes on disk, and the way back after a kill.

#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>
#include <thread>

#include "figures.h"
#include "forge/workflows/runner.h"
#include "own_process.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workflow_domain.h"
#include "workload.h"

namespace forge::bench {
namespace {

// Kills the process once it has said something.
void kill_when_ready(const OwnProcess& process) {
  char text[32] = {};
  const ssize_t got = ::read(process.out, text, sizeof text - 1);
  ::kill(process.id, SIGKILL);
  int status = 0;
  ::waitpid(process.id, &status, 0);
  ::close(process.out);
  if (got <= 0) must(Status(ErrorId::kInternal, "the process of its own failed"));
}

// From `kCallers` threads, `count` times in all.
void call_times(std::uint64_t count, const std::function<void(std::uint64_t)>& act) {
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t number = next++; number < count; number = next++) act(number);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// ---- Memory

double mebibytes_of(const Settings& settings, const char* what, std::uint64_t count) {
  const std::filesystem::path path = settings.fresh("workflow.memory");
  return largest_set_of({"--runs", what, path.string(), std::to_string(count)});
}

void measure_memory(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("workflow.memory")) return;
  const std::uint64_t runs = settings.quick ? 500 : 5'000;
  const auto measured = alternate(std::min(settings.rounds, 3), {[&] { return mebibytes_of(settings, "runs", runs); },
                                                                 [&] { return mebibytes_of(settings, "acts", runs * kSteps); }});
  figures.push_back(
      {.name = "workflow.memory",
       .what = "the largest resident set of " + std::to_string(runs) + " runs of ten steps, 32 in flight, small buffers",
       .unit = "MiB",
       .baseline = "the same actions without workflows, 32 callers",
       .forge = measured[0],
       .other = measured[1],
       .promise = Promise{.bound = Bound::kValueAtMost, .limit = 64}});
}

// ---- Disk

double compacted_kibibytes(const std::filesystem::path& store) {
  const auto bytes = compacted_bytes(data_of(store));
  return static_cast<double>(std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0})) / 1024;
}

// Of a run of ten steps, and of its ten actions without one.
void measure_run_disk(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("workflow.disk")) return;
  const std::uint64_t runs = settings.quick ? 500 : 5'000;
  const std::filesystem::path with = settings.fresh("workflow.disk.runs"), without = settings.fresh("workflow.disk.acts");
  {
    Store store = open_cells(with, {.durability = Durability::kOs});
    Runner runner = Runner::start(store).value();
    const Definition ten = counting("ten", kSteps, "${run.id}");
    call_times(runs, [&](std::uint64_t) { must(runner.run(*ten).status()); });
    runner.stop();
    must(store.close());
  }
  {
    Store store = open_cells(without, {.durability = Durability::kOs});
    call_times(runs * kSteps, [&](std::uint64_t i) { must(store.act("Cell.add", {{"id", key_of(i / kSteps)}}).status()); });
    must(store.close());
  }
  const auto a_run = [&](const std::filesystem::path& store) { return compacted_kibibytes(store) / static_cast<double>(runs); };
  figures.push_back({.name = "workflow.disk",
                     .what = "disk of a run of ten steps, compacted",
                     .unit = "KiB",
                     .baseline = "its ten actions without a workflow",
                     .forge = {a_run(with)},
                     .other = {a_run(without)},
                     .promise = Promise{.bound = Bound::kValueAtMost, .limit = 2000.0 / 1024}});
}

// ---- The way back

// From opening the store until a runner calls the first step that is open.
double millis_to_go_on(const std::filesystem::path& path) {
  std::promise<void> called;
  std::once_flag once;
  RunnerOptions options;
  options.functions["last"] = [&](const Object&, StepContext&) {
    std::call_once(once, [&] { called.set_value(); });
    return StepOutcome::done();
  };
  const WallTime wall;
  Store store = Store::open(path.string(), small_service()).value();
  Runner runner = Runner::start(store, options).value();
  called.get_future().wait();
  const double millis = wall.seconds() * 1e3;
  runner.stop();
  return millis;
}

void measure_going_on(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("workflow.recover")) return;
  const std::uint64_t runs = settings.quick ? 1'000 : 10'000;
  const std::filesystem::path killed = settings.fresh("workflow.recover");
  kill_when_ready(start_own_process({"--runs", "leave", killed.string(), std::to_string(runs)}));
  // Opening mends the store, so each one opens a copy.
  const auto copy = [&] {
    std::filesystem::path path = settings.fresh("workflow.recover.copy");
    std::filesystem::copy(killed, path, std::filesystem::copy_options::recursive);
    return path;
  };
  const auto measured = alternate(std::min(settings.rounds, 3), {[&] { return millis_to_go_on(copy()); },
                                                                 [&] { return millis_to_open_raw(copy(), data_of(killed)); }});
  figures.push_back(
      {.name = "workflow.recover",
       .what = "from opening after a kill to the first step, " + std::to_string(runs) + " runs unfinished, small buffers",
       .unit = "ms",
       .baseline = "RocksDB, opening the same files",
       .forge = measured[0],
       .other = measured[1],
       .promise = Promise{.bound = Bound::kValueAtMost, .limit = 100}});
}

// ---- The other processes

// Until it is killed: each run has done an action and calls a function that does not return.
[[noreturn]] void leave_runs(Store& store, std::uint64_t count) {
  Workflow workflow("left");
  workflow.step("first").action("Cell.add", {{"id", "${run.id}"}});
  workflow.step("last").run("last").after({"first"});
  const Definition left = defined(workflow);
  std::promise<void> never;
  const std::shared_future<void> forever = never.get_future().share();
  std::latch done(static_cast<std::ptrdiff_t>(count));
  const Subscription counted =
      store.subscribe({.filter = {.types = {"Cell.added"}}}, [&](const Event&) { done.count_down(); }).value();
  RunnerOptions options;
  options.functions["last"] = [&](const Object&, StepContext&) { return forever.wait(), StepOutcome::done(); };
  const Runner runner = Runner::start(store, options).value();
  call_times(count, [&](std::uint64_t) { must(start_run(store, *left, {}).status()); });
  done.wait();
  std::printf("left\n");
  std::fflush(stdout);
  forever.wait();
  std::abort();
}

}  // namespace

void work_on_runs(const std::string& what, const std::filesystem::path& path, std::uint64_t count) {
  ::mallopt(M_ARENA_MAX, 2);  // as forgectl has it; NOLINT(concurrency-mt-unsafe): no other thread runs yet
  Store store = open_cells(path, small_service({.durability = what == "leave" ? Durability::kOs : Durability::kSync}));
  if (what == "leave") leave_runs(store, count);
  if (what == "runs") {
    Runner runner = Runner::start(store).value();
    const Definition ten = counting("ten", kSteps, "${run.id}");
    call_times(count, [&](std::uint64_t) { must(runner.run(*ten).status()); });
    runner.stop();
  } else {
    call_times(count, [&](std::uint64_t i) { must(store.act("Cell.add", {{"id", key_of(i / kSteps)}}).status()); });
  }
  must(store.close());
  tell_largest_set();
}

void measure_workflow_costs(const Settings& settings, std::vector<Figure>& figures) {
  measure_memory(settings, figures);
  measure_run_disk(settings, figures);
  measure_going_on(settings, figures);
}

}  // namespace forge::bench
