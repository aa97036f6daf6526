// Append conditions against an evaluator that looks at every event of the log, with whole groups of transactions on their way.

#include <gtest/gtest.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <algorithm>
#include <future>

#include "decider.h"
#include "forge/store/store.h"
#include "forge/testing.h"
#include "store/sample_store.h"
#include "store/seeds.h"
#include "store_state.h"
#include "support/dice.h"

namespace forge::testing_support {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
namespace shop;
enum Status : byte { Placed, Paid, Shipped }
table Order (resource) {
  id: string (key);
  sku: string (tag);
  status: Status (tag);
  urgent: bool = null (tag);
  qty: int = 1;
}
table Crate (resource) {
  id: int (key);
  sku: string (tag);
  shelf: short = null (tag);
}
table PutOrder (action: "Order.put", upserts, event: "Order.stored") { sku: string; status: Status = null; urgent: bool = null; }
table DropOrder (action: "Order.drop", destroys, event: "Order.dropped") {}
table PutCrate (action: "Crate.put", upserts) { sku: string; shelf: short = null; }
)fbs";

ActionRequest put_order(const std::string& id, const std::string& sku) {
  return {.action = "Order.put", .args = {{"id", id}, {"sku", sku}}};
}

AppendCondition none_with(std::vector<std::string> types, std::vector<std::string> tags, Seq after) {
  return {.items = {{.types = std::move(types), .tags = std::move(tags)}}, .after = after};
}

class Conditions : public ::testing::Test {
 protected:
  void SetUp() override { store_.add_schema({{"shop.fbs", kSchema}}).value(); }
  Status ask(AppendCondition condition) {
    return store_.transact({put_order("asked", "none")}, {.condition = std::move(condition)}).status();
  }

  Store store_ = Store::open(":memory:").value();
};

TEST_F(Conditions, RefuseWhereAnEventMatchesAndSayWhich) {
  store_.transact({put_order("o-1", "tea"), put_order("o-2", "tea")}).value();
  store_.transact({put_order("o-3", "rum")}).value();
  const Status refused = ask(none_with({"Order.stored", "Crate.put"}, {"sku=tea"}, 1));
  EXPECT_EQ(refused.id(), ErrorId::kConditionFailed);
  EXPECT_EQ(refused.text().what, "event 2, Order.stored of Order o-1, is against the append condition");
  EXPECT_EQ(refused.text().why, "it asks for no event of Order.stored or Crate.put with sku=tea after event 1");
  EXPECT_EQ(refused.text().state, "nothing was written; the head is event 4");
  EXPECT_EQ(refused.text().remedy, "read again up to event 4, decide anew, and retry with a condition after that");
  EXPECT_EQ(store_.head(), 4u) << "a refusal leaves no trace";
}

TEST_F(Conditions, HoldWhereNothingMatchesAfterTheSeq) {
  store_.transact({put_order("o-1", "tea"), put_order("o-2", "rum")}).value();
  EXPECT_TRUE(ask(none_with({}, {"sku=tea"}, 2)).ok());
  EXPECT_TRUE(ask(none_with({}, {"sku=tea", "sku=rum"}, 0)).ok()) << "no event has both";
  EXPECT_TRUE(ask(none_with({"Crate.*"}, {}, 0)).ok());
  EXPECT_TRUE(ask(none_with({"Crate.*"}, {"sku=tea"}, 0)).ok()) << "both must be true of one event";
  EXPECT_TRUE(ask(none_with({}, {}, store_.head())).ok()) << "no event at all since";
}

TEST_F(Conditions, KnowARecordAsATagOfItsEvents) {
  store_.transact({put_order("o-1", "tea")}).value();
  store_.act("Crate.put", {{"id", 7}, {"sku", "tea"}}).value();
  EXPECT_EQ(ask(none_with({}, {"Order/o-1"}, 0)).text().what,
            "event 2, Order.stored of Order o-1, is against the append condition");
  EXPECT_EQ(ask(none_with({}, {"sku=tea", "Crate/7"}, 0)).text().what,
            "event 3, Crate.put of Crate 7, is against the append condition");
  EXPECT_TRUE(ask(none_with({}, {"Order/o-1"}, 2)).ok());
  EXPECT_TRUE(ask(none_with({}, {"Order/other"}, 0)).ok()) << "a record that is not there yet";
}

// What an item asks of the value before an event it asks of the one after it, too.
TEST_F(Conditions, SeeAValueThatAnEventTakesAway) {
  store_.transact({put_order("o-1", "tea")}).value();
  const Seq read = store_.head();
  store_.transact({put_order("o-1", "rum")}).value();
  EXPECT_EQ(ask(none_with({}, {"sku=tea"}, read)).id(), ErrorId::kConditionFailed);
}

