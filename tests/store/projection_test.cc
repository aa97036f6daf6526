// Projections: their rows against a naive fold at every checkpoint, over reopening, killing, poison events, rebuilding and damage.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "checkpoint.h"
#include "forge/store/projection.h"
#include "forge/store/verify.h"
#include "forge/testing.h"
#include "store/sample_store.h"
#include "store/tallies.h"
#include "store_state.h"
#include "support/dice.h"

namespace forge {
namespace {

using testing_support::fold;
using testing_support::FreshPath;
using testing_support::kLong;
using testing_support::naive;
using testing_support::Rows;
using testing_support::rows_of;
using testing_support::tally;
using testing_support::tally_schema;

class ProjectionTest : public ::testing::Test {
 protected:
  void open(std::vector<Projection> projections, Durability durability = Durability::kOs) {
    store_.reset();
    OpenOptions options;
    options.projections = std::move(projections);
    options.durability = durability;
    options.clock = &clock_;
    options.log = [this](LogLevel level, std::string_view line) {
      const MutexLock lock(mutex_);
      if (level == LogLevel::kWarning && line.find("projection") != std::string_view::npos) warnings_.emplace_back(line);
    };
    store_.emplace(Store::open(path_.path(), std::move(options)).value());
    store_->add_schema(tally_schema()).value();
  }
  // As kill -9 leaves a store: its files as they are while it is open. RocksDB may remove one meanwhile that it needs no more; then
  // they are copied anew.
  void kill() {
    const std::string copy = path_.path() + ".copy";
    std::error_code gone;
    do {
      std::filesystem::remove_all(copy);
      std::filesystem::copy(path_.path(), copy, std::filesystem::copy_options::recursive, gone);
    } while (gone == std::errc::no_such_file_or_directory);
    ASSERT_FALSE(gone) << gone.message();
    store_.reset();
    std::filesystem::remove_all(path_.path());
    std::filesystem::rename(copy, path_.path());
  }

  Seq add(const std::string& id, const ActOptions& options = {}) {
    return store_->act("Tally.add", {{"id", id}}, options).value().seq;
  }
  void act_at_random(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "t-" + std::to_string(dice_.below(20));
      std::vector<ActionRequest> actions;
      const std::uint64_t size = dice_.below(4);
      for (std::uint64_t at = 0; at < size; ++at) {
        const std::string one = "t-" + std::to_string(dice_.below(20));
        const bool removes = dice_.chance(20);
        actions.push_back({.action = removes ? "Tally.remove" : "Tally.add", .args = {{"id", one}}, .if_version = {}});
      }
      static_cast<void>(store_->transact(std::move(actions), {.actor = id}).ok());  // refusals are part of it
    }
  }
  void await(const std::string& name) {
    const Status done = store_->projections().await(name, store_->head(), kLong);
    ASSERT_TRUE(done.ok()) << done.message();
  }
  void expect_equal(const std::string& name) {
    const Result<ProjectionView> view = store_->projections().view(name);
    ASSERT_TRUE(view.ok()) << view.status().message();
    EXPECT_EQ(rows_of(*view), naive(*store_, view->seq())) << name << " at event " << view->seq();
  }
  ProjectionInfo info(const std::string& name) { return store_->projections().get(name).value(); }
  // Rows of the table, of all projections and generations.
  std::size_t rows_in_table() {
    std::size_t count = 0;
    const auto row = StoreAccess::state(*store_).database->iterate(Table::kRows);
    for (row->SeekToFirst(); row->Valid(); row->Next()) ++count;
    return count;
  }
  void write_cursor_row(const std::string& key, std::string value) {
    std::vector<internal::RowWrite> rows;
    rows.push_back({.table = Table::kCursors, .key = key, .value = std::move(value)});
    ASSERT_TRUE(StoreAccess::state(*store_).writer->transact(internal::PreparedTransaction::of_rows(std::move(rows))).ok());
  }
  std::size_t warnings() {
    const MutexLock lock(mutex_);
    return warnings_.size();
  }

