// Stores rebuilt from the log of another: equal to its past, an origin of their own, and never half made.

#include "forge/store/rebuild.h"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "copy.h"
#include "forge/store/verify.h"
#include "log_reader.h"
#include "store/sample_store.h"
#include "store/seeds.h"
#include "support/fault_env.h"
#include "support/slow_build.h"

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;

constexpr int kPoints = kIsSlowBuild ? 40 : 200;
// So little is kept in memory that rows are set aside, and merged more than once.
constexpr internal::TableLoader::Limits kSetAside{.run_bytes = 16 << 10, .runs = 3};
constexpr std::uint64_t kFirstChanges = kIsSlowBuild ? 5 : 2, kLaterChanges = kIsSlowBuild ? 17 : 7;

Status first_finding(const Store& store) {
  const Result<VerifyReport> report = verify(store);
  if (!report.ok()) return report.status();
  for (const VerifyCheck& check : report->checks) {
    if (!check.findings.empty()) return check.findings.front();
  }
  return {};
}

// The seqs at which a transaction ends, 0 included.
std::vector<Seq> ends_of_transactions(const Store& store) {
  std::vector<Seq> out{0};
  const Status read = store.view().log({}, [&](const Event& event) {
    if (event.place + 1 == event.count) out.push_back(event.seq);
    return true;
  });
  EXPECT_TRUE(read.ok());
  return out;
}

std::set<std::string> files_under(const std::string& path) {
  std::set<std::string> out;
  if (!fs::exists(path)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(path)) out.insert(entry.path().string());
  return out;
}

class Rebuild : public ::testing::Test {
 protected:
  void fill_the_disk_at_any_point(internal::TableLoader::Limits limits);
  void cut_short_at_any_moment(internal::TableLoader::Limits limits);

  SampleDirectory directory_{SampleDirectory::State::kClosed};
  Store origin_ = Store::open(directory_.path()).value();
  FreshPath target_{"rebuilt"};
};

TEST_F(Rebuild, EqualsThePastAtEveryOfManyRandomPoints) {
  const std::uint64_t seed = from_environment("FORGE_SEED", 20261127);
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<Seq> ends = ends_of_transactions(origin_);
  for (int i = 0; i < kPoints; ++i) {
    const Seq point = ends[random() % ends.size()];
    const FreshPath target("point");
    const Result<Copy> copy = rebuild(origin_, target.path(), {.as_of = point});
    ASSERT_TRUE(copy.ok()) << point << ": " << copy.status().message();
    const Store rebuilt = Store::open(target.path(), {.read_only = true}).value();
    EXPECT_TRUE(rebuilt.notices().empty()) << point << ": " << rebuilt.notices().front();
    ASSERT_EQ(rebuilt.head(), point);
    ASSERT_EQ(contents_of(rebuilt).value(), contents_of(origin_.as_of(point).value()).value()) << point;
    ASSERT_EQ(copy->root.hash, rebuilt.root().value().hash) << point;
    const Status sound = first_finding(rebuilt);
    ASSERT_TRUE(sound.ok()) << point << ": " << sound.message();
  }
}

TEST_F(Rebuild, IsTheSameWhereRowsAreSetAside) {
  ASSERT_TRUE(internal::rebuild_over(origin_, target_.path(), {}, nullptr, kSetAside).ok());
  EXPECT_FALSE(fs::exists(target_.path() + "/loading"));
  const Store rebuilt = Store::open(target_.path(), {.read_only = true}).value();
  EXPECT_EQ(contents_of(rebuilt).value(), contents_of(origin_).value());
  const Status sound = first_finding(rebuilt);
  EXPECT_TRUE(sound.ok()) << sound.message();
}

TEST_F(Rebuild, MakesAStoreOfItsOwnThatRemembersItsOriginAndGoesOn) {
  const Copy copy = rebuild(origin_, target_.path()).value();
  Store rebuilt = Store::open(target_.path()).value();
  const StoreStats stats = rebuilt.stats().value();
  EXPECT_EQ(stats.id, copy.id);
  EXPECT_NE(stats.id, origin_.stats().value().id);
  ASSERT_TRUE(stats.origin.has_value());
  EXPECT_EQ(stats.origin->store, origin_.stats().value().id);
  EXPECT_EQ(stats.origin->seq, origin_.head());

  act_on(rebuilt, 400, 16);
  ASSERT_TRUE(rebuilt.close().ok());
  const Store again = Store::open(target_.path()).value();
  EXPECT_GT(again.head(), origin_.head());
  EXPECT_TRUE(first_finding(again).ok()) << first_finding(again).message();
}

