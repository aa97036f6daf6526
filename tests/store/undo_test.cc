// Taking events back: what comes back, what refuses, and what everybody sees of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "forge/events/json.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "forge/testing.h"

namespace forge {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
namespace shop;
enum Status : byte { Placed, Paid, Shipped }
table Owner (resource) { id: string (key); }
table Item (resource) {
  id: string (key);
  price: long (check: "price >= 0");
  qty: long = 1;
  total: long (computed: "price * qty");
  name: string (required);
  note: string;
  code: string (unique);
  sku: string (tag, index);
  status: Status (transitions: "-> Placed; Placed -> Paid; Paid -> Shipped");
  owner: string (references: "Owner");
}
table AddOwner (action: "Owner.add", creates) {}
table DropOwner (action: "Owner.drop", destroys) {}
table AddItem (action: "Item.add", creates, event: "Item.added") { price: long = 0; qty: long = 1; name: string; note: string; code: string; sku: string; owner: string; }
table EditItem (action: "Item.edit", updates, event: "Item.edited") { price: long = null; qty: long = null; name: string; note: string; code: string; sku: string; owner: string; }
table PayItem (action: "Item.pay", updates, require: "status = 'Placed'", set: "status = 'Paid'") {}
table TouchItem (action: "Item.touch", updates) {}
table GuardItem (action: "Item.guard", updates, allow: "mine: :actor.id = owner; small: :by < 10", set: "price = price + :by") { by: long = 1; }
table DropItem (action: "Item.drop", destroys, event: "Item.dropped", allow: "own: owner is null or :actor.id = owner") {}
)fbs";

class Undo : public ::testing::Test {
 protected:
  Undo() {
    OpenOptions options;
    options.clock = &clock_;
    options.ids = &ids_;
    store_ = std::make_unique<Store>(Store::open(":memory:", options).value());
    store_->add_schema({{"shop.fbs", kSchema}}).value();
    store_->act("Owner.add", {{"id", "ann"}}).value();
    add("i");
  }
  void TearDown() override {
    const Result<VerifyReport> report = verify(*store_);
    EXPECT_TRUE(report.ok() && report->ok()) << "the store is not sound any more";
  }

  void add(const char* id) { store_->act("Item.add", {{"id", id}, {"price", 10}, {"name", "tea"}, {"owner", "ann"}}).value(); }
  Seq edit(Args args) {
    args.add("id", "i");
    return store_->act("Item.edit", std::move(args), {.actor = "web"}).value().seq;
  }
  Record item() const { return store_->get("Item", "i").value(); }
  ErrorId refusal(Seq seq, const ActOptions& options = {}) const {
    const Seq head = store_->head();
    const ErrorId id = store_->undo(seq, options).status().id();
    EXPECT_EQ(store_->head(), head);
    return id;
  }
  Event event(Seq seq) const { return store_->view().event(seq).value(); }

  testing::ManualClock clock_;
  testing::SeededIds ids_{3};
  std::unique_ptr<Store> store_;
};

TEST_F(Undo, BringsBackWhatTheEventChangedAndLetsTheRestStand) {
  edit({{"note", "first"}});
  const Seq changed = edit({{"note", "second"}, {"sku", "t-1"}});
  edit({{"name", "mint"}});

  const Receipt done = store_->undo(changed, {.actor = "ops", .reason = "wrong"}).value();

  EXPECT_EQ(item()["note"], Value("first"));
  EXPECT_EQ(item()["sku"], Value());
  EXPECT_EQ(item()["name"], Value("mint"));
  EXPECT_EQ(done.type, "Item._undone");
  EXPECT_EQ(done.version, 5u);
  const Event undone = event(done.seq);
  EXPECT_EQ(undone.undoes, changed);
  EXPECT_EQ(undone.action, "Item._undo_update");
  EXPECT_EQ(to_json(undone.changes), R"({"note":"first"})");
  EXPECT_EQ(undone.cleared, std::vector<std::string>{"sku"});
  EXPECT_EQ(undone.actor, "ops");
  EXPECT_EQ(store_->view().undone_by(changed).value(), done.seq);
}

