// Stores on a simulated disk that loses power again and again: while they are made, opened, written, flushed, compacted and closed.
// FORGE_SEED repeats a run's choices (threads still interleave as they like), FORGE_CRASH_ROUNDS sets the number of rounds.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <latch>
#include <limits>
#include <thread>

#include "forge/store/stream.h"
#include "store/ledger.h"
#include "store/seeds.h"
#include "store_state.h"
#include "support/fault_env.h"
#include "support/slow_build.h"

namespace forge::testing_support {
namespace {

constexpr std::uint64_t kUsualRounds = kIsSlowBuild ? 60 : 300;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t rounds() {
  return from_environment("FORGE_CRASH_ROUNDS", kUsualRounds);
}

struct Arm {
  PowerLoss loss = PowerLoss::kDropUnsynced;
  Durability durability = Durability::kSync;
  bool honest_disk = true;
};

// A store and the disk under it, through several lives that each end with the power or, sometimes, the process alone.
class Machine {
 public:
  Machine(const Arm& arm, std::uint64_t seed)
      : arm_(arm),
        choices_(seed),
        disk_(std::make_shared<SimulatedDisk>(DiskOptions{
            .page_bytes = choices_.up_to(1) == 0 ? 4096u : 512u,
            .file_sync_keeps_names = choices_.up_to(2) == 0,
        })) {}

  // One life and its end. Returns what was wrong with what the life before left.
  std::vector<std::string> live() {
    ++life_;
    problems_.clear();
    disk_->ignore_syncs(!arm_.honest_disk && schema_is_stored_);
    if (choices_.up_to(3) == 0) disk_->power_loss_after(choices_.up_to(was_opened_ ? 120 : 400));
    std::optional<Store> store = open();
    if (store) work(*store);
    // What is still to be written when the store is destroyed meets a dead disk, or a dead process.
    const bool destroy_first = choices_.up_to(1) == 0;
    if (destroy_first && disk_->is_frozen()) store.reset();
    end();
    store.reset();
    return problems_;
  }

  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void wrong(const std::string& what) { problems_.push_back("life " + std::to_string(life_) + ": " + what); }

  // Nothing when the power went meanwhile. Once it has been opened, a store is never made anew.
  std::optional<Store> open() {
    const internal::Tuning tuning{.watermark_interval = std::chrono::milliseconds(1)};
    OpenOptions options;
    options.create = !was_opened_;
    options.durability = arm_.durability;
    options.cache_bytes = 1 << 20;
    options.write_buffer_bytes = 64 << 10;
    options.limits.group_actions = 8;
    Result<Store> opened = StoreAccess::open("/store", options, new_fault_env(disk_), tuning);
    const bool has_power = !disk_->is_frozen();
    if (!opened.ok()) {
      if (has_power) wrong("opening was refused: " + opened.status().message());
      return std::nullopt;
    }
    was_opened_ = true;
    const Result<LoadedDomain> schema = opened->add_schema(accounts_schema());
    if (schema.ok()) {
      if (schema->added && schema_is_stored_) wrong("the acknowledged schema was lost");
      schema_is_stored_ = true;
      if (schema->added) schema_seq_ = opened->head();
      note_durable(*opened);
    } else if (!disk_->is_frozen()) {
      wrong("the schema was refused: " + schema.status().message());
    }
    disk_->power_loss_after(kNever);
    return disk_->is_frozen() ? std::nullopt : std::optional<Store>(std::move(opened).value());
  }

  void work(Store& store) {
    const std::vector<Ask> in_doubt = ledger_.in_doubt();
    audit(store);
    for (const Ask& ask : in_doubt) ask_and_wait(store, ask);
    const std::vector<Ask> stored = ledger_.stored();
    if (!stored.empty()) ask_and_wait(store, stored[choices_.up_to(stored.size() - 1)]);
    if (choices_.up_to(4) == 0) audit(store);
    disk_->power_loss_after(choices_.up_to(350));
    write(store, 20 + choices_.up_to(80));
    if (choices_.up_to(3) > 0) return;
    disk_->power_loss_after(choices_.up_to(80));
    static_cast<void>(store.close().ok());
  }

  void audit(const Store& store) {
    for (std::string& problem : ledger_.audit(store)) wrong(problem);
  }

  void ask_and_wait(Store& store, const Ask& ask) {
    ledger_.asked(ask);
    answered(store, ask.key, store.transact(ask.actions, {.actor = "tester", .idempotency_key = ask.key}));
  }

  void answered(const Store& store, const std::string& key, const Result<TransactionReceipt>& answer) {
    if (answer.ok()) ++acknowledged_;
    ledger_.answered(key, answer);
    note_durable(store);
  }

  void note_durable(const Store& store) {
    const Seq durable = store.durable_seq();
    Seq seen = durable_.load();
    while (seen < durable && !durable_.compare_exchange_weak(seen, durable)) {
    }
  }

  void write(Store& store, std::uint64_t transactions) {
    switch (choices_.up_to(3)) {
      case 0:
        return write_from_threads(store, 1, transactions);
      case 1:
        return write_from_threads(store, 4, transactions / 4);
      case 2:
        return write_asynchronously(store, static_cast<std::ptrdiff_t>(transactions));
      default:
        return write_stream(store, transactions);
    }
  }

