#include "commands.h"
#include "forge/workflows/graph.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

Result<int> run_workflow_graph(Session& session) {
  std::vector<Status> errors;
  const auto definition = named_workflow(session, session.arguments.words()[0], errors);
  if (!errors.empty()) return session.refuse(errors);
  if (!definition.ok()) return definition.status();
  const std::string format = session.arguments.text("format");
  const WorkflowDrawing as = format == "mermaid" ? WorkflowDrawing::kMermaid
                             : format == "dot"   ? WorkflowDrawing::kDot
                                                 : WorkflowDrawing::kText;
  std::string drawing = draw_workflow(**definition, as);
  std::string text;
  for (std::size_t begin = 0; begin < drawing.size();) {
    const std::size_t end = drawing.find('\n', begin);
    text += printable(drawing.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(Object{{"name", (*definition)->name()}, {"format", format}, {"graph", std::move(drawing)}}, "name"));
  return 0;
}

}  // namespace

const Command& workflow_graph_command() {
  static const Command kCommand{
      .name = "workflow graph",
      .summary = "a workflow's steps as text, or as a picture in Mermaid or DOT",
      .arguments = {{.name = "WORKFLOW", .summary = "the name of a declared workflow, or a file", .offer = Offer::kFile}},
      .flags = {{.name = "format",
                 .type = FlagType::kChoice,
                 .value = "FORMAT",
                 .summary = "text for the terminal, mermaid for Markdown, dot for Graphviz",
                 .default_value = "text",
                 .choices = {"text", "mermaid", "dot"}}},
      .examples = {{"forgectl workflow graph checkout.toml", ""},
                   {"forgectl workflow graph checkout --format dot | dot -Tsvg > checkout.svg", ""}},
      .run = run_workflow_graph,
  };
  return kCommand;
}

}  // namespace forge::cli
