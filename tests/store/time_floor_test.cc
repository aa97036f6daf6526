// What was answered as of a time is answered again, whatever becomes of the process and the clock.

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "forge/store/store.h"
#include "forge/testing.h"
#include "store_state.h"
#include "support/fault_env.h"

namespace forge {
namespace {

constexpr std::int64_t kMinute = 60'000'000;

class TimeFloor : public ::testing::TestWithParam<Durability> {
 protected:
  void open() {
    OpenOptions options;
    options.clock = &clock_;
    options.durability = GetParam();
    store_.emplace(StoreAccess::open("/store", options, testing_support::new_fault_env(disk_)).value());
  }
  // As kill -9.
  void kill() {
    disk_->process_crash();
    store_.reset();
  }
  Time write() { return store_->transact({}).value().recorded_at; }

  testing::ManualClock clock_;
  const std::shared_ptr<testing_support::SimulatedDisk> disk_ = std::make_shared<testing_support::SimulatedDisk>();
  std::optional<Store> store_;
};

TEST_P(TimeFloor, IsKeptOverAKillAlsoWhenTheClockStepsBack) {
  open();
  write();
  clock_.advance(kMinute);
  const Time asked = clock_.now();
  const Resolved answered = store_->resolve(Point(asked)).value();
  EXPECT_TRUE(answered.final);
  kill();
  clock_.advance(-kMinute / 2);  // later than the last commit still
  open();
  EXPECT_GT(write(), asked);
  EXPECT_EQ(store_->resolve(Point(asked)).value().seq, answered.seq);
}

TEST_P(TimeFloor, IsNotTakenBackByACommitThatWasDecidedBefore) {
  open();
  for (int i = 0; i < 20; ++i) {
    write();
    clock_.advance(kMinute);
    store_->resolve(Point(clock_.now())).value();
  }
  const Time asked = clock_.now();
  store_->resolve(Point(Time{asked.micros - 5 * kMinute})).value();  // an earlier one changes nothing
  kill();
  clock_.advance(-kMinute / 2);
  open();
  EXPECT_GT(write(), asked);
}

INSTANTIATE_TEST_SUITE_P(All, TimeFloor, ::testing::Values(Durability::kSync, Durability::kOs),
                         [](const auto& tested) { return tested.param == Durability::kSync ? "Sync" : "Os"; });

}  // namespace
}  // namespace forge