  const FreshPath path_{"projections"};
  testing::ManualClock clock_;
  Dice dice_{11};
  Mutex mutex_;
  std::vector<std::string> warnings_ FORGE_GUARDED_BY(mutex_);
  std::optional<Store> store_;
};

// --- the rows are the fold ------------------------------------------------------------------------------------------------------

TEST_F(ProjectionTest, RowsEqualTheFoldAtEveryCheckpointOverReopeningAndKilling) {
  const std::vector<Projection> both = {tally(ProjectionMode::kInline), tally(ProjectionMode::kFollowing)};
  open(both);
  for (int round = 0; round < 12; ++round) {
    act_at_random(150);
    expect_equal("inline");
    expect_equal("following");
    if (round % 3 == 0) await("following");
    if (round % 4 == 1) open(both);
    if (round % 4 == 3) {
      kill();
      open(both);
    }
    expect_equal("inline");
    expect_equal("following");
  }
  await("following");
  await("inline");
  EXPECT_EQ(rows_of(store_->projections().view("inline").value()), rows_of(store_->projections().view("following").value()));
  EXPECT_TRUE(verify(*store_).value().ok());
}

TEST_F(ProjectionTest, WhoActedReadsItsOwnWriteFromInlineRows) {
  open({tally(ProjectionMode::kInline)}, Durability::kSync);
  await("inline");
  for (int i = 0; i < 50; ++i) {
    const Seq seq = add("t-1");
    const ProjectionView view = store_->projections().view("inline").value();
    EXPECT_EQ(view.seq(), seq);
    EXPECT_TRUE(view.get("t-1").value().value().starts_with(std::to_string(seq) + ";"));
  }
}

TEST_F(ProjectionTest, InlineRowsFollowAlsoWhatWasWrittenWithoutTheirCode) {
  open({tally(ProjectionMode::kInline)});
  act_at_random(20);
  open({});
  act_at_random(3000);
  open({tally(ProjectionMode::kInline)});
  await("inline");
  act_at_random(20);
  EXPECT_EQ(store_->projections().view("inline").value().seq(), store_->head());
  expect_equal("inline");
}

TEST_F(ProjectionTest, RefusedTransactionsAndDryRunsLeaveInlineRowsAlone) {
  open({tally(ProjectionMode::kInline)});
  await("inline");
  add("t-1");
  const Rows before = rows_of(store_->projections().view("inline").value());
  std::vector<ActionRequest> actions;
  actions.push_back({.action = "Tally.add", .args = {{"id", "t-1"}}, .if_version = {}});
  actions.push_back({.action = "Tally.remove", .args = {{"id", "nobody"}}, .if_version = {}});
  EXPECT_FALSE(store_->transact(actions).ok());
  EXPECT_TRUE(store_->act("Tally.add", {{"id", "t-2"}}, {.dry_run = true}).ok());
  EXPECT_EQ(rows_of(store_->projections().view("inline").value()), before);
  add("t-1");
  expect_equal("inline");
}

TEST_F(ProjectionTest, ManyWritersLeaveInlineAndFollowingRowsEqual) {
  open({tally(ProjectionMode::kInline), tally(ProjectionMode::kFollowing)});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) add("t-" + std::to_string(i % 7));
    });
  }
  for (int i = 0; i < 20; ++i) expect_equal("inline");
  for (std::thread& thread : threads) thread.join();
  await("following");
  expect_equal("inline");
  expect_equal("following");
}

TEST_F(ProjectionTest, ViewsStandStill) {
  open({tally(ProjectionMode::kFollowing)});
  add("t-1");
  await("following");
  const ProjectionView view = store_->projections().view("following").value();
  const Rows before = rows_of(view);
  add("t-1");
  await("following");
  EXPECT_EQ(rows_of(view), before);
  EXPECT_EQ(view.get("t-1").value(), before.at("t-1"));
}

// --- poison events --------------------------------------------------------------------------------------------------------------

// Fails on events of this record while `is_poisonous`.
Projection fragile(std::atomic<bool>& is_poisonous, ProjectionMode mode, bool throws, std::uint32_t code_version = 1) {
  Projection out = tally(mode, code_version);
  out.fold = EventFold([&is_poisonous, throws](const Event& event, FoldRows& rows) -> Status {
    if (is_poisonous && event.key == "poison") {
      rows.put("half done", "x");
      if (throws) throw std::runtime_error("no such thing");
      return Status(ErrorId::kArgumentRange, "no such thing");
    }
    return fold(event, rows);
  });
  return out;
}

