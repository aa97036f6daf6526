#pragma once

// A loop for the engine in which the dice say what comes next: of the commits, their answers, the bodies of attempts, the events
// and the timers, each in any order that threads could bring about. A write and its answer are two tasks, so that a runner can end
// between them. Bodies may be held up, so that timeouts pass over them.

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "forge/testing.h"
#include "run_engine.h"
#include "support/dice.h"

namespace forge::saga {

class SeededLoop final : public internal::RunLoop {
 public:
  SeededLoop(Store& store, testing::ManualClock& clock, Dice& dice) : store_(store), clock_(clock), dice_(dice) {}

  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void start(std::function<void()> body) override {
    const Time from{clock_.now().micros + (dice_.chance(6) ? dice_.between(0, 15'000'000) : 0)};
    bodies_.emplace_back(from, std::move(body));
  }
  void wake_at(Time due) override { due_ = due; }
  void commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) override {
    commits_.push_back({std::move(actions), std::move(options), std::move(done)});
  }

  // One task, or else what comes next by `until`. False where there is nothing.
  bool step(internal::RunEngine& engine, Time until) {
    clock_.advance(dice_.between(0, 300));
    const Time now = clock_.now();
    std::vector<std::function<void()>> next;
    if (!tasks_.empty()) next.emplace_back([this] { run_task(); });
    if (!commits_.empty()) next.emplace_back([this] { run_commit(); });
    if (!answers_.empty()) next.emplace_back([this] { run_answer(); });
    if (engine.summary().seen < store_.head()) next.emplace_back([&engine] { engine.read_events(); });
    for (std::size_t i = 0; i < bodies_.size() && i < 4; ++i) {
      if (bodies_[i].first <= now) next.emplace_back([this, i] { run_body(i); });
    }
    const bool due = due_ && *due_ <= now;
    if (due) next.emplace_back([&] { tick(engine); });
    if (next.empty()) return pass_time(engine, until);
    next[dice_.below(next.size())]();
    return true;
  }

  // Something was written, and the engine has not been told.
  bool has_answers() const { return !answers_.empty(); }
  // Code of the program was called, or is to be.
  bool has_calls() const { return !bodies_.empty() || !tasks_.empty(); }
  const std::map<ErrorId, std::uint64_t>& refusals() const { return refusals_; }
  Seq acknowledged() const { return acknowledged_; }

 private:
  struct Commit {
    std::vector<ActionRequest> actions;
    ActOptions options;
    Committed done;
  };

  void run_task() {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
  void run_commit() {
    Commit commit = std::move(commits_.front());
    commits_.pop_front();
    Result<TransactionReceipt> answer = store_.transact(std::move(commit.actions), commit.options);
    if (!answer.ok()) ++refusals_[answer.status().id()];
    if (answer.ok()) acknowledged_ = std::max(acknowledged_, answer->last_seq);
    answers_.emplace_back(std::move(commit.done), std::move(answer));
  }
  void run_answer() {
    auto [done, answer] = std::move(answers_.front());
    answers_.pop_front();
    done(std::move(answer));
  }
  void run_body(std::size_t place) {
    const auto body = std::move(bodies_[place].second);
    bodies_.erase(bodies_.begin() + static_cast<std::ptrdiff_t>(place));
    body();
  }
  void tick(internal::RunEngine& engine) {
    due_.reset();
    engine.tick();
  }
  // To the next timer or body.
  bool pass_time(internal::RunEngine& engine, Time until) {
    std::optional<Time> next = due_;
    for (const auto& [from, body] : bodies_) next = next ? std::min(*next, from) : from;
    if (!next || until < *next) return false;
    if (clock_.now() < *next) clock_.set(*next);
    if (due_ && *due_ <= clock_.now()) tick(engine);
    return true;
  }

  Store& store_;
  testing::ManualClock& clock_;
  Dice& dice_;
  std::deque<std::function<void()>> tasks_;
  std::deque<Commit> commits_;
  std::deque<std::pair<Committed, Result<TransactionReceipt>>> answers_;
  std::vector<std::pair<Time, std::function<void()>>> bodies_;
  std::optional<Time> due_;
  std::map<ErrorId, std::uint64_t> refusals_;
  Seq acknowledged_ = 0;
};

}  // namespace forge::saga
