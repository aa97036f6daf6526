// What was stored under an earlier schema version, read and changed under one that has upcasts: by every way of reading a record,
// over reopening, rebuilding and verifying; and what happens where a record cannot be brought up.

#include <gtest/gtest.h>

#include <algorithm>

#include "forge/store/backup.h"
#include "forge/store/rebuild.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "store/sample_store.h"

namespace forge::testing_support {
namespace {

// Amounts in euros and one name; then amounts in cents, and the name in two fields.
constexpr const char* kActions = R"(
table Add (action: "Person.add", creates) { name: string; price: long; email: string; boss: int = null; }
table SetPrice (action: "Person.price", updates, set: "price = :to") { to: long = 0; }
table Drop (action: "Person.drop", destroys) {}
table Dear (action: "Person.dear", reads, where: "price >= :least", order: "price desc") { least: long = 0; }
)";

std::string schema(const std::string& upcast, const std::string& fields = "") {
  const std::string attribute = upcast.empty() ? "" : ", upcast: \"" + upcast + "\"";
  return "include \"forge.fbs\";\ntable Person (resource" + attribute +
         ") { id: int (key); name: string; price: long (index); email: string (unique); boss: int = null (references: "
         "\"Person\");" +
         fields + " }" + kActions;
}

const std::string kEuros = schema("");
constexpr const char* kSteps =
    "price = price * 100; first = substr(name, 1, instr(name, ' ') - 1); last = substr(name, instr(name, ' ') + 1)";
const std::string kCents = schema(kSteps, "first: string; last: string;");

class Upcasts : public ::testing::Test {
 protected:
  Upcasts() { reopen(); }

  void reopen() {
    store_.reset();
    store_.emplace(Store::open(path_.path()).value());
  }
  Store& store() { return *store_; }
  Result<LoadedDomain> add(const std::string& text) { return store().add_schema({{"people.fbs", text}}); }

  // Three people, one of them destroyed; seqs 2 to 5.
  void people() {
    add(kEuros).value();
    store().act("Person.add", {{"id", 1}, {"name", "Ann Lee"}, {"price", 5}, {"email", "ann"}}).value();
    store().act("Person.add", {{"id", 2}, {"name", "Bob Ray"}, {"price", 7}, {"email", "bob"}, {"boss", 1}}).value();
    store().act("Person.add", {{"id", 3}, {"name", "Cy Poe"}, {"price", 9}}).value();
    store().act("Person.drop", {{"id", 3}}).value();
  }

  void expect_sound() {
    const VerifyReport report = verify(store()).value();
    for (const VerifyCheck& check : report.checks) {
      for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
    }
  }

  std::vector<std::string> list(const View& view, const std::string& where, ReadPlan* plan = nullptr) {
    std::vector<std::string> out;
    const Status listed = view.list(
        {.resource = "Person", .where = where}, [&](const Record& record) { return out.push_back(record.key()), true; }, plan);
    EXPECT_TRUE(listed.ok()) << listed.message();
    return out;
  }

