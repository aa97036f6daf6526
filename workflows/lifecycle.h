#pragma once

// What middleware is told: the occurrences that a fact of a run and the decisions that followed from it come to. On the loop.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "forge/workflows/middleware.h"
#include "run_fold.h"
#include "step_work.h"

namespace forge::internal {

// "step.start" of an attempt, "undo.stop": `kind` is "step", "compensate" or "undo".
std::string_view start_name(Purpose purpose);

// One that is recorded. The texts are its own.
struct Occurrence {
  std::string_view name;
  std::string step;
  std::uint32_t attempt = 0;
  std::optional<Value> result = {};
  std::string_view status = {};
  RunError error = {};
};

// Of a fact that was folded, and the commands that followed. `path` is the fact's hop's, before it was folded.
std::vector<Occurrence> occurrences_of(const Fact& fact, const std::string& path, const std::vector<Command>& commands);

// All middleware of a runner, in order. What one throws is logged and goes no further.
class MiddlewareChain {
 public:
  MiddlewareChain(MiddlewareList list, LogSink log) : list_(std::move(list)), log_(std::move(log)) {}

  bool is_empty() const { return list_.empty(); }
  bool replaces() const;
  void tell(const LifecycleEvent& event) const;
  StepOutcome replace(const LifecycleEvent& event, StepOutcome outcome) const;

 private:
  void contained(const LifecycleEvent& event, const std::function<void()>& call) const;

  const MiddlewareList list_;
  const LogSink log_;
};

}  // namespace forge::internal
