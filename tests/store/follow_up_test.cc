// Follow-ups: actions that a transaction makes while it is decided, on what those before it came to.

#include "forge/store/follow_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "forge/store/verify.h"
#include "store/sample_store.h"
#include "store/shared_store.h"
#include "support/dice.h"

namespace forge {
namespace {

constexpr const char* kShelfSchema = R"fbs(include "forge.fbs";
namespace shop;

table Shelf (resource, index: "aisle") {
  id: string (key);
  aisle: string;
  left: int (check: "enough: left >= 0");
  filled_at: long;
}
table Order (resource) { id: string (key); shelf: string (references: "Shelf"); pieces: int; total: int; at: long; }
table Fill (action: "Shelf.fill", upserts, set: "filled_at = now()") { aisle: string; left: int = null; }
table Sell (action: "Shelf.sell", updates, set: "left = left - :pieces") { pieces: int = 1; }
table Drop (action: "Shelf.drop", destroys) {}
table Place (action: "Order.place", creates, set: "at = now()") { shelf: string; pieces: int; total: int = 0; }
table Low (action: "Shelf.low", reads, where: "aisle = :aisle and left < :below", order: "left, id") { aisle: string; below: int = null; }
table Any (action: "Shelf.any", reads, where: "left >= 0") {}
table Sweep (action: "Shelf.sweep", generic) {}
)fbs";

Result<std::optional<ActionRequest>> nothing() {
  return std::optional<ActionRequest>();
}

Store shelves(const std::string& path = ":memory:") {
  Store store = Store::open(path).value();
  store.add_schema({{"shop.fbs", kShelfSchema}}).value();
  return store;
}

void fill(Store& store, const std::string& id, int left, const char* aisle = "a") {
  store.act("Shelf.fill", {{"id", id}, {"aisle", aisle}, {"left", left}}).value();
}

ActionRequest sell(const std::string& id, int pieces) {
  return {.action = "Shelf.sell", .args = {{"id", id}, {"pieces", pieces}}};
}

// Orders what the shelf lacks to ten where fewer than five are left.
Result<std::optional<ActionRequest>> reorder(const TransactionSoFar& so_far) {
  const Event& last = so_far.events().back();
  if (last.resource != "Shelf") return nothing();
  FORGE_ASSIGN(const Record shelf, so_far.get("Shelf", last.key));
  const std::int64_t left = shelf["left"].as_int();
  if (left >= 5) return nothing();
  return std::optional<ActionRequest>({.action = "Order.place", .args = {{"shelf", shelf.key()}, {"pieces", 10 - left}}});
}

TEST(FollowUps, ActOnWhatTheActionsBeforeCameTo) {
  Store store = shelves();
  fill(store, "tea", 7);
  const TransactionReceipt enough = store.transact({sell("tea", 2)}, {.follow_up = reorder}).value();
  EXPECT_EQ(enough.actions.size(), 1U) << "five are left";
  const TransactionReceipt low = store.transact({sell("tea", 2)}, {.follow_up = reorder}).value();
  ASSERT_EQ(low.actions.size(), 2U) << "three are left";
  EXPECT_EQ(store.get("Order", low.actions[1].key).value()["pieces"].as_int(), 7);
  const Event first = store.view().event(low.first_seq).value();
  const Event second = store.view().event(low.last_seq).value();
  EXPECT_EQ(first.transaction, second.transaction);
  EXPECT_EQ(std::make_pair(first.place, first.count), std::make_pair(std::uint16_t{0}, std::uint16_t{2}));
  EXPECT_EQ(second.place, 1);
  EXPECT_TRUE(verify(store).value().ok());
}

// Keys that are made, the time and the events are those of the transaction as it is written.
TEST(FollowUps, SeeTheTransactionAsItIsWritten) {
  Store store = shelves();
  fill(store, "tea", 7);
  std::vector<Event> seen;
  Time now;
  Value at;
  const FollowUp look = [&](const TransactionSoFar& so_far) -> Result<std::optional<ActionRequest>> {
    seen = so_far.events();
    now = so_far.now();
    at = so_far.get("Order", seen.back().key).value()["at"];
    return nothing();
  };
  const ActionRequest place{.action = "Order.place", .args = {{"shelf", "tea"}, {"pieces", 1}}};
  const TransactionReceipt receipt = store.transact({place, place}, {.actor = "ann", .follow_up = look}).value();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(now, receipt.recorded_at);
  for (std::size_t i = 0; i < 2; ++i) {
    Event written = store.view().event(receipt.actions[i].seq).value();
    EXPECT_EQ(written.to_json(), seen[i].to_json());
  }
  EXPECT_EQ(store.get("Order", seen[1].key).value()["at"], at);
}

TEST(FollowUps, QueriesAnswerWithWhatTheTransactionWrote) {
  Store store = shelves();
  fill(store, "a", 3);
  fill(store, "b", 8);
  fill(store, "c", 2);
  fill(store, "d", 1, "elsewhere");
  std::vector<std::string> keys;
  const FollowUp look = [&](const TransactionSoFar& so_far) -> Result<std::optional<ActionRequest>> {
    keys.clear();
    FORGE_TRY(so_far.query("Shelf.low", {{"aisle", "a"}, {"below", 5}}, {},
                           [&](const Record& shelf) { return keys.push_back(shelf.key()), true; }));
    return nothing();
  };
  const ActionRequest gone{.action = "Shelf.drop", .args = {{"id", "c"}}};
  const ActionRequest come{.action = "Shelf.fill", .args = {{"id", "e"}, {"aisle", "a"}, {"left", 4}}};
  const ActionRequest away{.action = "Shelf.fill", .args = {{"id", "a"}, {"aisle", "b"}, {"left", 3}}};
  store.transact({sell("b", 8), gone, come}, {.dry_run = true, .follow_up = look}).value();
  EXPECT_EQ(keys, (std::vector<std::string>{"b", "a", "e"}));
  store.transact({sell("b", 8), gone, come, away}, {.follow_up = look}).value();
  EXPECT_EQ(keys, (std::vector<std::string>{"b", "e"}));
}

TEST(FollowUps, RefuseTheWholeTransaction) {
  Store store = shelves();
  fill(store, "tea", 7);
  const Seq head = store.stats().value().head;
  const auto refused = [&](const FollowUp& follow_up) {
    Status status = store.transact({sell("tea", 1)}, {.follow_up = follow_up}).status();
    EXPECT_EQ(store.stats().value().head, head);
    EXPECT_EQ(store.get("Shelf", "tea").value()["left"].as_int(), 7);
    return status;
  };
  const auto makes = [](const ActionRequest& request, std::size_t times = 1) {
    return [request, times](const TransactionSoFar& so_far) -> Result<std::optional<ActionRequest>> {
      return so_far.events().size() > times ? std::optional<ActionRequest>() : std::optional(request);
    };
  };
  EXPECT_EQ(
      refused([](const TransactionSoFar&) { return Result<std::optional<ActionRequest>>(Status(ErrorId::kPolicyDenied, "no")); })
          .text()
          .what,
      "no");
  const Status thrown =
      refused([](const TransactionSoFar&) -> Result<std::optional<ActionRequest>> { throw std::runtime_error("the van is full"); });
  EXPECT_EQ(thrown.id(), ErrorId::kHandlerFailed);
  EXPECT_EQ(thrown.text().why, "the van is full");
  EXPECT_EQ(refused([](const TransactionSoFar&) -> Result<std::optional<ActionRequest>> { throw 1; }).id(),
            ErrorId::kHandlerFailed);
  EXPECT_EQ(refused(makes(sell("tea", 10))).id(), ErrorId::kRuleViolated) << "its own rules hold";
  EXPECT_EQ(refused(makes(sell("none", 1))).id(), ErrorId::kRecordNotFound);
  EXPECT_EQ(refused(makes({.action = "Shelf.sweep"})).id(), ErrorId::kUnknownAction) << "generic";
  EXPECT_EQ(refused(makes({.action = "Shelf.any"})).id(), ErrorId::kActionReads);
  EXPECT_EQ(refused(makes({.undoes = 2})).id(), ErrorId::kUndoRefused);
  EXPECT_EQ(refused(makes({.action = "_schema.add"})).id(), ErrorId::kUnknownAction);
  EXPECT_EQ(refused(makes({.action = "Order.place", .args = {{"shelf", "none"}, {"pieces", 1}}})).id(), ErrorId::kReferenceMissing);
  EXPECT_EQ(refused(makes(sell("tea", 0), SIZE_MAX)).id(), ErrorId::kTransactionTooLarge) << "it never ends";
  EXPECT_TRUE(verify(store).value().ok());
}

TEST(FollowUps, AreNotCalledWhereTheAnswerIsKnown) {
  Store store = shelves();
  fill(store, "tea", 9);
  int calls = 0;
  const FollowUp once = [&](const TransactionSoFar& so_far) { return ++calls, reorder(so_far); };
  const ActOptions options{.idempotency_key = "sale-1", .follow_up = once};
  const TransactionReceipt first = store.transact({sell("tea", 5)}, options).value();
  EXPECT_EQ(calls, 2);
  const TransactionReceipt again = store.transact({sell("tea", 5)}, options).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.last_seq, first.last_seq);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(
      store.transact({sell("tea", 5)}, {.condition = AppendCondition{{{.types = {"Shelf.*"}}}}, .follow_up = once}).status().id(),
      ErrorId::kConditionFailed);
  EXPECT_EQ(calls, 2) << "refused before";
}

