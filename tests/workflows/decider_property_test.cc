// Random workflows with random things happening to them: whatever happens, a run ends once, every step is done at most once,
// undoing goes strictly backwards, and the same facts give the same commands again.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "driven_run.h"
#include "journal.h"

namespace forge {
namespace {

using internal::Command;
using internal::Fact;
using internal::HopId;
using internal::RunOutcome;
using internal::RunPhase;
using internal::TimerKind;

class RandomWorkflow {
 public:
  explicit RandomWorkflow(std::uint64_t seed) : random_(seed) {}

  std::string toml() {
    std::string head = "ttl_hops=200\n";
    if (chance(20)) head += "deadline='1h'\n";
    if (chance(30)) head += "max_concurrency=" + std::to_string(1 + random_() % 3) + "\n";
    return head + block("step", 2);
  }

 private:
  bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  std::string block(const std::string& path, int depth) {
    std::string text;
    const std::uint64_t count = 1 + random_() % 5;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string name = "s" + std::to_string(i);
      std::string lines;
      std::string after;
      for (std::uint64_t j = 0; j < i; ++j) {
        if (chance(35)) after += "'s" + std::to_string(j) + "',";
      }
      lines += "after=[" + after + "]\n";
      if (chance(10)) lines += "where='1 = 2'\n";
      text += step(path + "." + name, lines, depth);
    }
    return text;
  }

  std::string step(const std::string& path, const std::string& lines, int depth) {
    const std::string head = "[" + path + "]\n" + lines;
    const std::string inside = path + ".step";
    switch (random_() % (depth > 0 ? 16 : 10)) {
      case 0:
        return head + "template='t'\n";
      case 1:
        return head + "sleep='1s'\n";
      case 2:
        return head + "wait='go'\ntimeout='1h'\n";
      case 3:
        return head + "debug='d'\n";
      case 4:
        return head + "workflow='child'\n";
      case 10:
        return head + "group=true\n" + block(inside, depth - 1);
      case 11:
        return head + "over=[1,2,3,4]\nwindow=" + std::to_string(1 + random_() % 3) + "\n" + block(inside, depth - 1);
      case 12:
        return head + "over={query='Order.open'}\non_item_error='collect'\nmax_bad=2\n" + block(inside, depth - 1);
      case 13:
        return head + "recurse={until='1 = 2',at_most=" + std::to_string(1 + random_() % 3) + "}\n" + block(inside, depth - 1);
      case 14:
        return head + "around={begin={run='f'},commit={run='f'},abort={run='f'}}\n" + block(inside, depth - 1);
      case 15:
        return "[" + path + "]\n" + lines + "[" + path + ".switch.b]\nwhen='1 = 1'\n" + block(path + ".switch.b.step", depth - 1);
      default:
        return head + body();
    }
  }

  std::string body() {
    std::string lines = "run='f'\n";
    if (chance(60)) lines += "undo='A.undo'\n";
    if (chance(30)) lines += "retry={max_attempts=3,backoff='linear',jitter=true}\n";
    if (chance(10)) lines += "async=false\n";
    if (chance(10)) lines += "concurrency_key='k'\n";
    if (chance(10)) lines += "deadline='1m'\n";
    if (chance(20)) lines += "compensate=[{when=\"${error.code} = 'broken'\",do={run='clean'},continue=1},{retry=true}]\n";
    return lines;
  }

  std::mt19937_64 random_;
};

// Lets things happen to a run until it ends, and checks each decision.
class Chaos {
 public:
  Chaos(std::uint64_t seed, std::uint64_t trouble) : random_(seed), trouble_(trouble) {}

  void run(DrivenRun& run) {
    run.start({}, 1 + static_cast<std::uint32_t>(random_() % 40));
    go_on(run);
  }

