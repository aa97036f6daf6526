// Queries that a schema declares: what they answer, how they find it, and under which schema.

#include <gtest/gtest.h>

#include <algorithm>

#include "forge/store/store.h"
#include "support/dice.h"

namespace forge {
namespace {

constexpr const char* kQueriedSchema = R"fbs(include "forge.fbs";
namespace docs;
enum Kind : byte { Note, Letter, Book }

table Doc (resource, index: "owner; kind, size") { id: string (key); owner: string; kind: Kind; size: int = null; }
table PutDoc (action: "Doc.put", upserts) { owner: string; kind: Kind = Note; size: int = null; }
table DropDoc (action: "Doc.drop", destroys) {}
table ByOwner (action: "Doc.by_owner", reads, where: "owner = :owner") { owner: string; }
table InRange (action: "Doc.in_range", reads, where: "kind = :kind and size between :low and :high") {
  kind: Kind = Note; low: int = 0; high: int = null;
}
table Sorted (action: "Doc.sorted", reads, where: "owner = :actor.id", order: "kind desc, size", limit: 7) {}
table Even (action: "Doc.even", reads, where: "size % 2 = 0 and owner = :owner") { owner: string; }
)fbs";

Store queried_store() {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"docs.fbs", kQueriedSchema}}).value();
  return store;
}

void put(Store& store, const std::string& id, const std::string& owner, const char* kind, std::int64_t size) {
  store.act("Doc.put", {{"id", id}, {"owner", owner}, {"kind", kind}, {"size", size}}).value();
}

std::vector<std::string> ask(const View& view, const char* query, const Args& args, const QueryOptions& options = {},
                             ReadPlan* plan = nullptr) {
  std::vector<std::string> keys;
  const Status asked = view.query(
      query, args, options, [&](const Record& record) { return keys.push_back(record.key()), true; }, plan);
  if (!asked.ok()) ADD_FAILURE() << asked.message();
  return keys;
}

using Keys = std::vector<std::string>;

TEST(Queries, UseAnIndexByTheValueOfAnArgument) {
  Store store = queried_store();
  for (int i = 0; i < 50; ++i) put(store, "d" + std::to_string(100 + i), i % 10 == 0 ? "ann" : "bob", "Note", i);
  ReadPlan plan;
  EXPECT_EQ(ask(store.view(), "Doc.by_owner", {{"owner", "ann"}}, {}, &plan), (Keys{"d100", "d110", "d120", "d130", "d140"}));
  EXPECT_EQ(plan.index, "Doc.owner");
  EXPECT_EQ(plan.reason, "owner equal");
  EXPECT_EQ(plan.entries_touched, 10U);
  EXPECT_EQ(ask(store.view(), "Doc.in_range", {{"low", 3}, {"high", 5}}, {}, &plan), (Keys{"d103", "d104", "d105"}));
  EXPECT_EQ(plan.index, "Doc.kind_size");
  EXPECT_EQ(plan.reason, "kind equal, size from and to");
}

TEST(Queries, AnswerNothingWhereAnArgumentIsNull) {
  Store store = queried_store();
  put(store, "a", "ann", "Note", 1);
  store.act("Doc.put", {{"id", "b"}}).value();
  ReadPlan plan;
  EXPECT_EQ(ask(store.view(), "Doc.by_owner", {}, {}, &plan), Keys{});
  EXPECT_EQ(plan.index, "current") << "what is compared with NULL is in no index";
  EXPECT_EQ(ask(store.view(), "Doc.in_range", {}), Keys{}) << "`high` is null";
}

TEST(Queries, ThatComputeLookAtEveryRecord) {
  Store store = queried_store();
  put(store, "a", "ann", "Note", 2);
  put(store, "b", "ann", "Note", 3);
  ReadPlan plan;
  EXPECT_EQ(ask(store.view(), "Doc.even", {{"owner", "ann"}}, {}, &plan), Keys{"a"});
  EXPECT_EQ(plan.index, "current");
}