class Poison : public ProjectionTest, public ::testing::WithParamInterface<std::tuple<ProjectionMode, bool>> {
 protected:
  ProjectionMode mode() const { return std::get<0>(GetParam()); }
  std::string name() const { return tally(mode()).name; }
  Projection projection(std::uint32_t code_version = 1) {
    return fragile(is_poisonous_, mode(), std::get<1>(GetParam()), code_version);
  }
  // Stands still at the returned event, with two more behind it.
  Seq poison() {
    open({projection(), {.name = "other", .mode = mode(), .fold = EventFold(fold)}});
    EXPECT_TRUE(store_->projections().await(name(), store_->head(), kLong).ok());
    EXPECT_TRUE(store_->projections().await("other", store_->head(), kLong).ok());
    add("t-1");
    const Seq bad = add("poison");
    add("t-2");
    add("t-1");
    EXPECT_EQ(store_->projections().await(name(), store_->head(), kLong).id(), ErrorId::kProjectionStopped);
    return bad;
  }
  std::atomic<bool> is_poisonous_{true};
};

TEST_P(Poison, StopsThatProjectionOnlyAndKeepsTheError) {
  const Seq bad = poison();
  for (const bool reopened : {false, true}) {
    if (reopened) open({projection(), {.name = "other", .mode = mode(), .fold = EventFold(fold)}});
    const ProjectionInfo stalled = info(name());
    EXPECT_EQ(stalled.state, ProjectionState::kStalled);
    EXPECT_EQ(stalled.seq, bad - 1);
    EXPECT_EQ(stalled.errors, 1U);
    ASSERT_TRUE(stalled.failure.has_value());
    EXPECT_EQ(stalled.failure->seq, bad);
    EXPECT_NE(stalled.failure->error.find("no such thing"), std::string::npos) << stalled.failure->error;
    expect_equal(name());
    EXPECT_FALSE(store_->projections().view(name()).value().get("half done").value().has_value());
    ASSERT_TRUE(store_->projections().await("other", store_->head(), kLong).ok());
    expect_equal("other");
  }
  EXPECT_GE(warnings(), 1U);
}

TEST_P(Poison, RetriesOnceTheCauseIsGone) {
  const Seq bad = poison();
  EXPECT_EQ(store_->projections().retry(name()).value(), bad);
  EXPECT_EQ(store_->projections().await(name(), store_->head(), kLong).id(), ErrorId::kProjectionStopped);
  EXPECT_EQ(info(name()).errors, 2U);
  is_poisonous_ = false;
  EXPECT_EQ(store_->projections().retry(name()).value(), bad);
  await(name());
  expect_equal(name());
  EXPECT_EQ(store_->projections().retry(name()).status().id(), ErrorId::kProjectionOtherState);
}

TEST_P(Poison, SkipsWithAnEventThatSaysWhoDidIt) {
  const Seq bad = poison();
  EXPECT_EQ(store_->projections().skip(name(), {.actor = "anna", .reason = "a known bug"}).value(), bad);
  const Event skipped = store_->view().event(store_->head()).value();
  EXPECT_EQ(skipped.type, "_projection.skipped");
  EXPECT_EQ(skipped.key, name());
  EXPECT_EQ(skipped.actor, "anna");
  EXPECT_EQ(skipped.changes.find("seq")->as_int(), static_cast<std::int64_t>(bad));
  await(name());
  EXPECT_EQ(info(name()).skipped, 1U);
  const auto without = [&](const Event& event, FoldRows& rows) { return event.seq == bad ? Status() : fold(event, rows); };
  EXPECT_EQ(rows_of(store_->projections().view(name()).value()), naive(*store_, store_->head(), without));
}

TEST_P(Poison, IsCuredByNewCodeWhichMakesTheRowsAnew) {
  poison();
  is_poisonous_ = false;
  open({projection(2)});
  await(name());
  ASSERT_TRUE(store_->projections().await_rebuild(name(), kLong).ok());
  EXPECT_EQ(info(name()).code_version, 2U);
  EXPECT_EQ(info(name()).errors, 0U);
  expect_equal(name());
}