TEST_F(Rebuild, KeepsIdempotencyKeysWithTheirInput) {
  rebuild(origin_, target_.path()).value();
  Store rebuilt = Store::open(target_.path()).value();
  const Seq head = rebuilt.head();
  ActOptions options;
  options.idempotency_key = "key-6";
  const Result<Receipt> other = rebuilt.act("Order.pay", {{"id", "o-6"}}, options);
  EXPECT_EQ(other.status().id(), ErrorId::kKeyReused) << other.status().message();
  std::vector<ActionRequest> actions;
  const auto request = [](const char* action, Args args) {
    return ActionRequest{.action = action, .args = std::move(args), .if_version = {}};
  };
  // As act_on wrote it.
  actions.push_back(request("Order.place", {{"id", "o-12"},
                                            {"email", "o-12@example.org"},
                                            {"qty", 12 % 7},
                                            {"rate", 0.0},
                                            {"lines", List{Object{{"sku", "tea"}, {"qty", 12}}}}}));
  options.idempotency_key = "key-12";
  options.actor = "web";
  const Result<TransactionReceipt> same = rebuilt.transact(std::move(actions), options);
  ASSERT_TRUE(same.ok()) << same.status().message();
  EXPECT_TRUE(same->replayed);
  EXPECT_EQ(rebuilt.head(), head);
}

TEST_F(Rebuild, RefusesAPointInsideATransactionAndNamesThePointsAroundIt) {
  const std::vector<Seq> ends = ends_of_transactions(origin_);
  Seq inside = 0;
  for (std::size_t i = 1; i < ends.size() && inside == 0; ++i) {
    if (ends[i] > ends[i - 1] + 1) inside = ends[i] - 1;
  }
  const Status refused = rebuild(origin_, target_.path(), {.as_of = inside}).status();
  EXPECT_EQ(refused.id(), ErrorId::kPointInsideTransaction) << refused.message();
  EXPECT_EQ(refused.text().remedy, "ask for event " + std::to_string(inside - 1) + " or " + std::to_string(inside + 1));
  EXPECT_FALSE(fs::exists(target_.path()));
}

TEST_F(Rebuild, RefusesATargetThatIsNotEmptyAndLeavesItAsItWas) {
  fs::create_directories(target_.path());
  std::ofstream(target_.path() + "/notes.txt") << "mine";
  const std::set<std::string> before = files_under(target_.path());
  EXPECT_EQ(rebuild(origin_, target_.path()).status().id(), ErrorId::kTargetNotEmpty);
  EXPECT_EQ(files_under(target_.path()), before);
  EXPECT_EQ(rebuild(origin_, directory_.path()).status().id(), ErrorId::kTargetNotEmpty);
}

TEST_F(Rebuild, StopsWhenProgressSaysSoAndRemovesWhatItMade) {
  CopyOptions options;
  options.progress = [](Seq, Seq) { return false; };
  EXPECT_EQ(rebuild(origin_, target_.path(), options).status().id(), ErrorId::kCancelled);
  EXPECT_FALSE(fs::exists(target_.path()));
}

TEST_F(Rebuild, NamesTheFirstAlteredEventAndMakesNothing) {
  internal::Database& database = *StoreAccess::state(origin_).database;
  rocksdb::PinnableSlice row;
  ASSERT_TRUE(database.get(Table::kLog, log_key(7), row).value());
  std::string altered = row.ToString();
  internal::AlignedBytes bytes;
  Envelope envelope = internal::decode_event(7, altered, bytes).value();
  envelope.actor = "someone else";
  EnvelopeWriter writer;
  const auto rewritten = writer.write(envelope);
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Put(database.handle(Table::kLog), log_key(7), internal::slice_of(rewritten)).ok());
  ASSERT_TRUE(database.write(batch, false).ok());
  const Status refused = rebuild(origin_, target_.path()).status();
  EXPECT_EQ(refused.id(), ErrorId::kEventAltered);
  EXPECT_TRUE(refused.text().what.starts_with("event 7 was altered")) << refused.message();
  EXPECT_FALSE(fs::exists(target_.path()));
}

TEST_F(Rebuild, WorksFromAStoreThatAnotherHoldsForWriting) {
  const Store reader = Store::open(directory_.path(), {.read_only = true}).value();
  act_on(origin_, 400, 16);
  const Copy copy = rebuild(reader, target_.path()).value();
  EXPECT_EQ(copy.root.size, reader.head());
  EXPECT_EQ(contents_of(Store::open(target_.path()).value()).value(), contents_of(reader).value());
}

TEST_F(Rebuild, EstimatesWithoutWriting) {
  const CopyEstimate estimate = estimate_rebuild(origin_).value();
  EXPECT_EQ(estimate.events, origin_.head());
  EXPECT_GT(estimate.bytes, 0u);
  EXPECT_GT(estimate.micros, 0);
  EXPECT_FALSE(fs::exists(target_.path()));
}

// --- half-way ------------------------------------------------------------------------------------------------------------------

