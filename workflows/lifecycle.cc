#include "lifecycle.h"

#include <algorithm>
#include <exception>

namespace forge::internal {
namespace {

bool follows(const std::vector<Command>& commands, const HopId& hop, Command::Kind kind,
             std::optional<TimerKind> timer = std::nullopt) {
  return std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
    return command.kind == kind && command.hop == hop && (!timer || command.timer == *timer);
  });
}

// What the fact itself says of its hop; nothing where that is only a step on the way.
std::optional<Occurrence> of_fact(const Fact& fact, const std::vector<Command>& commands) {
  using Kind = Fact::Kind;
  Occurrence made{.attempt = fact.attempt, .error = fact.error};
  const auto named = [&made](std::string_view name) { return made.name = name, std::optional(made); };
  switch (fact.kind) {
    case Kind::kStarted:
      return named("run.start");
    case Kind::kCompleted:
    case Kind::kSignalled:
      made.result = fact.value;
      return named("step.stop");
    case Kind::kHalted:
      made.result = fact.value;
      return named("step.halt");
    case Kind::kRetry:
    case Kind::kFailed: {
      const bool again = follows(commands, fact.hop, Command::Kind::kTimer, TimerKind::kRetry) ||
                         follows(commands, fact.hop, Command::Kind::kExecute);
      return named(again ? "step.retry" : "step.error");
    }
    case Kind::kCompensated:
      return named("compensate.stop");
    case Kind::kCompensateFailed:
      return named("compensate.error");
    case Kind::kUndone:
      return named("undo.stop");
    case Kind::kUndoFailed:
      return named(follows(commands, fact.hop, Command::Kind::kTimer, TimerKind::kUndoRetry) ? "undo.retry" : "undo.error");
    default:
      return std::nullopt;
  }
}

std::optional<Occurrence> of_command(const Fact& fact, const Command& command) {
  using Kind = Command::Kind;
  Occurrence made{.step = command.path, .error = command.error};
  const auto named = [&made](std::string_view name) { return made.name = name, std::optional(made); };
  switch (command.kind) {
    case Kind::kSkipped:
      return named("step.skip");
    case Kind::kDone:
    case Kind::kTaken:
      return named("step.stop");
    case Kind::kFailed: {
      // Of an attempt, the fact that ended it said so, be it before a clause cleaned up.
      using Of = Fact::Kind;
      const bool attempted = fact.kind == Of::kFailed || fact.kind == Of::kRetry || fact.kind == Of::kCompensated ||
                             fact.kind == Of::kCompensateFailed;
      return attempted && fact.hop == command.hop ? std::nullopt : named("step.error");
    }
    case Kind::kHalted:
      made.result = command.value;
      return named("run.halt");
    case Kind::kEnded: {
      made.result = command.value;
      made.status = name_of(command.outcome);
      const bool asked = command.outcome == RunOutcome::kCompleted || command.outcome == RunOutcome::kCancelled ||
                         command.outcome == RunOutcome::kTerminated;
      return named(asked ? "run.stop" : "run.error");
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view start_name(Purpose purpose) {
  return purpose == Purpose::kUndo ? "undo.start" : purpose == Purpose::kCompensate ? "compensate.start" : "step.start";
}

std::vector<Occurrence> occurrences_of(const Fact& fact, const std::string& path, const std::vector<Command>& commands) {
  std::vector<Occurrence> made;
  if (auto own = of_fact(fact, commands)) {
    if (own->name != "run.start") own->step = path;
    made.push_back(*std::move(own));
  }
  for (const Command& command : commands) {
    if (auto followed = of_command(fact, command)) made.push_back(*std::move(followed));
  }
  return made;
}

bool MiddlewareChain::replaces() const {
  return std::any_of(list_.begin(), list_.end(), [](const auto& one) { return one->replaces(); });
}

void MiddlewareChain::contained(const LifecycleEvent& event, const std::function<void()>& call) const {
  const auto log = [&](const char* what) {
    const std::string run(event.run);
    if (log_) log_(LogLevel::kError, "middleware failed at " + std::string(event.name) + " of run " + run + ": " + what);
  };
  try {
    call();
  } catch (const std::exception& error) {
    log(error.what());
  } catch (...) {
    log("it threw something that is no std::exception");
  }
}

void MiddlewareChain::tell(const LifecycleEvent& event) const {
  const auto call = [&](const auto& one) { contained(event, [&] { one->on(event); }); };
  if (event.name.ends_with(".start")) {
    std::for_each(list_.begin(), list_.end(), call);
  } else {
    std::for_each(list_.rbegin(), list_.rend(), call);
  }
}

StepOutcome MiddlewareChain::replace(const LifecycleEvent& event, StepOutcome outcome) const {
  std::for_each(list_.rbegin(), list_.rend(), [&](const auto& one) {
    if (!one->replaces()) return;
    contained(event, [&] { outcome = one->replace(event, outcome); });
  });
  return outcome;
}

}  // namespace forge::internal
