#pragma once

// A store with random workflows, the runs of them, runners that come and go, and a world around: functions that fail, people who
// tell runs something, others who write to the same records, and a disk whose power goes.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "saga_check.h"
#include "seeded_loop.h"
#include "support/fault_env.h"

namespace forge::saga {

// What the worlds of a simulation came across.
struct Coverage {
  std::uint64_t runs = 0;      // that somebody started
  std::uint64_t children = 0;  // and hooks
  std::uint64_t hops = 0;
  std::uint64_t crashes = 0;
  double hours = 0;  // of the runs' clock
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> pulses;

  void add(const Coverage& other);
};

class World {
 public:
  // On a disk of its own that loses power, or else in memory, where runners end and nothing is lost.
  World(std::uint64_t seed, bool on_disk);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // To the end of all runs. Returns what is wrong; empty: nothing.
  std::vector<std::string> run(std::size_t runs);
  const Coverage& coverage() const { return coverage_; }
  const std::string& trace() const { return trace_; }
  // Of the run that a problem names: its workflow and its part of the log.
  std::string story(const std::string& problem) const;

 private:
  struct Life {
    Life(Store& store, testing::ManualClock& clock, Dice& dice, internal::EngineOptions options)
        : loop(store, clock, dice), engine(store, loop, std::move(options), [] {}) {}
    SeededLoop loop;
    internal::RunEngine engine;
  };

  void make_workflows();
  void turn();
  void rest();
  bool open();
  void fill();
  void begin_life();
  void end_life();
  void lose_power();
  void start_run();
  void meddle();
  void tell_somebody();
  void steer();
  bool answer_those_who_wait();
  bool all_have_ended();
  internal::EngineOptions engine_options();
  StepOutcome work(const Object& args, StepContext& context, bool acts);
  StepOutcome call(const std::string& what, const Object& args, StepContext& context);
  void note(const Status& status, const std::string& what);
  void count(const std::string& fault) { ++coverage_.faults[fault]; }
  void conclude();

  Dice dice_;
  testing::ManualClock clock_;
  testing::SeededIds ids_;
  const bool on_disk_;
  std::shared_ptr<testing_support::SimulatedDisk> disk_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Life> life_;
  std::map<std::string, Workflow> workflows_;
  std::vector<std::string> names_;  // of those that are started
  std::shared_ptr<const WorkflowDefinition> tail_;
  std::set<std::string> open_runs_;
  std::set<std::string> started_;
  std::map<std::string, Seq> seen_;  // of those who waited, and could not be helped: how far they were
  std::string in_trouble_;           // the run of which something last failed that is tried again
  std::size_t left_ = 0;             // runs that are to be started
  std::uint64_t idle_ = 0;           // times that nobody could be helped
  bool over_ = false;
  std::vector<Call> calls_;
  Seq acknowledged_ = 0;
  bool made_ = false;
  std::vector<std::string> problems_;
  Coverage coverage_;
  std::string trace_;
  std::map<std::string, std::string> workflow_of_;  // of runs
};

}  // namespace forge::saga
