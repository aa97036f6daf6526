#include "commands.h"
#include "workflow_text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

List input_list(const WorkflowDefinition& definition) {
  List inputs;
  for (const WorkflowInput& input : definition.inputs()) {
    Object one{{"name", input.name}, {"type", input.type}, {"required", input.required}};
    if (!input.required) one.add("default", input.default_value);
    if (input.secret) one.add("secret", true);
    if (!input.description.empty()) one.add("description", input.description);
    inputs.emplace_back(std::move(one));
  }
  return inputs;
}

List step_list(const WorkflowDefinition& definition) {
  List steps;
  for (const WorkflowStepInfo& step : definition.described_steps()) {
    List after;
    for (const std::string& path : step.after) after.emplace_back(path);
    steps.emplace_back(Object{{"path", step.path}, {"kind", step.kind}, {"does", step.does}, {"after", std::move(after)}});
  }
  return steps;
}

Result<int> run_workflow_show(Session& session) {
  std::vector<Status> errors;
  const auto definition = named_workflow(session, session.arguments.words()[0], errors);
  if (!errors.empty()) return session.refuse(errors);
  if (!definition.ok()) return definition.status();
  const WorkflowDefinition& shown = **definition;
  FORGE_TRY(session.out.text(workflow_text(shown)));
  const std::string stimulus = shown.stimulus();
  const HopCount hops = shown.hops();
  FORGE_TRY(session.out.object(Object{{"name", shown.name()},
                                      {"hash", to_hex(shown.hash())},
                                      {"description", shown.description()},
                                      {"on", stimulus.empty() ? Value() : Value(stimulus)},
                                      {"inputs", input_list(shown)},
                                      {"steps", step_list(shown)},
                                      {"hops_least", hops.least},
                                      {"hops_most", hops.most},
                                      {"ttl_hops", hops.ttl_hops},
                                      {"declaration", shown.declaration()}},
                               "name"));
  return 0;
}

}  // namespace

const Command& workflow_show_command() {
  static const Command kCommand{
      .name = "workflow show",
      .summary = "one workflow: what starts it by itself, its inputs, and what each step does",
      .arguments = {{.name = "WORKFLOW", .summary = "the name of a declared workflow, or a file", .offer = Offer::kFile}},
      .examples = {{"forgectl workflow show checkout", ""},
                   {"forgectl workflow show checkout -o json | jq .declaration", "all that it declares, by the names of a file"}},
      .run = run_workflow_show,
  };
  return kCommand;
}

}  // namespace forge::cli