TEST_P(Poison, StopsARebuildingWhileTheOldRowsServeOn) {
  is_poisonous_ = false;
  open({projection()});
  add("poison");
  add("t-1");
  await(name());
  is_poisonous_ = true;
  ASSERT_TRUE(store_->projections().rebuild(name()).ok());
  EXPECT_EQ(store_->projections().await_rebuild(name(), kLong).id(), ErrorId::kProjectionStopped);
  EXPECT_EQ(info(name()).state, ProjectionState::kRebuilding);
  ASSERT_TRUE(info(name()).failure.has_value());
  add("t-1");
  await(name());
  expect_equal(name());
  is_poisonous_ = false;
  ASSERT_TRUE(store_->projections().retry(name()).ok());
  ASSERT_TRUE(store_->projections().await_rebuild(name(), kLong).ok());
  await(name());
  EXPECT_EQ(info(name()).state, ProjectionState::kLive);
  expect_equal(name());
}

INSTANTIATE_TEST_SUITE_P(EveryWay, Poison,
                         ::testing::Combine(::testing::Values(ProjectionMode::kFollowing, ProjectionMode::kInline),
                                            ::testing::Bool()));

// --- being told -----------------------------------------------------------------------------------------------------------------

class Told : public ProjectionTest, public ::testing::WithParamInterface<ProjectionMode> {
 protected:
  void SetUp() override {
    open({tally(GetParam())});
    add("t-1");
    await(name());
  }
  std::string name() const { return tally(GetParam()).name; }
};

TEST_P(Told, StandsStillWhilePausedAlsoOverReopening) {
  ASSERT_TRUE(store_->projections().pause(name()).ok());
  const Seq paused_at = info(name()).seq;
  EXPECT_EQ(store_->projections().pause(name()).id(), ErrorId::kProjectionOtherState);
  add("t-1");
  EXPECT_EQ(store_->projections().await(name(), store_->head(), kLong).id(), ErrorId::kProjectionStopped);
  open({tally(GetParam())});
  add("t-2");
  EXPECT_EQ(info(name()).state, ProjectionState::kPaused);
  EXPECT_EQ(info(name()).seq, paused_at);
  ASSERT_TRUE(store_->projections().resume(name()).ok());
  EXPECT_EQ(store_->projections().resume(name()).id(), ErrorId::kProjectionOtherState);
  await(name());
  add("t-2");
  await(name());
  expect_equal(name());
}

TEST_P(Told, LeavesNothingWhenItIsDropped) {
  ASSERT_TRUE(store_->projections().drop(name(), {.actor = "anna"}).ok());
  EXPECT_EQ(store_->projections().get(name()).status().id(), ErrorId::kProjectionNotFound);
  EXPECT_EQ(store_->projections().view(name()).status().id(), ErrorId::kProjectionNotFound);
  EXPECT_EQ(rows_in_table(), 0U);
  EXPECT_EQ(store_->view().event(store_->head()).value().type, "_projection.dropped");
  add("t-1");
  EXPECT_EQ(rows_in_table(), 0U);
  ASSERT_TRUE(store_->projections().add(tally(GetParam())).ok());
  await(name());
  expect_equal(name());
}

TEST_P(Told, WithADryRunChangesNothing) {
  const Seq head = store_->head();
  const ActOptions dry{.dry_run = true};
  EXPECT_TRUE(store_->projections().pause(name(), dry).ok());
  EXPECT_TRUE(store_->projections().rebuild(name(), dry).ok());
  EXPECT_TRUE(store_->projections().drop(name(), dry).ok());
  EXPECT_EQ(store_->head(), head);
  add("t-1");
  await(name());
  EXPECT_EQ(info(name()).state, ProjectionState::kLive);
  expect_equal(name());
}

TEST_P(Told, WithoutItsCodeIsDoneWhenTheCodeComes) {
  open({});
  add("t-2");
  EXPECT_EQ(info(name()).state, ProjectionState::kBehind);
  ASSERT_TRUE(store_->projections().rebuild(name()).ok());
  EXPECT_EQ(store_->projections().await_rebuild(name(), kLong).id(), ErrorId::kProjectionStopped);
  EXPECT_EQ(info(name()).state, ProjectionState::kRebuilding);
  open({tally(GetParam())});
  ASSERT_TRUE(store_->projections().await_rebuild(name(), kLong).ok());
  await(name());
  EXPECT_EQ(info(name()).state, ProjectionState::kLive);
  expect_equal(name());
}

