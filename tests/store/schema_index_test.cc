// Indexes, tags and references that come and go with schema versions, over records that are there already; and stores from before
// there were tables for them.

#include <gtest/gtest.h>

#include <filesystem>

#include "forge/store/rebuild.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "store/seeds.h"
#include "store_state.h"

namespace forge::testing_support {
namespace {

constexpr const char* kPlain = R"(include "forge.fbs";
table A (resource) { id: int (key); n: int; t: string; }
table Put (action: "A.put", upserts) { n: int = null; t: string; }
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

ReadPlan plan_of(const View& view, const std::string& where, std::vector<std::string>& keys) {
  ReadPlan plan;
  const Status listed = view.list(
      {.resource = "A", .where = where}, [&](const Record& record) { return keys.push_back(record.key()), true; }, &plan);
  EXPECT_TRUE(listed.ok()) << listed.message();
  return plan;
}

TEST(IndexesOverSchemaVersions, AreFilledWhenTheyAreAddedAndAgainWhenTheyComeBack) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", kPlain}}).value();
  for (int i = 0; i < 5; ++i) store.act("A.put", {{"id", i}, {"n", i % 2}}).value();
  const std::string indexed = replaced(kPlain, "n: int;", "n: int (index);");
  store.add_schema({{"a.fbs", indexed}}).value();

  std::vector<std::string> keys;
  EXPECT_EQ(plan_of(store.view(), "n = 1", keys).index, "A.n");
  EXPECT_EQ(keys, (std::vector<std::string>{"1", "3"}));
  const View indexed_view = store.view();

  store.add_schema({{"a.fbs", kPlain}}).value();
  store.act("A.put", {{"id", 1}, {"n", 7}}).value();  // the index is not kept up any more
  keys.clear();
  EXPECT_EQ(plan_of(indexed_view, "n = 1", keys).reason, "index A.n is not used: it is no longer kept");
  EXPECT_EQ(keys, (std::vector<std::string>{"1", "3"}));

  store.add_schema({{"a.fbs", indexed}}).value();
  keys.clear();
  EXPECT_EQ(plan_of(store.view(), "n = 1", keys).index, "A.n");
  EXPECT_EQ(keys, std::vector<std::string>{"3"}) << "what the index left behind is gone";
  EXPECT_TRUE(verify(store, {.files = false}).value().ok());
}

TEST(IndexesOverSchemaVersions, HaveTheDefaultsOfNewFields) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", kPlain}}).value();
  store.act("A.put", {{"id", 1}}).value();
  store.add_schema({{"a.fbs", replaced(kPlain, "t: string; }", "t: string; level: int = 3 (index); }")}}).value();
  std::vector<std::string> keys;
  EXPECT_EQ(plan_of(store.view(), "level = 3", keys).index, "A.level");
  EXPECT_EQ(keys, std::vector<std::string>{"1"});
  store.act("A.put", {{"id", 1}, {"n", 4}}).value();
  EXPECT_TRUE(verify(store, {.files = false}).value().ok());
}

TEST(IndexesOverSchemaVersions, AreRefusedOverValuesThatNoIndexCanHold) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", kPlain}}).value();
  store.act("A.put", {{"id", 7}, {"t", std::string(1025, 'x')}}).value();
  const Status refused = store.add_schema({{"a.fbs", replaced(kPlain, "t: string; }", "t: string (index); }")}}).status();
  EXPECT_EQ(refused.id(), ErrorId::kKeyInvalid);
  EXPECT_EQ(refused.text().why, "in A 7: it has 1025 bytes, the limit is 1024");
  EXPECT_EQ(store.head(), 2U);
  store.act("A.put", {{"id", 7}, {"t", "short"}}).value();
  store.add_schema({{"a.fbs", replaced(kPlain, "t: string; }", "t: string (index); }")}}).value();
  std::vector<std::string> keys;
  EXPECT_EQ(plan_of(store.view(), "t = 'short'", keys).index, "A.t");
  EXPECT_EQ(keys, std::vector<std::string>{"7"});
  EXPECT_TRUE(verify(store, {.files = false}).value().ok());
}

