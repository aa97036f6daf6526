// A store against a model that looks at every record for every question: which transactions are refused, and that a list through an
// index is the list without one, now and as of every point of the past.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <set>

#include "forge/events/key.h"
#include "forge/store/rebuild.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "store/constraint_schema.h"
#include "store/seeds.h"
#include "support/dice.h"

namespace forge::testing_support {
namespace {

struct OrderRow {
  std::optional<std::string> sku, customer;
  std::int64_t qty = 1, status = 0;
  std::optional<std::int64_t> day, room;
  std::optional<bool> urgent;
};
using OrderKey = std::pair<std::string, std::int64_t>;
using LineKey = std::tuple<std::string, std::int64_t, std::int64_t>;

struct Shop {
  std::map<std::string, std::optional<std::string>> customers;  // each with its boss
  std::map<OrderKey, OrderRow> orders;
  std::set<LineKey> lines;

  // What is wrong with it as a whole: found by looking at everything.
  ErrorId fault() const {
    std::set<std::pair<std::int64_t, std::int64_t>> slots;
    for (const auto& [key, order] : orders) {
      if (order.status == 3 || !order.day || !order.room) continue;
      if (!slots.emplace(*order.day, *order.room).second) return ErrorId::kUniqueTaken;
    }
    return ErrorId::kNone;
  }
  bool dangles() const {
    for (const auto& [id, boss] : customers) {
      if (boss && !customers.contains(*boss)) return true;
    }
    for (const auto& [key, order] : orders) {
      if (order.customer && !customers.contains(*order.customer)) return true;
    }
    return std::any_of(lines.begin(), lines.end(), [&](const LineKey& line) {
      return !orders.contains({std::get<0>(line), std::get<1>(line)});
    });
  }
};

constexpr const char* kStatuses[] = {"Placed", "Paid", "Shipped", "Cancelled"};

// Makes random transactions for both, a model that changes with them, and the error class that each should meet.
class Play {
 public:
  explicit Play(std::uint64_t seed) : dice_(seed) {}

  struct Turn {
    std::vector<ActionRequest> actions;
    ErrorId expected = ErrorId::kNone;
    bool reference_fault = false;         // kReferenceMissing or kStillReferenced: which of them depends on the order of checks
    std::map<OrderKey, OrderRow> orders;  // after it
  };

  // Changes the shop where the transaction should be accepted.
  Turn next() {
    Turn turn;
    Shop after = shop;
    for (std::uint64_t count = 1 + dice_.below(3); count > 0 && turn.expected == ErrorId::kNone; --count) {
      turn.expected = one(after, turn.actions);
    }
    if (turn.expected == ErrorId::kNone) turn.expected = after.fault();
    turn.reference_fault = turn.expected == ErrorId::kNone && after.dangles();
    if (turn.expected == ErrorId::kNone && !turn.reference_fault) shop = std::move(after);
    turn.orders = shop.orders;
    return turn;
  }

  Shop shop;

 private:
  std::string customer() { return dice_.pick({"ann", "bob", "cyd", "dan"}); }
  OrderKey order_key() { return {dice_.pick({"n", "s,x"}), dice_.between(-1, 3)}; }

  Value maybe(std::optional<std::string>& slot, std::string value) {
    if (dice_.chance(20)) return slot.reset(), Value();
    slot = value;
    return value;
  }
  Value maybe(std::optional<std::int64_t>& slot, std::int64_t value) {
    if (dice_.chance(20)) return slot.reset(), Value();
    slot = value;
    return value;
  }

  void fill(OrderRow& row, Args& args) {
    if (dice_.chance(70)) args.add("sku", maybe(row.sku, dice_.pick({"", "a", "ab", "b"})));
    if (dice_.chance(50)) args.add("customer", maybe(row.customer, customer()));
    if (dice_.chance(50)) args.add("day", maybe(row.day, dice_.between(1, 3)));
    if (dice_.chance(50)) args.add("room", maybe(row.room, dice_.between(1, 2)));
    if (dice_.chance(50)) args.add("qty", row.qty = dice_.between(0, 5));
    if (dice_.chance(40)) {
      row.urgent = dice_.chance(50);
      args.add("urgent", *row.urgent);
    }
  }

  ErrorId one(Shop& after, std::vector<ActionRequest>& actions) {
    switch (dice_.below(8)) {
      case 0:
        return add_customer(after, actions);
      case 1:
        return drop_customer(after, actions);
      case 2:
      case 3:
        return place(after, actions);
      case 4:
      case 5:
        return edit(after, actions);
      case 6:
        return drop_order(after, actions);
      default:
        return line(after, actions);
    }
  }