// A disk that fills up at any point of a rebuild: refused as a full disk, nothing left behind, and no store.
void Rebuild::fill_the_disk_at_any_point(internal::TableLoader::Limits limits) {
  std::uint64_t refused = 0;
  for (std::uint64_t capacity = 1 << 10; capacity < 4 << 20; capacity = capacity * 3 / 2) {
    const auto disk = std::make_shared<SimulatedDisk>();
    const std::shared_ptr<rocksdb::Env> env = new_fault_env(disk);
    disk->set_capacity(capacity);
    const Result<Copy> copy = internal::rebuild_over(origin_, "/copy", {}, env, limits);
    if (copy.ok()) continue;
    ++refused;
    EXPECT_EQ(copy.status().id(), ErrorId::kDiskFull) << capacity << ": " << copy.status().message();
    EXPECT_EQ(copy.status().text().state, "the target is as it was");
    EXPECT_EQ(copy.status().text().remedy, "free some space there, or allow larger files, and make it again");
    disk->set_capacity(SimulatedDisk::kUnlimited);
    for (const std::string& file : disk->files()) ADD_FAILURE() << capacity << ": " << file << " was left behind";
    const Result<Copy> again = internal::rebuild_over(origin_, "/copy", {}, env, limits);
    EXPECT_TRUE(again.ok()) << capacity << ": " << again.status().message();
  }
  EXPECT_GT(refused, 3u);
}

// Each file that is written under another name first: the draft goes, too.
TEST_F(Rebuild, ThatCannotWriteOneOfItsFilesLeavesNothingBehind) {
  for (const char* file : {"FORGE.new", "WATERMARK.new", "data/"}) {
    SCOPED_TRACE(file);
    const auto disk = std::make_shared<SimulatedDisk>();
    const std::shared_ptr<rocksdb::Env> env = new_fault_env(disk);
    disk->inject({.operation = Operation::kWrite, .status = rocksdb::IOStatus::NoSpace("injected"), .path_part = file});
    const Result<Copy> copy = internal::rebuild_over(origin_, "/copy", {}, env);
    ASSERT_FALSE(copy.ok());
    EXPECT_EQ(copy.status().text().state, "the target is as it was");
    for (const std::string& left : disk->files()) ADD_FAILURE() << left << " was left behind";
    EXPECT_TRUE(internal::rebuild_over(origin_, "/copy", {}, env).ok());
  }
}

TEST_F(Rebuild, OnAFullDiskFailsCleanly) {
  fill_the_disk_at_any_point({});
}

TEST_F(Rebuild, WithRowsSetAsideOnAFullDiskFailsCleanly) {
  fill_the_disk_at_any_point(kSetAside);
}

// Whatever the moment of a kill or a power cut: afterwards there is the whole store, or none that opens, and the same copy can be
// made again.
void Rebuild::cut_short_at_any_moment(internal::TableLoader::Limits limits) {
  const std::string expected = contents_of(origin_).value();
  std::uint64_t whole = 0, unfinished = 0;
  for (std::uint64_t changes = 1; changes < 260 || (whole == 0 && changes < 2000);
       changes += changes < 60 ? kFirstChanges : kLaterChanges) {
    const bool is_power_cut = changes % 4 != 1;
    SCOPED_TRACE((is_power_cut ? "power cut after " : "kill after ") + std::to_string(changes) + " changes");
    const auto disk = std::make_shared<SimulatedDisk>();
    disk->power_loss_after(changes);
    const Result<Copy> copy = internal::rebuild_over(origin_, "/copy", {}, new_fault_env(disk), limits);
    is_power_cut ? disk->power_loss(changes, PowerLoss::kDropUnsynced) : disk->process_crash();
    OpenOptions options;
    options.create = false;
    Result<Store> opened = StoreAccess::open("/copy", options, new_fault_env(disk));
    if (!opened.ok()) {
      ++unfinished;
      EXPECT_FALSE(copy.ok()) << "the copy was reported as done: " << opened.status().message();
      const ErrorId id = opened.status().id();
      EXPECT_TRUE(id == ErrorId::kCopyUnfinished || id == ErrorId::kStoreNotFound) << opened.status().message();
      const Result<Copy> again = internal::rebuild_over(origin_, "/copy", {}, new_fault_env(disk), limits);
      ASSERT_TRUE(again.ok()) << again.status().message();
      opened = StoreAccess::open("/copy", options, new_fault_env(disk));
    } else {
      ++whole;
    }
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    EXPECT_EQ(contents_of(*opened).value(), expected);
  }
  EXPECT_GT(whole, 0u);
  EXPECT_GT(unfinished, 10u);
}

TEST_F(Rebuild, CutShortIsWholeOrNoStoreAndIsMadeAgain) {
  cut_short_at_any_moment({});
}

TEST_F(Rebuild, CutShortWithRowsSetAsideIsWholeOrNoStoreAndIsMadeAgain) {
  cut_short_at_any_moment(kSetAside);
}

}  // namespace
}  // namespace forge::testing_support