INSTANTIATE_TEST_SUITE_P(EveryMode, Told, ::testing::Values(ProjectionMode::kFollowing, ProjectionMode::kInline));

TEST_F(ProjectionTest, RefusesNamesThatAreTakenOrNone) {
  open({tally(ProjectionMode::kFollowing)});
  EXPECT_EQ(store_->projections().add(tally(ProjectionMode::kFollowing)).id(), ErrorId::kProjectionExists);
  EXPECT_EQ(store_->projections().add({.name = "a b", .fold = EventFold(fold)}).id(), ErrorId::kProjectionName);
  EXPECT_EQ(store_->projections().pause("nobody").id(), ErrorId::kProjectionNotFound);
  EXPECT_EQ(store_->projections().await("following", store_->head() + 1, kLong).id(), ErrorId::kTimeInFuture);
  ASSERT_TRUE(store_->close().ok());
  EXPECT_EQ(store_->projections().list().status().id(), ErrorId::kClosed);
  EXPECT_EQ(store_->projections().pause("following").id(), ErrorId::kClosed);
}

// --- rebuilding beside ----------------------------------------------------------------------------------------------------------

// Rows that tell which code made them: a reader may see those of one or of the other, whole, and never the older after the newer.
Projection marked(ProjectionMode mode, std::uint32_t code_version) {
  Projection out = tally(mode, code_version);
  out.fold = EventFold([code_version](const Event& event, FoldRows& rows) {
    rows.put("by", std::to_string(code_version));
    rows.put(std::to_string(event.seq), std::to_string(code_version));
    return Status();
  });
  return out;
}

TEST_P(Told, ReadersSeeTheOldOrTheNewRowsWhileWritersGoOn) {
  ASSERT_TRUE(store_->projections().drop(name()).ok());
  open({marked(GetParam(), 1)});
  act_at_random(2000);
  await(name());
  open({});
  act_at_random(200);
  open({marked(GetParam(), 2)});
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (!is_over) add("t-1");
  });
  threads.emplace_back([&] {
    std::string newest = "1";
    Seq reached = 0;
    while (!is_over) {
      const ProjectionView view = store_->projections().view(name()).value();
      const Rows rows = rows_of(view);
      EXPECT_GE(view.seq(), reached);
      EXPECT_EQ(rows.size(), view.seq() + 1);
      EXPECT_GE(rows.at("by"), newest);
      for (const auto& [key, by] : rows) EXPECT_EQ(by, rows.at("by")) << key;
      reached = view.seq();
      newest = rows.at("by");
    }
  });
  EXPECT_TRUE(store_->projections().await_rebuild(name(), kLong).ok());
  EXPECT_TRUE(store_->projections().rebuild(name()).ok());
  EXPECT_TRUE(store_->projections().await_rebuild(name(), kLong).ok());
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  await(name());
  EXPECT_EQ(store_->projections().view(name()).value().get("by").value(), "2");
  EXPECT_EQ(rows_in_table(), store_->head() + 1);
}

TEST_P(Told, GoesOnWithARebuildingThatWasKilled) {
  act_at_random(3000);
  await(name());
  // It stands still half-way, so that the kill finds it there.
  std::atomic<bool> is_poisonous{true};
  open({});
  add("poison");
  act_at_random(300);
  open({fragile(is_poisonous, GetParam(), false, 2)});
  EXPECT_EQ(store_->projections().await_rebuild(name(), kLong).id(), ErrorId::kProjectionStopped);
  const Seq half_way = info(name()).rebuilt_to.value();
  EXPECT_GT(half_way, 2000U);
  kill();
  is_poisonous = false;
  open({fragile(is_poisonous, GetParam(), false, 2)});
  expect_equal(name());  // the old rows serve on
  EXPECT_EQ(info(name()).rebuilt_to.value(), half_way);
  ASSERT_TRUE(store_->projections().retry(name()).ok());
  ASSERT_TRUE(store_->projections().await_rebuild(name(), kLong).ok());
  await(name());
  expect_equal(name());
  EXPECT_EQ(rows_in_table(), naive(*store_, store_->head()).size());
}