  Workload workload(std::uint64_t thread = 0) {
    return {"life" + std::to_string(life_) + "." + std::to_string(thread), choices_.up_to(kNever - 1)};
  }

  void write_from_threads(Store& store, std::uint64_t threads, std::uint64_t transactions) {
    std::vector<std::thread> running;
    for (std::uint64_t thread = 0; thread < threads; ++thread) {
      running.emplace_back([&, asks = workload(thread)]() mutable {
        for (std::uint64_t i = 0; i < transactions && !disk_->is_frozen(); ++i) ask_and_wait(store, asks.next());
      });
    }
    for (std::thread& thread : running) thread.join();
  }

  void write_asynchronously(Store& store, std::ptrdiff_t transactions) {
    std::latch waiting(transactions);
    Workload asks = workload();
    for (std::ptrdiff_t i = 0; i < transactions; ++i) {
      const Ask ask = asks.next();
      ledger_.asked(ask);
      store.transact_async(ask.actions, {.actor = "tester", .idempotency_key = ask.key},
                           [this, &store, &waiting, key = ask.key](const Result<TransactionReceipt>& answer) {
                             answered(store, key, answer);
                             waiting.count_down();
                           });
    }
    waiting.wait();
  }

  void write_stream(Store& store, std::uint64_t transactions) {
    TransactionStream stream(store, {.window = 16, .stop_on_refusal = false});
    Workload asks = workload();
    for (std::uint64_t i = 0; i < transactions; ++i) {
      const Ask ask = asks.next();
      ledger_.asked(ask);
      const Status submitted =
          stream.submit(ask.actions, {.actor = "tester", .idempotency_key = ask.key},
                        [this, &store, key = ask.key](const Result<TransactionReceipt>& answer) { answered(store, key, answer); });
      if (!submitted.ok()) wrong("a stream that does not stop said " + submitted.message());
    }
  }

  void end() {
    if (choices_.up_to(5) == 0) return disk_->process_crash();
    if (arm_.durability == Durability::kOs) {
      ledger_.doubt_after(durable_);
      if (durable_ < schema_seq_) schema_is_stored_ = false;
    }
    disk_->power_loss(choices_.up_to(kNever - 1), arm_.loss);
  }

  const Arm arm_;
  Choices choices_;
  std::shared_ptr<SimulatedDisk> disk_;
  Ledger ledger_;
  std::uint64_t life_ = 0;
  bool was_opened_ = false;
  bool schema_is_stored_ = false;
  Seq schema_seq_ = 0;
  std::atomic<Seq> durable_{0};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::vector<std::string> problems_;
};

struct Tally {
  std::uint64_t rounds = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t machines = 0;
  std::uint64_t machines_with_losses = 0;
  std::vector<std::string> problems;  // the first machine's, with its seed
};

// Runs machines one after another, each until something is wrong with it or it has lived long enough.
Tally play(const Arm& arm, std::uint64_t lives) {
  constexpr std::uint64_t kLives = 15;
  Tally tally;
  for (std::uint64_t seed = seed_of_run(); tally.rounds < lives; ++seed) {
    ++tally.machines;
    Machine machine(arm, seed);
    std::vector<std::string> problems;
    for (std::uint64_t life = 0; life < kLives && problems.empty(); ++life, ++tally.rounds) problems = machine.live();
    tally.acknowledged += machine.acknowledged();
    if (problems.empty()) continue;
    ++tally.machines_with_losses;
    if (!tally.problems.empty()) continue;
    tally.problems = std::move(problems);
    tally.problems.push_back("FORGE_SEED=" + std::to_string(seed));
  }
  return tally;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

void expect_no_problem(const Arm& arm, std::uint64_t lives) {
  const Tally tally = play(arm, lives);
  std::cout << "seed " << seed_of_run() << ": " << tally.rounds << " rounds, " << tally.acknowledged
            << " acknowledged transactions\n";
  EXPECT_TRUE(tally.problems.empty()) << joined(tally.problems);
  EXPECT_GT(tally.acknowledged, tally.rounds);
}

class StoreWithoutPower : public ::testing::TestWithParam<PowerLoss> {};

TEST_P(StoreWithoutPower, KeepsEveryAcknowledgedTransactionOnceAndOpensAgain) {
  expect_no_problem({.loss = GetParam()}, (rounds() + 2) / 3);
}

TEST_P(StoreWithoutPower, KeepsAPrefixWithDurabilityOfTheOperatingSystem) {
  expect_no_problem({.loss = GetParam(), .durability = Durability::kOs}, (rounds() + 5) / 6);
}

// What finds nothing here would prove nothing above.
TEST_P(StoreWithoutPower, LosesTransactionsOnADiskThatIgnoresSyncs) {
  const Tally tally = play({.loss = GetParam(), .honest_disk = false}, rounds() / 6);
  EXPECT_GT(tally.machines_with_losses, tally.machines / 2);
}

std::string name_of_mode(const ::testing::TestParamInfo<PowerLoss>& mode) {
  switch (mode.param) {
    case PowerLoss::kDropUnsynced:
      return "Dropped";
    case PowerLoss::kTorn:
      return "Torn";
    case PowerLoss::kReordered:
      return "Reordered";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(PowerLoss, StoreWithoutPower,
                         ::testing::Values(PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered), name_of_mode);

}  // namespace
}  // namespace forge::testing_support
