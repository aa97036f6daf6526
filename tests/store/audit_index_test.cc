// The audit index: its rows, the answers of the log with and without it, and what verify finds in it.

#include <gtest/gtest.h>

#include <set>

#include "checkpoint.h"
#include "forge/projections/audit_index.h"
#include "forge/store/verify.h"
#include "store/sample_store.h"
#include "store/seeds.h"
#include "store_state.h"
#include "support/dice.h"

namespace forge {
namespace {

using testing_support::SampleDirectory;
constexpr std::chrono::seconds kCaughtUpIn{60};

TEST(AuditBlock, HoldsAnySetOfItsSeqsInOneFormForEach) {
  const std::uint64_t seed = testing_support::seed_of_run();
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  Dice dice(seed);
  for (int round = 0; round < 500; ++round) {
    const std::uint64_t block = dice.below(1'000'000);
    const unsigned percent = static_cast<unsigned>(1 + dice.below(100));
    std::string row;
    std::vector<Seq> put, read;
    for (Seq seq = block * kAuditBlock; seq < (block + 1) * kAuditBlock; ++seq) {
      if (!dice.chance(percent)) continue;
      add_to_audit_block(row, seq);
      put.push_back(seq);
      EXPECT_EQ(row.size(), std::min<std::size_t>(put.size(), 32)) << "after " << put.size();
    }
    if (put.empty()) continue;
    ASSERT_TRUE(read_audit_block(block, row, read).ok());
    EXPECT_EQ(read, put);
  }
}

TEST(AuditBlock, RefusesRowsThatAreNone) {
  std::vector<Seq> seqs;
  for (const std::string& row :
       {std::string(), std::string("\2\1"), std::string("\1\1"), std::string(32, '\0'), std::string(33, 'x')}) {
    EXPECT_EQ(read_audit_block(0, row, seqs).id(), ErrorId::kDataCorrupt) << row.size();
  }
}

// Whether the event set or cleared the field, "Order.qty".
bool touches(const Event& event, const std::string& field) {
  const std::string name = field.substr(field.rfind('.') + 1);
  return event.resource + "." + name == field &&
         (event.changes.find(name) != nullptr ||
          std::find(event.cleared.begin(), event.cleared.end(), name) != event.cleared.end());
}

class AuditIndex : public ::testing::Test {
 protected:
  std::vector<Seq> answer(const View& view, const LogQuery& query, ReadPlan* plan = nullptr) {
    std::vector<Seq> out;
    const Status walked = view.log(
        query,
        [&](const Event& event) {
          out.push_back(event.seq);
          return true;
        },
        plan);
    EXPECT_TRUE(walked.ok()) << walked.message();
    return out;
  }

  // Queries for everything that the store's events name, forwards and backwards, with bounds and limits.
  std::vector<LogQuery> queries(const View& view) {
    std::set<std::string> actors{"nobody"}, correlations{"none"}, actions, fields;
    EXPECT_TRUE(view.log({},
                         [&](const Event& event) {
                           if (!event.actor.empty()) actors.insert(event.actor);
                           if (event.seq % 7 == 0) correlations.insert(event.correlation);
                           if (!event.action.empty()) actions.insert(event.action);
                           for (const auto& [name, value] : event.changes.members()) fields.insert(event.resource + "." + name);
                           for (const std::string& name : event.cleared) fields.insert(event.resource + "." + name);
                           return true;
                         })
                    .ok());
    std::vector<LogQuery> out;
    for (const std::string& actor : actors) out.push_back({.actor = actor});
    for (const std::string& correlation : correlations) out.push_back({.correlation = correlation});
    for (const std::string& action : actions) out.push_back({.action = action});
    for (const std::string& field : fields) out.push_back({.field = field});
    for (const std::string& actor : actors) out.push_back({.actor = actor, .field = *fields.begin()});
    const std::size_t plain = out.size();
    for (std::size_t i = 0; i < plain; ++i) {
      LogQuery query = out[i];
      query.from = 1 + dice_.below(view.seq());
      query.to = query.from + dice_.below(view.seq());
      query.newest_first = dice_.chance(50);
      query.limit = dice_.below(4);
      out.push_back(query);
      out[i].newest_first = dice_.chance(50);
    }
    return out;
  }