// Each transaction records what a query told it: exactly what the log says of the moment before it, also where others are decided
// but not yet in the database.
TEST(FollowUps, SeeEveryTransactionBeforeAndNoneAfter) {
  const testing_support::FreshPath path("follow-up", testing_support::FreshPath::Place::kDisk);
  Store store = shelves(path.path());
  constexpr int kShelves = 8;
  constexpr int kThreads = 4;
  constexpr int kEach = 150;
  for (int i = 0; i < kShelves; ++i) fill(store, "s" + std::to_string(i), 100'000);
  const FollowUp count = [](const TransactionSoFar& so_far) -> Result<std::optional<ActionRequest>> {
    if (so_far.events().back().resource == "Order") return nothing();
    std::int64_t sum = 0;
    FORGE_TRY(so_far.query("Shelf.any", {}, {}, [&](const Record& shelf) { return sum += shelf["left"].as_int(), true; }));
    return std::optional<ActionRequest>({.action = "Order.place", .args = {{"shelf", "s0"}, {"pieces", 1}, {"total", sum}}});
  };
  std::atomic<int> refusals = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        Dice dice(static_cast<std::uint64_t>(thread) + 1);
        std::atomic<int> open = kEach;
        for (int i = 0; i < kEach; ++i) {
          const std::string shelf = "s" + std::to_string(dice.below(kShelves));
          ActOptions options;
          if (dice.below(3) == 0) options.follow_up = count;
          store.transact_async({sell(shelf, static_cast<int>(1 + dice.below(9)))}, options,
                               [&](const Result<TransactionReceipt>& done) {
                                 refusals += done.ok() ? 0 : 1;
                                 --open;
                                 open.notify_all();
                               });
        }
        for (int left = open; left != 0; left = open) open.wait(left);
      });
    }
  }
  EXPECT_EQ(refusals, 0);
  int orders = 0;
  const Status walked = store.view().log({.resource = "Order"}, [&](const Event& order) {
    const View before = store.as_of(Point(order.seq - 1)).value();
    std::int64_t sum = 0;
    EXPECT_TRUE(before.query("Shelf.any", {}, {}, [&](const Record& shelf) { return sum += shelf["left"].as_int(), true; }).ok());
    EXPECT_EQ(order.changes.find("total")->as_int(), sum) << "event " << order.seq;
    return ++orders, true;
  });
  EXPECT_TRUE(walked.ok()) << walked.message();
  EXPECT_GT(orders, kThreads * kEach / 6);
  EXPECT_TRUE(verify(store).value().ok());
}

using SharedFollowUps = testing_support::SharedStore;

TEST_F(SharedFollowUps, AreRefusedWhereAnotherProcessHoldsTheStore) {
  Store attached = attach();
  ASSERT_TRUE(attached.is_attached());
  const Status refused = attached
                             .transact({{.action = "Item.make", .args = {{"id", "x"}}}},
                                       {.follow_up = [](const TransactionSoFar&) { return nothing(); }})
                             .status();
  EXPECT_EQ(refused.id(), ErrorId::kHandlerMissing);
  EXPECT_EQ(refused.text().state, "nothing was written");
  EXPECT_EQ(attached.get("Item", "x").status().id(), ErrorId::kRecordNotFound);
}

}  // namespace
}  // namespace forge