  FreshPath path_{"people"};
  std::optional<Store> store_;
};

using Keys = std::vector<std::string>;

TEST_F(Upcasts, ShowInEveryWayOfReadingARecordAndInNoEvent) {
  people();
  const View before = store().view();
  const std::string event = before.event(2).value().to_json();
  add(kCents).value();
  reopen();
  const View view = store().view();

  const Record record = view.get("Person", "1").value();
  EXPECT_EQ(record["price"], Value(500));
  EXPECT_EQ(record["first"], Value("Ann"));
  EXPECT_EQ(record["last"], Value("Lee"));
  EXPECT_EQ(record.version(), 1U) << "nothing was done to it";
  EXPECT_EQ(view.get_version("Person", "1", 1).value()["price"], Value(500));
  EXPECT_EQ(list(view, "last = 'Ray' and price = 700"), Keys{"2"});

  const std::vector<VersionRow> gone = view.history("Person", "3").value();
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(gone[0].changes[1].after, Value(900)) << gone[0].changes[1].field;
  const std::vector<FieldBlame> blame = view.blame("Person", "1").value();
  EXPECT_EQ(blame[2].field, "price");
  EXPECT_EQ(blame[2].value, Value(500));
  EXPECT_EQ(blame[2].seq, 2U);

  EXPECT_EQ(view.event(2).value().to_json(), event) << "the log tells what was written";
  EXPECT_EQ(store().as_of(Seq{5}).value().get("Person", "1").value()["price"], Value(5)) << "as it was, by the schema of then";
}

TEST_F(Upcasts, AreWhatTheNextActionRestsOn) {
  people();
  add(kCents).value();
  store().act("Person.price", {{"id", 1}, {"to", 650}}).value();
  const View view = store().view();
  EXPECT_EQ(view.get("Person", "1").value()["last"], Value("Lee"));
  const std::vector<VersionRow> history = view.history("Person", "1").value();
  ASSERT_EQ(history.size(), 2U);
  ASSERT_EQ(history[1].changes.size(), 1U) << "the upcast fields were there before";
  EXPECT_EQ(history[1].changes[0].before, Value(500));
  EXPECT_EQ(history[1].changes[0].after, Value(650));
  EXPECT_EQ(view.event(7).value().changes, (Object{{"price", 650}}));
  const std::optional<RecordDiff> diff = view.diff(store().as_of(Seq{6}).value(), "Person", "1").value();
  ASSERT_TRUE(diff);
  ASSERT_EQ(diff->changes.size(), 1U);
  EXPECT_EQ(diff->changes[0].before, Value(500));
  for (int price = 651; price < 670; ++price) store().act("Person.price", {{"id", 1}, {"to", price}}).value();
  EXPECT_EQ(store().as_of(Seq{15}).value().get("Person", "1").value()["first"], Value("Ann")) << "also from deltas";
  expect_sound();
}

TEST_F(Upcasts, AnActionThatChangesNothingOfItsOwnLeavesWhatTheyGave) {
  people();
  add(kCents).value();
  store().act("Person.price", {{"id", 2}, {"to", 700}}).value();
  EXPECT_TRUE(store().view().event(7).value().changes.members().empty());
  EXPECT_EQ(store().view().get("Person", "2").value()["last"], Value("Ray"));
  add(schema(std::string(kSteps) + "; last = last || '.'", "first: string; last: string;")).value();
  EXPECT_EQ(store().view().get("Person", "2").value()["last"], Value("Ray.")) << "the later step alone";
  EXPECT_EQ(store().view().get("Person", "2").value()["price"], Value(700));
  EXPECT_EQ(store().view().get("Person", "1").value()["last"], Value("Lee.")) << "all of them";
  expect_sound();
}

TEST_F(Upcasts, FillIndexesWithWhatTheyGive) {
  people();
  const View before = store().view();
  add(kCents).value();
  ReadPlan plan;
  EXPECT_EQ(list(store().view(), "price = 700", &plan), Keys{"2"});
  EXPECT_EQ(plan.index, "Person.price");
  EXPECT_EQ(list(store().view(), "price = 7"), Keys{});
  EXPECT_EQ(list(before, "price = 7", &plan), Keys{"2"}) << "the past has its own values";
  EXPECT_EQ(plan.index, "current") << plan.reason;
  expect_sound();
  store().act("Person.price", {{"id", 2}, {"to", 1}}).value();
  EXPECT_EQ(list(store().view(), "price = 700"), Keys{});
  expect_sound();
}

TEST_F(Upcasts, AnswerAQueryOfThePastByTodaysSchema) {
  people();
  const View before = store().view();
  add(kCents).value();
  Keys found;
  const Status asked = before.query("Person.dear", {{"least", 600}}, {}, [&](const Record& record) {
    return found.push_back(record.key() + " " + std::to_string(record["price"].as_int())), true;
  });
  ASSERT_TRUE(asked.ok()) << asked.message();
  EXPECT_EQ(found, Keys{"2 700"});
}

TEST_F(Upcasts, MoveUniqueValues) {
  people();
  add(schema("email = upper(email)")).value();
  EXPECT_EQ(store().act("Person.add", {{"id", 4}, {"email", "BOB"}}).status().id(), ErrorId::kUniqueTaken);
  store().act("Person.add", {{"id", 5}, {"email", "bob"}}).value();
  expect_sound();
  const FreshPath target("rebuilt");
  rebuild(store(), target.path()).value();
  Store rebuilt = Store::open(target.path()).value();
  EXPECT_EQ(contents_of(rebuilt).value(), contents_of(store()).value());
  EXPECT_EQ(rebuilt.act("Person.add", {{"id", 6}, {"email", "ANN"}}).status().id(), ErrorId::kUniqueTaken);
  EXPECT_TRUE(verify(rebuilt).value().ok());
}

TEST_F(Upcasts, GiveValuesToNewConstraints) {
  people();
  const Status added = add(schema("code = 'p' || coalesce(email, ''); chief = boss",
                                  "code: string (unique, required); chief: int = null (references: \"Person\");"))
                           .status();
  ASSERT_TRUE(added.ok()) << added.message();
  EXPECT_EQ(store().view().get("Person", "2").value()["code"], Value("pbob"));
  EXPECT_EQ(store().act("Person.drop", {{"id", 1}}).status().id(), ErrorId::kStillReferenced);
  EXPECT_EQ(list(store().view(), "chief = 1"), Keys{"2"});
  expect_sound();
}

// A schema version that some record cannot be brought to is not added, and what is refused leaves no trace.
class RefusedUpcasts : public Upcasts {
 protected:
  std::string refusal(const std::string& text) {
    const Seq head = store().head();
    const std::string contents = contents_of(store()).value();
    const Result<LoadedDomain> added = add(text);
    EXPECT_FALSE(added.ok());
    EXPECT_EQ(store().head(), head);
    EXPECT_EQ(store().schemas().size(), 1U);
    EXPECT_EQ(contents_of(store()).value(), contents);
    expect_sound();
    return added.status().message();
  }
};

TEST_F(RefusedUpcasts, NameTheRecordTheStepAndTheVersions) {
  people();
  EXPECT_EQ(
      refusal(schema("price = 700 / (price - 7)")),
      "E2118 Person 2 as event 3 left it, under schema version 1, cannot be brought to version 2: step 1, price = 700 / (price "
      "- 7): the assignment of 'price' could not be evaluated, 700 / 0 divides by zero (people.fbs:2:34); nothing was written; "
      "the record as it was stored: forgectl get Person 2 --as-of 3; mend the upcast before its schema is added");
  EXPECT_NE(refusal(schema("price = price * 9000000000000000000")).find("step 1, "), std::string::npos);
  EXPECT_NE(refusal(schema("code = nullif(email, 'bob')", "code: string (required);")).find("it gives null, and code is required"),
            std::string::npos);
}

TEST_F(RefusedUpcasts, NameBothRecordsThatWouldHoldOneUniqueValue) {
  people();
  const std::string refused = refusal(schema("email = 'same'"));
  EXPECT_NE(refused.find("E3006 an upcast makes two records of Person hold the same email: email is same in Person 1 and Person 2"),
            std::string::npos)
      << refused;
}

TEST_F(RefusedUpcasts, NameTheReferenceThatWouldDangle) {
  people();
  const std::string refused = refusal(schema("boss = 3"));
  EXPECT_NE(refused.find("E3013 Person.boss references no Person: Person 1 names Person 3, which is not there"), std::string::npos)
      << refused;
}

TEST_F(RefusedUpcasts, AreThoseOfADryRunToo) {
  people();
  EXPECT_EQ(store().add_schema({{"people.fbs", schema("price = price / 0")}}, {.dry_run = true}).status().id(),
            ErrorId::kUpcastFailed);
  EXPECT_TRUE(store().add_schema({{"people.fbs", kCents}}, {.dry_run = true}).ok());
  EXPECT_EQ(store().schemas().size(), 1U);
  const Store reader = Store::open(path_.path(), {.read_only = true}).value();
  EXPECT_EQ(reader.domain()->find_resource("Person")->upcasts.size(), 0U);
}

// What fails for a record that no longer lives, or for an earlier version of one, is found when that is read; nothing else is
// touched by it.
TEST_F(Upcasts, ThatFailOnAnEarlierVersionLeaveTheOthersReadable) {
  people();
  store().act("Person.price", {{"id", 1}, {"to", 6}}).value();
  add(schema("price = 100 / (price - 5) + 100 / (price - 9)")).value();
  const View view = store().view();
  EXPECT_EQ(view.get("Person", "1").value()["price"], Value(67));
  EXPECT_EQ(view.get("Person", "2").value()["price"], Value(0));
  for (const char* key : {"1", "3"}) {
    const Status failed = view.history("Person", key).status();
    EXPECT_EQ(failed.id(), ErrorId::kUpcastFailed) << key;
  }
  EXPECT_EQ(view.get_version("Person", "1", 1).status().text().what,
            "Person 1 as event 2 left it, under schema version 1, cannot be brought to version 2");
  EXPECT_TRUE(view.history("Person", "2").ok());
  EXPECT_EQ(list(view, ""), (Keys{"1", "2"}));
  EXPECT_EQ(store().as_of(Seq{2}).value().get("Person", "1").value()["price"], Value(5));
  store().act("Person.add", {{"id", 3}, {"name", "New One"}, {"price", 9}}).value();
  EXPECT_EQ(view.event(4).value().key, "3");
  expect_sound();
}

TEST_F(Upcasts, AreInEveryCopyOfTheStore) {
  people();
  store().act("Person.price", {{"id", 2}, {"to", 8}}).value();
  add(kCents).value();
  store().act("Person.price", {{"id", 1}, {"to", 650}}).value();
  const std::string contents = contents_of(store()).value();

  const FreshPath whole("whole"), early("early"), saved("saved"), restored("restored");
  rebuild(store(), whole.path()).value();
  rebuild(store(), early.path(), {.as_of = Seq{6}}).value();
  backup(store(), saved.path()).value();
  restore(saved.path(), restored.path()).value();
  for (const FreshPath* copy : {&whole, &restored}) {
    Store same = Store::open(copy->path()).value();
    EXPECT_EQ(contents_of(same).value(), contents);
    EXPECT_TRUE(verify(same).value().ok());
    EXPECT_EQ(list(same.view(), "price = 800"), Keys{"2"});
    Keys differing;
    EXPECT_TRUE(diff_stores(store().view(), same.view(), "", [&](const RecordDiff& diff) {
                  return differing.push_back(diff.key), true;
                }).ok());
    EXPECT_EQ(differing, Keys{});
  }
  Store past = Store::open(early.path()).value();
  EXPECT_EQ(past.view().get("Person", "1").value()["price"], Value(5));
  past.add_schema({{"people.fbs", kCents}}).value();
  EXPECT_EQ(past.view().get("Person", "1").value()["price"], Value(500)) << "a fork goes its own way";
  EXPECT_TRUE(verify(past).value().ok());
}

TEST_F(Upcasts, OfTwoVersionsAddedTogetherOrOneByOneGiveTheSame) {
  people();
  const FreshPath target("fork");
  rebuild(store(), target.path()).value();
  Store other = Store::open(target.path()).value();
  const std::string two = schema("price = price * 100; price = price + 1; name = upper(name)");
  add(schema("price = price * 100")).value();
  store().act("Person.price", {{"id", 1}, {"to", 500}}).value();
  add(two).value();
  other.add_schema({{"people.fbs", two}}).value();
  for (const char* key : {"1", "2"}) {
    EXPECT_EQ(store().view().get("Person", key).value().to_object(), other.view().get("Person", key).value().to_object()) << key;
  }
  expect_sound();
}

}  // namespace
}  // namespace forge::testing_support
