// Constraints of the schema's vocabulary in a store: what is refused, and what is kept beside the records.

#include <gtest/gtest.h>

#include <algorithm>

#include "forge/events/key.h"
#include "forge/projections/table_keys.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "forge/testing.h"
#include "store/constraint_schema.h"
#include "store_state.h"

namespace forge::testing_support {
namespace {

class Constraints : public ::testing::Test {
 protected:
  void SetUp() override { store_.add_schema({{"shop.fbs", kConstraintSchema}}).value(); }

  ErrorId act(const char* action, Args args) { return store_.act(action, std::move(args)).status().id(); }
  ErrorId transact(std::vector<ActionRequest> actions) { return store_.transact(std::move(actions)).status().id(); }
  void expect_sound() {
    const VerifyReport report = verify(store_, {.files = false}).value();
    for (const VerifyCheck& check : report.checks) {
      for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
    }
  }
  std::vector<std::string> findings() {
    std::vector<std::string> out;
    const VerifyReport report = verify(store_, {.files = false}).value();
    for (const VerifyCheck& check : report.checks) {
      for (const Status& finding : check.findings) out.push_back(finding.text().what);
    }
    return out;
  }
  internal::Database& database() { return *StoreAccess::state(store_).database; }
  void write(Table table, const std::string& key, bool erase) {
    rocksdb::WriteBatch batch;
    ASSERT_TRUE((erase ? batch.Delete(database().handle(table), key) : batch.Put(database().handle(table), key, "")).ok());
    ASSERT_TRUE(database().write(batch, false).ok());
  }
  std::string first_key(Table table) {
    const auto iterator = database().iterate(table);
    iterator->SeekToFirst();
    return iterator->Valid() ? iterator->key().ToString() : std::string();
  }

  testing::ManualClock clock_;
  Store store_ = Store::open(":memory:", {.clock = &clock_}).value();
};

TEST_F(Constraints, ConditionalUniqueValuesAreFreeWhereTheConditionDoesNotHold) {
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 1}, {"day", 1}, {"room", 1}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 2}, {"day", 1}, {"room", 1}}), ErrorId::kUniqueTaken);
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 2}, {"day", 1}}), ErrorId::kNone) << "NULL is never taken";
  EXPECT_EQ(act("Order.edit", {{"shop", "n"}, {"number", 1}, {"status", "Cancelled"}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.edit", {{"shop", "n"}, {"number", 2}, {"room", 1}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.edit", {{"shop", "n"}, {"number", 1}, {"status", "Placed"}}), ErrorId::kUniqueTaken);
  expect_sound();
}

TEST_F(Constraints, ATakenValueIsNamedWithItsHolder) {
  ASSERT_EQ(act("Order.place", {{"shop", "n"}, {"number", 1}, {"day", 1}, {"room", -2}}), ErrorId::kNone);
  const Status refused = store_.act("Order.place", {{"shop", "n"}, {"number", 2}, {"day", 1}, {"room", -2}}).status();
  EXPECT_EQ(refused.text().why, "day is 1, room is -2, held by Order n,1");
  EXPECT_EQ(refused.text().place, "shop.fbs:4:54");
}

TEST_F(Constraints, ReferencesAreCheckedAtTheEndOfTheTransaction) {
  EXPECT_EQ(
      transact({request("Order.place", {{"shop", "n"}, {"number", 1}, {"customer", "c"}}), request("Customer.add", {{"id", "c"}})}),
      ErrorId::kNone)
      << "the referring record may come first";
  EXPECT_EQ(transact({request("Order.edit", {{"shop", "n"}, {"number", 1}, {"customer", "nobody"}}),
                      request("Order.edit", {{"shop", "n"}, {"number", 1}, {"customer", "c"}})}),
            ErrorId::kNone)
      << "what stands in between does not count";
  EXPECT_EQ(act("Customer.drop", {{"id", "c"}}), ErrorId::kStillReferenced);
  EXPECT_EQ(transact({request("Customer.drop", {{"id", "c"}}), request("Customer.add", {{"id", "c"}})}), ErrorId::kNone);
  EXPECT_EQ(transact({request("Customer.drop", {{"id", "c"}}), request("Order.drop", {{"shop", "n"}, {"number", 1}})}),
            ErrorId::kNone);
  EXPECT_EQ(act("Customer.add", {{"id", "self"}, {"boss", "self"}}), ErrorId::kNone);
  EXPECT_EQ(act("Customer.drop", {{"id", "self"}}), ErrorId::kNone) << "its own reference goes with it";
  expect_sound();
}

