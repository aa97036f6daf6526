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
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "forge/forge.h"

namespace forge::testing {

// What a step sees of the run around it.
struct StepToken {
  std::string run = "story";
  std::string correlation = "story";
  std::string step = "step";
  std::uint32_t attempt = 1;
  std::uint32_t hops_left = 1;
  std::stop_token stop = {};
};

// Calls a step's function, or what replaces it, alone: its store is in memory and has no records. The actions that it asked for are
// in `actions`, in order; nothing commits them. What the function throws comes through.
struct StepTrial {
  StepOutcome outcome;
  std::vector<ActionRequest> actions;
};
StepTrial try_step(const StepFunction& function, const Object& args, const StepToken& token);
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
  // A workflow that is declared, too: one that a step of the first calls.
  WorkflowStory& beside(std::string toml);
  // What comes from outside at that time after the run's start: a signal, an answer to an approval that waits by then, an action,
  // or something that the run is told. One that is refused is the failure.
  WorkflowStory& signal_at(std::int64_t at_us, std::string name, std::string key, Value value);
  WorkflowStory& approval_at(std::int64_t at_us, std::string step, bool approved);
  WorkflowStory& action_at(std::int64_t at_us, std::string action, Args args);
  WorkflowStory& telling_at(std::int64_t at_us, RunTelling telling);
  // What carries out the step of that declared path ("import.store") instead of its own body: any step that is carried out beside
  // the decision, so not those that hold others, wait, sleep, or only make a value. Of a map over a query, a file or pages it gives
  // the items: Object{{"rows", List{…}}}, and what is inside is carried out for each. "charge/undo" is the undo of `charge`,
  // "charge/compensate" what a clause does after it failed, and "refund:pay" the step `pay` of the workflow `refund`.
  WorkflowStory& replace(std::string step, StepFunction body);
  WorkflowStory& replace(std::string step, StepOutcome outcome);
  // Lets the attempt of that number fail before it does anything. In a map each item has attempts of its own.
  WorkflowStory& fail(std::string step, std::uint32_t attempt, std::string code, std::string message = "it is made to fail");

  // ---- The run

  // Starts it and lets it go on until it can no more by itself; timers pass at once.
  WorkflowStory& run(Object input = {});
  // The same, but only as far as it comes in that time; go_on_for() lets it go on from there.
  WorkflowStory& run_for(std::int64_t micros, Object input = {});
  WorkflowStory& go_on_for(std::int64_t micros);
  // The run is that which the workflow's hook starts for this action's event.
  WorkflowStory& run_by(std::string action, Args args);
  // The same for a signal; an empty key is none.
  WorkflowStory& run_by_signal(std::string name, std::string key, Value value);

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
  // The longest path took so many hops.
  WorkflowStory& then_hops(std::uint32_t hops);
  // The replaced step, or the function, was called so often; the call of that number, from 1, was given these among its arguments.
  // Those of an http step are its path and body, with query, headers and form; of exec the list `arguments`; of read its key.
  WorkflowStory& then_calls(const std::string& step, std::size_t calls);
  WorkflowStory& then_given(const std::string& step, std::size_t call, const Object& args);
  // The events of the run's actions are these, in this order; or the record has these among its fields now, or is not there.
  WorkflowStory& then_events(const std::vector<std::string>& types);
  WorkflowStory& then_record(std::string_view resource, std::string_view key, const Object& fields);
  WorkflowStory& then_no_record(std::string_view resource, std::string_view key);
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