TEST(IndexesOverSchemaVersions, OfAReferenceIsWholeOnceItIsDeclared) {
  Store store = Store::open(":memory:").value();
  const std::string referring =
      replaced(kPlain, "t: string; }\ntable Put", "t: string; up: int = null (references: \"A\"); }\ntable Put");
  store.add_schema({{"a.fbs", replaced(referring, "n: int = null;", "n: int = null; up: int = null;")}}).value();
  store.act("A.put", {{"id", 1}}).value();
  store.act("A.put", {{"id", 2}, {"up", 1}}).value();
  std::vector<std::string> keys;
  EXPECT_EQ(plan_of(store.view(), "up = 1", keys).index, "A.up");
  EXPECT_EQ(keys, std::vector<std::string>{"2"});
  keys.clear();
  EXPECT_EQ(plan_of(store.view(), "up is null", keys).index, "current") << "it has no entries of these";

  const std::string indexed = replaced(referring, "(references:", "(index, references:");
  store.add_schema({{"a.fbs", replaced(indexed, "n: int = null;", "n: int = null; up: int = null;")}}).value();
  keys.clear();
  EXPECT_EQ(plan_of(store.view(), "up is null", keys).index, "A.up");
  EXPECT_EQ(keys, std::vector<std::string>{"1"});
  EXPECT_TRUE(verify(store, {.files = false}).value().ok());
}

TEST(ConstraintsOverSchemaVersions, AUniqueFieldIsTheSameWhereverItIsDeclared) {
  Store store = Store::open(":memory:").value();
  const std::string on_field = replaced(kPlain, "n: int;", "n: int (unique);");
  const std::string on_table = replaced(kPlain, "(resource)", "(resource, unique: \"n\")");
  store.add_schema({{"a.fbs", on_field}}).value();
  store.act("A.put", {{"id", 1}, {"n", 5}}).value();
  store.add_schema({{"a.fbs", on_table}}).value();
  EXPECT_EQ(store.act("A.put", {{"id", 2}, {"n", 5}}).status().id(), ErrorId::kUniqueTaken);
  EXPECT_EQ(store.add_schema({{"a.fbs", replaced(kPlain, "(resource)", "(resource, unique: \"n where n > 0\")")}}).status().id(),
            ErrorId::kSchemaIncompatible)
      << "records may break it by now";
  EXPECT_TRUE(verify(store, {.files = false}).value().ok());
}

TEST(IndexesOverSchemaVersions, AReferenceIsAddedOnlyWithItsField) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", kPlain}}).value();
  EXPECT_EQ(store.add_schema({{"a.fbs", replaced(kPlain, "n: int;", "n: int (references: \"A\");")}}).status().id(),
            ErrorId::kSchemaIncompatible);
  EXPECT_TRUE(
      store.add_schema({{"a.fbs", replaced(kPlain, "t: string; }", "t: string; up: int = null (references: \"A\"); }")}}).ok());
}

TEST(TagsOverSchemaVersions, DoNotHoldFastWhatCannotBeATag) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", kPlain}}).value();
  store.act("A.put", {{"id", 1}, {"t", std::string(1025, 'x')}}).value();
  store.add_schema({{"a.fbs", replaced(kPlain, "t: string; }", "t: string (tag); }")}}).value();
  const Status refused = store.act("A.put", {{"id", 1}, {"n", 2}}).status();
  EXPECT_EQ(refused.id(), ErrorId::kKeyInvalid);
  EXPECT_EQ(refused.text().why, "it has 1025 bytes, the limit is 1024");
  store.act("A.put", {{"id", 1}, {"t", "short"}}).value();
  std::vector<Seq> tagged;
  EXPECT_TRUE(store.view().log({.tag = "t=short"}, [&](const Event& event) { return tagged.push_back(event.seq), true; }).ok());
  EXPECT_EQ(tagged, std::vector<Seq>{4});
  EXPECT_TRUE(verify(store, {.files = false}).value().ok());
}