TEST_F(Conditions, DoNotCountTheTransactionsOwnEvents) {
  EXPECT_TRUE(
      store_.transact({put_order("o-1", "tea"), put_order("o-1", "tea")}, {.condition = none_with({}, {"sku=tea"}, 0)}).ok());
}

TEST_F(Conditions, AreRefusedWhereTheyCouldNeverFail) {
  const auto why_of = [&](AppendCondition condition) {
    const Status refused = ask(std::move(condition));
    EXPECT_EQ(refused.id(), ErrorId::kConditionInvalid) << refused.message();
    EXPECT_EQ(refused.text().state, "nothing was written");
    return refused.text().why;
  };
  EXPECT_EQ(why_of({}), "it names no events");
  EXPECT_EQ(why_of(none_with({"Order.placed"}, {}, 0)), "no action makes events of type 'Order.placed'");
  EXPECT_EQ(why_of(none_with({}, {"qty=1"}, 0)), "no resource marks a field 'qty' with `tag`");
  EXPECT_EQ(why_of(none_with({}, {"tea"}, 0)), "'tea' is no tag");
  EXPECT_EQ(why_of(none_with({}, {"status=Lost"}, 0)), "'Lost' is no value of the tag 'status'");
  EXPECT_EQ(why_of(none_with({}, {"urgent=1"}, 0)), "'1' is no value of the tag 'urgent'");
  EXPECT_EQ(why_of(none_with({}, {"shelf=007"}, 0)), "'007' is no value of the tag 'shelf'");
  EXPECT_EQ(why_of(none_with({}, {"Ordre/o-1"}, 0)), "there is no resource 'Ordre'");
  EXPECT_EQ(why_of(none_with({}, {"Crate/x=y"}, 0)).substr(0, 24), "'Crate/x=y' is no record") << "no '=' makes it another tag";
  EXPECT_EQ(why_of(none_with({}, {"sku=tea"}, 2)), "it asks for events after event 2, and the head is event 1");
  EXPECT_EQ(ask(none_with({}, std::vector<std::string>(65, "sku=tea"), 0)).id(), ErrorId::kTooLarge);
  EXPECT_TRUE(ask(none_with({}, {"status=Paid", "urgent=true", "shelf=-7", "sku=a=b/c"}, 0)).ok());
}

TEST_F(Conditions, AreNotAskedOfARetry) {
  const ActOptions options{.condition = none_with({}, {"sku=tea"}, store_.head()), .idempotency_key = "k"};
  const TransactionReceipt first = store_.transact({put_order("o-1", "tea")}, options).value();
  const TransactionReceipt again = store_.transact({put_order("o-1", "tea")}, options).value();
  EXPECT_TRUE(again.replayed) << "its own event is against the condition now";
  EXPECT_EQ(again.first_seq, first.first_seq);
  ActOptions other = options;
  other.condition->after = store_.head();
  EXPECT_EQ(store_.transact({put_order("o-1", "tea")}, other).status().id(), ErrorId::kKeyReused)
      << "another condition is other input";
}

TEST_F(Conditions, HoldForDryRunsToo) {
  store_.transact({put_order("o-1", "tea")}).value();
  const ActOptions options{.condition = none_with({}, {"sku=tea"}, 0), .dry_run = true};
  EXPECT_EQ(store_.transact({put_order("o-2", "rum")}, options).status().id(), ErrorId::kConditionFailed);
}

// A type or a tag of an older version of the schema may still be that of an event.
TEST_F(Conditions, KnowWhatOlderVersionsOfTheSchemaCalledTheirEvents) {
  store_.transact({put_order("o-1", "tea")}).value();
  std::string renamed = kSchema;
  renamed.replace(renamed.find("Order.stored"), 12, "Order.placed");
  store_.add_schema({{"shop.fbs", renamed}}).value();
  EXPECT_EQ(ask(none_with({"Order.stored"}, {}, 0)).text().what,
            "event 2, Order.stored of Order o-1, is against the append condition");
  EXPECT_TRUE(ask(none_with({"Order.placed"}, {}, 0)).ok());
}

TEST_F(Conditions, CostNothingWhereThereAreNone) {
  store_.transact({put_order("o-1", "tea")}).value();
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
  rocksdb::get_perf_context()->Reset();
  store_.transact({put_order("o-2", "tea")}).value();
  EXPECT_EQ(rocksdb::get_perf_context()->get_from_memtable_count, 1u) << "the record";
  EXPECT_EQ(rocksdb::get_perf_context()->seek_on_memtable_count, 0u);
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
}

