#include "workflow_domain.h"

#include "workload.h"

namespace forge::bench {
namespace {

constexpr const char* kCells = R"(include "forge.fbs";
namespace cells;
table Cell (resource) { id: string (key); sum: long; }
table AddCell (action: "Cell.add", upserts, event: "Cell.added", set: "sum = coalesce(sum, 0) + 1") {}
)";

}  // namespace

Store open_cells(const std::filesystem::path& path, OpenOptions options) {
  Store store = Store::open(path.string(), std::move(options)).value();
  must(store.add_schema({{"cells.fbs", kCells}}).status());
  return store;
}

Definition defined(const Workflow& workflow) {
  WorkflowDefinition::Outcome outcome = workflow.define();
  if (!outcome.errors.empty()) must(outcome.errors.front());
  return std::move(outcome.definition);
}

Definition counting(const std::string& name, int steps, const char* key) {
  Workflow workflow(name);
  workflow.set("ttl_hops", 2 * kSteps);
  for (int i = 0; i < steps; ++i) {
    WorkflowStep& step = workflow.step("s" + std::to_string(i)).action("Cell.add", {{"id", key}});
    if (i > 0) step.after({"s" + std::to_string(i - 1)});
  }
  if (steps == 0) workflow.step("nothing").set("template", "done");
  return defined(workflow);
}

}  // namespace forge::bench
