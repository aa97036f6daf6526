#include "commands.h"
#include "forge/workflows/definition.h"
#include "listing.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;

Status print_checked(Session& session, const std::string& path, const WorkflowDefinition& definition) {
  const std::size_t steps = definition.steps().size();
  const HopCount hops = definition.hops();
  if (session.out.is_table()) {
    return session.out.text(printable(path) + ": ok — " + definition.name() + ", " + counted(steps, "step") + ", " +
                            hops.to_string() + "\n");
  }
  return session.out.row(Object{{"file", path},
                                {"workflow", definition.name()},
                                {"hash", to_hex(definition.hash())},
                                {"step_count", steps},
                                {"hops_least", hops.least},
                                {"hops_most", hops.most},
                                {"ttl_hops", hops.ttl_hops}});
}

Result<int> run_workflow_check(Session& session) {
  std::vector<Status> errors;
  if (!session.out.is_table()) {
    session.out.begin_list(
        {.columns = {"file", "workflow", "hash", "step_count", "hops_least", "hops_most", "ttl_hops"}, .name = "file"});
  }
  for (const std::string& path : session.arguments.words()) {
    const Result<std::string> text = read_input(session, path, kBytesMax);
    const WorkflowDefinition::Outcome outcome =
        text.ok() ? parse_workflow(*text, path) : WorkflowDefinition::Outcome{nullptr, {text.status()}};
    errors.insert(errors.end(), outcome.errors.begin(), outcome.errors.end());
    if (outcome.definition != nullptr) FORGE_TRY(print_checked(session, path, *outcome.definition));
  }
  return end_checks(session, errors);
}

}  // namespace

const Command& workflow_command() {
  static const Command kCommand{
      .name = "workflow",
      .summary = "workflows: check their files",
      .examples = {{"forgectl workflow check checkout.toml", "needs no store"}},
  };
  return kCommand;
}

const Command& workflow_check_command() {
  static const Command kCommand{
      .name = "workflow check",
      .summary = "check workflow files: every error with file:line:column, and the longest path in hops",
      .arguments = {{.name = "FILE", .summary = "a workflow file; needs no store", .repeated = true, .offer = Offer::kFile}},
      .examples = {{"forgectl workflow check checkout.toml", ""}},
      .run = run_workflow_check,
  };
  return kCommand;
}

}  // namespace forge::cli