// Decides on top of what no batch has written yet.
class StagedConditions : public Conditions {
 protected:
  void SetUp() override {
    Conditions::SetUp();
    const Store::State& state = StoreAccess::state(store_);
    decider_ = std::make_unique<internal::Decider>(*state.database, state.catalog, clock_, ids_, state.options.limits,
                                                   state.options.handlers);
    ASSERT_TRUE(decider_->restore(store_.head(), clock_.now()).ok());
  }
  Result<TransactionReceipt> decide(std::vector<ActionRequest> actions, std::optional<AppendCondition> condition,
                                    internal::Group& group) {
    const Store::State& state = StoreAccess::state(store_);
    auto prepared = state.prepare(std::move(actions), {.condition = std::move(condition)}).value();
    return decider_->decide(*prepared, group);
  }

  forge::testing::ManualClock clock_;
  forge::testing::SeededIds ids_{7};
  std::unique_ptr<internal::Decider> decider_;
};

TEST_F(StagedConditions, SeeWhatIsOnItsWay) {
  internal::Group first(1), second(2);
  ASSERT_TRUE(decide({put_order("o-1", "tea"), put_order("o-2", "rum")}, {}, first).ok());
  ASSERT_TRUE(decide({put_order("o-3", "gin")}, {}, second).ok());
  const Status refused = decide({put_order("o-4", "rum")}, none_with({}, {"sku=rum"}, 1), second).status();
  EXPECT_EQ(refused.id(), ErrorId::kConditionFailed);
  EXPECT_EQ(refused.text().what, "event 3, Order.stored of Order o-2, is against the append condition");
  EXPECT_EQ(refused.text().why, "it asks for no event with sku=rum after event 1; that event came while this was on its way");
  EXPECT_EQ(refused.text().state, "nothing was written; the head is event 4");
  EXPECT_EQ(decide({}, none_with({"Order.*"}, {"Order/o-3"}, 1), second).status().id(), ErrorId::kConditionFailed);
  EXPECT_TRUE(decide({}, none_with({}, {"sku=tea", "sku=rum"}, 1), second).ok()) << "no event has both";
}

TEST_F(StagedConditions, PassOverWhatWasRefused) {
  internal::Group group(1);
  EXPECT_FALSE(decide({put_order("o-1", "tea"), {.action = "Order.drop", .args = {{"id", "none"}}}}, {}, group).ok());
  EXPECT_TRUE(decide({put_order("o-2", "rum")}, none_with({}, {"sku=tea"}, 1), group).ok());
  EXPECT_EQ(decide({}, none_with({}, {"sku=rum"}, 1), group).status().text().what,
            "event 2, Order.stored of Order o-2, is against the append condition");
}

// --- against the whole log
// --------------------------------------------------------------------------------------------------------

bool matches(const ConditionItem& item, const Event& event) {
  const bool has_type = item.types.empty() || std::any_of(item.types.begin(), item.types.end(),
                                                          [&](const std::string& type) { return matches_glob(type, event.type); });
  return has_type && std::all_of(item.tags.begin(), item.tags.end(), [&](const std::string& tag) {
           return tag == event.resource + "/" + event.key ||
                  std::find(event.tags.begin(), event.tags.end(), tag) != event.tags.end();
         });
}

