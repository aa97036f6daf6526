#include "forge/workflows/trace.h"
#include "commands.h"
#include "forge/workflows/runs.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr const char* kKinds[] = {"event", "run", "hop"};

// "Order.placed  Order o-1  event 3  ada", "run co-1  checkout  event 5", "reserve  completed  event 8".
std::string words_of_node(const TraceNode& node) {
  std::string text;
  switch (node.kind) {
    case TraceNode::Kind::kEvent:
      text = node.type + "  " + node.resource + " " + node.key;
      break;
    case TraceNode::Kind::kRun:
      text = "run " + node.key + "  " + node.type;
      break;
    case TraceNode::Kind::kHop:
      text = (node.step.empty() ? "" : node.step + "  ") + node.type + (node.warnings ? " with warnings" : "");
      break;
  }
  text += "  event " + std::to_string(node.seq);
  if (node.shows_actor && !node.actor.empty()) text += "  " + node.actor;
  return printable(text);
}

// The lines of a tree whose nodes stand each before what is below them.
std::string tree_text(const std::vector<TraceNode>& nodes) {
  // Whether a node has a further one beside it: seen from the end, the first of its depth with nothing higher up between.
  std::vector<bool> more(nodes.size());
  std::vector<bool> open;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    open.resize(nodes[i].depth + 1);
    more[i] = open[nodes[i].depth];
    open[nodes[i].depth] = true;
  }
  std::string text;
  std::vector<bool> rails;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::size_t depth = nodes[i].depth;
    rails.resize(depth + 1);
    rails[depth] = more[i];
    for (std::size_t level = 1; level < depth; ++level) text += rails[level] ? "│  " : "   ";
    if (depth > 0) text += more[i] ? "├─ " : "└─ ";
    text += words_of_node(nodes[i]) + "\n";
  }
  return text;
}

Object node_object(const TraceNode& node) {
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  return Object{{"kind", kKinds[static_cast<int>(node.kind)]},
                {"depth", node.depth},
                {"seq", node.seq},
                {"at", format_time(node.at)},
                {"type", node.type},
                {"resource", text(node.resource)},
                {"key", node.key},
                {"step", text(node.step)},
                {"actor", text(node.actor)},
                {"warnings", node.warnings},
                {"hops_left", node.hops_left ? Value(*node.hops_left) : Value()}};
}

Result<int> run_trace(Session& session) {
  const std::string& word = session.arguments.words()[0];
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  const View view = store.view();
  FORGE_ASSIGN(CausalTrace trace, trace_correlation(view, word));
  if (trace.nodes.empty()) {
    // A run may be named instead of the correlation that it has.
    const Result<RunDetail> run = run_detail(view, word);
    if (run.status().id() == ErrorId::kRunNotFound) {
      return Status(ErrorId::kRunNotFound, "no event has the correlation '" + word + "', and there is no run of that id");
    }
    if (!run.ok()) return run.status();
    FORGE_ASSIGN(const Event start, view.event(run->pulses.at(0).seq));
    FORGE_ASSIGN(trace, trace_correlation(view, start.correlation));
  }
  FORGE_TRY(session.out.text(printable(trace.correlation) + "  " + counted(trace.nodes.size(), "event") + ", " +
                             counted(trace.runs, "run") + "\n" + tree_text(trace.nodes)));
  List nodes;
  for (const TraceNode& node : trace.nodes) nodes.emplace_back(node_object(node));
  FORGE_TRY(session.out.object(
      Object{{"correlation", trace.correlation}, {"runs", trace.runs}, {"more", trace.more}, {"nodes", std::move(nodes)}},
      "correlation"));
  if (trace.more) session.notice("there are more events than are shown; see all: forgectl log --correlation " + trace.correlation);
  return 0;
}

}  // namespace

const Command& trace_command() {
  static const Command kCommand{
      .name = "trace",
      .summary = "what followed from what: the events of a correlation as a tree of events, runs and hops",
      .arguments = {{.name = "CORRELATION", .summary = "the id that they share, or the id of a run"}},
      .examples = {{"forgectl trace co-1", "everything that has to do with this run"}},
      .run = run_trace,
  };
  return kCommand;
}

}  // namespace forge::cli