TEST_F(Undo, OfALaterChangeOfTheSameFieldIsAConflictThatNamesIt) {
  const Seq first = edit({{"note", "a"}});
  const Seq second = edit({{"note", "b"}});
  const Status refused = store_->undo(first).status();
  EXPECT_EQ(refused.id(), ErrorId::kUndoConflict);
  EXPECT_EQ(refused.text().what, "event " + std::to_string(first) + " cannot be undone: Item i was changed since");
  EXPECT_EQ(refused.text().why, "event " + std::to_string(second) + " Item.edit (actor web, " +
                                    format_time(event(second).recorded_at) + ") changed note, too");
  EXPECT_EQ(refused.text().state, "nothing was written");

  store_->undo(second).value();
  store_->undo(first).value();
  EXPECT_EQ(item()["note"], Value());
}

TEST_F(Undo, IsDoneOnceAndCanBeUndone) {
  const Seq changed = edit({{"note", "a"}});
  const Seq undone = store_->undo(changed).value().seq;
  EXPECT_EQ(refusal(changed), ErrorId::kUndoneAlready);

  store_->undo(undone).value();
  EXPECT_EQ(item()["note"], Value("a"));
  EXPECT_EQ(store_->view().undone_by(changed).value(), std::nullopt);
  EXPECT_TRUE(store_->undo(changed).ok());
}

TEST_F(Undo, CannotBringBackWhatWasChangedBeforeAnUndoneEvent) {
  const Seq first = edit({{"note", "a"}});
  const Seq second = edit({{"note", "b"}});
  const Seq undone = store_->undo(second).value().seq;
  store_->undo(first).value();
  EXPECT_EQ(refusal(undone), ErrorId::kUndoConflict) << "event b stood on event a, which is undone";
}

TEST_F(Undo, OfWhatMadeARecordDestroysIt) {
  const Seq made = item().seq();
  const Receipt done = store_->undo(made).value();
  EXPECT_EQ(store_->get("Item", "i").status().id(), ErrorId::kRecordNotFound);
  EXPECT_EQ(event(done.seq).action, "Item._undo_create");
  store_->undo(done.seq).value();
  EXPECT_EQ(item()["name"], Value("tea"));
  EXPECT_EQ(item().incarnation(), 2u);

  const Seq noted = edit({{"note", "n"}});
  EXPECT_EQ(refusal(made), ErrorId::kUndoConflict);
  store_->undo(noted).value();
  EXPECT_TRUE(store_->undo(made).ok());
}

TEST_F(Undo, OfWhatDestroyedARecordMakesItAgainAsItWas) {
  edit({{"note", "n"}, {"sku", "t-1"}});
  store_->act("Item.pay", {{"id", "i"}}).value();
  const Seq dropped = store_->act("Item.drop", {{"id", "i"}}, {.actor = "ann"}).value().seq;
  const Receipt done = store_->undo(dropped, {.actor = "ann"}).value();
  EXPECT_EQ(event(done.seq).action, "Item._undo_destroy");
  EXPECT_EQ(item()["note"], Value("n"));
  EXPECT_EQ(item()["status"], Value("Paid")) << "transitions are not asked on the way back";
  std::size_t found = 0;
  ReadPlan plan;
  ASSERT_TRUE(store_->view()
                  .list(
                      {.resource = "Item", .where = "sku = 't-1'"}, [&](const Record&) { return ++found > 0; }, &plan)
                  .ok());
  EXPECT_EQ(found, 1u);
  EXPECT_EQ(event(done.seq).tags, std::vector<std::string>{"sku=t-1"});
}

TEST_F(Undo, OfADestroyedRecordThatWasMadeAgainIsAConflict) {
  const Seq dropped = store_->act("Item.drop", {{"id", "i"}}, {.actor = "ann"}).value().seq;
  add("i");
  EXPECT_EQ(refusal(dropped, {.actor = "ann"}), ErrorId::kUndoConflict);
}

