// Projections on a disk that loses power or fills up, and in processes that are killed: while they follow, take part inline, and
// are rebuilt. Whatever was lost, the rows are the fold of the log up to their checkpoint, and reach the head again.

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "store/seeds.h"
#include "store/tallies.h"
#include "store_state.h"
#include "support/dice.h"
#include "support/fault_env.h"

namespace forge::testing_support {
namespace {

constexpr int kLives = 40;
constexpr std::uint64_t kNotAsked = ~std::uint64_t{0};

class Lives {
 public:
  explicit Lives(std::uint64_t seed) : dice_(seed) {}

  // One life. It ends with the power, or the process; what it finds at first is checked.
  void live() {
    if (dice_.chance(30)) ++code_version_;
    if (dice_.chance(30)) disk_->power_loss_after(dice_.below(150));
    std::optional<Store> store = open();
    if (store) {
      check(*store);
      disk_->power_loss_after(dice_.chance(30) ? kNotAsked : 20 + dice_.below(400));
      act(*store);
    }
    if (dice_.chance(50)) {
      disk_->process_crash();
    } else {
      disk_->power_loss(dice_.below(1000), dice_.pick({PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered}));
    }
    store.reset();
  }

  void finish() {
    std::optional<Store> store = open();
    ASSERT_TRUE(store.has_value());
    for (const char* name : {"inline", "following"}) {
      const Status rebuilt = store->projections().await_rebuild(name, kLong);
      EXPECT_TRUE(rebuilt.ok()) << rebuilt.message();
      const Status reached = store->projections().await(name, store->head(), kLong);
      EXPECT_TRUE(reached.ok()) << reached.message();
      EXPECT_EQ(store->projections().get(name)->code_version, code_version_);
    }
    check(*store);
    EXPECT_GT(store->head(), 100U);
  }

 private:
  // Nothing where the power went meanwhile.
  std::optional<Store> open() {
    OpenOptions options;
    options.create = !was_opened_;
    options.cache_bytes = 1 << 20;
    options.write_buffer_bytes = 64 << 10;
    options.projections = {tally(ProjectionMode::kInline, code_version_), tally(ProjectionMode::kFollowing, code_version_)};
    Result<Store> store =
        StoreAccess::open("/store", std::move(options), new_fault_env(disk_), {.watermark_interval = std::chrono::milliseconds(1)});
    EXPECT_TRUE(store.ok() || disk_->is_frozen()) << store.status().message();
    if (!store.ok()) return std::nullopt;
    was_opened_ = true;
    if (!store->add_schema(tally_schema()).ok()) return std::nullopt;
    return std::optional<Store>(*std::move(store));
  }

  void act(Store& store) {
    for (int i = 0; i < 120 && !disk_->is_frozen(); ++i) {
      std::vector<ActionRequest> actions;
      for (std::uint64_t at = dice_.below(4); at > 0; --at) {
        const std::string id = "t-" + std::to_string(dice_.below(12));
        actions.push_back({.action = dice_.chance(15) ? "Tally.remove" : "Tally.add", .args = {{"id", id}}, .if_version = {}});
      }
      static_cast<void>(store.transact(std::move(actions)).ok());
      if (dice_.chance(2)) static_cast<void>(store.projections().rebuild("following").ok());
      if (dice_.chance(2)) static_cast<void>(store.projections().rebuild("inline").ok());
      if (!dice_.chance(3)) continue;
      check(store);
      disk_->power_loss_after(20 + dice_.below(400));
    }
  }

  // With the power on.
  void check(const Store& store) {
    disk_->power_loss_after(kNotAsked);
    if (disk_->is_frozen()) return;
    for (const char* name : {"inline", "following"}) {
      const Result<ProjectionView> view = store.projections().view(name);
      ASSERT_TRUE(view.ok()) << view.status().message();
      EXPECT_EQ(rows_of(*view), naive(store, view->seq())) << name << " at event " << view->seq();
    }
  }

  Dice dice_;
  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::uint32_t code_version_ = 1;
  bool was_opened_ = false;
};

TEST(ProjectionCrash, RowsAreTheFoldOfTheLogOverPowerLossesAndKills) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  Lives lives(seed);
  for (int life = 0; life < kLives && !::testing::Test::HasFailure(); ++life) lives.live();
  lives.finish();
}

TEST(ProjectionCrash, ARebuildingThatMeetsAFullDiskGoesOnOnceThereIsSpace) {
  const auto disk = std::make_shared<SimulatedDisk>();
  OpenOptions options;
  options.write_buffer_bytes = 64 << 10;
  options.projections = {tally(ProjectionMode::kInline), tally(ProjectionMode::kFollowing)};
  Store store = StoreAccess::open("/store", std::move(options), new_fault_env(disk)).value();
  store.add_schema(tally_schema()).value();
  const auto add = [&](int number) { return store.act("Tally.add", {{"id", "t-" + std::to_string(number)}}).status(); };
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(add(i).ok());
  for (const char* name : {"inline", "following"}) {
    ASSERT_TRUE(store.projections().rebuild(name).ok());
    disk->set_capacity(disk->used_bytes());
    for (int i = 0; i < 50; ++i) static_cast<void>(add(i).ok());
    const ProjectionView old = store.projections().view(name).value();
    EXPECT_EQ(rows_of(old), naive(store, old.seq()));
    disk->set_capacity(SimulatedDisk::kUnlimited);
    const auto patience = std::chrono::steady_clock::now() + kLong;
    while (!add(1).ok() && std::chrono::steady_clock::now() < patience) {
    }
    const Status rebuilt = store.projections().await_rebuild(name, kLong);
    EXPECT_TRUE(rebuilt.ok()) << rebuilt.message();
    const Status reached = store.projections().await(name, store.head(), kLong);
    EXPECT_TRUE(reached.ok()) << reached.message();
    EXPECT_EQ(rows_of(store.projections().view(name).value()), naive(store, store.head()));
  }
}

}  // namespace
}  // namespace forge::testing_support
