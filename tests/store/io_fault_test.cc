// Stores on a disk that fails: writes, syncs and reads with an error, a full disk, a background flush that fails. What was
// acknowledged stays, what failed says whether it may be stored, and an idempotent retry ends with each transaction there once.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "store/ledger.h"
#include "store_state.h"
#include "support/fault_env.h"

namespace forge::testing_support {
namespace {

using rocksdb::IOStatus;

class StoreOnAFailingDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(store_->add_schema(accounts_schema()).ok());
    for (int i = 0; i < 20; ++i) static_cast<void>(act(work_.next()).ok());
  }

  Result<Store> try_open(bool read_only = false) {
    OpenOptions options;
    options.read_only = read_only;
    options.cache_bytes = 1 << 20;
    options.write_buffer_bytes = write_buffer_bytes_;
    return StoreAccess::open("/store", options, new_fault_env(disk_));
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

  Status act(const Ask& ask) {
    ledger_.asked(ask);
    const Result<TransactionReceipt> answer = store_->transact(ask.actions, {.actor = "tester", .idempotency_key = ask.key});
    ledger_.answered(ask.key, answer);
    last_ = answer.ok() ? Status() : answer.status();
    return last_;
  }
  // The next of transactions that the rules accept.
  Ask numbered() {
    ++made_;
    return {.key = "sound-" + std::to_string(made_),
            .actions = {{.action = "Account.put",
                         .args = {{"id", "account-1"}, {"note", std::string(100 + made_ % 7, 'n')}},
                         .if_version = {}}}};
  }
  void fail(Operation operation, IOStatus status, const std::string& path_part, bool lasts = false) {
    disk_->inject({.operation = operation, .status = std::move(status), .path_part = path_part, .nth = 1, .lasts = lasts});
  }

  void expect_refused_until_reopened() {
    const Result<TransactionReceipt> later = store_->transact(numbered().actions, {});
    ASSERT_FALSE(later.ok());
    EXPECT_EQ(later.status().id(), ErrorId::kIoFatal);
    EXPECT_TRUE(store_->get("Account", "account-1").ok() || store_->view().seq() > 0) << "reads go on";
    EXPECT_TRUE(store_->view().event(store_->head()).ok()) << "reads go on";
  }
  // The transactions in doubt are asked for again, and then each is there once.
  void settle_doubts() {
    for (const Ask& ask : ledger_.in_doubt()) static_cast<void>(act(ask).ok());
    const std::vector<std::string> problems = ledger_.audit(*store_);
    EXPECT_TRUE(problems.empty()) << problems.front();
  }

  std::size_t write_buffer_bytes_ = 32 << 20;
  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::optional<Store> store_;
  Workload work_{"work", 7};
  Ledger ledger_;
  Status last_;
  std::uint64_t made_ = 0;
};

TEST_F(StoreOnAFailingDisk, AFailedSyncLeavesTheOutcomeOpenAndEndsWriting) {
  fail(Operation::kSync, IOStatus::IOError("EIO"), ".log");
  const Status failed = act(numbered());
  EXPECT_EQ(failed.id(), ErrorId::kIoFatal);
  EXPECT_NE(failed.text().state.find("unknown"), std::string::npos);
  disk_->clear_faults();
  expect_refused_until_reopened();
  reopen();
  settle_doubts();
}

TEST_F(StoreOnAFailingDisk, AFailedSyncIsNeverTriedAgain) {
  fail(Operation::kSync, IOStatus::IOError("EIO"), ".log");
  ASSERT_FALSE(act(numbered()).ok());
  disk_->clear_faults();
  const std::uint64_t syncs = disk_->count(Operation::kSync);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(act(numbered()).id(), ErrorId::kIoFatal);
  EXPECT_EQ(disk_->count(Operation::kSync), syncs);
  EXPECT_GT(store_->head(), 0u);
}

TEST_F(StoreOnAFailingDisk, AFailedWriteToTheLogEndsWriting) {
  fail(Operation::kWrite, IOStatus::IOError("EIO"), ".log");
  const Status failed = act(numbered());
  EXPECT_EQ(failed.id(), ErrorId::kIoFatal);
  disk_->clear_faults();
  expect_refused_until_reopened();
  reopen();
  settle_doubts();
}

TEST_F(StoreOnAFailingDisk, TheHeadDoesNotMoveOverAnEventThatIsNotOnDisk) {
  const Seq before = store_->head();
  fail(Operation::kSync, IOStatus::IOError("EIO"), ".log");
  ASSERT_FALSE(act(numbered()).ok());
  EXPECT_EQ(store_->head(), before);
  EXPECT_EQ(store_->view().event(before + 1).status().id(), ErrorId::kEventNotFound);
}

TEST_F(StoreOnAFailingDisk, AFullDiskRefusesAndGoesOnByItselfOnceThereIsSpace) {
  for (int round = 0; round < 2; ++round) {
    disk_->set_capacity(1);  // less than is there already
    const Status failed = act(numbered());
    EXPECT_EQ(failed.id(), ErrorId::kDiskFull);
    EXPECT_TRUE(store_->view().event(store_->head()).ok()) << "reads go on";
    static_cast<void>(act(numbered()).ok());
    EXPECT_EQ(last_.id(), ErrorId::kDiskFull);
    disk_->set_capacity(SimulatedDisk::kUnlimited);
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!act(numbered()).ok() && std::chrono::steady_clock::now() < patience) ASSERT_EQ(last_.id(), ErrorId::kDiskFull);
    ASSERT_TRUE(last_.ok()) << last_.message();
  }
  settle_doubts();
  reopen();
  settle_doubts();
}

