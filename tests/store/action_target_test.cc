// Generic actions: what their targets give is one transaction, and a retry gets the first answer.

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "forge/store/store.h"
#include "forge/testing.h"

namespace forge {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
namespace bank;
table Account (resource) {
  id: string (key);
  cents: long (check: "covered: cents >= 0");
}
table Move (action: "Account.move", updates, allow: "not_frozen: id <> 'frozen'", set: "cents = cents + :by") { by: long = 0; }
table Open (action: "Account.open", creates) { cents: long = 0; }
table Transfer (action: "Account.transfer", generic, allow: "clerks: :actor.role = 'clerk'", timeout: "2s") {
  from: string (required);
  to: string (required);
  cents: long = 10 (min: 1);
  pin: string (secret);
}
table Sweep (action: "Account.sweep", generic) {}
)fbs";

class Targets : public ::testing::Test {
 protected:
  void SetUp() override {
    OpenOptions options;
    options.clock = &clock_;
    options.targets["Account.transfer"] = [this](const TargetCall& call) { return ++calls_, target_(call); };
    store_.emplace(Store::open(":memory:", std::move(options)).value());
    store_->add_schema({{"bank.fbs", kSchema}}).value();
    store_->act("Account.open", {{"id", "a"}, {"cents", 100}}).value();
    store_->act("Account.open", {{"id", "b"}}).value();
  }
  static Result<TargetPlan> transfer(const TargetCall& call) {
    const std::int64_t cents = call.argument("cents").as_int();
    const Value from = call.argument("from"), to = call.argument("to");
    const Record payer = call.view.get("Account", from.as_text()).value();
    if (payer["cents"].as_int() < cents) return Status(ErrorId::kDiskFull, "the purse is empty").why("it holds too little");
    TargetPlan plan;
    plan.actions = {{.action = "Account.move", .args = {{"id", from}, {"by", -cents}}},
                    {.action = "Account.move", .args = {{"id", to}, {"by", cents}}}};
    plan.condition = AppendCondition{.items = {{.tags = {"Account/" + from.as_text()}}}, .after = call.view.seq()};
    return plan;
  }
  Result<TransactionReceipt> ask(Args args, ActOptions options = {}) {
    options.actor = Actor("ann", "clerk");
    return store_->transact({{.action = "Account.transfer", .args = std::move(args)}}, options);
  }
  std::int64_t cents(const char* account) { return store_->get("Account", account).value()["cents"].as_int(); }

  forge::testing::ManualClock clock_;
  ActionTarget target_ = transfer;
  int calls_ = 0;
  std::optional<Store> store_;
};

TEST_F(Targets, GiveTheActionsOfOneTransaction) {
  const TransactionReceipt done = ask({{"from", "a"}, {"to", "b"}, {"cents", 30}, {"pin", "1234"}}).value();
  ASSERT_EQ(done.actions.size(), 2u);
  EXPECT_EQ(done.actions[1].key, "b");
  EXPECT_EQ(cents("a"), 70);
  EXPECT_EQ(cents("b"), 30);
  for (Seq seq = done.first_seq; seq <= done.last_seq; ++seq) {
    const Event event = store_->view().event(seq).value();
    EXPECT_EQ(event.actor, "ann");
    EXPECT_EQ(event.metadata.find("generic")->as_text(), "Account.transfer");
  }
  const Event first = store_->view().event(done.first_seq).value();
  EXPECT_EQ(first.metadata.find("generic_arguments")->as_text(), R"([{"from":"a","to":"b","cents":30,"pin":"[secret]"}])");
}

TEST_F(Targets, SeeDefaultsOfTheirArguments) {
  ask({{"from", "a"}, {"to", "b"}}).value();
  EXPECT_EQ(cents("b"), 10);
}

TEST_F(Targets, StandAmongOtherActionsOfTheTransaction) {
  const Result<TransactionReceipt> done =
      store_->transact({{.action = "Account.open", .args = {{"id", "c"}, {"cents", 5}}},
                        {.action = "Account.transfer", .args = {{"from", "a"}, {"to", "c"}, {"cents", 1}}},
                        {.action = "Account.move", .args = {{"id", "c"}, {"by", -6}}}},
                       {.actor = Actor("ann", "clerk")});
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done->actions.size(), 4u);
  EXPECT_EQ(cents("c"), 0);
}

TEST_F(Targets, AreDecidedByTheRulesOfWhatTheyGive) {
  target_ = [](const TargetCall& call) -> Result<TargetPlan> {
    return TargetPlan{.actions = {{.action = "Account.move", .args = {{"id", call.argument("from")}, {"by", -1000}}}}};
  };
  EXPECT_EQ(ask({{"from", "a"}, {"to", "b"}}).status().id(), ErrorId::kRuleViolated);
  store_->act("Account.open", {{"id", "frozen"}, {"cents", 9000}}).value();
  EXPECT_EQ(ask({{"from", "frozen"}, {"to", "b"}}).status().id(), ErrorId::kPolicyDenied);
}

