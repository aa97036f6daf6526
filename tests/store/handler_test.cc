// Handlers: code of the program in the decision of an action, recorded and never called again.

#include <gtest/gtest.h>

#include <stdexcept>

#include "forge/events/json.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "store/sample_store.h"

namespace forge {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
namespace shop;
enum Size : byte { Small, Large }

table Parcel (resource) {
  id: string (key);
  grams: int (check: "sane: grams <= 1000");
  size: Size;
  label: string (length: "..12");
  tariff: long (computed: "grams * 2");
  notes: [string];
}
table Weigh (action: "Parcel.weigh", upserts, handler, require: "positive: :grams > 0") { grams: int = null; tare: int = 0; }
table Send (action: "Parcel.send", destroys, handler) {}
table Plain (action: "Parcel.plain", creates) {}
)fbs";

// Fills in what follows from the weight.
Result<Object> weigh(const ActionCall& call) {
  const std::int64_t grams = call.field_after("grams").as_int() - call.argument("tare").as_int();
  if (grams == 13) return Status(ErrorId::kArgumentRange, "13 grams are unlucky").why("the scale says so");
  if (grams == 14) throw std::runtime_error("the scale fell over");
  if (grams == 15) throw 15;
  if (grams == 16) return Object{{"colour", "red"}};
  if (grams == 17) return Object{{"tariff", 3}};
  if (grams == 18) return Object{{"id", "other"}};
  if (grams == 19) return Object{{"size", "Huge"}};
  if (grams == 20) return Object{{"label", "a label that is too long"}};
  const std::string who = call.actor.id + "/" + call.actor.role;
  const std::string before = call.before.empty() ? "new" : std::to_string(call.field_before("grams").as_int());
  return Object{{"grams", grams}, {"size", grams > 100 ? "Large" : "Small"}, {"label", before}, {"notes", List{who}}};
}

class Handlers : public testing::Test {
 protected:
  Store open(const std::string& path = ":memory:") {
    OpenOptions options;
    options.handlers["Parcel.weigh"] = [this](const ActionCall& call) { return ++calls_, weigh(call); };
    options.handlers["Parcel.send"] = [this](const ActionCall& call) -> Result<Object> {
      ++calls_;
      if (call.field_before("size").as_text() == "Large") return Status(ErrorId::kDiskFull, "the van is full");
      return Object();
    };
    Store store = Store::open(path, std::move(options)).value();
    store.add_schema({{"shop.fbs", kSchema}}).value();
    return store;
  }
  static Status refusal(Store& store, int grams) {
    return store.act("Parcel.weigh", {{"id", "refused"}, {"grams", grams}}).status();
  }

  int calls_ = 0;
};

TEST_F(Handlers, ComputeFieldsThatTheEventRecords) {
  Store store = open();
  store.act("Parcel.weigh", {{"id", "p"}, {"grams", 120}, {"tare", 10}}, {.actor = Actor("ann", "clerk")}).value();
  const Record parcel = store.get("Parcel", "p").value();
  EXPECT_EQ(parcel.to_json(),
            R"({"id":"p","grams":110,"size":"Large","label":"new","tariff":220,"notes":["ann/clerk"],"_version":1,"_seq":2})");
  store.act("Parcel.weigh", {{"id", "p"}, {"grams", 50}}).value();
  EXPECT_EQ(store.get("Parcel", "p").value()["label"].as_text(), "110") << "the handler saw the record before";
  const Event event = store.view().event(2).value();
  EXPECT_EQ(to_json(event.arguments), R"({"grams":120,"tare":10})") << "what was asked";
  EXPECT_EQ(event.changes.find("grams")->as_int(), 110) << "what was done";
  EXPECT_EQ(calls_, 2);
}

TEST_F(Handlers, RefuseWithTheirOwnReason) {
  Store store = open();
  const Status refused = refusal(store, 13);
  EXPECT_EQ(refused.id(), ErrorId::kActionRefused);
  EXPECT_EQ(refused.text().what, "Parcel.weigh was refused by its handler");
  EXPECT_EQ(refused.text().why, "13 grams are unlucky: the scale says so");
  EXPECT_EQ(refused.text().place, "shop.fbs:13:7");
  EXPECT_EQ(refused.text().state, "nothing was written");
  EXPECT_EQ(store.head(), 1U);
}

