// The ledger of examples/ledger under load and without power: 32 threads transfer at random, a reader adds up all the while, and
// the disk loses power again and again. Money is neither made nor lost, no account passes its limit, and every refusal has its
// reason. FORGE_SEED repeats a run's choices (threads still interleave as they like), FORGE_TRANSFER_ROUNDS sets the number of
// lives.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "forge/store/verify.h"
#include "store/seeds.h"
#include "store/transfers.h"
#include "store_state.h"
#include "support/fault_env.h"
#include "support/slow_build.h"

namespace forge::testing_support {
namespace {

constexpr std::uint64_t kUsualLives = kIsSlowBuild ? 16 : 80;
constexpr std::uint64_t kNoPowerLoss = std::numeric_limits<std::uint64_t>::max();

// A bank on a disk, through several lives that each end with the power or the process alone.
class Bank {
 public:
  explicit Bank(std::uint64_t seed)
      : choices_(seed), disk_(std::make_shared<SimulatedDisk>(DiskOptions{.page_bytes = choices_.up_to(1) == 0 ? 4096U : 512U})) {}

  void live() {
    ++life_;
    std::optional<Store> store = open();
    if (!store) return;
    settle(*store);
    audit(*store);
    disk_->power_loss_after(20 + choices_.up_to(600));
    work(*store);
    if (choices_.up_to(2) == 0) {
      disk_->process_crash();
    } else {
      disk_->power_loss(choices_.up_to(kNoPowerLoss - 1), static_cast<PowerLoss>(choices_.up_to(2)));
    }
  }

  // A last life without a fault, and every table against the fold of the log.
  void close() {
    std::optional<Store> store = open();
    if (!store) return;
    settle(*store);
    audit(*store);
    const Result<VerifyReport> report = verify(*store, {.files = false});
    if (!report.ok()) return wrong(report.status().message());
    for (const VerifyCheck& check : report->checks) {
      for (const Status& finding : check.findings) wrong(check.name + ": " + finding.message());
    }
  }

  const std::vector<std::string>& problems() const { return problems_; }
  std::uint64_t stored() const { return stored_.size(); }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t in_doubt() const { return in_doubt_met_; }
  std::uint64_t looked() const { return looked_; }

 private:
  void wrong(const std::string& what) {
    const std::lock_guard lock(mutex_);
    problems_.push_back("life " + std::to_string(life_) + ": " + what);
  }

  std::optional<Store> open() {
    OpenOptions options;
    options.cache_bytes = 1 << 20;
    options.write_buffer_bytes = 64 << 10;
    const internal::Tuning tuning{.watermark_interval = std::chrono::milliseconds(1)};
    Result<Store> store = StoreAccess::open("/store", options, new_fault_env(disk_), tuning);
    if (!store.ok()) return wrong(store.status().message()), std::nullopt;
    if (founded_ == 0) found(*store);
    return std::move(store).value();
  }

  void found(Store& store) {
    const Status founded = found_bank(store, choices_);
    if (!founded.ok()) return wrong(founded.message());
    founded_ = store.head();
  }

  void ask(Store& store, const Transfer& transfer) {
    const Result<TransactionReceipt> answer =
        store.transact(transfer.actions(), {.actor = transfer.actor, .idempotency_key = transfer.key});
    const std::lock_guard lock(mutex_);
    if (answer.ok()) {
      if (!transfer.may_succeed()) problems_.push_back(transfer.key + " was done, and nobody may");
      if (refused_keys_.contains(transfer.key)) problems_.push_back(transfer.key + " was done after it was refused");
      stored_[transfer.key] = transfer;
      doubtful_.erase(transfer.key);
    } else if (is_unknown_outcome(answer.status())) {
      ++in_doubt_met_;
      doubtful_[transfer.key] = transfer;
    } else if (answer.status().code() == Code::kUnavailable || answer.status().code() == Code::kIo) {
      doubtful_.erase(transfer.key);  // not tried: the store takes no more writes
    } else {
      const std::string fault = fault_of_refusal(transfer, answer.status());
      if (!fault.empty()) problems_.push_back(transfer.key + " was refused and " + fault);
      refused_keys_.insert(transfer.key);
      ++refused_;
      doubtful_.erase(transfer.key);
    }
  }

  // What was in doubt is asked again: whatever comes of it is final.
  void settle(Store& store) {
    const std::map<std::string, Transfer> doubtful = doubtful_;
    for (const auto& [key, transfer] : doubtful) ask(store, transfer);
    if (!doubtful_.empty()) wrong("asking again left " + std::to_string(doubtful_.size()) + " in doubt");
  }

