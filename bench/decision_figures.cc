// Workflows without a journal: what deciding alone takes, in this thread, where every step is done as soon as it is to be begun.
// The baseline is what remembering its hops takes at least: an ordered map of as many, put in one after another and taken out
// again.

#include <cstdlib>
#include <deque>
#include <map>

#include "figures.h"
#include "forge/workflows/definition.h"
#include "run.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

using Definition = std::shared_ptr<const WorkflowDefinition>;

// Steps in chains side by side, each at most kDeepest long, so that hops suffice. Independent ones are chains of one.
constexpr std::uint64_t kDeepest = 200;

Definition steps_of(std::uint64_t count, std::uint64_t chains) {
  std::string text = "workflow = \"w\"\nttl_hops = 255\n";
  for (std::uint64_t i = 0; i < count; ++i) {
    text += "[step.s" + std::to_string(i) + "]\nrun = \"f\"\n";
    if (i >= chains) text += "after = [\"s" + std::to_string(i - chains) + "\"]\n";
  }
  const WorkflowDefinition::Outcome outcome = parse_workflow(text, "w.toml");
  if (!outcome.errors.empty()) must(outcome.errors.front());
  return outcome.definition;
}

// Carries a run out to its end. Aborts where it does not complete.
void decide_run(const internal::Plan& plan, std::uint32_t concurrency) {
  internal::RunState state;
  internal::Fact fact;
  fact.at = Time{1'000'000};
  fact.value = Object{{"input", Object()}, {"event", nullptr}};
  fact.run = "r-1";
  fact.correlation = "c-1";
  fact.hops = 255;
  fact.concurrency = concurrency;
  std::deque<internal::HopId> begun;
  bool completed = false;
  const auto take = [&] {
    for (internal::Command& command : internal::decide(plan, {}, state, fact)) {
      if (command.kind == internal::Command::Kind::kExecute) begun.push_back(command.hop);
      if (command.kind == internal::Command::Kind::kEnded) completed = command.outcome == internal::RunOutcome::kCompleted;
    }
  };
  take();
  fact = internal::Fact();
  fact.kind = internal::Fact::Kind::kCompleted;
  fact.at = Time{1'000'000};
  fact.attempt = 1;
  while (!begun.empty()) {
    fact.hop = begun.front();
    fact.hops = 255;
    begun.pop_front();
    take();
  }
  if (!completed) std::abort();
}

void remember_hops(std::uint64_t count) {
  std::map<std::uint64_t, Value> hops;
  for (std::uint64_t i = 0; i < count; ++i) hops.emplace(i, Object{{"hops", i}});
  while (!hops.empty()) hops.erase(hops.begin());
}

// Microseconds of processor time that a run of it takes, repeated until `hops` hops were made.
double micros_of_run(const Definition& definition, std::uint64_t steps, std::uint64_t hops, std::uint32_t concurrency) {
  const std::uint64_t runs = std::max<std::uint64_t>(hops / steps, 1);
  const ThreadTime processor;
  for (std::uint64_t i = 0; i < runs; ++i) decide_run(definition->plan(), concurrency);
  return processor.seconds() * 1e6 / static_cast<double>(runs);
}

double micros_of_memory(std::uint64_t steps, std::uint64_t hops) {
  const std::uint64_t runs = std::max<std::uint64_t>(hops / steps, 1);
  const ThreadTime processor;
  for (std::uint64_t i = 0; i < runs; ++i) remember_hops(steps);
  return processor.seconds() * 1e6 / static_cast<double>(runs);
}

void measure_chains(const Settings& settings, std::uint64_t hops, std::vector<Figure>& figures) {
  for (const std::uint64_t steps : {std::uint64_t{100}, std::uint64_t{1'000}, std::uint64_t{10'000}}) {
    const std::string name = "decide.chain." + std::to_string(steps);
    if (!settings.wants(name)) continue;
    const Definition chain = steps_of(steps, (steps + kDeepest - 1) / kDeepest);
    const auto count = static_cast<double>(steps);
    const auto measured = alternate(settings.rounds, {[&] { return micros_of_run(chain, steps, hops, 0) / count; },
                                                      [&] { return micros_of_memory(steps, hops) / count; }});
    figures.push_back({.name = name,
                       .what = "a hop in chains of " + std::to_string(steps) + " steps in all, without a journal",
                       .unit = "µs",
                       .baseline = "an ordered map that remembers the hop",
                       .forge = measured[0],
                       .other = measured[1],
                       .promise = Promise{.bound = Bound::kValueAtMost, .limit = 1}});
  }
}

void measure_independent(const Settings& settings, std::uint64_t hops, std::vector<Figure>& figures) {
  constexpr std::uint64_t kIndependent = 1000;
  for (const std::uint32_t concurrency : {1U, 64U, 1000U}) {
    const std::string name = "decide.independent." + std::to_string(concurrency);
    if (!settings.wants(name)) continue;
    const Definition definition = steps_of(kIndependent, kIndependent);
    const auto measured =
        alternate(settings.rounds, {[&] { return micros_of_run(definition, kIndependent, hops, concurrency) / 1e3; },
                                    [&] { return micros_of_memory(kIndependent, hops) / 1e3; }});
    figures.push_back({.name = name,
                       .what = "a run of 1,000 independent steps, " + std::to_string(concurrency) + " in flight, without a journal",
                       .unit = "ms",
                       .baseline = "an ordered map that remembers the hops",
                       .forge = measured[0],
                       .other = measured[1],
                       .promise = Promise{.bound = Bound::kValueAtMost, .limit = 2}});
  }
}

void measure_trivial(const Settings& settings, std::uint64_t hops, std::vector<Figure>& figures) {
  constexpr std::uint64_t kTrivial = 5;
  if (!settings.wants("decide.runs")) return;
  const Definition five = steps_of(kTrivial, 1);
  const auto measured = alternate(settings.rounds, {[&] { return 1e6 / micros_of_run(five, kTrivial, hops, 0); },
                                                    [&] { return 1e6 / micros_of_memory(kTrivial, hops); }});
  figures.push_back({.name = "decide.runs",
                     .what = "runs of five trivial steps, without a journal, by processor time",
                     .unit = "runs/s",
                     .baseline = "an ordered map that remembers the hops",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kValueAtLeast, .limit = 200'000}});
}

}  // namespace

void measure_decisions(const Settings& settings, std::vector<Figure>& figures) {
  const std::uint64_t hops = settings.quick ? 20'000 : 200'000;
  measure_chains(settings, hops, figures);
  measure_independent(settings, hops, figures);
  measure_trivial(settings, hops, figures);
}

}  // namespace forge::bench
