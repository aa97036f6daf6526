#include "commands.h"
#include "errors.h"
#include "forge/workflows/definition.h"
#include "listing.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;

Status print_plan(Session& session, const std::string& path, const WorkflowDefinition& definition) {
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
    if (outcome.definition != nullptr) FORGE_TRY(print_plan(session, path, *outcome.definition));
  }
  return end_checks(session, errors);
}

// ---- Declaring

Object workflow_object(const WorkflowInfo& workflow) {
  return Object{{"name", workflow.name}, {"version", workflow.declared}, {"hash", workflow.hash}, {"seq", workflow.seq}};
}

Result<int> run_workflow_add(Session& session) {
  std::vector<Status> errors;
  const auto definition = read_workflow_file(session, session.arguments.words()[0], errors);
  if (!errors.empty()) return session.refuse(nothing_written(errors));
  if (!definition.ok()) return definition.status();
  FORGE_ASSIGN(Store store, session.open_for_writing());
  const Seq head = store.head();
  FORGE_ASSIGN(const WorkflowInfo added, add_workflow(store, **definition, session.act_options()));
  const bool known = added.seq <= head;
  const char* note = known ? "   (in force already)" : session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(added.name + "  version " + std::to_string(added.declared) + "  event " + std::to_string(added.seq) +
                             note + "\n"));
  Object object = workflow_object(added);
  object.add("applied", !session.dry_run() && !known);
  FORGE_TRY(session.out.object(object, "name"));
  return 0;
}

Result<int> run_workflow_list(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<WorkflowInfo> declared, workflows(store.view()));
  Listing listing(
      session, {.headings = {"name", "version", "event", "hash"}, .columns = {"name", "version", "hash", "seq"}, .name = "name"});
  for (const WorkflowInfo& one : declared) {
    if (listing.full()) break;
    if (session.out.is_table()) {
      FORGE_TRY(listing.row({one.name, std::to_string(one.declared), std::to_string(one.seq), one.hash.substr(0, 12)}, one.name));
    } else {
      FORGE_TRY(listing.row(workflow_object(one), one.name));
    }
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && declared.size() > listing.limit(), store.head(), declared.size()));
  return 0;
}

Result<int> run_workflow_show(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const auto definition, workflow(store.view(), session.arguments.words()[0]));
  List inputs;
  std::string text = definition->name() + "  " + definition->hops().to_string() + "  " + to_hex(definition->hash()) + "\n";
  const std::string stimulus = definition->stimulus();
  if (!stimulus.empty()) text += "on     " + printable(stimulus) + "\n";
  for (const WorkflowInput& input : definition->inputs()) {
    text += "input  " + input.name + ": " + input.type + (input.required ? ", required" : "") + "\n";
    inputs.emplace_back(Object{{"name", input.name}, {"type", input.type}, {"required", input.required}});
  }
  List steps;
  for (const std::string& step : definition->steps()) {
    text += "step   " + step + "\n";
    steps.emplace_back(step);
  }
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(Object{{"name", definition->name()},
                                      {"hash", to_hex(definition->hash())},
                                      {"inputs", std::move(inputs)},
                                      {"steps", std::move(steps)},
                                      {"ttl_hops", definition->hops().ttl_hops},
                                      {"on", stimulus.empty() ? Value() : Value(stimulus)}},
                               "name"));
  return 0;
}

Argument workflow_argument() {
  return {.name = "NAME", .summary = "a declared workflow"};
}

}  // namespace

const Command& workflow_command() {
  static const Command kCommand{
      .name = "workflow",
      .summary = "workflows: check and declare them, carry out their runs, and look at these",
      .examples = {{"forgectl workflow check checkout.toml", "needs no store"},
                   {"forgectl workflow run checkout.toml order=o-1", ""},
                   {"forgectl workflow runs --status halted", ""}},
  };
  return kCommand;
}

const Command& workflow_add_command() {
  static const Command kCommand{
      .name = "workflow add",
      .summary = "declare a workflow to the store; its hook holds for events after that",
      .arguments = {{.name = "FILE", .summary = "a workflow file", .offer = Offer::kFile}},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow add checkout.toml", ""}},
      .notes = "Runs that were started before keep to the definition that they were started with.",
      .writes = true,
      .run = run_workflow_add,
  };
  return kCommand;
}

const Command& workflow_list_command() {
  static const Command kCommand{
      .name = "workflow list",
      .summary = "the workflows that are declared",
      .flags = {limit_flag(), page_flag()},
      .examples = {{"forgectl workflow list", ""}},
      .run = run_workflow_list,
  };
  return kCommand;
}

const Command& workflow_show_command() {
  static const Command kCommand{
      .name = "workflow show",
      .summary = "one workflow: what starts it by itself, its inputs, steps and hops",
      .arguments = {workflow_argument()},
      .examples = {{"forgectl workflow show checkout", ""}},
      .run = run_workflow_show,
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