  // Retries or waives something of a run that has ended, and lets it go on. False where nothing is left to be asked of it.
  bool steer(DrivenRun& run, bool calmly) {
    std::vector<HopId> hops = steerable(run);
    if (hops.empty()) return false;
    if (calmly) trouble_ = 0;
    ends_ = 0;
    waiting_.clear();
    last_undone_ = UINT64_MAX;
    Fact fact;
    fact.at = Time{++time_};
    fact.hop = hops[below(hops.size())];
    const bool waives = run.state().outcome == RunOutcome::kUndoFailed && below(3) == 0;
    fact.kind = waives ? Fact::Kind::kWaive : Fact::Kind::kRetryStep;
    run.take(fact);
    EXPECT_FALSE(run.decided().back().empty()) << "it changed nothing";
    go_on(run);
    return true;
  }

 private:
  static std::vector<HopId> steerable(const DrivenRun& run) {
    std::vector<HopId> hops;
    const internal::RunState& state = run.state();
    for (const auto& [number, entry] : state.unreversed) {
      if (state.frames.contains(entry.hop.frame)) hops.push_back(entry.hop);
    }
    if (state.outcome != RunOutcome::kFailed) return state.outcome == RunOutcome::kUndoFailed ? hops : std::vector<HopId>();
    for (const auto& [id, frame] : state.frames) {
      for (const internal::StepIndex step : run.plan().blocks[frame.block].steps) {
        if (frame.slots[run.plan().steps[step].place].status == internal::StepStatus::kFailed) hops.push_back({id, step});
      }
    }
    std::sort(hops.begin(), hops.end());
    return hops;
  }