  void work(Store& store) {
    std::atomic<std::uint64_t> working{kThreads};
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      const std::string name = "l" + std::to_string(life_) + "." + std::to_string(i) + ".";
      threads.emplace_back([&, name, choices = Choices(choices_.up_to(kNoPowerLoss - 1))]() mutable {
        for (int made = 0; made < 60 && !disk_->is_frozen(); ++made) {
          ask(store, random_transfer(name + std::to_string(made), choices));
        }
        --working;
      });
    }
    while (working > 0 && !disk_->is_frozen()) look(store);
    for (std::thread& thread : threads) thread.join();
  }

  // Beside the writers: a view shows whole transfers only. Without power nothing can be read.
  void look(const Store& store) {
    const std::string fault = fault_of_balances(store.view(), nullptr);
    if (disk_->is_frozen()) return;
    if (!fault.empty()) wrong("beside the writers, " + fault);
    ++looked_;
  }

  void audit(const Store& store) {
    std::map<std::string, std::int64_t> moved;
    std::uint64_t transfers = 0;
    const View view = store.view();
    const Status listed = view.list({.resource = "Transfer"}, [&](const Record& record) {
      ++transfers;
      if (!stored_.contains(record.key())) wrong(record.key() + " is there, and was not done");
      moved[record["debited"].as_text()] -= record["cents"].as_int();
      moved[record["credited"].as_text()] += record["cents"].as_int();
      return true;
    });
    if (!listed.ok()) wrong(listed.message());
    if (transfers != stored_.size()) {
      wrong(std::to_string(stored_.size()) + " transfers were acknowledged, " + std::to_string(transfers) + " are there");
    }
    if (const std::string fault = fault_of_balances(view, &moved); !fault.empty()) wrong(fault);
    for (int i = 0; i < 5 && store.head() > founded_; ++i) audit_past(store);
  }

  // Any transaction's end in the past adds up as well.
  void audit_past(const Store& store) {
    const Result<Event> event = store.view().event(founded_ + 1 + choices_.up_to(store.head() - founded_ - 1));
    if (!event.ok()) return wrong(event.status().message());
    const Seq end = event->seq - event->place + 2;  // a transfer has three events
    const Result<View> then = store.as_of(end);
    if (!then.ok()) return wrong(then.status().message());
    const std::string fault = fault_of_balances(*then, nullptr);
    if (!fault.empty()) wrong("as of event " + std::to_string(end) + ", " + fault);
  }

  Choices choices_;
  std::shared_ptr<SimulatedDisk> disk_;
  std::uint64_t life_ = 0;
  Seq founded_ = 0;
  std::mutex mutex_;  // guards all that follows while threads work
  std::map<std::string, Transfer> stored_, doubtful_;
  std::set<std::string> refused_keys_;
  std::uint64_t refused_ = 0, in_doubt_met_ = 0, looked_ = 0;
  std::vector<std::string> problems_;
};

TEST(Transfers, NeitherMakeNorLoseMoneyWhileThePowerGoes) {
  constexpr std::uint64_t kLivesOfAll = 8;
  const std::uint64_t lives = from_environment("FORGE_TRANSFER_ROUNDS", kUsualLives);
  std::uint64_t stored = 0, refused = 0, in_doubt = 0, looked = 0, lived = 0;
  for (std::uint64_t seed = seed_of_run(); lived < lives; ++seed) {
    Bank bank(seed);
    for (std::uint64_t life = 0; life < kLivesOfAll && bank.problems().empty(); ++life, ++lived) bank.live();
    bank.close();
    ASSERT_TRUE(bank.problems().empty()) << "FORGE_SEED=" << seed << ": " << bank.problems().front() << " (first of "
                                         << bank.problems().size() << ")";
    stored += bank.stored();
    refused += bank.refused();
    in_doubt += bank.in_doubt();
    looked += bank.looked();
  }
  std::cout << "seed " << seed_of_run() << ": " << lived << " lives, " << stored << " transfers, " << refused << " refused, "
            << in_doubt << " in doubt until they were asked again, " << looked << " looks beside the writers\n";
  EXPECT_GT(stored, lived);
  EXPECT_GT(refused, lived);
  EXPECT_GT(in_doubt, 0U) << "the power never went while somebody waited";
}

}  // namespace
}  // namespace forge::testing_support