TEST_F(StoreOnAFailingDisk, AFailedReadConcernsThatReadAlone) {
  ASSERT_TRUE(act(numbered()).ok());
  ASSERT_TRUE(store_->close().ok());
  reopen();
  fail(Operation::kRead, IOStatus::IOError("EIO"), ".sst", true);
  const auto history = store_->view().history("Account", "account-1");
  ASSERT_FALSE(history.ok());
  EXPECT_EQ(history.status().id(), ErrorId::kIoError) << history.status().message();
  disk_->clear_faults();
  EXPECT_TRUE(store_->view().history("Account", "account-1").ok());
  EXPECT_TRUE(act(numbered()).ok());
  settle_doubts();
}

// Whatever of the background's work fails, no acknowledged transaction is lost and no damaged answer given.
class StoreWhoseFlushFails : public StoreOnAFailingDisk, public ::testing::WithParamInterface<const char*> {
 protected:
  StoreWhoseFlushFails() { write_buffer_bytes_ = 64 << 10; }
};

TEST_P(StoreWhoseFlushFails, LosesNothingAcknowledged) {
  fail(Operation::kSync, IOStatus::IOError("EIO"), GetParam(), true);
  fail(Operation::kWrite, IOStatus::IOError("EIO"), GetParam(), true);
  for (int i = 0; i < 3000 && act(numbered()).ok(); ++i) {
  }
  disk_->clear_faults();
  reopen();
  settle_doubts();
  EXPECT_TRUE(act(numbered()).ok());
}

INSTANTIATE_TEST_SUITE_P(EachFile, StoreWhoseFlushFails, ::testing::Values(".sst", "MANIFEST", ".log", "WATERMARK"));

TEST_F(StoreOnAFailingDisk, AKillInEachStepOfOpeningIsMendedByTheNextOpening) {
  for (std::uint64_t step = 0; step < 60; ++step) {
    disk_->process_crash();
    store_.reset();
    disk_->power_loss_after(step);
    static_cast<void>(try_open().ok());
    disk_->process_crash();
    open();
    const std::vector<std::string> problems = ledger_.audit(*store_);
    ASSERT_TRUE(problems.empty()) << "killed at change " << step << ": " << problems.front();
    ASSERT_TRUE(act(numbered()).ok());
  }
}

TEST_F(StoreOnAFailingDisk, OpensForReadingWhereNothingCanBeWritten) {
  disk_->process_crash();
  store_.reset();
  for (const Operation operation : {Operation::kWrite, Operation::kChangeDirectory, Operation::kSync}) {
    fail(operation, IOStatus::IOError("read-only file system"), "", true);
  }
  EXPECT_FALSE(try_open().ok());
  Result<Store> reading = try_open(true);
  ASSERT_TRUE(reading.ok()) << reading.status().message();
  EXPECT_TRUE(reading->view().event(reading->head()).ok());
  EXPECT_EQ(reading->transact(numbered().actions, {}).status().id(), ErrorId::kReadOnly);
}

}  // namespace
}  // namespace forge::testing_support
