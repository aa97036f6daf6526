#pragma once

// Code of the program that carries out steps with `run`. It is registered under its name with the runner (runner.h) and called from
// the runner's threads, by several at once. What it does outside of the store happens at least once: all attempts of a hop share an
// idempotency key, which it hands on. What it does to the store it asks for with act(): that is committed in one write with the
// fact that the step is done, so it happens exactly once.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forge/events/value.h"
#include "forge/store/transaction.h"
#include "forge/store/view.h"
#include "forge/workflows/definition.h"

namespace forge {

// Of one attempt. Everything is borrowed for the call; for one thread.
class StepContext {
 public:
  StepContext(const View& view, std::stop_token stop) : view_(view), stop_(std::move(stop)) {}

  std::string run;              // the run's id
  std::string correlation;      // that everything the run causes shares
  std::string step;             // its path: "import[17].store"
  std::uint32_t attempt = 1;    // from 1
  std::uint32_t hops_left = 0;  // that it received
  std::string idempotency_key;  // of the hop: the same for every attempt, another for its undo

  // The store's head when the attempt began.
  const View& view() const { return looked_ = true, view_; }
  // Asked to stop: return soon, with whatever came of it. Who does not is abandoned after a while, and its result does not count.
  const std::stop_token& stop() const { return stop_; }
  // An action to be committed with the step's completion; nothing is decided before. Where it is refused, the step fails with that
  // error. Not of an attempt that does not complete.
  void act(std::string_view action, Args args) { actions_.push_back({.action = std::string(action), .args = std::move(args)}); }

  // For the runner. Whether the body asked for the view: its seq is recorded then.
  bool has_looked() const { return looked_; }
  std::vector<ActionRequest> take_actions() { return std::move(actions_); }

 private:
  const View& view_;
  mutable bool looked_ = false;
  std::stop_token stop_;
  std::vector<ActionRequest> actions_;
};

// What came of an attempt.
struct StepOutcome {
  enum class Kind : std::uint8_t { kDone, kRetry, kFailed, kHalted };

  Kind kind = Kind::kDone;
  Value value = {};                                      // of kDone and kHalted
  std::string code = {};                                 // of the error: "card_declined"
  std::string message = {};                              // of the error, for people
  std::shared_ptr<const WorkflowDefinition> steps = {};  // of further()
  Object input = {};                                     // of further()

  static StepOutcome done(Value result = nullptr) { return {.kind = Kind::kDone, .value = std::move(result)}; }
  // Of a step with `dynamic = true`: these steps are carried out as a run of their own (a child), whose result is the step's. Once
  // it has begun, the function is not called again. Not together with act(); `on` of the definition means nothing.
  static StepOutcome further(std::shared_ptr<const WorkflowDefinition> steps, Object input = {}) {
    return {.kind = Kind::kDone, .steps = std::move(steps), .input = std::move(input)};
  }
  // It may succeed later: tried again as often as its `retry` allows, whatever errors that names.
  static StepOutcome retry(std::string code, std::string message) {
    return {.kind = Kind::kRetry, .code = std::move(code), .message = std::move(message)};
  }
  // Tried again where its `retry` is for that code.
  static StepOutcome failed(std::string code, std::string message) {
    return {.kind = Kind::kFailed, .code = std::move(code), .message = std::move(message)};
  }
  // The step is done, and the run halts until somebody resumes it.
  static StepOutcome halted(Value result = nullptr) { return {.kind = Kind::kHalted, .value = std::move(result)}; }
};

// What it throws is a failure with the code "exception". It must not close the store.
using StepFunction = std::function<StepOutcome(const Object& args, StepContext& context)>;
// By the name that definitions use.
using StepFunctions = std::map<std::string, StepFunction, std::less<>>;

}  // namespace forge
