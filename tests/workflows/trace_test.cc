// The tree of what followed from what, and pictures of workflows.

#include "forge/workflows/trace.h"

#include <algorithm>

#include "forge/workflows/graph.h"
#include "forge/workflows/steering.h"
#include "runner_fixture.h"

namespace forge {
namespace {

class Trace : public RunnerTest {
 protected:
  // "0 Order.placed, 1 run, 2 note completed, …"
  static std::string words(const CausalTrace& trace) {
    std::string text;
    for (const TraceNode& node : trace.nodes) {
      if (!text.empty()) text += ", ";
      text += std::to_string(node.depth) + " ";
      if (node.kind == TraceNode::Kind::kRun) {
        text += "run " + node.key;
      } else {
        text += (node.step.empty() ? "" : node.step + " ") + node.type;
      }
    }
    return text;
  }
};

TEST_F(Trace, LeadsFromTheStimulusOverRunsAndHopsToTheEventsOfOtherRuns) {
  declare("welcome",
          "on = { event = 'Order.placed', input = { order = '${event.key}' } }\n[input]\norder = 'string'\n"
          "[step.note]\naction = 'Order.note'\nargs = { id = '${input.order}', note = 'welcome' }\n");
  declare("count",
          "on = { event = 'Order.noted', key = '${event.key}' }\n[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty "
          "= 1 }\n");
  work();
  const Receipt placed = store_->act("Order.place", {{"id", "o-2"}, {"sku", "tea"}}, {.correlation = "c-1"}).value();

  work();

  const CausalTrace trace = trace_correlation(store_->view(), "c-1").value();
  EXPECT_EQ(words(trace),
            "0 Order.placed, 1 run welcome@" + std::to_string(placed.seq) +
                ", 2 note completed, 3 Order.noted, 4 run count:o-2, 5 take completed, 6 Stock.reserved, 5 completed, 2 completed");
  EXPECT_EQ(trace.runs, 2U);
  EXPECT_FALSE(trace.more);
}

TEST_F(Trace, OfAForkHasBothRuns) {
  declare("two", "[step.a]\ntemplate = 'a'\n[step.b]\nfail = 'no'\nafter = ['a']\n");
  run("two");
  const std::string correlation = last_event("_run.started").correlation;

  ASSERT_TRUE(fork_run(*store_, "r-1", {.id = "f-1", .from = "b"}).ok());

  const CausalTrace trace = trace_correlation(store_->view(), correlation).value();
  EXPECT_EQ(words(trace), "0 run r-1, 1 a completed, 1 b failed, 1 failed, 2 run f-1");
}

TEST_F(Trace, TellsWhereItWasCutAndOfNothingIsEmpty) {
  declare("one", "[step.a]\ntemplate = 'a'\n");
  run("one");
  const std::string correlation = last_event("_run.started").correlation;

  const CausalTrace cut = trace_correlation(store_->view(), correlation, 2).value();
  EXPECT_EQ(words(cut), "0 run r-1, 1 a completed");
  EXPECT_TRUE(cut.more);
  EXPECT_FALSE(trace_correlation(store_->view(), correlation, 3)->more);
  EXPECT_TRUE(trace_correlation(store_->view(), "nothing")->nodes.empty());
}

std::string drawn(const std::string& toml, WorkflowDrawing as) {
  const auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
  for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
  return outcome.definition == nullptr ? "" : draw_workflow(*outcome.definition, as);
}

constexpr const char* kDrawn = R"(
[step.load]
read = "Order"
key = "o-1"
[step.each]
over = [1, 2]
[step.each.step.take]
action = "Stock.reserve"
args = { sku = "${load.sku}", qty = "${item}" }
undo = "Stock.release"
[step.each.step.note]
signal = "say \"<hi>\""
after = ["take"]
[step.ship]
action = "Order.ship"
args = { id = "o-1" }
after = ["each"]
where = "${load.qty} > 0"
)";

TEST(DrawWorkflow, InTextHasARowForEachStep) {
  EXPECT_EQ(drawn(kDrawn, WorkflowDrawing::kText), R"(w  2 to 5 of 8 hops
  load    read Order
  each    map                   after load
    take  action Stock.reserve  undo action Stock.release
    note  signal say "<hi>"     after take
  ship    action Order.ship     after load, each  where ${load.qty} > 0
)");
}

TEST(DrawWorkflow, InMermaidEscapesWhatNamesHold) {
  const std::string drawing = drawn(kDrawn, WorkflowDrawing::kMermaid);
  EXPECT_TRUE(drawing.starts_with("flowchart LR\n")) << drawing;
  for (const char* line : {"  s0[\"load<br/>read Order\"]\n", "  subgraph s1b0[\"each\"]\n", "  s0 --> s1\n", "  s1 -.-> s2\n",
                           "  s2 --> s3\n", "say #34;#60;hi#62;#34;", "style s4 stroke-dasharray: 4\n"}) {
    EXPECT_NE(drawing.find(line), std::string::npos) << line << "\n" << drawing;
  }
}

TEST(DrawWorkflow, InDotHasBalancedFrames) {
  const std::string drawing = drawn(kDrawn, WorkflowDrawing::kDot);
  EXPECT_TRUE(drawing.starts_with("digraph \"w\" {\n") && drawing.ends_with("}\n")) << drawing;
  for (const char* line : {"  s0 [label=\"load\\nread Order\"]\n", "  subgraph cluster_s1b0 {\n", "  s0 -> s1\n",
                           "  s1 -> s2 [style=dotted]\n", "say \\\"<hi>\\\"", "style=dashed]\n"}) {
    EXPECT_NE(drawing.find(line), std::string::npos) << line << "\n" << drawing;
  }
  EXPECT_EQ(std::count(drawing.begin(), drawing.end(), '{'), std::count(drawing.begin(), drawing.end(), '}'));
}

}  // namespace
}  // namespace forge
