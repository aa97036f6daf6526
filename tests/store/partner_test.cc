// Actions that the schema wants beside each other in one transaction.

#include <gtest/gtest.h>

#include "forge/store/store.h"

namespace forge::testing_support {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
  table Account (resource) { id: string (key); cents: long; }
  table Note (resource) { id: string (key); cents: long; }
  table Open (action: "Account.open", creates) { cents: long = 1000; }
  table Take (action: "Account.take", updates, set: "cents = cents - :n",
              with: "Account.give: of, n; Note.make: id = of, cents = n") { of: string; n: long = 5; }
  table Give (action: "Account.give", updates, set: "cents = cents + :n", with: "Account.take: of, n") { of: string; n: long = 5; }
  table Make (action: "Note.make", creates) { cents: long; }
)fbs";

ActionRequest take(const char* id, Args args) {
  args.add("id", id);
  return {.action = "Account.take", .args = std::move(args)};
}

ActionRequest give(const char* id, Args args) {
  args.add("id", id);
  return {.action = "Account.give", .args = std::move(args)};
}

ActionRequest note(const char* id, std::int64_t cents) {
  return {.action = "Note.make", .args = {{"id", id}, {"cents", cents}}};
}

class Partners : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.add_schema({{"bank.fbs", kSchema}}).value();
    for (const char* id : {"a", "b"}) store_.act("Account.open", {{"id", id}}).value();
    head_ = store_.head();
  }

  // Why the transaction is refused; nothing is written then.
  std::string refusal(std::vector<ActionRequest> actions) {
    const Status status = store_.transact(std::move(actions)).status();
    EXPECT_EQ(status.id(), ErrorId::kRuleViolated) << status.message();
    EXPECT_EQ(status.text().state, "nothing was written");
    EXPECT_EQ(store_.head(), head_);
    return status.text().what + ": " + status.text().why;
  }

  Store store_ = Store::open(":memory:").value();
  Seq head_ = 0;
};

TEST_F(Partners, StandTogetherInAnyOrder) {
  store_.transact({give("b", {{"of", "t"}, {"n", 7}}), note("t", 7), take("a", {{"of", "t"}, {"n", 7}})}).value();
  store_.transact({take("a", {{"of", "u"}}), note("u", 5), give("b", {{"of", "u"}, {"n", 5}})}).value();
  EXPECT_EQ((*store_.get("Account", "a"))["cents"].as_int(), 1000 - 7 - 5) << "what is not given has its default";
  EXPECT_EQ((*store_.get("Account", "b"))["cents"].as_int(), 1000 + 7 + 5);
}

TEST_F(Partners, AreMissedWhereTheyAreNotThere) {
  EXPECT_EQ(refusal({take("a", {{"of", "t"}, {"n", 7}})}),
            R"(Account.take goes with one Account.give in the same transaction: the transaction has none with of = "t" and n = 7)");
  EXPECT_EQ(
      refusal({give("b", {{"of", "t"}, {"n", 7}}), take("a", {{"of", "t"}, {"n", 7}})}),
      R"(Account.take goes with one Note.make in the same transaction: the transaction has none with id = "t" and cents = 7)");
}

TEST_F(Partners, AreMissedWhereTheirValuesDiffer) {
  refusal({take("a", {{"of", "t"}, {"n", 7}}), note("t", 7), give("b", {{"of", "t"}, {"n", 8}})});
  refusal({take("a", {{"of", "t"}, {"n", 7}}), note("t", 7), give("b", {{"of", "u"}, {"n", 7}})});
  refusal({take("a", {{"of", "t"}, {"n", 7}}), note("t", 8), give("b", {{"of", "t"}, {"n", 7}})});
  refusal({take("a", {{"n", 7}}), note("t", 7), give("b", {{"n", 7}})});  // null is equal to nothing
}

TEST_F(Partners, AreRefusedWhereThereAreTwo) {
  EXPECT_EQ(refusal({take("a", {{"of", "t"}, {"n", 7}}), note("t", 7), give("b", {{"of", "t"}, {"n", 7}}),
                     give("b", {{"of", "t"}, {"n", 7}})}),
            R"(Account.take goes with one Account.give in the same transaction: the transaction has 2 with of = "t" and n = 7)");
}

TEST_F(Partners, AreTakenBackTogether) {
  const Seq first =
      store_.transact({take("a", {{"of", "t"}, {"n", 7}}), note("t", 7), give("b", {{"of", "t"}, {"n", 7}})}).value().first_seq;
  head_ = store_.head();
  for (const Seq seq : {first, first + 2}) {
    const Status refused = store_.undo(seq).status();
    EXPECT_EQ(refused.id(), ErrorId::kRuleViolated) << refused.message();
    EXPECT_TRUE(refused.text().what.starts_with("taking back Account.")) << refused.text().what;
  }
  EXPECT_EQ(store_.head(), head_);
  store_.undo_transaction(first).value();
  EXPECT_EQ((*store_.get("Account", "a"))["cents"].as_int(), 1000);
  EXPECT_EQ((*store_.get("Account", "b"))["cents"].as_int(), 1000);
}

TEST_F(Partners, AreLookedForAmongWhatADryRunWouldDo) {
  const Status refused = store_.transact({take("a", {{"of", "t"}, {"n", 7}})}, {.dry_run = true}).status();
  EXPECT_EQ(refused.id(), ErrorId::kRuleViolated);
}

}  // namespace
}  // namespace forge::testing_support