  void go_on(DrivenRun& run) {
    look(run);
    for (int i = 0; i < 20'000 && run.state().phase != RunPhase::kEnded; ++i) {
      Fact fact = next(run);
      if (::testing::Test::HasFailure()) return;
      run.take(fact);
      look(run);
    }
    ASSERT_EQ(run.state().phase, RunPhase::kEnded);
    EXPECT_EQ(ends_, 1);
    if (run.state().outcome == RunOutcome::kCompensated || run.state().outcome == RunOutcome::kFailed) {
      EXPECT_TRUE(run.state().undo.empty());
    }
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  Fact next(const DrivenRun& run) {
    Fact fact;
    fact.at = Time{++time_};
    const std::uint64_t dice = below(1000);
    if (run.state().phase == RunPhase::kHalted || dice < 5) return fact.kind = Fact::Kind::kResume, fact;
    if (dice < 10 && trouble_ > 0) return fact.kind = Fact::Kind::kPause, fact;
    if (dice < 10 + trouble_ / 4) return fact.kind = Fact::Kind::kCancel, fact;
    if (dice < 10 + trouble_ / 3) return fact.kind = Fact::Kind::kTerminate, fact;
    if (waiting_.empty()) {
      ADD_FAILURE() << "the run is stuck in phase " << static_cast<int>(run.state().phase);
      return fact;
    }
    const auto chosen = waiting_.begin() + static_cast<std::ptrdiff_t>(below(waiting_.size()));
    const Command command = *chosen;
    waiting_.erase(chosen);
    answer(command, fact);
    return fact;
  }

  void answer(const Command& command, Fact& fact) {
    fact.hop = command.hop;
    fact.attempt = command.attempt;
    const bool bad = below(100) < trouble_;
    fact.error = {below(2) == 0 ? "broken" : "slow", "it is"};
    switch (command.kind) {
      case Command::Kind::kExecute:
        fact.kind = !bad            ? Fact::Kind::kCompleted
                    : below(3) == 0 ? Fact::Kind::kRetry
                    : below(5) == 0 ? Fact::Kind::kHalted
                    : below(9) == 0 ? Fact::Kind::kStopped
                                    : Fact::Kind::kFailed;
        fact.hops = command.hops - static_cast<std::uint32_t>(below(command.hops) + (command.hops > 1 ? 1 : 0));
        if (fact.hops > command.hops) fact.hops = 0;
        break;
      case Command::Kind::kTimer:
        fact.kind = Fact::Kind::kTimer;
        fact.timer = command.timer;
        break;
      case Command::Kind::kAwait:
        fact.kind = Fact::Kind::kSignalled;
        break;
      case Command::Kind::kFetch:
        fact.kind = Fact::Kind::kItems;
        fact.value = List{1, 2};
        fact.last = below(2) == 0;
        break;
      case Command::Kind::kCompensate:
        fact.kind = bad ? Fact::Kind::kCompensateFailed : Fact::Kind::kCompensated;
        break;
      default:
        fact.kind = bad ? Fact::Kind::kUndoFailed : Fact::Kind::kUndone;
    }
  }

  // What was decided last.
  void look(const DrivenRun& run) {
    const Fact& fact = run.facts().back();
    EXPECT_TRUE(ends_ == 0 || run.decided().back().empty()) << "a command after the end";
    for (const Command& command : run.decided().back()) {
      switch (command.kind) {
        case Command::Kind::kExecute:
          EXPECT_TRUE(executed_.insert({command.hop, command.attempt}).second || fact.kind == Fact::Kind::kResume ||
                      halted_child(run, command));
          EXPECT_FALSE(was_unwinding_) << "a failing run starts nothing new";
          EXPECT_GE(command.hops, 1U);
          EXPECT_LE(command.hops, 40U);
          break;
        case Command::Kind::kUndo:
          check_undo(run, command);
          break;
        case Command::Kind::kEnded:
          ++ends_;
          break;
        default:
          break;
      }
      const bool answered = command.kind == Command::Kind::kExecute || command.kind == Command::Kind::kTimer ||
                            command.kind == Command::Kind::kAwait || command.kind == Command::Kind::kFetch ||
                            command.kind == Command::Kind::kCompensate || command.kind == Command::Kind::kUndo;
      if (answered) waiting_.push_back(command);
    }
    was_unwinding_ = run.state().phase == RunPhase::kFailing || run.state().phase == RunPhase::kUndoing;
  }

  static bool halted_child(const DrivenRun& run, const Command& command) {
    return run.plan().steps[command.hop.step].declared->body.type == fb::Body::WorkflowStep;
  }

  // While the run undoes, what is undone was done before all that was undone before it.
  void check_undo(const DrivenRun& run, const Command& command) {
    EXPECT_TRUE(run.state().undoing.contains(command.hop));
    if (run.state().phase != RunPhase::kUndoing) return;
    const std::uint64_t number = run.state().undoing.at(command.hop);
    EXPECT_EQ(number, run.state().undo.rbegin()->first) << "not the newest that is left";
    EXPECT_LE(number, last_undone_);
    last_undone_ = number;
  }

  std::mt19937_64 random_;
  std::uint64_t trouble_;
  std::int64_t time_ = 1'000'000;
  std::vector<Command> waiting_;
  std::set<std::pair<HopId, std::uint32_t>> executed_;
  std::uint64_t last_undone_ = UINT64_MAX;
  bool was_unwinding_ = false;  // before the last fact
  int ends_ = 0;
};

TEST(DeciderProperty, WhateverHappensARunEndsOnceAndFoldsToTheSame) {
  std::set<RunOutcome> outcomes;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string toml = RandomWorkflow(seed).toml();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + toml);
    constexpr std::uint64_t kTrouble[] = {0, 3, 10, 40};
    DrivenRun run(toml, {.undo_attempts_max = 3}, 1 + static_cast<std::uint32_t>(seed % 4));
    Chaos(seed, kTrouble[seed % 4]).run(run);
    if (HasFailure()) return;
    outcomes.insert(run.state().outcome);
    internal::RunState folded;
    for (std::size_t i = 0; i < run.facts().size(); ++i) {
      const auto read = internal::decode_fact(internal::encode_fact(run.facts()[i]));
      ASSERT_TRUE(read.ok()) << read.status().message();
      ASSERT_EQ(*read, run.facts()[i]);
      ASSERT_EQ(internal::decide(run.plan(), run.options(), folded, *read), run.decided()[i]) << "fact " << i;
    }
  }
  EXPECT_EQ(outcomes.size(), 7U) << "every outcome is met";
}