// The first event up to `to` that is against the condition; 0: none.
Seq first_match(const std::vector<Event>& log, const AppendCondition& condition, Seq to) {
  for (Seq seq = condition.after + 1; seq <= to; ++seq) {
    for (const ConditionItem& item : condition.items) {
      if (matches(item, log[seq - 1])) return seq;
    }
  }
  return 0;
}

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : dice_(seed) {}

  std::vector<ActionRequest> actions() {
    std::vector<ActionRequest> out;
    for (std::uint64_t count = dice_.below(4); count > 0; --count) out.push_back(action());
    return out;
  }
  std::optional<AppendCondition> condition(Seq head) {
    if (dice_.chance(40)) return std::nullopt;
    AppendCondition out;
    out.after = dice_.chance(10) ? 0 : head - dice_.below(std::min<Seq>(head, 30) + 1);
    for (std::uint64_t count = 1 + dice_.below(3); count > 0; --count) out.items.push_back(item());
    return out;
  }

 private:
  std::string order() { return "o-" + std::to_string(dice_.below(12)); }
  std::string sku() { return dice_.pick({"tea", "rum", "gin", "ale"}); }
  ActionRequest action() {
    if (dice_.chance(10)) return {.action = "Order.drop", .args = {{"id", order()}}};
    if (dice_.chance(30)) {
      return {.action = "Crate.put", .args = {{"id", dice_.between(1, 5)}, {"sku", sku()}, {"shelf", dice_.between(-1, 3)}}};
    }
    ActionRequest out{.action = "Order.put", .args = {{"id", order()}}};
    if (dice_.chance(70)) out.args.add("sku", sku());
    if (dice_.chance(40)) out.args.add("status", dice_.pick({"Placed", "Paid", "Shipped"}));
    if (dice_.chance(40)) out.args.add("urgent", dice_.chance(50));
    return out;
  }
  ConditionItem item() {
    ConditionItem out;
    for (std::uint64_t count = dice_.below(3); count > 0; --count) {
      out.types.emplace_back(
          dice_.pick({"Order.stored", "Order.dropped", "Crate.put", "Order.*", "_transaction.*", "_schema.added"}));
    }
    for (std::uint64_t count = dice_.below(3) + (out.types.empty() ? 1 : 0); count > 0; --count) out.tags.push_back(tag());
    return out;
  }
  std::string tag() {
    switch (dice_.below(5)) {
      case 0:
        return "Order/" + order();
      case 1:
        return "Crate/" + std::to_string(dice_.between(1, 5));
      case 2:
        return dice_.pick({"status=Paid", "urgent=true", "urgent=false", "shelf=-1", "shelf=2"});
      default:
        return "sku=" + sku();
    }
  }

  Dice dice_;
};

struct Asked {
  std::vector<ActionRequest> actions;
  ActOptions options;
  std::future<Result<TransactionReceipt>> answer;
};

// They are decided in the order in which they are handed over, many of them on top of what is not yet on disk.
std::vector<Asked> hand_over(Store& store, Chance& chance, int count, int& keys) {
  std::vector<Asked> asked;
  for (int i = 0; i < count; ++i) {
    Asked one{.actions = chance.actions(), .options = {}, .answer = {}};
    one.options.condition = chance.condition(store.head());
    one.options.idempotency_key = "k-" + std::to_string(++keys);
    auto promise = std::make_shared<std::promise<Result<TransactionReceipt>>>();
    one.answer = promise->get_future();
    store.transact_async(one.actions, one.options,
                         [promise](Result<TransactionReceipt> answer) { promise->set_value(std::move(answer)); });
    asked.push_back(std::move(one));
  }
  return asked;
}

std::vector<Event> whole_log(const Store& store) {
  std::vector<Event> log;
  const Status read = store.view().log({}, [&](const Event& event) { return log.push_back(event), true; });
  EXPECT_TRUE(read.ok()) << read.message();
  return log;
}

// `head`: before the first of them.
void compare(Store& store, std::vector<Asked>& asked, Seq head) {
  std::vector<Result<TransactionReceipt>> answers;
  for (Asked& one : asked) answers.push_back(one.answer.get());
  const std::vector<Event> log = whole_log(store);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Result<TransactionReceipt>& answer = answers[i];
    const std::optional<AppendCondition>& condition = asked[i].options.condition;
    const Seq match = condition ? first_match(log, *condition, head) : 0;
    ASSERT_EQ(answer.status().id() == ErrorId::kConditionFailed, match != 0)
        << (condition ? definition_of(*condition) : "") << " at " << head << ": " << answer.status().message();
    if (match != 0) {
      const std::string named = "event " + std::to_string(match) + ", " + log[match - 1].type;
      ASSERT_TRUE(answer.status().text().what.starts_with(named)) << named << ": " << answer.status().message();
    }
    if (!answer.ok()) continue;
    ASSERT_EQ(answer->first_seq, head + 1) << "it was decided in its turn";
    head = answer->last_seq;
    const TransactionReceipt again = store.transact(asked[i].actions, asked[i].options).value();
    ASSERT_TRUE(again.replayed);
    ASSERT_EQ(again.last_seq, head);
  }
}

TEST(ConditionsAgainstTheLog, RefuseTheSameAsAnEvaluatorOverAllOfIt) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  const FreshPath path("forge-conditions");
  Chance chance(seed);
  Dice dice(seed + 1);
  int keys = 0;
  for (int opening = 0; opening < 4 && !::testing::Test::HasFatalFailure(); ++opening) {
    Store store = Store::open(path.path()).value();
    store.add_schema({{"shop.fbs", kSchema}}).value();
    for (int round = 0; round < 6 && !::testing::Test::HasFatalFailure(); ++round) {
      const Seq head = store.head();
      std::vector<Asked> asked = hand_over(store, chance, static_cast<int>(1 + dice.below(80)), keys);
      compare(store, asked, head);
    }
  }
}

}  // namespace
}  // namespace forge::testing_support