  ErrorId add_customer(Shop& after, std::vector<ActionRequest>& actions) {
    const std::string id = customer();
    std::optional<std::string> boss;
    Args args{{"id", id}};
    if (dice_.chance(40)) args.add("boss", maybe(boss, customer()));
    actions.push_back(request("Customer.add", std::move(args)));
    return after.customers.emplace(id, boss).second ? ErrorId::kNone : ErrorId::kRecordExists;
  }

  ErrorId drop_customer(Shop& after, std::vector<ActionRequest>& actions) {
    const std::string id = customer();
    actions.push_back(request("Customer.drop", {{"id", id}}));
    return after.customers.erase(id) == 1 ? ErrorId::kNone : ErrorId::kRecordNotFound;
  }

  ErrorId place(Shop& after, std::vector<ActionRequest>& actions) {
    const OrderKey key = order_key();
    OrderRow row;
    Args args{{"shop", key.first}, {"number", key.second}};
    fill(row, args);
    actions.push_back(request("Order.place", std::move(args)));
    return after.orders.emplace(key, row).second ? ErrorId::kNone : ErrorId::kRecordExists;
  }

  ErrorId edit(Shop& after, std::vector<ActionRequest>& actions) {
    const OrderKey key = order_key();
    OrderRow unused;
    const auto found = after.orders.find(key);
    OrderRow& row = found == after.orders.end() ? unused : found->second;
    Args args{{"shop", key.first}, {"number", key.second}};
    fill(row, args);
    if (dice_.chance(50)) args.add("status", kStatuses[row.status = dice_.between(0, 3)]);
    actions.push_back(request("Order.edit", std::move(args)));
    return found != after.orders.end() ? ErrorId::kNone : ErrorId::kRecordNotFound;
  }

  ErrorId drop_order(Shop& after, std::vector<ActionRequest>& actions) {
    const OrderKey key = order_key();
    actions.push_back(request("Order.drop", {{"shop", key.first}, {"number", key.second}}));
    return after.orders.erase(key) == 1 ? ErrorId::kNone : ErrorId::kRecordNotFound;
  }

  ErrorId line(Shop& after, std::vector<ActionRequest>& actions) {
    const OrderKey key = order_key();
    const std::int64_t number = dice_.between(1, 2);
    const LineKey line{key.first, key.second, number};
    const bool adds = dice_.chance(50);
    actions.push_back(request(adds ? "Line.add" : "Line.drop", {{"shop", key.first}, {"number", key.second}, {"line", number}}));
    if (adds) return after.lines.insert(line).second ? ErrorId::kNone : ErrorId::kRecordExists;
    return after.lines.erase(line) == 1 ? ErrorId::kNone : ErrorId::kRecordNotFound;
  }