// A store as it was before there were tables of indexes and tags.
TEST(TablesThatAStoreDoesNotHaveYet, AreReadAsEmptyAndMadeWhenItIsOpenedForWriting) {
  namespace fs = std::filesystem;
  const std::string path = ::testing::TempDir() + "forge-old-" + std::to_string(seed_of_run());
  {
    Store store = Store::open(path).value();
    store.add_schema({{"a.fbs", kPlain}}).value();
    store.act("A.put", {{"id", 1}}).value();
    rocksdb::DB& db = (*StoreAccess::state(store).database).db();
    for (const Table table : {Table::kIndex, Table::kTags}) {
      ASSERT_TRUE(db.DropColumnFamily((*StoreAccess::state(store).database).handle(table)).ok());
    }
    ASSERT_TRUE((*StoreAccess::state(store).database).sync_log().ok());
    StoreAccess::state(store).watermark->abandon();
  }
  {
    Store store = Store::open(path, {.read_only = true}).value();
    EXPECT_TRUE(store.get("A", "1").ok());
    EXPECT_TRUE(verify(store).value().ok());
    EXPECT_TRUE(store.stats().ok());
    EXPECT_TRUE(store.view().log({.tag = "t=x"}, [](const Event&) { return ADD_FAILURE(), false; }).ok());
    ActOptions dry;
    dry.dry_run = true;
    EXPECT_TRUE(store.act("A.put", {{"id", 2}}, dry).ok());
    EXPECT_TRUE(store.add_schema({{"a.fbs", replaced(kPlain, "n: int;", "n: int (index);")}}, dry).ok());
  }
  {
    Store store = Store::open(path).value();
    store.add_schema({{"a.fbs", replaced(kPlain, "n: int;", "n: int (index);")}}).value();
    std::vector<std::string> keys;
    EXPECT_EQ(plan_of(store.view(), "n = 0", keys).index, "A.n");
    EXPECT_EQ(keys, std::vector<std::string>{"1"});
    EXPECT_TRUE(store.close().ok());
  }
  fs::remove_all(path);
}

TEST(IndexesOverSchemaVersions, AreWholeInARebuiltStore) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"a.fbs", kPlain}}).value();
  for (int i = 0; i < 5; ++i) store.act("A.put", {{"id", i}, {"n", i % 2}, {"t", "x"}}).value();
  std::string later = replaced(kPlain, "n: int;", "n: int (index);");
  later = replaced(later, "t: string; }\ntable Put", "t: string (tag); }\ntable Put");
  store.add_schema({{"a.fbs", later}}).value();
  store.act("A.put", {{"id", 4}, {"n", 1}}).value();

  const std::string path = ::testing::TempDir() + "forge-rebuilt-" + std::to_string(seed_of_run());
  ASSERT_TRUE(rebuild(store, path).ok());
  {
    const Store rebuilt = Store::open(path, {.read_only = true}).value();
    std::vector<std::string> keys;
    EXPECT_EQ(plan_of(rebuilt.view(), "n = 1", keys).index, "A.n");
    EXPECT_EQ(keys, (std::vector<std::string>{"1", "3", "4"})) << "records that no event touched since are there, too";
    std::vector<Seq> tagged;
    const auto visit = [&](const Event& event) { return tagged.push_back(event.seq), true; };
    EXPECT_TRUE(rebuilt.view().log({.tag = "t=x"}, visit).ok());
    EXPECT_EQ(tagged, std::vector<Seq>{8});
    EXPECT_TRUE(verify(rebuilt).value().ok());
  }
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace forge::testing_support