TEST_F(Constraints, ADryRunLeavesNoReferenceBehind) {
  EXPECT_EQ(act("Customer.add", {{"id", "c"}}), ErrorId::kNone);
  ActOptions dry;
  dry.dry_run = true;
  EXPECT_TRUE(store_.act("Order.place", {{"shop", "n"}, {"number", 1}, {"customer", "c"}}, dry).ok());
  EXPECT_EQ(act("Customer.drop", {{"id", "c"}}), ErrorId::kNone);
}

TEST_F(Constraints, ComputedFieldsFollowEveryChangeAndAreStored) {
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 1}, {"qty", 4}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.edit", {{"shop", "n"}, {"number", 1}, {"qty", 5}}), ErrorId::kNone);
  EXPECT_EQ(store_.get("Order", "n,1").value()["doubled"], Value(10));
  EXPECT_EQ(store_.as_of(2).value().get("Order", "n,1").value()["doubled"], Value(8));
  expect_sound();
}

TEST_F(Constraints, TagsFollowTheValueBeforeAndAfter) {
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 1}, {"sku", "tea"}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.edit", {{"shop", "n"}, {"number", 1}, {"sku", "milk"}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.drop", {{"shop", "n"}, {"number", 1}}), ErrorId::kNone);
  const auto seqs = [&](const char* tag) {
    std::vector<Seq> out;
    const Status read = store_.view().log({.tag = tag}, [&](const Event& event) { return out.push_back(event.seq), true; });
    EXPECT_TRUE(read.ok()) << read.message();
    return out;
  };
  EXPECT_EQ(seqs("sku=tea"), (std::vector<Seq>{2, 3}));
  EXPECT_EQ(seqs("sku=milk"), (std::vector<Seq>{3, 4}));
  EXPECT_EQ(seqs("sku=te"), std::vector<Seq>{});
  expect_sound();
}

TEST_F(Constraints, VerifyFindsIndexEntriesAndTagsThatAreNotThoseOfTheRecords) {
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 1}, {"sku", "tea"}}), ErrorId::kNone);
  const std::string entry = first_key(Table::kIndex), tag = first_key(Table::kTags);
  write(Table::kIndex, entry, true);
  EXPECT_EQ(findings(), std::vector<std::string>{"Order n,1 has no entry in the index Order.status"});
  write(Table::kIndex, entry, false);
  write(Table::kIndex, entry + "x", false);
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_TRUE(findings()[0].starts_with("an entry of the index Order.status names a record without these values"));
  write(Table::kIndex, entry + "x", true);
  write(Table::kIndex, std::string("\x7f\x7f\x01", 3), false);
  EXPECT_EQ(findings(), std::vector<std::string>{"an index entry belongs to no index"});
  write(Table::kIndex, std::string("\x7f\x7f\x01", 3), true);
  write(Table::kTags, tag, true);
  EXPECT_EQ(findings(), std::vector<std::string>{"the tag sku=tea lacks event 2"});
  write(Table::kTags, tag, false);
  std::string other;
  append_tag_key("sku=milk", 2, other);
  write(Table::kTags, other, false);
  EXPECT_EQ(findings(), std::vector<std::string>{"the tag sku=milk names an event that does not have it"});
  write(Table::kTags, other, true);
  expect_sound();
}

TEST_F(Constraints, VerifyFindsAReferenceToWhatIsNotThere) {
  EXPECT_EQ(act("Customer.add", {{"id", "c"}}), ErrorId::kNone);
  EXPECT_EQ(act("Order.place", {{"shop", "n"}, {"number", 1}, {"customer", "c"}}), ErrorId::kNone);
  const Resource& customer = *store_.domain()->find_resource("Customer");
  std::string key;
  append_current_key(customer.number, encode_key(customer, "c").value(), key);
  write(Table::kCurrent, key, true);
  const std::vector<std::string> found = findings();
  EXPECT_NE(std::find(found.begin(), found.end(), "Order n,1 references a Customer that is not there"), found.end());
}

TEST_F(Constraints, ActionsWaitNoLongerThanTheirTimeout) {
  const std::string slow = std::string(kConstraintSchema) + "table Hurry (action: \"Line.hurry\", upserts, timeout: \"1h\") {}\n";
  store_.add_schema({{"shop.fbs", slow}}).value();
  ActOptions options;
  std::vector<ActionRequest> actions = {request("Line.hurry", {{"shop", "n"}, {"number", 1}, {"line", 1}})};
  const auto timeout = [&] {
    return internal::PreparedTransaction::make(actions, options, store_.domain(), Limits()).value()->timeout();
  };
  EXPECT_EQ(timeout(), std::chrono::hours(1));
  options.timeout = std::chrono::minutes(5);
  EXPECT_EQ(timeout(), std::chrono::minutes(5)) << "the caller's is shorter";
  options.timeout = std::chrono::hours(5);
  EXPECT_EQ(timeout(), std::chrono::hours(1));
}

}  // namespace
}  // namespace forge::testing_support