  Dice dice_;
};

struct Question {
  const char* where;
  bool (*matches)(const OrderRow&);
  const char* index;  // that answers it
};

const Question kQuestions[] = {
    {"sku = 'a'", [](const OrderRow& row) { return row.sku == "a"; }, "Order.by_sku"},
    {"sku = ''", [](const OrderRow& row) { return row.sku == ""; }, "Order.by_sku"},
    {"sku is null", [](const OrderRow& row) { return !row.sku; }, "Order.by_sku"},
    {"sku >= 'a' and sku < 'b'", [](const OrderRow& row) { return row.sku && *row.sku >= "a" && *row.sku < "b"; }, "Order.by_sku"},
    {"'a' < sku", [](const OrderRow& row) { return row.sku && *row.sku > "a"; }, "Order.by_sku"},
    {"sku = 'ab' and qty between 2 and 4", [](const OrderRow& row) { return row.sku == "ab" && row.qty >= 2 && row.qty <= 4; },
     "Order.by_sku"},
    {"qty > 1 and sku = 'b'", [](const OrderRow& row) { return row.sku == "b" && row.qty > 1; }, "Order.by_sku"},
    {"status = 'Paid'", [](const OrderRow& row) { return row.status == 1; }, "Order.status"},
    {"urgent = true", [](const OrderRow& row) { return row.urgent == true; }, "Order.urgent"},
    {"urgent is null and qty > 2", [](const OrderRow& row) { return !row.urgent && row.qty > 2; }, "Order.urgent"},
    {"customer = 'ann'", [](const OrderRow& row) { return row.customer == "ann"; }, "Order.customer"},
    {"customer >= 'bob'", [](const OrderRow& row) { return row.customer && *row.customer >= "bob"; }, "Order.customer"},
    {"customer is null", [](const OrderRow& row) { return !row.customer; }, "current"},
    {"sku = 'a' or qty = 1", [](const OrderRow& row) { return row.sku == "a" || row.qty == 1; }, "current"},
    {"sku = 'a' and qty + 1 > 2", [](const OrderRow& row) { return row.sku == "a" && row.qty + 1 > 2; }, "current"},
};

std::string key_of(const OrderKey& key) {
  return join_key(std::vector<std::string>{key.first, std::to_string(key.second)});
}

// Every question at `seq`, where the orders were these.
void ask(const Store& store, Seq seq, const std::map<OrderKey, OrderRow>& orders) {
  for (const Question& question : kQuestions) {
    std::vector<std::string> expected, listed;
    for (const auto& [key, row] : orders) {
      if (question.matches(row)) expected.push_back(key_of(key));
    }
    ReadPlan plan;
    const View view = store.as_of(seq).value();
    const Status read = view.list(
        {.resource = "Order", .where = question.where}, [&](const Record& record) { return listed.push_back(record.key()), true; },
        &plan);
    ASSERT_TRUE(read.ok()) << read.message();
    EXPECT_EQ(listed, expected) << question.where << " as of " << seq;
    EXPECT_EQ(plan.index, question.index) << question.where << " as of " << seq << ": " << plan.reason;
  }
}

using Pasts = std::map<Seq, std::map<OrderKey, OrderRow>>;  // the orders after each accepted transaction

// Submits some turns at once, so that they are decided on top of each other, and compares each answer.
void play_round(Store& store, Play& play, int turns, Pasts& pasts) {
  std::vector<Play::Turn> made;
  std::vector<std::future<Result<TransactionReceipt>>> answers;
  for (int i = 0; i < turns; ++i) {
    made.push_back(play.next());
    auto promise = std::make_shared<std::promise<Result<TransactionReceipt>>>();
    answers.push_back(promise->get_future());
    store.transact_async(made.back().actions, {},
                         [promise](Result<TransactionReceipt> answer) { promise->set_value(std::move(answer)); });
  }
  for (int i = 0; i < turns; ++i) {
    const Result<TransactionReceipt> answer = answers[i].get();
    const ErrorId id = answer.status().id();
    if (made[i].reference_fault) {
      EXPECT_TRUE(id == ErrorId::kReferenceMissing || id == ErrorId::kStillReferenced) << answer.status().message();
    } else {
      EXPECT_EQ(id, made[i].expected) << answer.status().message();
    }
    if (answer.ok()) pasts[answer->last_seq] = std::move(made[i].orders);
  }
}

void ask_somewhere(const Store& store, const Pasts& pasts, Dice& dice) {
  auto past = pasts.begin();
  std::advance(past, static_cast<std::ptrdiff_t>(dice.below(pasts.size())));
  ask(store, past->first, past->second);
}

void expect_sound(const Store& store) {
  const VerifyReport report = verify(store).value();
  for (const VerifyCheck& check : report.checks) {
    for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
  }
}

// The store as of a random point, made anew.
void rebuild_somewhere(const Store& store, const Pasts& pasts, Dice& dice) {
  auto last = pasts.begin();
  std::advance(last, static_cast<std::ptrdiff_t>(dice.below(pasts.size())));
  const std::string path = ::testing::TempDir() + "forge-model-" + std::to_string(seed_of_run());
  ASSERT_TRUE(rebuild(store, path, {.as_of = last->first}).ok());
  {
    const Store rebuilt = Store::open(path, {.read_only = true}).value();
    expect_sound(rebuilt);
    ask(rebuilt, last->first, last->second);
    ask_somewhere(rebuilt, Pasts(pasts.begin(), std::next(last)), dice);
  }
  std::filesystem::remove_all(path);
}

TEST(ConstraintsAgainstAModel, AcceptAndRefuseAndFindTheSame) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  Store store = Store::open(":memory:").value();
  store.add_schema({{"shop.fbs", kConstraintSchema}}).value();
  Play play(seed);
  Dice dice(seed + 1);
  Pasts pasts{{store.head(), {}}};
  for (int round = 0; round < 60 && !::testing::Test::HasFailure(); ++round) {
    play_round(store, play, static_cast<int>(1 + dice.below(20)), pasts);
    ask(store, store.head(), play.shop.orders);
    ask_somewhere(store, pasts, dice);
  }
  expect_sound(store);
  rebuild_somewhere(store, pasts, dice);
}

}  // namespace
}  // namespace forge::testing_support
