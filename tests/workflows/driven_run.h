#pragma once

// A run that a test drives: it says what happened and sees what is to be done, as text.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "forge/events/json.h"
#include "forge/workflows/definition.h"
#include "run.h"

namespace forge {

class DrivenRun {
 public:
  using Kind = internal::Fact::Kind;

  explicit DrivenRun(const std::string& toml, internal::RunOptions options = {}, std::uint32_t concurrency = 0)
      : options_(options), concurrency_(concurrency) {
    auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
    for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
    definition_ = outcome.definition;
  }

  // Each gives the commands that follow: "execute a; timer retry b +200ms".
  std::string start(Object input = {}, std::uint32_t hops = 8, Value event = nullptr) {
    internal::Fact fact = fact_of(Kind::kStarted);
    fact.value = Object{{"input", std::move(input)}, {"event", std::move(event)}};
    fact.run = "r-1";
    fact.correlation = "c-1";
    fact.hops = hops;
    fact.concurrency = concurrency_;
    return take(fact);
  }
  std::string complete(const std::string& path, Value value = nullptr, std::uint32_t hops = 255) {
    internal::Fact fact = fact_of(Kind::kCompleted, path);
    fact.value = std::move(value);
    fact.hops = hops;
    return take(fact);
  }
  // `pause_us`: what the other end asked to wait.
  std::string fail(const std::string& path, const std::string& code = "broken", Kind kind = Kind::kFailed,
                   std::int64_t pause_us = 0) {
    internal::Fact fact = fact_of(kind, path);
    fact.error = {code, code + " it is"};
    fact.pause_us = pause_us;
    return take(fact);
  }
  std::string tell(Kind kind, const std::string& path = "", Value value = nullptr) {
    internal::Fact fact = fact_of(kind, path);
    fact.value = std::move(value);
    return take(fact);
  }
  std::string items(const std::string& path, List list, bool last, Value cursor = nullptr) {
    internal::Fact fact = fact_of(Kind::kItems, path);
    fact.value = std::move(list);
    fact.last = last;
    fact.cursor = std::move(cursor);
    return take(fact);
  }
  std::string timer(const std::string& path, internal::TimerKind kind) {
    internal::Fact fact = fact_of(Kind::kTimer, path);
    fact.timer = kind;
    return take(fact);
  }
  void pass(std::int64_t micros) { now_.micros += micros; }

  // What is recorded of the steps whose failure stood with the last fact: "a broken", and what a clause said beside it.
  std::string failed() const {
    std::string text;
    for (const internal::Command& command : decided_.back()) {
      if (command.kind != internal::Command::Kind::kFailed) continue;
      text += (text.empty() ? "" : "; ") + definition_->plan().steps[command.hop.step].path + " " + command.error.code;
      if (!command.value.is_null()) text += " " + to_json(command.value);
    }
    return text;
  }
  // What the last command of a hop gave it, as JSON.
  std::string given(const std::string& path) const { return to_json(commands_.at(path).value); }
  std::uint32_t hops(const std::string& path) const { return commands_.at(path).hops; }
  const internal::Command& last(const std::string& path) const { return commands_.at(path); }
  const internal::Command& end() const { return end_; }
  const internal::RunState& state() const { return state_; }
  const internal::Plan& plan() const { return definition_->plan(); }
  const std::vector<internal::Fact>& facts() const { return facts_; }
  const std::vector<std::vector<internal::Command>>& decided() const { return decided_; }
  const internal::RunOptions& options() const { return options_; }

  std::string take(const internal::Fact& fact) {
    facts_.push_back(fact);
    decided_.push_back(internal::decide(definition_->plan(), options_, state_, fact));
    std::string text;
    for (const internal::Command& command : decided_.back()) {
      const std::string path = command.hop.step == internal::kNone || command.kind == internal::Command::Kind::kEnded ||
                                       command.kind == internal::Command::Kind::kHalted
                                   ? ""
                                   : path_of_hop(command.hop);
      if (command.kind == internal::Command::Kind::kEnded) end_ = command;
      const bool for_the_record = command.kind == internal::Command::Kind::kRelease ||
                                  command.kind == internal::Command::Kind::kFailed ||
                                  command.kind == internal::Command::Kind::kDone;
      if (for_the_record) continue;
      commands_.insert_or_assign(path, command);
      text += (text.empty() ? "" : "; ") + shown(command, path);
    }
    return text;
  }

 private:
  internal::Fact fact_of(Kind kind, const std::string& path = "") const {
    internal::Fact fact;
    fact.kind = kind;
    fact.at = now_;
    if (path.empty()) return fact;
    const auto found = commands_.find(path);
    if (found == commands_.end()) {
      ADD_FAILURE() << "nothing was to be done for " << path;
      return fact;
    }
    fact.hop = found->second.hop;
    fact.attempt = found->second.attempt;
    return fact;
  }

  // A frame may have gone by the time its commands are shown.
  std::string path_of_hop(const internal::HopId& hop) {
    if (state_.frames.contains(hop.frame)) paths_[hop] = internal::path_of(definition_->plan(), state_, hop);
    const auto known = paths_.find(hop);
    return known != paths_.end() ? known->second : definition_->plan().steps[hop.step].declared->name + "?";
  }

  std::string shown(const internal::Command& command, const std::string& path) const {
    using Command = internal::Command::Kind;
    switch (command.kind) {
      case Command::kExecute:
        return "execute " + path + (command.attempt > 1 ? " #" + std::to_string(command.attempt) : "");
      case Command::kStop:
        return "stop " + path;
      case Command::kTimer: {
        constexpr const char* kNames[] = {"sleep", "retry", "undo", "deadline", "run", "timeout"};
        return std::string("timer ") + kNames[static_cast<int>(command.timer)] + (path.empty() ? "" : " " + path) + " +" +
               std::to_string((command.at.micros - now_.micros) / 1000) + "ms";
      }
      case Command::kAwait:
        return "await " + path;
      case Command::kFetch:
        return "fetch " + path;
      case Command::kCompensate:
        return "compensate " + path;
      case Command::kUndo:
        return "undo " + path + (command.attempt > 1 ? " #" + std::to_string(command.attempt) : "");
      case Command::kDebug:
        return "debug " + to_json(command.value);
      case Command::kSkipped:
        return "skipped " + path;
      case Command::kTombstone:
        return "tombstone " + path;
      case Command::kRelease:
      case Command::kBegun:
      case Command::kFailed:
      case Command::kDone:
        return "";
      case Command::kTaken:
        return "taken " + path;
      case Command::kHalted:
        return "halted " + to_json(command.value);
      case Command::kEnded:
        return "ended " + std::string(name_of(command.outcome)) + (command.warnings ? " with warnings" : "") +
               (command.value.is_null() ? "" : " " + to_json(command.value));
    }
    return "";
  }

  internal::RunOptions options_;
  std::uint32_t concurrency_;
  std::shared_ptr<const WorkflowDefinition> definition_;
  internal::RunState state_;
  Time now_{1'000'000};
  std::map<std::string, internal::Command> commands_;  // the last of each hop, by its path
  std::map<internal::HopId, std::string> paths_;
  internal::Command end_;
  std::vector<internal::Fact> facts_;
  std::vector<std::vector<internal::Command>> decided_;
};

}  // namespace forge