TEST_F(Targets, AreNotAskedWhereAPolicyDeniesOrAnArgumentIsWrong) {
  const Seq head = store_->head();
  EXPECT_EQ(store_->act("Account.transfer", {{"from", "a"}, {"to", "b"}}).status().id(), ErrorId::kPolicyDenied);
  EXPECT_EQ(ask({{"from", "a"}}).status().id(), ErrorId::kArgumentMissing);
  EXPECT_EQ(ask({{"from", "a"}, {"to", "b"}, {"cents", 0}}).status().id(), ErrorId::kArgumentRange);
  EXPECT_EQ(ask({{"from", "a"}, {"to", "b"}, {"id", "a"}}).status().id(), ErrorId::kUnknownField) << "it has no key";
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(store_->head(), head);
}

TEST_F(Targets, RefuseWithTheirReason) {
  const Status refused = ask({{"from", "b"}, {"to", "a"}}).status();
  EXPECT_EQ(refused.id(), ErrorId::kActionRefused);
  EXPECT_EQ(refused.text().what, "Account.transfer was refused by its target");
  EXPECT_EQ(refused.text().why, "the purse is empty: it holds too little");
  EXPECT_EQ(refused.text().state, "nothing was written");
}

TEST_F(Targets, ThatFailRefuseTheAction) {
  const Args args = {{"from", "a"}, {"to", "b"}};
  const auto failed = [&](ActionTarget target) {
    target_ = std::move(target);
    const Status status = ask(args).status();
    EXPECT_EQ(status.id(), ErrorId::kHandlerFailed) << status.message();
    return status.text().why;
  };
  EXPECT_EQ(failed([](const TargetCall&) -> Result<TargetPlan> { throw std::runtime_error("the bank burned down"); }),
            "the bank burned down");
  EXPECT_EQ(failed([](const TargetCall&) -> Result<TargetPlan> { throw 7; }), "it threw something that is no std::exception");
  EXPECT_EQ(failed([](const TargetCall&) -> Result<TargetPlan> { return TargetPlan{.actions = {{.action = "Account.sweep"}}}; }),
            "it gives Account.sweep, which is generic, too: a plan holds actions on records alone");
  target_ = [](const TargetCall&) -> Result<TargetPlan> { return TargetPlan{.actions = {{.action = "_schema.add"}}}; };
  EXPECT_EQ(ask(args).status().id(), ErrorId::kUnknownAction) << "what nobody may issue, no target may";
  const Status missing = store_->act("Account.sweep", {}).status();
  EXPECT_EQ(missing.id(), ErrorId::kHandlerMissing);
  EXPECT_EQ(missing.text().what, "Account.sweep needs a target, which this program does not have");
}

TEST_F(Targets, ThatGiveNothingLeaveAnEventThatChangesNothing) {
  target_ = [](const TargetCall&) -> Result<TargetPlan> { return TargetPlan(); };
  const Receipt done = store_->act("Account.transfer", {{"from", "a"}, {"to", "b"}}, {.actor = Actor("ann", "clerk")}).value();
  EXPECT_EQ(done.type, kEmptyTransactionType);
  EXPECT_EQ(done.seq, store_->head());
}

// The second time the target would refuse; what counts is what was done.
TEST_F(Targets, AnswerARetryAsTheFirstTime) {
  const Args args = {{"from", "a"}, {"to", "b"}, {"cents", 100}};
  const TransactionReceipt first = ask(args, {.idempotency_key = "k"}).value();
  const TransactionReceipt again = ask(args, {.idempotency_key = "k"}).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.last_seq, first.last_seq);
  EXPECT_EQ(ask({{"from", "a"}, {"to", "b"}, {"cents", 99}}, {.idempotency_key = "k"}).status().id(), ErrorId::kKeyReused);
  EXPECT_EQ(ask(args).status().id(), ErrorId::kActionRefused) << "without the key";
}

TEST_F(Targets, GiveAConditionThatGuardsWhatTheyRead) {
  target_ = [this](const TargetCall& call) {
    store_->act("Account.move", {{"id", "a"}, {"by", -95}}).value();  // somebody else is quicker
    return transfer(call);
  };
  const Status refused = ask({{"from", "a"}, {"to", "b"}}).status();
  EXPECT_EQ(refused.id(), ErrorId::kConditionFailed) << refused.message();
  EXPECT_EQ(cents("b"), 0);
}

TEST_F(Targets, WriteNothingInADryRun) {
  const Seq head = store_->head();
  EXPECT_EQ(ask({{"from", "a"}, {"to", "b"}}, {.dry_run = true}).value().actions.size(), 2u);
  EXPECT_EQ(store_->head(), head);
}

}  // namespace
}  // namespace forge
