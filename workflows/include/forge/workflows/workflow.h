#pragma once

// Declares a workflow in C++. It gives the definition that the same declaration in TOML gives, to the byte: attributes have the
// names and values that docs/workflows.md describes, texts may have `${references}`, and what is wrong is found by define().
//
//   forge::Workflow checkout("checkout");
//   checkout.input("order", "string");
//   checkout.step("load").read("Order", "${input.order}");
//   checkout.step("reserve").action("Stock.reserve", {{"sku", "${load.sku}"}}).undo("Stock.release");
//   checkout.step("ship").action("Order.ship", {{"id", "${input.order}"}}).after({"reserve"});
//   const auto outcome = checkout.define();
//
// References to steps and blocks live as long as the workflow. Not safe for concurrent use.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "forge/events/value.h"
#include "forge/workflows/definition.h"

namespace forge {

class WorkflowStep;

// Steps in declared order, and whose result is theirs.
class WorkflowBlock {
 public:
  // Adds a step; each name may be used once.
  WorkflowStep& step(std::string_view name);
  // The step whose result is the block's; without it, the last one.
  void returns(std::string_view step);

 private:
  friend class Workflow;
  friend class WorkflowStep;
  struct Draft;
  explicit WorkflowBlock(Draft& draft) : draft_(&draft) {}

  Draft* draft_;
};

class WorkflowStep {
 public:
  // Any attribute, as in TOML; a later value of one replaces the earlier one. This and all others return the step itself.
  WorkflowStep& set(std::string_view attribute, const Value& value);

  // The kinds.
  WorkflowStep& action(std::string_view name, const Args& args = {});
  WorkflowStep& read(std::string_view resource, const Value& key);
  WorkflowStep& query(std::string_view name, const Args& args = {});
  WorkflowStep& http(const Object& request);
  WorkflowStep& run(std::string_view function, const Args& args = {});
  WorkflowStep& exec(const List& program, const Args& args = {});
  WorkflowStep& over(const Value& items);
  WorkflowStep& collect(const Object& results);
  WorkflowStep& workflow(std::string_view name, const Args& input = {});
  WorkflowStep& recurse(const Object& bounds);
  WorkflowStep& wait(const Value& signal, const Value& key);
  // A branch of a switch, tried in declared order; an empty condition makes the default.
  WorkflowBlock branch(std::string_view name, std::string_view when);
  // What is inside a map, recurse, group, around or transaction.
  WorkflowBlock inside();

  // What each kind may have.
  WorkflowStep& after(std::initializer_list<std::string_view> steps);
  WorkflowStep& where(std::string_view condition);
  WorkflowStep& retry(const Object& retry);
  // An action, "auto", or a step of any kind as an object.
  WorkflowStep& undo(const Value& how);
  WorkflowStep& compensate(const List& clauses);

 private:
  friend class WorkflowBlock;
  explicit WorkflowStep(WorkflowBlock::Draft& draft) : draft_(&draft) {}

  WorkflowBlock::Draft* draft_;
};

class Workflow : public WorkflowBlock {
 public:
  explicit Workflow(std::string_view name);
  Workflow(const Workflow&) = delete;
  Workflow& operator=(const Workflow&) = delete;
  ~Workflow();

  // Any attribute of the workflow itself: "ttl_hops", "deadline", "on", "description", "max_concurrency".
  Workflow& set(std::string_view attribute, const Value& value);
  // `type` is the name of a type, or an object with type, default, description, secret.
  Workflow& input(std::string_view name, const Value& type);
  Workflow& client(std::string_view name, const Object& base);

  // The definition, or all that is wrong. Errors: those of parse_workflow, but for the syntax; places are "checkout:
  // step.load.key".
  WorkflowDefinition::Outcome define() const;

 private:
  explicit Workflow(std::unique_ptr<Draft> draft);
  std::unique_ptr<Draft> root_;
};

}  // namespace forge