TEST_F(Undo, OfAChangeBeforeTheRecordWasDestroyedIsAConflict) {
  const Seq changed = edit({{"note", "n"}});
  const Seq touched = store_->act("Item.touch", {{"id", "i"}}).value().seq;
  const Seq dropped = store_->act("Item.drop", {{"id", "i"}}, {.actor = "ann"}).value().seq;
  EXPECT_EQ(refusal(changed), ErrorId::kUndoConflict);
  EXPECT_EQ(refusal(touched), ErrorId::kUndoConflict) << "there is no record to say it of";
  store_->undo(dropped, {.actor = "ann"}).value();
  EXPECT_TRUE(store_->undo(changed).ok());
  EXPECT_TRUE(store_->undo(touched).ok());
}

TEST_F(Undo, ComputedFieldsFollowFromWhatItLeaves) {
  const Seq more = edit({{"qty", 3}});
  edit({{"price", 20}});
  store_->undo(more).value();
  EXPECT_EQ(item()["qty"], Value(1));
  EXPECT_EQ(item()["total"], Value(20));
}

TEST_F(Undo, HoldsToUniqueValuesReferencesAndRequiredFields) {
  const Seq coded = edit({{"code", "c-1"}});
  const Seq other = edit({{"code", "c-2"}});
  store_->act("Item.add", {{"id", "j"}, {"name", "mint"}, {"code", "c-1"}}).value();
  EXPECT_EQ(refusal(other), ErrorId::kUniqueTaken);
  EXPECT_EQ(refusal(coded), ErrorId::kUndoConflict);

  const Seq freed = edit({{"owner", Value()}});
  const Seq dropped = store_->act("Owner.drop", {{"id", "ann"}}).value().seq;
  EXPECT_EQ(refusal(freed), ErrorId::kReferenceMissing);
  store_->undo(dropped).value();
  EXPECT_TRUE(store_->undo(freed).ok());
  const Seq added = store_->view().blame("Owner", "ann").value()[0].seq;
  EXPECT_EQ(refusal(added), ErrorId::kStillReferenced) << "an undo that destroys is no way round a reference";
}

TEST_F(Undo, HoldsToChecks) {
  const Seq dearer = edit({{"price", 12}});
  edit({{"qty", 2}});
  std::string stricter = kSchema;
  stricter.replace(stricter.find("price >= 0"), 10, "price > 10");
  store_->add_schema({{"shop.fbs", stricter}}).value();
  EXPECT_EQ(refusal(dearer), ErrorId::kRuleViolated);
}

TEST_F(Undo, IsForThoseWhomThePoliciesOfTheActionAllowIt) {
  const Seq guarded = store_->act("Item.guard", {{"id", "i"}, {"by", 5}}, {.actor = "ann"}).value().seq;
  EXPECT_EQ(refusal(guarded, {.actor = "bob"}), ErrorId::kPolicyDenied);
  store_->act("Owner.add", {{"id", "bob"}}).value();
  const Seq given = edit({{"owner", "bob"}});
  EXPECT_EQ(refusal(guarded, {.actor = "ann"}), ErrorId::kPolicyDenied) << "the record is not hers any more";
  const Seq undone = store_->undo(guarded, {.actor = "bob"}).value().seq;
  EXPECT_EQ(item()["price"], Value(10));
  EXPECT_EQ(refusal(undone, {.actor = "ann"}), ErrorId::kPolicyDenied) << "nor is undoing the undo a way round";
  store_->undo(given).value();

  const Seq dropped = store_->act("Item.drop", {{"id", "i"}}, {.actor = "ann"}).value().seq;
  EXPECT_EQ(refusal(dropped, {.actor = "bob"}), ErrorId::kPolicyDenied);
  EXPECT_TRUE(store_->undo(dropped, {.actor = "ann"}).ok());
}