TEST(Queries, GiveNoMoreThanTheirOwnLimitAndTheCallers) {
  Store store = queried_store();
  for (int i = 0; i < 20; ++i) put(store, "d" + std::to_string(10 + i), "ann", "Note", 20 - i);
  EXPECT_EQ(ask(store.view(), "Doc.sorted", {}, {.actor = "ann"}), (Keys{"d29", "d28", "d27", "d26", "d25", "d24", "d23"}));
  EXPECT_EQ(ask(store.view(), "Doc.sorted", {}, {.actor = "ann", .limit = 2}), (Keys{"d29", "d28"}));
  EXPECT_EQ(ask(store.view(), "Doc.sorted", {}, {.actor = "ann", .limit = 99}).size(), 7U);
  EXPECT_EQ(ask(store.view(), "Doc.by_owner", {{"owner", "ann"}}, {.limit = 3}), (Keys{"d10", "d11", "d12"}));
}

TEST(Queries, StopWhenTheVisitorHasSeenEnough) {
  Store store = queried_store();
  for (const char* id : {"a", "b", "c"}) put(store, id, "ann", "Note", 1);
  int seen = 0;
  ASSERT_TRUE(store.view().query("Doc.sorted", {}, {.actor = "ann"}, [&](const Record&) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST(Queries, OfTodayReadThePast) {
  Store store = queried_store();
  put(store, "a", "ann", "Note", 1);
  const Seq then = store.head();
  put(store, "a", "bob", "Note", 1);
  std::string later = kQueriedSchema;
  const std::string was = "size: int = null; }\ntable PutDoc";
  later.replace(later.find(was), was.size(), "size: int = null; colour: string (default: \"white\"); }\ntable PutDoc");
  later +=
      R"fbs(table White (action: "Doc.white", reads, allow: "named: :actor.id <> ''", where: "colour = 'white' and owner = 'ann'") {})fbs";
  store.add_schema({{"docs.fbs", later}}).value();
  EXPECT_EQ(ask(store.view(), "Doc.white", {}, {.actor = "eve"}), Keys{});
  EXPECT_EQ(ask(store.as_of(then).value(), "Doc.white", {}, {.actor = "eve"}), Keys{"a"})
      << "neither field nor query was there then";
  const auto nothing = [](const Record&) { return true; };
  EXPECT_EQ(store.as_of(then).value().query("Doc.white", {}, {}, nothing).id(), ErrorId::kPolicyDenied);
}

TEST(Queries, AreNotIssuedAndActionsAreNotAsked) {
  Store store = queried_store();
  const auto nothing = [](const Record&) { return true; };
  EXPECT_EQ(store.act("Doc.by_owner", {{"owner", "ann"}}).status().id(), ErrorId::kActionReads);
  EXPECT_EQ(store.view().query("Doc.put", {{"id", "a"}}, {}, nothing).id(), ErrorId::kActionReads);
  EXPECT_EQ(store.view().query("Doc.by", {}, {}, nothing).id(), ErrorId::kUnknownAction);
  EXPECT_EQ(store.view().query("Doc.by_owner", {{"id", "a"}}, {}, nothing).id(), ErrorId::kUnknownField) << "no key is implied";
  EXPECT_EQ(store.view().query("Doc.by_owner", {{"owner", 1}}, {}, nothing).id(), ErrorId::kArgumentType);
}

TEST(SortedLists, NeedALimitAndFieldsWithAnOrder) {
  Store store = queried_store();
  const auto refused = [&](const ListQuery& query) { return store.view().list(query, [](const Record&) { return true; }).id(); };
  EXPECT_EQ(refused({.resource = "Doc", .sort = "size"}), ErrorId::kFilterInvalid);
  EXPECT_EQ(refused({.resource = "Doc", .limit = ListQuery::kSortedMax + 1, .sort = "size"}), ErrorId::kFilterInvalid);
  EXPECT_EQ(refused({.resource = "Doc", .after_key = "a", .limit = 1, .sort = "size"}), ErrorId::kFilterInvalid);
  EXPECT_EQ(refused({.resource = "Doc", .limit = 1, .sort = "sise"}), ErrorId::kUnknownField);
  EXPECT_EQ(refused({.resource = "Doc", .limit = 1, .sort = "size,"}), ErrorId::kUnknownField);
  EXPECT_EQ(refused({.resource = "Doc", .limit = ListQuery::kSortedMax, .sort = "size"}), ErrorId::kNone);
}

// ---- Against every record, filtered and sorted here -----------------------------------------------------------------------------

struct Reading {
  std::string key, owner, kind;
  std::optional<std::int64_t> size;
};

std::vector<Reading> rows_of(const View& view) {
  std::vector<Reading> rows;
  const Status listed = view.list({.resource = "Doc"}, [&](const Record& record) {
    const Value size = record["size"];
    rows.push_back({record.key(), record["owner"].as_text(), record["kind"].as_text(),
                    size.if_int() == nullptr ? std::nullopt : std::optional(*size.if_int())});
    return true;
  });
  EXPECT_TRUE(listed.ok());
  return rows;
}

template <typename Wanted>
Keys keys_where(const std::vector<Reading>& rows, Wanted wanted) {
  Keys keys;
  for (const Reading& row : rows) {
    if (wanted(row)) keys.push_back(row.key);
  }
  return keys;
}

Keys sorted_naively(std::vector<Reading> rows, const std::string& owner) {
  const auto rank = [](const Reading& row) { return row.kind == "Note" ? 2 : row.kind == "Letter" ? 1 : 0; };
  std::erase_if(rows, [&](const Reading& row) { return row.owner != owner; });
  std::stable_sort(rows.begin(), rows.end(), [&](const Reading& a, const Reading& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.size < b.size;  // nothing is less than any number
  });
  if (rows.size() > 7) rows.resize(7);
  return keys_where(rows, [](const Reading&) { return true; });
}

Keys listed(const View& view, const ListQuery& query) {
  Keys keys;
  const Status status = view.list(query, [&](const Record& record) { return keys.push_back(record.key()), true; });
  EXPECT_TRUE(status.ok()) << status.message();
  return keys;
}

TEST(Queries, AgreeWithALookAtEveryRecord) {
  Dice dice(1);
  Store store = queried_store();
  const std::vector<std::string> owners = {"ann", "bob", "eve"}, kinds = {"Note", "Letter", "Book"};
  std::size_t found = 0;
  for (int round = 0; round < 600; ++round) {
    const std::string id = "d" + std::to_string(dice.below(40));
    if (dice.chance(10) && store.get("Doc", id).ok()) {
      store.act("Doc.drop", {{"id", id}}).value();
    } else {
      store
          .act("Doc.put", {{"id", id},
                           {"owner", dice.pick(owners)},
                           {"kind", dice.pick(kinds)},
                           {"size", dice.chance(20) ? Value() : Value(dice.between(0, 9))}})
          .value();
    }
    const View view = store.as_of(dice.chance(50) ? store.head() : 1 + dice.below(store.head())).value();
    const std::vector<Reading> rows = rows_of(view);
    const std::string owner = dice.pick(owners), kind = dice.pick(kinds);
    const std::int64_t low = dice.between(0, 9), high = dice.between(0, 9);
    ASSERT_EQ(ask(view, "Doc.by_owner", {{"owner", owner}}),
              keys_where(rows, [&](const Reading& row) { return row.owner == owner; }));
    ASSERT_EQ(ask(view, "Doc.in_range", {{"kind", kind}, {"low", low}, {"high", high}}), keys_where(rows, [&](const Reading& row) {
                return row.kind == kind && row.size && *row.size >= low && *row.size <= high;
              }));
    const Keys sorted = ask(view, "Doc.sorted", {}, {.actor = Actor(owner)});
    ASSERT_EQ(sorted, sorted_naively(rows, owner)) << "round " << round;
    ASSERT_EQ(listed(view, {.resource = "Doc", .where = "owner = '" + owner + "'", .limit = 7, .sort = "-kind,size"}), sorted);
    found += sorted.size();
  }
  EXPECT_GT(found, 2000U);
}

}  // namespace
}  // namespace forge