// --- damage ---------------------------------------------------------------------------------------------------------------------

TEST_P(Told, BuildsAnewFromADamagedOrForeignCheckpointWithOneWarning) {
  act_at_random(200);
  await(name());
  const std::string key = internal::checkpoint_key(name());
  rocksdb::PinnableSlice row;
  ASSERT_TRUE(StoreAccess::state(*store_).database->get(Table::kCursors, key, row).value());
  const std::string sound = row.ToString();
  internal::Checkpoint foreign = internal::read_checkpoint(name(), sound).value();
  foreign.store.bytes[3] ^= 1;
  internal::Checkpoint ahead = internal::read_checkpoint(name(), sound).value();
  ahead.seq = store_->head() + 100'000;
  std::string damaged = sound;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 4);
  for (const std::string& bad : {damaged, sound.substr(0, 7), internal::encode(foreign), internal::encode(ahead)}) {
    open({});
    write_cursor_row(key, bad);
    const std::size_t before = warnings();
    open({tally(GetParam())});
    EXPECT_EQ(warnings(), before + 1);
    EXPECT_EQ(store_->notices().size(), 1U);
    await(name());
    expect_equal(name());
    EXPECT_EQ(rows_in_table(), naive(*store_, store_->head()).size());
  }
  open({});
  write_cursor_row(key, damaged);
  EXPECT_EQ(info(name()).state, ProjectionState::kDamaged);
  EXPECT_EQ(store_->projections().view(name()).status().id(), ErrorId::kDataCorrupt);
  EXPECT_EQ(store_->projections().pause(name()).id(), ErrorId::kDataCorrupt);
  EXPECT_TRUE(store_->projections().drop(name()).ok());
  EXPECT_TRUE(store_->projections().list().value().empty());
}

TEST_F(ProjectionTest, CheckpointsReadBackAsTheyWereAndNoFlippedBitPasses) {
  internal::Checkpoint checkpoint;
  checkpoint.store.bytes[0] = 7;
  checkpoint.space = {.number = 3, .generation = 9};
  checkpoint.code_version = 4;
  checkpoint.mode = ProjectionMode::kInline;
  checkpoint.is_paused = true;
  checkpoint.seq = 77;
  checkpoint.failure = internal::FoldFailure{.seq = 78, .at = Time{5}, .text = "why"};
  const std::string row = internal::encode(checkpoint);
  EXPECT_EQ(internal::read_checkpoint("p", row).value(), checkpoint);
  for (std::size_t bit = 0; bit < 8 * row.size(); ++bit) {
    std::string flipped = row;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(internal::read_checkpoint("p", flipped).status().id(), ErrorId::kDataCorrupt) << bit;
  }
}

TEST_F(ProjectionTest, IsReadBesideAWriter) {
  open({tally(ProjectionMode::kFollowing)});
  add("t-1");
  await("following");
  const Store reader = Store::open(path_.path(), {.read_only = true}).value();
  EXPECT_EQ(rows_of(reader.projections().view("following").value()), naive(reader, reader.head()));
  EXPECT_EQ(reader.projections().list().value().size(), 1U);
}

TEST_F(ProjectionTest, AStoreFromBeforeProjectionsOpensForReadingWithoutThemAndForWritingWithThem) {
  open({});
  add("t-1");
  rocksdb::DB& db = StoreAccess::state(*store_).database->db();
  ASSERT_TRUE(db.DropColumnFamily(StoreAccess::state(*store_).database->handle(Table::kRows)).ok());
  store_.reset();
  {
    const Store reader = Store::open(path_.path(), {.read_only = true}).value();
    EXPECT_TRUE(reader.projections().list().value().empty());
    EXPECT_EQ(reader.projections().view("following").status().id(), ErrorId::kProjectionNotFound);
    EXPECT_TRUE(verify(reader).value().ok());
  }
  open({tally(ProjectionMode::kFollowing)});
  await("following");
  expect_equal("following");
}

}  // namespace
}  // namespace forge