TEST_F(Undo, OfWhatIsNoRecordOfAUserIsRefused) {
  EXPECT_EQ(refusal(1), ErrorId::kUndoRefused) << "the schema's";
  const Seq empty = store_->transact({}).value().first_seq;
  EXPECT_EQ(refusal(empty), ErrorId::kUndoRefused);
  EXPECT_EQ(refusal(0), ErrorId::kEventNotFound);
  EXPECT_EQ(refusal(store_->head() + 1), ErrorId::kEventNotFound);
  EXPECT_EQ(store_->act("Item._undo_update", {{"id", "i"}}).status().id(), ErrorId::kUnknownAction);
  std::vector<ActionRequest> mixed;
  mixed.push_back({.action = "Item.touch", .undoes = item().seq()});
  EXPECT_EQ(store_->transact(std::move(mixed)).status().id(), ErrorId::kUsage);
}

TEST_F(Undo, TakesTheOptionsOfAnAction) {
  const Seq changed = edit({{"note", "a"}});
  EXPECT_EQ(refusal(changed, {.if_version = 1}), ErrorId::kVersionConflict);
  EXPECT_EQ(store_->undo(changed, {.dry_run = true}).value().version, 3u);
  EXPECT_EQ(item()["note"], Value("a"));

  const ActOptions keyed{.if_version = 2, .idempotency_key = "k"};
  const Receipt done = store_->undo(changed, keyed).value();
  const Receipt again = store_->undo(changed, keyed).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.seq, done.seq);
  EXPECT_EQ(again.type, "Item._undone");
  EXPECT_EQ(store_->undo(done.seq, {.idempotency_key = "k"}).status().id(), ErrorId::kKeyReused);
}

TEST_F(Undo, OfATransactionIsAsOneWhole) {
  std::vector<ActionRequest> actions;
  actions.push_back({.action = "Item.edit", .args = {{"id", "i"}, {"note", "a"}}});
  actions.push_back({.action = "Item.add", .args = {{"id", "j"}, {"name", "mint"}}});
  actions.push_back({.action = "Item.edit", .args = {{"id", "j"}, {"note", "b"}}});
  actions.push_back({.action = "Item.edit", .args = {{"id", "i"}, {"note", "c"}}});
  const TransactionReceipt done = store_->transact(std::move(actions)).value();

  const TransactionReceipt undone = store_->undo_transaction(done.first_seq + 1).value();

  ASSERT_EQ(undone.actions.size(), 4u);
  EXPECT_EQ(event(undone.first_seq).undoes, done.last_seq);
  EXPECT_EQ(event(undone.last_seq).undoes, done.first_seq);
  EXPECT_EQ(item()["note"], Value());
  EXPECT_EQ(store_->get("Item", "j").status().id(), ErrorId::kRecordNotFound);

  store_->undo_transaction(undone.first_seq).value();
  EXPECT_EQ(item()["note"], Value("c"));
  EXPECT_EQ(store_->get("Item", "j").value()["note"], Value("b"));
  edit({{"note", "d"}});
  EXPECT_EQ(store_->undo_transaction(done.first_seq).status().id(), ErrorId::kUndoConflict);
  EXPECT_EQ(store_->get("Item", "j").value()["note"], Value("b")) << "all or nothing";
}

TEST_F(Undo, ComesBeforeActionsOnTheSameRecordInATransaction) {
  const Seq changed = edit({{"note", "a"}});
  const ActionRequest rename{.action = "Item.edit", .args = {{"id", "i"}, {"name", "mint"}}};
  const ActionRequest undo{.undoes = changed};
  EXPECT_EQ(store_->transact({rename, undo}).status().id(), ErrorId::kUndoRefused);
  EXPECT_EQ(item()["name"], Value("tea")) << "all or nothing";
  EXPECT_EQ(store_->transact({undo, rename}).value().actions.size(), 2u);
  EXPECT_EQ(item()["note"], Value());
  EXPECT_EQ(item()["name"], Value("mint"));
}