TEST_F(Handlers, ThatThrowRefuseToo) {
  Store store = open();
  EXPECT_EQ(refusal(store, 14).id(), ErrorId::kHandlerFailed);
  EXPECT_EQ(refusal(store, 14).text().why, "the scale fell over");
  EXPECT_EQ(refusal(store, 15).text().why, "it threw something that is no std::exception");
  EXPECT_TRUE(store.act("Parcel.weigh", {{"id", "p"}, {"grams", 1}}).ok()) << "the store goes on";
}

TEST_F(Handlers, SetNothingThatIsNotTheirs) {
  Store store = open();
  EXPECT_EQ(refusal(store, 16).id(), ErrorId::kUnknownField);
  EXPECT_EQ(refusal(store, 17).text().why, "it sets tariff, and that is computed from others");
  EXPECT_EQ(refusal(store, 18).text().why, "it sets id, and a record keeps its key");
  EXPECT_EQ(refusal(store, 19).id(), ErrorId::kArgumentType) << "an enum has its names";
  EXPECT_EQ(refusal(store, 20).id(), ErrorId::kArgumentRange) << "limits hold for what a handler gives";
  EXPECT_EQ(refusal(store, 1001).text().what, "Parcel.weigh was refused by rule 'sane'");
  EXPECT_EQ(store.head(), 1U);
}

TEST_F(Handlers, AreNotCalledWhereARuleHasRefused) {
  Store store = open();
  EXPECT_EQ(refusal(store, 0).text().what, "Parcel.weigh was refused by rule 'positive'");
  EXPECT_EQ(calls_, 0);
}

TEST_F(Handlers, DecideWhetherARecordIsDestroyed) {
  Store store = open();
  store.act("Parcel.weigh", {{"id", "p"}, {"grams", 500}}).value();
  EXPECT_EQ(store.act("Parcel.send", {{"id", "p"}}).status().text().why, "the van is full");
  store.act("Parcel.weigh", {{"id", "p"}, {"grams", 5}}).value();
  EXPECT_TRUE(store.act("Parcel.send", {{"id", "p"}}).ok());
}

TEST_F(Handlers, TakePartInADryRun) {
  Store store = open();
  EXPECT_TRUE(store.act("Parcel.weigh", {{"id", "p"}, {"grams", 5}}, {.dry_run = true}).ok());
  EXPECT_EQ(store.act("Parcel.weigh", {{"id", "p"}, {"grams", 13}}, {.dry_run = true}).status().id(), ErrorId::kActionRefused);
  EXPECT_EQ(calls_, 2);
}

TEST_F(Handlers, AreNeededToIssueTheirActionAndNothingElse) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"shop.fbs", kSchema}}).value();
  EXPECT_EQ(refusal(store, 5).id(), ErrorId::kHandlerMissing);
  EXPECT_TRUE(store.act("Parcel.plain", {{"id", "p"}}).ok());
}

TEST_F(Handlers, AreNotCalledByAnythingThatReadsTheLog) {
  const testing_support::FreshPath directory("handled");
  {
    Store store = open(directory.path());
    for (int grams = 100; grams < 110; ++grams) store.act("Parcel.weigh", {{"id", "p"}, {"grams", grams}}).value();
    store.act("Parcel.weigh", {{"id", "p"}, {"grams", 7}}, {.idempotency_key = "k"}).value();
  }
  const int before = calls_;
  OpenOptions without;  // no handler at all
  Store store = Store::open(directory.path(), without).value();
  const VerifyReport report = verify(store).value();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(store.as_of(5).value().get("Parcel", "p").value()["grams"].as_int(), 103);
  EXPECT_TRUE(store.act("Parcel.weigh", {{"id", "p"}, {"grams", 7}}, {.idempotency_key = "k"}).value().replayed);
  EXPECT_EQ(calls_, before);
}

}  // namespace
}  // namespace forge