// A run that has completed takes back all that it did, the last first, and ends once more.
void unwind(DrivenRun& run) {
  Fact fact;
  fact.kind = Fact::Kind::kUnwind;
  std::uint64_t newest = UINT64_MAX;
  for (;;) {
    run.take(fact);
    if (run.state().phase == RunPhase::kEnded) break;
    ASSERT_EQ(run.decided().back().size(), 1U);
    const Command& undo = run.decided().back()[0];
    ASSERT_EQ(undo.kind, Command::Kind::kUndo);
    const std::uint64_t number = run.state().undoing.at(undo.hop);
    ASSERT_LT(number, newest);
    newest = number;
    fact.kind = Fact::Kind::kUndone;
    fact.hop = undo.hop;
    fact.attempt = undo.attempt;
  }
  EXPECT_EQ(run.state().outcome, RunOutcome::kCompensated);
  EXPECT_TRUE(run.state().undo.empty());
}

// Whatever somebody retries or waives, the run is never stuck, ends once more, and folds to the same; where nothing else goes
// wrong, it comes to a good end.
TEST(DeciderProperty, ARunThatIsSteeredEndsOnceMore) {
  std::map<RunOutcome, int> outcomes;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string toml = RandomWorkflow(seed).toml();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + toml);
    DrivenRun run(toml, {.undo_attempts_max = 2}, 1 + static_cast<std::uint32_t>(seed % 4));
    Chaos chaos(seed, 20);
    chaos.run(run);
    bool steered = false;
    for (int life = 0; life < 6 && chaos.steer(run, life > 2); ++life) steered = true;
    if (HasFailure()) return;
    if (steered) ++outcomes[run.state().outcome];
    internal::RunState folded;
    for (std::size_t i = 0; i < run.facts().size(); ++i) {
      ASSERT_EQ(internal::decide(run.plan(), run.options(), folded, run.facts()[i]), run.decided()[i]) << "fact " << i;
    }
  }
  EXPECT_GT(outcomes[RunOutcome::kCompleted], 20);
  EXPECT_GT(outcomes[RunOutcome::kCompensated], 20);
}

TEST(DeciderProperty, WithoutTroubleEveryRunWithEnoughHopsCompletes) {
  for (std::uint64_t seed = 5000; seed < 5500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string toml = RandomWorkflow(seed).toml();
    if (toml.find("workflow=") != std::string::npos || toml.find("deadline") != std::string::npos) continue;
    DrivenRun run(toml);
    run.start({}, 200);
    std::size_t seen = 0;
    std::vector<Command> waiting;
    for (int i = 0; i < 20'000 && run.state().phase != RunPhase::kEnded; ++i) {
      for (; seen < run.decided().size(); ++seen) {
        for (const Command& command : run.decided()[seen]) {
          if (command.kind != Command::Kind::kTimer || command.timer == TimerKind::kSleep) waiting.push_back(command);
        }
      }
      ASSERT_FALSE(waiting.empty()) << "stuck\n" << toml;
      const Command command = waiting.back();
      waiting.pop_back();
      Fact fact;
      fact.hop = command.hop;
      fact.attempt = command.attempt;
      fact.last = true;
      fact.value = command.kind == Command::Kind::kFetch ? Value(List{1, 2, 3}) : Value();
      if (command.kind == Command::Kind::kExecute)
        fact.kind = Fact::Kind::kCompleted;
      else if (command.kind == Command::Kind::kTimer)
        fact.kind = Fact::Kind::kTimer;
      else if (command.kind == Command::Kind::kAwait)
        fact.kind = Fact::Kind::kSignalled;
      else if (command.kind == Command::Kind::kFetch)
        fact.kind = Fact::Kind::kItems;
      else
        continue;
      run.take(fact);
    }
    EXPECT_EQ(run.state().outcome, RunOutcome::kCompleted) << toml;
    EXPECT_LE(run.state().loops.size(), 0U);
    unwind(run);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace forge
