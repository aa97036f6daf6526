// What a later schema takes away from workflows and from runs that are open.

#include "forge/workflows/schema_gaps.h"

#include "runner_fixture.h"

namespace forge {
namespace {

std::string told(const std::vector<SchemaGap>& gaps) {
  std::string text;
  for (const SchemaGap& gap : gaps) {
    text += gap.workflow + (gap.is_in_force ? "" : " (earlier)") + " " + gap.place + ": " + gap.missing + " [" +
            std::to_string(gap.open_runs) + "]";
    for (const std::string& run : gap.runs) text += " " + run;
    text += "\n";
  }
  return text;
}

class SchemaGaps : public RunnerTest {
 protected:
  // Between the schema in force and that with `from` replaced.
  std::string gaps(const std::string& from, const std::string& to) const {
    std::string text(kRunShop);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto after = Domain::parse({{"shop.fbs", text}});
    for (const Status& error : after.errors) ADD_FAILURE() << error.message();
    return told(schema_gaps(store_->view(), *store_->domain(), *after.domain).value());
  }
  static std::string line_of(const std::string& table) {
    const std::string text(kRunShop);
    const std::size_t at = text.find("table " + table);
    return text.substr(at, text.find('\n', at) - at + 1);
  }
};

TEST_F(SchemaGaps, AreNoneWhereNothingNeedsWhatIsGone) {
  declare("w", "[step.a]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\n");
  EXPECT_EQ(gaps(line_of("ShipOrder"), ""), "");
  EXPECT_EQ(gaps("{ note: string; }\n", "{ note: string; more: int = null; }\n"), "");
}

TEST_F(SchemaGaps, NameWorkflowsAndOpenRuns) {
  declare("w",
          "[step.r]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = 'Stock.release'\n"
          "[step.ask]\napprove = '?'\nafter = ['r']\n");
  for (const char* id : {"r-1", "r-2", "r-3", "r-4"}) start("w", {}, id);
  work();
  ASSERT_TRUE(tell_run(*store_, "r-4", RunTelling::kTerminate).ok());
  EXPECT_EQ(gaps(line_of("Release"), ""), "w step.r.undo.action: there is no action 'Stock.release' [4] r-1 r-2 r-3\n")
      << "what is told to end has not ended yet";
  runner_->run();
  EXPECT_EQ(gaps(line_of("Release"), ""), "w step.r.undo.action: there is no action 'Stock.release' [3] r-1 r-2 r-3\n");
}

TEST_F(SchemaGaps, AreFoundInDefinitionsThatOpenRunsKeepTo) {
  declare("w", "[step.ask]\napprove = '?'\n[step.n]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\nafter = ['ask']\n");
  start("w");
  work();
  declare("w", "[step.ask]\napprove = '?'\n");
  EXPECT_EQ(gaps(line_of("NoteOrder"), ""), "w (earlier) step.n.action: there is no action 'Order.note' [1] r-1\n");
}

TEST_F(SchemaGaps, AreArgumentsAndEventsToo) {
  declare("a", "[step.r]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n");
  declare("h", "on = { event = 'Order.noted' }\n[step.x]\ntemplate = 'x'\n");
  EXPECT_EQ(gaps(line_of("NoteOrder"), ""), "h on.event: the hook is for events 'Order.noted', which no action makes [0]\n");
  EXPECT_EQ(gaps("set: \"left = left - :qty\") { qty: long = 1; }", "set: \"left = left - 1\") {}"),
            "a step.r.args.qty: step 'r' gives Stock.reserve an argument 'qty' that it does not take [0]\n");
}

// What was missing before is nobody's news.
TEST_F(SchemaGaps, AreWhatTheNewSchemaTakesAway) {
  declare("w", "[step.a]\naction = 'Order.never'\nargs = { id = 'o-1' }\n");
  EXPECT_EQ(gaps(line_of("NoteOrder"), ""), "");
}

}  // namespace
}  // namespace forge
