// Transaction steps whose reads see what the block has written.

#include <gtest/gtest.h>

#include "forge/store/verify.h"
#include "forge/workflows/replay.h"
#include "workflows/runner_fixture.h"

namespace forge {
namespace {

class TransactionSteps : public RunnerTest {
 protected:
  // A block that takes some tea and looks at what is left.
  static std::string sale(const std::string& qty, const std::string& attributes = "") {
    return "[step.t]\ntransaction = true\n" + attributes +
           "\n[step.t.step.reserve]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = " + qty +
           " }\n[step.t.step.left]\nread = 'Stock'\nkey = 'tea'\n";
  }
  // The run can be decided again from its journal, and everything in the store fits together.
  void expect_sound(const std::string& id = "r-1") const {
    EXPECT_TRUE(replay_run(store_->view(), id).value().is_identical());
    EXPECT_TRUE(verify(*store_).value().ok());
  }
  // All that the step did, and that it is done, is one transaction.
  void expect_one_commit(const std::string& from_type, std::uint16_t count) const {
    const Event first = last_event(from_type);
    EXPECT_EQ(first.count, count);
    EXPECT_EQ(store_->view().event(first.seq + count - 1 - first.place).value().transaction, first.transaction);
  }
};

TEST_F(TransactionSteps, ReadWhatTheBlockHasWritten) {
  declare("sell", sale("2", "return = 'left'") + R"(
[step.text]
template = "${t.left} left at version ${t._version}, event ${t._seq}"
)");

  EXPECT_EQ(run("sell").result, "\"3 left at version 2, event 6\"");
  EXPECT_EQ(last_event("Stock.reserved").seq, 6U);
  expect_one_commit("Stock.reserved", 2);
  expect_sound();
}

TEST_F(TransactionSteps, ActOnWhatTheyRead) {
  declare("sell", sale("'${input.qty}'") + R"(
[step.t.step.refill]
action = "Stock.fill"
args = { sku = "tea", left = 20 }
where = "${left.left} < 2"
[step.t.step.note]
action = "Order.note"
args = { id = "o-1", note = "${left.left} left, event ${reserve.seq} by ${run.id}, ${early.sku}" }
[step.early]
read = "Order"
key = "o-1"
[input]
qty = "int"
)");

  EXPECT_EQ(run("sell", {{"qty", 2}}, "r-1").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(3));
  EXPECT_EQ(get("Order", "o-1")["note"].as_text(),
            "3 left, event " + std::to_string(last_event("Stock.reserved").seq) + " by r-1, tea");
  expect_one_commit("Stock.reserved", 3);

  EXPECT_EQ(run("sell", {{"qty", 2}}, "r-2").status, "completed");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(20)) << "one was left";
  expect_one_commit("Stock.reserved", 4);
  EXPECT_EQ(last_event("Stock.filled").transaction, last_event("Stock.reserved").transaction);
  expect_sound("r-1");
  expect_sound("r-2");
}

TEST_F(TransactionSteps, QueryWhatTheBlockHasWritten) {
  store_->act("Stock.fill", {{"sku", "mint"}, {"left", 11}}).value();
  declare("few", R"(
[step.t]
transaction = true
return = "few"
[step.t.step.mint]
action = "Stock.reserve"
args = { sku = "mint", qty = 4 }
[step.t.step.tea]
action = "Stock.fill"
args = { sku = "tea", left = 40 }
[step.t.step.few]
query = "Stock.few"
[step.text]
template = "${t[0].sku} ${t[0].left}"
)");

  EXPECT_EQ(run("few").result, "\"mint 7\"");
  expect_sound();
}

TEST_F(TransactionSteps, ReturnWhatAnActionCameTo) {
  declare("sell", R"(
[step.t]
transaction = true
return = "note"
[step.t.step.reserve]
action = "Stock.reserve"
args = { sku = "tea" }
[step.t.step.note]
action = "Order.note"
args = { id = "o-1", note = "at version ${reserve.version}, ${reserve.changes.left} left" }
[step.text]
template = "${t.type}: ${t.changes.note}"
)");

  EXPECT_EQ(run("sell").result, "\"Order.noted: at version 2, 4 left\"");
  expect_sound();
}

TEST_F(TransactionSteps, EndAsTheirReadsSay) {
  const auto block = [](const std::string& how) {
    return "[step.t]\ntransaction = true\n[step.t.step.fill]\naction = 'Stock.fill'\nargs = { sku = 'mint', left = 1 }\n"
           "[step.t.step.none]\nread = 'Stock'\nkey = 'none'\n" +
           how + "[step.after]\naction = 'Order.ship'\nargs = { id = 'o-1' }\nafter = ['t']\n";
  };
  declare("fails", block(""));
  declare("halts", block("not_found = 'halt'\n"));
  declare("goes_on", block("not_found = 'null'\n"));

  const RunInfo failed = run("fails", {}, "r-1");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_EQ(failed.error.substr(0, 5), "E3004");
  EXPECT_EQ(run("halts", {}, "r-2").status, "halted");
  EXPECT_EQ(store_->get("Stock", "mint").status().id(), ErrorId::kRecordNotFound) << "nothing was written";
  EXPECT_EQ(get("Order", "o-1")["status"], Value("placed"));
  EXPECT_EQ(run("goes_on", {}, "r-3").status, "completed");
  EXPECT_EQ(get("Stock", "mint")["left"], Value(1));
  for (const char* id : {"r-1", "r-2", "r-3"}) expect_sound(id);
}

TEST_F(TransactionSteps, FailAsAWholeWhereALaterActionIsRefused) {
  declare("sell", sale("3") + R"(
[step.t.step.again]
action = "Stock.reserve"
args = { sku = "tea", qty = { expr = "${left.left} + 1" } }
)");

  const RunInfo run = this->run("sell");
  EXPECT_EQ(run.status, "failed");
  EXPECT_EQ(run.error.substr(0, 5), "E2107") << run.error;
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  expect_sound();
}

TEST_F(TransactionSteps, AreUndoneFromTheLogAsOne) {
  declare("sell", sale("2", "undo = 'auto'") + R"(
[step.t.step.note]
action = "Order.note"
args = { id = "o-1", note = "${left.left} left" }
[step.stop]
fail = "enough"
after = ["t"]
)");

  EXPECT_EQ(run("sell").status, "compensated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(5));
  EXPECT_TRUE(get("Order", "o-1")["note"].is_null());
  expect_sound();
}

}  // namespace
}  // namespace forge
