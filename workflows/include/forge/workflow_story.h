#pragma once

// What programs test their workflows with: a store in memory, a clock that jumps from timer to timer, a runner in one thread, and
// steps whose bodies are replaced. Independent of any test framework; link forge::testing.
//
//   EXPECT_EQ(forge::testing::WorkflowStory({{"shop.fbs", kShop}}, kCheckout)
//                 .given("Order.place", {{"id", "o-1"}, {"sku", "tea"}})
//                 .replace("charge", forge::StepOutcome::failed("card_declined", "no"))
//                 .run({{"order", "o-1"}})
//                 .then("compensated")
//                 .then_undone({"reserve"})
//                 .then_the_same_wherever_it_crashes()
//                 .failure(), "");

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "forge/forge.h"

namespace forge::testing {

// Calls a step's function, or what replaces it, with one token and nothing around it: a store in memory without records, where
// `attempt` is 1. The actions that it asked for are in `actions`, in order; nothing commits them.
struct StepTrial {
  StepOutcome outcome;
  std::vector<ActionRequest> actions;
};
StepTrial try_step(const StepFunction& function, const Object& args, std::uint32_t attempt = 1);

// A story about one run: what was before, what its steps come to, and what must follow. The first thing that does not hold ends
// it: what comes after is passed over, and failure() says what was expected and what was there. Where several things could happen
// next, the seed says which; the same seed gives the same story. For one thread.
class WorkflowStory {
 public:
  // `functions` are those of `run` steps. A schema or a workflow that is wrong is the failure.
  WorkflowStory(std::vector<SourceFile> schema, std::string toml, StepFunctions functions = {}, std::uint64_t seed = 0);
  ~WorkflowStory();
  WorkflowStory(const WorkflowStory&) = delete;
  WorkflowStory& operator=(const WorkflowStory&) = delete;

  // ---- Before the run

  // An action that happened before, and must be accepted.
  WorkflowStory& given(std::string action, Args args);
  // A signal that was sent before, and is kept for the run.
  WorkflowStory& given_signal(std::string name, std::string key, Value value);
  // The answer to an approval, as soon as it is asked for.
  WorkflowStory& given_approval(std::string step, bool approved);
  // What carries out the step of that declared path ("import.store") instead of its own body: any step that is carried out beside
  // the decision, so not those that hold others, wait, sleep, or only make a value. "charge/undo" is the undo of `charge`.
  WorkflowStory& replace(std::string step, StepFunction body);
  WorkflowStory& replace(std::string step, StepOutcome outcome);
  // Lets the attempt of that number fail before it does anything. In a map each item has attempts of its own.
  WorkflowStory& fail(std::string step, std::uint32_t attempt, std::string code, std::string message = "it is made to fail");

  // ---- The run

  // Starts it and lets it go on until it can no more by itself; timers pass at once.
  WorkflowStory& run(Object input = {});

  // ---- What must have come of it

  // Its status is that: "completed", "compensated", "halted", …
  WorkflowStory& then(std::string_view status);
  WorkflowStory& then_result(const Value& result);
  // `text` is part of what made it fail.
  WorkflowStory& then_error(std::string_view text);
  // These steps were completed, in this order among each other; or undone, and no others; or had their failure cleaned up after.
  WorkflowStory& then_in_order(const std::vector<std::string>& steps);
  WorkflowStory& then_undone(const std::vector<std::string>& steps);
  WorkflowStory& then_compensated(const std::string& step);
  // The replaced step, or the function, was called so often; the call of that number, from 1, was given these among its arguments.
  WorkflowStory& then_calls(const std::string& step, std::size_t calls);
  WorkflowStory& then_given(const std::string& step, std::size_t call, const Object& args);
  // The events of the run's actions are these, in this order; or the record has these among its fields now.
  WorkflowStory& then_events(const std::vector<std::string>& types);
  WorkflowStory& then_record(std::string_view resource, std::string_view key, const Object& fields);
  // Tells the story again once for each write of the run, with a runner that is gone after it and another one that goes on: the
  // run's status, result and error, its events and every record are the same. Functions are called at least once for each.
  WorkflowStory& then_the_same_wherever_it_crashes();

  // Empty while everything holds. A story without a run does not hold.
  std::string failure() const;
  bool ok() const { return failure().empty(); }
  // To look at anything else. Aborts where the schema did not load.
  Store& store();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace forge::testing
