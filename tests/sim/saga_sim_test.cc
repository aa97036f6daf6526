// Random sagas under random trouble, held against an oracle of its own (saga_check.h).
//
// FORGE_SEED=N begins with world N; each world takes the next one. FORGE_WORLDS=N sets how many there are in memory. A failure
// prints the seed of its world: FORGE_SEED=N FORGE_WORLDS=1 repeats it, step by step the same where no disk takes part.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "saga_world.h"
#include "support/slow_build.h"

namespace forge::saga {
namespace {

constexpr std::size_t kRunsAWorld = testing_support::kIsSlowBuild ? 40 : 120;
constexpr std::uint64_t kWorlds = testing_support::kIsSlowBuild ? 12 : 172;
constexpr std::uint64_t kDiskWorlds = testing_support::kIsSlowBuild ? 2 : 12;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets it
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Worlds in which something is wrong, after which it is enough.
constexpr int kBadWorldsMax = 5;

Coverage simulate(std::uint64_t first, std::uint64_t worlds, bool on_disk) {
  Coverage coverage;
  int bad = 0;
  for (std::uint64_t seed = first; seed < first + worlds; ++seed) {
    World world(seed, on_disk);
    const std::vector<std::string> problems = world.run(kRunsAWorld);
    coverage.add(world.coverage());
    if (problems.empty()) continue;
    ADD_FAILURE() << "FORGE_SEED=" << seed << " FORGE_WORLDS=1" << (on_disk ? ", on a disk" : "") << ": " << problems.size()
                  << " problems, the first: " << problems.front() << "\n"
                  << world.story(problems.front());
    if (++bad == kBadWorldsMax) break;
  }
  return coverage;
}

void print(const Coverage& coverage) {
  std::cout << coverage.runs << " runs and " << coverage.children << " of children and hooks, " << coverage.hops << " hops, "
            << coverage.crashes << " ends of runners, " << coverage.hours << " hours of their clock\n";
  for (const auto& [name, number] : coverage.faults) std::cout << "  " << name << ": " << number << "\n";
  for (const auto& [name, number] : coverage.pulses) std::cout << "  pulse " << name << ": " << number << "\n";
}

// That the full number of worlds came across everything, and often enough.
void expect_enough(const Coverage& coverage) {
  EXPECT_GE(coverage.runs, 20'000U);
  EXPECT_GE(coverage.hops, 500'000U);
  EXPECT_GE(coverage.crashes, 2'000U);
  for (const char* fault :
       {"a clause fails", "a function asks for another attempt", "a function fails", "a function halts the run",
        "a function throws", "a run is paused", "a runner ends between a write and its answer",
        "a runner ends with calls under way", "a signal that may reach nobody", "an action is refused", "an undo fails",
        "power loss, torn writes", "power loss, unsynced bytes dropped", "power loss, writes in another order",
        "refused: ConditionFailed", "refused: RuleViolated", "refused: VersionConflict"}) {
    const auto found = coverage.faults.find(fault);
    EXPECT_GE(found == coverage.faults.end() ? 0 : found->second, 100U) << fault;
  }
  for (const char* pulse : {"approved",
                            "cancel",
                            "compensated",
                            "ended cancelled",
                            "ended compensated",
                            "ended completed",
                            "ended expired",
                            "ended failed",
                            "ended terminated",
                            "ended undo_failed",
                            "failed exception",
                            "failed stopped",
                            "failed timeout",
                            "halted",
                            "pause",
                            "resume",
                            "retried",
                            "rejected",
                            "retry",
                            "signalled",
                            "terminate",
                            "timer",
                            "ttl_expired",
                            "undo_failed",
                            "undone",
                            "unwind",
                            "waive"}) {
    const auto found = coverage.pulses.find(pulse);
    EXPECT_GE(found == coverage.pulses.end() ? 0 : found->second, 100U) << pulse;
  }
}

TEST(SagaSimulation, WhateverHappensEveryRunEndsOnceAndEveryEffectIsThereOnce) {
  const std::uint64_t first = number_from("FORGE_SEED", 1), worlds = number_from("FORGE_WORLDS", kWorlds);
  Coverage coverage = simulate(first, worlds, false);
  coverage.add(simulate(first, number_from("FORGE_WORLDS", kDiskWorlds), true));
  print(coverage);
  if (worlds >= kWorlds && !testing_support::kIsSlowBuild) expect_enough(coverage);
}

TEST(SagaSimulation, TheSameSeedGivesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= (testing_support::kIsSlowBuild ? 2U : 4U); ++seed) {
    World one(seed, false), other(seed, false);
    ASSERT_EQ(one.run(kRunsAWorld), other.run(kRunsAWorld));
    EXPECT_FALSE(one.trace().empty());
    ASSERT_TRUE(one.trace() == other.trace()) << "FORGE_SEED=" << seed;
  }
}

}  // namespace
}  // namespace forge::saga