  const SampleDirectory directory_{SampleDirectory::State::kClosed};
  Dice dice_{5};
};

TEST_F(AuditIndex, GivesTheAnswersOfTheLogHoweverFarItHasCome) {
  std::vector<std::vector<Seq>> expected;
  std::vector<LogQuery> asked;
  {
    Store store = Store::open(directory_.path()).value();
    asked = queries(store.view());
    EXPECT_GT(asked.size(), 20U);
    for (const LogQuery& query : asked) {
      ReadPlan plan;
      expected.push_back(answer(store.view(), query, &plan));
      EXPECT_EQ(plan.index, "log");
    }
    const Seq head = store.head();
    ASSERT_TRUE(store.projections().add(audit_index()).ok());
    ASSERT_TRUE(store.projections().await("audit", head, kCaughtUpIn).ok());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      ReadPlan plan;
      EXPECT_EQ(answer(store.view(), asked[i], &plan), expected[i]) << i;
      if (asked[i].from <= std::min(asked[i].to == 0 ? head : asked[i].to, head)) {
        EXPECT_TRUE(plan.index.starts_with("audit.")) << plan.index;
      }
    }
    ASSERT_TRUE(store.projections().pause("audit").ok());
    testing_support::act_on(store, 1600, 64);
    const View view = store.view();
    for (const LogQuery& query : queries(view)) {
      const std::vector<Seq> found = answer(view, query);
      std::vector<Seq> all;
      EXPECT_TRUE(view.log({.from = query.from, .to = query.to, .newest_first = query.newest_first},
                           [&](const Event& event) {
                             const bool fits = (query.actor.empty() || event.actor == query.actor) &&
                                               (query.correlation.empty() || event.correlation == query.correlation) &&
                                               (query.action.empty() || event.action == query.action) &&
                                               (query.field.empty() || touches(event, query.field));
                             if (fits) all.push_back(event.seq);
                             return query.limit == 0 || all.size() < query.limit;
                           })
                      .ok());
      EXPECT_EQ(found, all);
    }
  }
}

TEST_F(AuditIndex, ReadsOnlyWhatItNames) {
  Store store = Store::open(directory_.path()).value();
  store.act("_bookmark.add", {{"name", "one"}, {"seq", 1}}, {.actor = "rare"}).value();
  ASSERT_TRUE(store.projections().add(audit_index()).ok());
  ASSERT_TRUE(store.projections().await("audit", store.head(), kCaughtUpIn).ok());
  ReadPlan plan;
  EXPECT_EQ(answer(store.view(), {.actor = "rare"}, &plan), std::vector<Seq>{store.head()});
  EXPECT_EQ(plan.index, "audit.actor");
  EXPECT_EQ(plan.entries_touched, 1U);
  EXPECT_EQ(plan.index_to, store.head());
}

TEST_F(AuditIndex, IsKeptByEveryLaterOpeningAndOnlyWhereTheStoreHasIt) {
  {
    Store store = Store::open(directory_.path()).value();
    EXPECT_TRUE(store.projections().list().value().empty());
    ASSERT_TRUE(store.projections().add(audit_index()).ok());
  }
  Store store = Store::open(directory_.path()).value();
  testing_support::act_on(store, 1600, 16);
  ASSERT_TRUE(store.projections().await("audit", store.head(), kCaughtUpIn).ok());
  EXPECT_EQ(store.projections().get("audit")->state, ProjectionState::kLive);
}

TEST_F(AuditIndex, IsTheSameBytesInWhateverBatchesItsEventsCame) {
  const auto bytes = [](const Store& store) {
    std::string out;
    EXPECT_TRUE(store.projections()
                    .view("audit")
                    ->scan("",
                           [&](std::string_view key, std::string_view value) {
                             out.append(key).append("=").append(value).append(";");
                             return true;
                           })
                    .ok());
    return out;
  };
  Store store = Store::open(directory_.path()).value();
  ASSERT_TRUE(store.projections().add(audit_index()).ok());
  testing_support::act_on(store, 1600, 160);
  ASSERT_TRUE(store.projections().rebuild("audit").ok());
  ASSERT_TRUE(store.projections().await_rebuild("audit", kCaughtUpIn).ok());
  testing_support::act_on(store, 3200, 64);
  ASSERT_TRUE(store.projections().await("audit", store.head(), kCaughtUpIn).ok());
  const std::string in_pieces = bytes(store);
  ASSERT_TRUE(store.close().ok());
  // Without its checkpoint it is built anew, in whole batches, and no event is added.
  Store again = Store::open(directory_.path()).value();
  rocksdb::DB& db = StoreAccess::state(again).database->db();
  ASSERT_TRUE(db.Delete({}, StoreAccess::state(again).database->handle(Table::kCursors), internal::checkpoint_key("audit")).ok());
  ASSERT_TRUE(again.close().ok());
  Store anew = Store::open(directory_.path()).value();
  ASSERT_TRUE(anew.projections().list()->empty());
  ASSERT_TRUE(anew.projections().add(audit_index()).ok());
  ASSERT_TRUE(anew.projections().await("audit", anew.head(), kCaughtUpIn).ok());
  EXPECT_EQ(bytes(anew), in_pieces);
}

TEST_F(AuditIndex, VerifyFindsARowThatDiffersOneThatIsMissingAndOneTooMany) {
  Store store = Store::open(directory_.path()).value();
  ASSERT_TRUE(store.projections().add(audit_index()).ok());
  ASSERT_TRUE(store.projections().await("audit", store.head(), kCaughtUpIn).ok());
  const auto findings = [&] {
    const VerifyReport report = verify(store).value();
    for (const VerifyCheck& check : report.checks) {
      if (check.name == "projections") return check.findings;
      EXPECT_TRUE(check.findings.empty()) << check.name;
    }
    ADD_FAILURE() << "there is no such check";
    return std::vector<Status>();
  };
  EXPECT_TRUE(findings().empty());
  internal::Database& database = *StoreAccess::state(store).database;
  const auto row = database.iterate(Table::kRows);
  row->SeekToFirst();
  ASSERT_TRUE(row->Valid());
  const std::string key = row->key().ToString(), value = row->value().ToString();
  const std::string more = key + "x";
  const auto put = [&](const std::string& at, const std::optional<std::string>& with) {
    const rocksdb::Status done = with ? database.db().Put({}, database.handle(Table::kRows), at, *with)
                                      : database.db().Delete({}, database.handle(Table::kRows), at);
    ASSERT_TRUE(done.ok());
  };
  put(key, value + "\x7f");
  EXPECT_EQ(findings().front().id(), ErrorId::kStateDiffers);
  put(key, std::nullopt);
  EXPECT_EQ(findings().front().id(), ErrorId::kStateDiffers);
  put(key, value);
  put(more, "x");
  EXPECT_EQ(findings().front().id(), ErrorId::kStateDiffers);
  put(more, std::nullopt);
  EXPECT_TRUE(findings().empty());
}

}  // namespace
}  // namespace forge
