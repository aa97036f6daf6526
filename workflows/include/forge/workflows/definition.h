#pragma once

// What a workflow is: its inputs, the steps with what they wait for, and how each is undone. Declared in TOML (docs/workflows.md)
// or in C++ (workflow.h); both give the same definition, which is named by the hash of its bytes.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/merkle.h"
#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge {

namespace internal {
struct DefinitionParts;
struct Plan;
}  // namespace internal

class Domain;
class WorkflowDefinition;

// What a workflow is to be declared to.
struct WorkflowSurroundings {
  std::shared_ptr<const Domain> domain = {};  // the schema in force; null: actions, resources and queries are not looked at
  // The workflow that is in force under a name, null where none is; empty: children are not looked at.
  std::function<std::shared_ptr<const WorkflowDefinition>(const std::string& name)> workflow = {};
  std::vector<std::string> workflows = {};  // the names of all, of which a misspelt one may have meant one
};

// The longest path of a workflow, in hops.
struct HopCount {
  std::uint32_t least = 0;     // that every run needs which skips whatever it may
  std::uint32_t most = 0;      // that a run may need
  std::uint32_t ttl_hops = 0;  // that a run has, where no event gave it fewer

  // "5 of 8 hops", or "2 to 12 of 8 hops".
  std::string to_string() const;
};

// An input as it is declared.
struct WorkflowInput {
  std::string name;
  std::string type;  // "any", "bool", "int", "float", "string", "bytes", "list", "object"
  bool required = true;
  std::string description;
  Value default_value = {};  // of one that is not required
  bool secret = false;       // shown as "[secret]" wherever a run tells of it; it stands in clear in the files of the store
};

// A step as people read it.
struct WorkflowStepInfo {
  std::string path;                // "import.store"
  std::string kind;                // "action", "read", "http", "map", "group", …
  std::string does;                // "action Stock.reserve", "read Order", "map"
  std::vector<std::string> after;  // the paths of the steps beside it that it waits for
};

// Immutable: safe to share between threads.
class WorkflowDefinition {
 public:
  // Errors are all that were found, each with its place ("checkout.toml:14:30"), in the order of the places; the definition is
  // null where there are some.
  struct Outcome {
    std::shared_ptr<const WorkflowDefinition> definition;
    std::vector<Status> errors;
    std::vector<Status> warnings;  // what may be there later: a child, an event; in the same order
  };

  // Reads what bytes() gave, whichever version of Forge wrote it, and plans it again. Errors: kDataCorrupt where the bytes are
  // damaged, kWorkflowUnsupported
  // where a newer version declared it, else the first error that planning finds.
  static Result<std::shared_ptr<const WorkflowDefinition>> from_bytes(std::span<const std::uint8_t> bytes);

  // For Forge itself: definitions come from parse_workflow, Workflow::define and from_bytes.
  explicit WorkflowDefinition(std::unique_ptr<const internal::DefinitionParts> parts);
  WorkflowDefinition(const WorkflowDefinition&) = delete;
  WorkflowDefinition& operator=(const WorkflowDefinition&) = delete;
  ~WorkflowDefinition();

  const std::string& name() const;
  // SHA-256 of bytes(); equal for everything that declares the same workflow.
  const Hash& hash() const;
  // As schemas/workflow.fbs describes them.
  std::span<const std::uint8_t> bytes() const;
  HopCount hops() const;
  std::string description() const;
  // All that it declares, by the names that a file has: what declares it again, with the same hash. Texts have their references.
  Object declaration() const;
  // Every step in declared order, by its path: "import", "import.store".
  std::vector<std::string> steps() const;
  // The same with what each does, those inside a step behind it.
  std::vector<WorkflowStepInfo> described_steps() const;
  // In declared order.
  std::vector<WorkflowInput> inputs() const;
  // What starts runs by itself (`on`): "event Order.placed  where ${event.changes.qty} > 1", "signal paid/o-1", "schedule 30 3 * *
  // *", "every 300s". Empty: nothing does.
  std::string stimulus() const;
  // The inputs of a run: what was given, held against the declared types, with the defaults of the rest. Errors: kRunInput naming
  // all that are missing, unknown or of another type, with what was given, unless it is secret, and the type.
  Result<Object> take_inputs(const Object& given) const;

  // For what runs it: the steps with all that they refer to resolved. Lives as long as the definition.
  const internal::Plan& plan() const;

 private:
  std::unique_ptr<const internal::DefinitionParts> parts_;
};

// Reads a workflow from TOML. `file` is how messages call it. Limits: 1 MiB, 10,000 steps, 32 levels of steps in steps. Errors:
// kWorkflowSyntax where it is no TOML, which ends the reading; kWorkflowAttribute, kWorkflowName, kWorkflowUnsupported,
// kWorkflowReference, kWorkflowCycle, kWorkflowHops, and those of expressions (kRuleSyntax, kRuleUnknownName, kRuleType).
WorkflowDefinition::Outcome parse_workflow(std::string_view toml, const std::string& file);
// The same, held against what it is to be declared to. Further errors, each with its place, are a resource, a field of a record
// that was read, an action or a query that the schema does not have, and an argument that it does not take, that it needs and is
// not given, or that a literal does not fit. What holds once a run goes on is found then, as ever: the schema may have changed.
WorkflowDefinition::Outcome parse_workflow(std::string_view toml, const std::string& file, const WorkflowSurroundings& around);

}  // namespace forge
