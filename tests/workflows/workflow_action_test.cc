// Generic actions that start runs.

#include "runner_fixture.h"

namespace forge {
namespace {

constexpr const char* kActions = R"(
table Refill (action: "Stock.refill", generic, workflow: "refill", allow: ":actor.role = 'clerk'") { sku: string (required); left: long = 7; note: string; }
table Again (action: "Stock.again", generic, workflow: "again") { sku: string; }
)";

class WorkflowActions : public RunnerTest {
 protected:
  WorkflowActions() {
    store_->add_schema({{"shop.fbs", std::string(kRunShop) + kActions}}).value();
    declare("refill", R"([input]
sku = 'string'
left = 'int'
note = { type = 'string', default = 'none' }
[step.fill]
action = 'Stock.fill'
args = { sku = '${input.sku}', left = '${input.left}' }
[step.text]
template = '${input.note} ${run.hops_left}'
)");
  }
  Result<TransactionReceipt> refill(Args args, ActOptions options = {}) {
    options.actor = Actor("ann", "clerk");
    return store_->transact({{.action = "Stock.refill", .args = std::move(args)}}, options);
  }
};

TEST_F(WorkflowActions, StartARunWithTheirArgumentsAsInputs) {
  const TransactionReceipt receipt = refill({{"sku", "mint"}}, {.correlation = "c-1"}).value();
  ASSERT_EQ(receipt.actions.size(), 1U);
  EXPECT_EQ(receipt.actions[0].resource, "_run");
  const std::string id = receipt.actions[0].key;
  EXPECT_EQ(info(id).status, "running");
  work();
  EXPECT_EQ(info(id).status, "completed") << info(id).error;
  EXPECT_EQ(info(id).result, "\"none 8\"") << "an argument that is null is not given";
  EXPECT_EQ(get("Stock", "mint")["left"], Value(7)) << "defaults of the action's arguments are";
  const Event started = store_->view().event(receipt.first_seq).value();
  EXPECT_EQ(started.actor, "ann");
  EXPECT_EQ(started.correlation, "c-1");
  EXPECT_EQ(started.metadata.find("generic")->as_text(), "Stock.refill");
}

TEST_F(WorkflowActions, StartOneRunForAnIdempotencyKey) {
  const std::string first = refill({{"sku", "mint"}}, {.idempotency_key = "k"}).value().actions.at(0).key;
  const TransactionReceipt again = refill({{"sku", "mint"}}, {.idempotency_key = "k"}).value();
  EXPECT_EQ(again.actions.at(0).key, first);
  EXPECT_EQ(runs(store_->view())->size(), 1U);
}

TEST_F(WorkflowActions, AreRefusedWhereNoRunCanStart) {
  const Status denied = store_->act("Stock.refill", {{"sku", "mint"}}).status();
  EXPECT_EQ(denied.id(), ErrorId::kPolicyDenied);
  const Status unknown = store_->act("Stock.again", {{"sku", "mint"}}).status();
  EXPECT_EQ(unknown.id(), ErrorId::kActionRefused);
  EXPECT_EQ(unknown.text().why, "there is no workflow 'again'");
  declare("again", "[input]\nkey = 'string'\n[step.a]\ntemplate = 'x'\n");
  const Status misfit = store_->act("Stock.again", {{"sku", "mint"}}).status();
  EXPECT_EQ(misfit.id(), ErrorId::kActionRefused);
  EXPECT_NE(misfit.text().why.find("key"), std::string::npos) << misfit.text().why;
  OpenOptions options;
  Store other = Store::open(":memory:", options).value();
  other.add_schema({{"shop.fbs", std::string(kRunShop) + kActions}}).value();
  EXPECT_EQ(other.act("Stock.again", {{"sku", "mint"}}).status().id(), ErrorId::kHandlerMissing);
  EXPECT_EQ(runs(store_->view())->size(), 0U);
}

// A workflow that starts itself by an action ends when its hops do.
TEST_F(WorkflowActions, AsStepsPassTheirHopsOnAndGiveTheRunsId) {
  declare("again", R"([input]
sku = 'string'
[step.next]
action = 'Stock.again'
args = { sku = '${input.sku}' }
[step.told]
template = '${next.key}'
)");
  const std::string first = store_->act("Stock.again", {{"sku", "mint"}}).value().key;
  work();
  const std::vector<RunInfo> all = runs(store_->view()).value();
  EXPECT_EQ(all.size(), 9U) << "of 8, 7, … and 0 hops";
  const std::string second = info(first).result;
  EXPECT_EQ(info(first).status, "completed") << info(first).error;
  EXPECT_EQ(info(second.substr(1, second.size() - 2)).workflow, "again");
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const RunInfo& run) { return run.status == "failed"; }), 2)
      << "the last one has no hop for its first step, and the one before none for its second";
}

}  // namespace
}  // namespace forge
