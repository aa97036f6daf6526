#pragma once

// A store on a simulated disk, for tests that make the disk fail under it, and the ledger that holds the store to its answers.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "store/ledger.h"
#include "store_state.h"
#include "support/fault_env.h"

namespace forge::testing_support {

// On a disk without space, as the kernel says it.
inline rocksdb::IOStatus no_space() {
  rocksdb::IOStatus status = rocksdb::IOStatus::NoSpace("injected");
  status.SetRetryable(true);
  return status;
}
inline rocksdb::IOStatus io_error() {
  return rocksdb::IOStatus::IOError("injected", "Input/output error");
}

class StoreOnAFailingDisk : public ::testing::Test {
 protected:
  // A schema, and a few transactions that are not yet in any table file.
  void SetUp() override {
    open();
    ASSERT_TRUE(store_->add_schema(accounts_schema()).ok());
    for (int i = 0; i < 20; ++i) static_cast<void>(act(work_.next()).ok());
  }
  // With a store as at first, on a disk of its own.
  void begin_anew() {
    store_.reset();
    disk_ = std::make_shared<SimulatedDisk>();
    ledger_.emplace();
    SetUp();
  }

  Result<Store> try_open(bool read_only = false) {
    OpenOptions options;
    options.read_only = read_only;
    options.cache_bytes = 1 << 20;
    options.durability = durability_;
    options.write_buffer_bytes = write_buffer_bytes_;
    return StoreAccess::open("/store", options, new_fault_env(disk_), {.watermark_interval = std::chrono::milliseconds(1)});
  }
  void open() {
    Result<Store> opened = try_open();
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_.emplace(*std::move(opened));
  }
  void reopen() {
    store_.reset();
    open();
  }
  // As kill -9: what the store had in mind is gone, what it had written is not.
  void kill() {
    disk_->process_crash();
    store_.reset();
  }

  // Asks and notes the answer.
  Status act(const Ask& ask) {
    ledger_->asked(ask);
    const Result<TransactionReceipt> answer = store_->transact(ask.actions, {.actor = "tester", .idempotency_key = ask.key});
    ledger_->answered(ask.key, answer);
    return answer.status();
  }
  // The next of transactions that no rule refuses.
  Ask numbered() {
    ++made_;
    return {.key = "sound-" + std::to_string(made_),
            .actions = {{.action = "Account.put",
                         .args = {{"id", "account-" + std::to_string(made_ % 9)}, {"note", std::string(100 + made_ % 7, 'n')}},
                         .if_version = {}}}};
  }
  void fail(Operation operation, rocksdb::IOStatus status, const std::string& path_part, bool lasts = false) {
    disk_->inject({.operation = operation, .status = std::move(status), .path_part = path_part, .nth = 1, .lasts = lasts});
  }

  void expect_reads_go_on() {
    EXPECT_TRUE(store_->view().event(store_->head()).ok());
    const Status listed = store_->view().list({.resource = "Account"}, [](const Record&) { return true; });
    EXPECT_TRUE(listed.ok()) << listed.message();
  }
  // What is refused now was not tried, and says so.
  void expect_refused_until_reopened() {
    const Status later = act(numbered());
    EXPECT_EQ(later.id(), ErrorId::kIoFatal) << later.message();
    EXPECT_TRUE(later.text().state.starts_with("this attempt wrote nothing")) << later.message();
    expect_reads_go_on();
  }
  void expect_sound() {
    const std::vector<std::string> problems = ledger_->audit(*store_);
    EXPECT_TRUE(problems.empty()) << problems.front();
  }
  // What is in doubt is asked for again, and is there once after that.
  void settle_doubts() {
    for (const Ask& ask : ledger_->in_doubt()) static_cast<void>(act(ask).ok());
    EXPECT_TRUE(ledger_->in_doubt().empty());
    expect_sound();
  }

  std::size_t write_buffer_bytes_ = 32 << 20;
  Durability durability_ = Durability::kSync;
  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::optional<Store> store_;
  Workload work_{"work", 7};
  std::optional<Ledger> ledger_{std::in_place};
  std::uint64_t made_ = 0;
};

}  // namespace forge::testing_support