TEST_F(Undo, ShowsInHistoryBlameAndLog) {
  const Seq changed = edit({{"note", "a"}});
  const Seq done = store_->undo(changed, {.actor = "ops"}).value().seq;
  const std::vector<VersionRow> rows = store_->view().history("Item", "i").value();
  EXPECT_EQ(rows.back().action, "Item._undo_update");
  ASSERT_EQ(rows.back().changes.size(), 1u);
  EXPECT_EQ(rows.back().changes[0].before, Value("a"));
  const auto blame = store_->view().blame("Item", "i").value();
  const auto note = std::find_if(blame.begin(), blame.end(), [](const FieldBlame& field) { return field.field == "note"; });
  EXPECT_EQ(note->seq, done);
  const auto seqs_of = [&](const LogQuery& query) {
    std::vector<Seq> seqs;
    EXPECT_TRUE(store_->view().log(query, [&](const Event& one) { return seqs.push_back(one.seq), true; }).ok());
    return seqs;
  };
  EXPECT_EQ(seqs_of({.type = "Item._undone"}), std::vector<Seq>{done});
  EXPECT_EQ(seqs_of({.action = "Item._undo_update"}), std::vector<Seq>{done});
  EXPECT_EQ(seqs_of({.action = "Owner._undo_update"}), std::vector<Seq>()) << "the number is the same, the resource is not";
  EXPECT_NE(event(done).to_json().find("\"undoes\":" + std::to_string(changed)), std::string::npos);
}

TEST(UndoAcrossSchemas, BringsBackWhatUpcastsMadeOfIt) {
  const auto schema = [](bool later) {
    return std::string("include \"forge.fbs\";\ntable P (resource") + (later ? ", upcast: \"product = sku\"" : "") +
           ") { id: string (key); sku: string; " + (later ? "product: string; " : "") +
           "}\ntable Make (action: \"P.make\", creates) { sku: string; }\ntable Set (action: \"P.set\", updates) { sku: string; " +
           (later ? "product: string; " : "") + "}\n";
  };
  Store store = Store::open(":memory:").value();
  store.add_schema({{"p.fbs", schema(false)}}).value();
  store.act("P.make", {{"id", "p"}, {"sku", "a"}}).value();
  const Seq set = store.act("P.set", {{"id", "p"}, {"sku", "b"}}).value().seq;
  store.add_schema({{"p.fbs", schema(true)}}).value();
  ASSERT_EQ(store.get("P", "p").value()["product"], Value("b"));

  const Seq renamed = store.act("P.set", {{"id", "p"}, {"product", "c"}}).value().seq;
  EXPECT_EQ(store.undo(set).status().id(), ErrorId::kUndoConflict) << "what the upcast made of it was changed";
  store.undo(renamed).value();
  store.undo(set).value();
  EXPECT_EQ(store.get("P", "p").value()["sku"], Value("a"));
  EXPECT_EQ(store.get("P", "p").value()["product"], Value("a"));
  EXPECT_TRUE(verify(store)->ok());
}

TEST(UndoBesideWriters, IsPlannedAnewWhereTheRecordWasChangedMeanwhile) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"shop.fbs", kSchema}}).value();
  store.act("Item.add", {{"id", "i"}, {"name", "tea"}}).value();
  std::atomic<bool> ends = false;
  std::thread writer([&] {
    for (std::int64_t qty = 0; !ends; ++qty) store.act("Item.edit", {{"id", "i"}, {"qty", qty}}).value();
  });
  for (int i = 0; i < 100; ++i) {
    const Seq noted = store.act("Item.edit", {{"id", "i"}, {"note", std::to_string(i)}}).value().seq;
    const Status undone = store.undo(noted).status();
    EXPECT_TRUE(undone.ok()) << undone.message();
  }
  ends = true;
  writer.join();
  EXPECT_EQ(store.get("Item", "i").value()["note"], Value());
  EXPECT_TRUE(verify(store)->ok());
}

}  // namespace
}  // namespace forge
