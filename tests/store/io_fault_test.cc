// Stores on a disk that fails: writes, syncs and reads with an error, in the foreground and behind it, and kills while they open.
// What was acknowledged stays, what failed says whether it may be stored, and an idempotent retry ends with each transaction there
// once. Full disks are in full_disk_test.cc.

#include <algorithm>
#include <functional>
#include <utility>

#include "store/failing_disk.h"
#include "store/seeds.h"
#include "support/slow_build.h"

namespace forge::testing_support {
namespace {

// When RocksDB has read the MANIFEST, which is read once before it is opened, and looks into data/, another process does something
// there first.
class BusyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  BusyFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, std::function<void()> between)
      : FileSystemWrapper(target), between_(std::move(between)) {}
  const char* Name() const override { return "BusyFileSystem"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result, rocksdb::IODebugContext* debug) override {
    if (path.find("MANIFEST") != std::string::npos) ++readings_;
    return FileSystemWrapper::NewSequentialFile(path, options, result, debug);
  }
  rocksdb::IOStatus GetChildren(const std::string& path, const rocksdb::IOOptions& options, std::vector<std::string>* names,
                                rocksdb::IODebugContext* debug) override {
    if (readings_ == 2) std::exchange(between_, [] {})();
    return FileSystemWrapper::GetChildren(path, options, names, debug);
  }

 private:
  std::function<void()> between_;
  int readings_ = 0;
};

class BusyEnv : public rocksdb::EnvWrapper {
 public:
  BusyEnv(std::unique_ptr<rocksdb::Env> target, std::function<void()> between)
      : EnvWrapper(target.get()), target_(std::move(target)) {
    file_system_ = std::make_shared<BusyFileSystem>(target_->GetFileSystem(), std::move(between));
  }

 private:
  std::unique_ptr<rocksdb::Env> target_;
};

TEST_F(StoreOnAFailingDisk, AFailedSyncLeavesTheOutcomeOpenAndEndsWriting) {
  fail(Operation::kSync, io_error(), ".log");
  const Seq before = store_->head();
  const Status failed = act(numbered());
  EXPECT_EQ(failed.id(), ErrorId::kIoFatal);
  EXPECT_TRUE(failed.text().state.starts_with("whether it was stored is unknown")) << failed.message();
  EXPECT_EQ(store_->head(), before);
  EXPECT_EQ(store_->view().event(before + 1).status().id(), ErrorId::kEventNotFound);
  expect_refused_until_reopened();
  reopen();
  settle_doubts();
}

TEST_F(StoreOnAFailingDisk, ClosingSaysThatWritingHadEnded) {
  fail(Operation::kSync, io_error(), ".log");
  ASSERT_FALSE(act(numbered()).ok());
  const Status closed = store_->close();
  EXPECT_EQ(closed.id(), ErrorId::kIoFatal);
  EXPECT_NE(closed.text().why.find("syncing the log failed"), std::string::npos) << closed.message();
  EXPECT_EQ(store_->get("Account", "account-1").status().id(), ErrorId::kClosed) << "it is closed all the same";
  EXPECT_TRUE(store_->close().ok());
  reopen();
  settle_doubts();
}

// After a failed sync the kernel may take pages for clean that never reached the disk: another sync would succeed and prove
// nothing.
TEST_F(StoreOnAFailingDisk, AFailedSyncOfTheLogIsNeverTriedAgain) {
  fail(Operation::kSync, io_error(), ".log");
  ASSERT_FALSE(act(numbered()).ok());
  fail(Operation::kSync, io_error(), ".log");  // struck by any further sync of the log, which then does not strike below
  for (int i = 0; i < 3; ++i) EXPECT_EQ(act(numbered()).id(), ErrorId::kIoFatal);
  static_cast<void>(store_->close().ok());
  disk_->process_crash();
  open();
  EXPECT_EQ(act(numbered()).id(), ErrorId::kIoFatal) << "the log was synced again after a sync of it had failed";
  reopen();
  settle_doubts();
}

// The pages of the failed sync are gone with the power. What was acknowledged before is not.
TEST_F(StoreOnAFailingDisk, AFailedSyncAndThenAPowerLossTakeNothingAcknowledged) {
  for (const PowerLoss loss : {PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered}) {
    fail(Operation::kSync, io_error(), ".log");
    EXPECT_EQ(act(numbered()).id(), ErrorId::kIoFatal);
    disk_->power_loss(1, loss);
    reopen();
    expect_sound();
    settle_doubts();
  }
}

TEST_F(StoreOnAFailingDisk, AFailedWriteToTheLogEndsWriting) {
  fail(Operation::kWrite, io_error(), ".log");
  EXPECT_EQ(act(numbered()).id(), ErrorId::kIoFatal);
  expect_refused_until_reopened();
  reopen();
  settle_doubts();
}

// A retry of what may be stored must not be told that it is not.
TEST_F(StoreOnAFailingDisk, ARetryWhileNothingCanBeWrittenLeavesTheOutcomeOpen) {
  fail(Operation::kSync, io_error(), ".log");
  const Ask ask = numbered();
  ASSERT_EQ(act(ask).id(), ErrorId::kIoFatal);
  const Status again = act(ask);
  EXPECT_EQ(again.code(), Code::kUnknownOutcome);
  EXPECT_NE(again.text().state.find("an earlier one with the same key may be stored"), std::string::npos) << again.message();
  kill();
  open();
  expect_sound();
  EXPECT_TRUE(act(ask).ok());
  expect_sound();
}

TEST_F(StoreOnAFailingDisk, AFailedReadConcernsThatRequestAlone) {
  ASSERT_TRUE(act(numbered()).ok());
  ASSERT_TRUE(store_->close().ok());
  reopen();
  fail(Operation::kRead, io_error(), ".sst", true);
  EXPECT_EQ(store_->get("Account", "account-1").status().id(), ErrorId::kIoError);
  EXPECT_EQ(store_->view().history("Account", "account-1").status().id(), ErrorId::kIoError);
  const Ask edit{.key = "edit", .actions = {{.action = "Account.edit", .args = {{"id", "account-1"}}, .if_version = {}}}};
  const Status update = act(edit);
  EXPECT_EQ(update.id(), ErrorId::kIoError) << "it rests on a record that cannot be read";
  EXPECT_EQ(update.text().state, "nothing was written");
  disk_->clear_faults();
  EXPECT_TRUE(store_->get("Account", "account-1").ok());
  EXPECT_TRUE(act(edit).ok());
  settle_doubts();
}

// What RocksDB does behind the store's back writes these kinds of file. Where one fails the store takes no more writes.
class StoreWhoseBackgroundFails : public StoreOnAFailingDisk,
                                  public ::testing::WithParamInterface<std::tuple<Operation, const char*>> {
 protected:
  StoreWhoseBackgroundFails() { write_buffer_bytes_ = 64 << 10; }
};

TEST_P(StoreWhoseBackgroundFails, TakesNoMoreWritesAndLosesNothing) {
  const auto& [operation, file] = GetParam();
  fail(operation, io_error(), file, true);
  Status last;
  for (int i = 0; i < 3000 && last.ok(); ++i) last = act(numbered());
  EXPECT_EQ(last.id(), ErrorId::kIoFatal) << last.message();
  expect_refused_until_reopened();
  disk_->clear_faults();
  expect_refused_until_reopened();
  static_cast<void>(store_->close().ok());
  reopen();
  settle_doubts();
  EXPECT_TRUE(act(numbered()).ok());
}

std::string name_of_fault(const ::testing::TestParamInfo<std::tuple<Operation, const char*>>& fault) {
  std::string name(std::get<0>(fault.param) == Operation::kWrite ? "Write" : "Sync");
  name += std::get<1>(fault.param);
  std::erase(name, '.');
  return name;
}

INSTANTIATE_TEST_SUITE_P(EachFile, StoreWhoseBackgroundFails,
                         ::testing::Combine(::testing::Values(Operation::kWrite, Operation::kSync),
                                            ::testing::Values(".sst", "MANIFEST")),
                         name_of_fault);

// The watermark is evidence beside the log: without it a store still works, and is told of by the next opening at most.
TEST_F(StoreOnAFailingDisk, AWatermarkThatCannotBeWrittenHindersNobody) {
  fail(Operation::kWrite, io_error(), "WATERMARK", true);
  fail(Operation::kSync, io_error(), "WATERMARK", true);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(act(numbered()).ok());
  EXPECT_EQ(store_->close().id(), ErrorId::kIoError) << "closing cannot leave its mark, and says so";
  disk_->clear_faults();
  reopen();
  settle_doubts();
}

// Where every build cannot afford each change: one of them at random to begin with, and steps from there.
constexpr std::uint64_t kChangesInAStep = kIsSlowBuild ? 7 : 1;
std::uint64_t first_change() {
  return seed_of_run() % kChangesInAStep;
}

// Each change of the disk that opening makes after an unclean end is the last one once.
TEST_F(StoreOnAFailingDisk, AKillAtEachChangeOfOpeningIsMendedByTheNextOpening) {
  bool opened = false;
  std::uint64_t change = first_change();
  for (; !opened; change += kChangesInAStep) {
    begin_anew();
    ASSERT_TRUE(act(numbered()).ok());
    kill();
    disk_->power_loss_after(change);
    opened = try_open().ok() && !disk_->is_frozen();
    disk_->process_crash();
    open();
    expect_sound();
    ASSERT_FALSE(HasFailure()) << "killed at change " << change;
  }
  EXPECT_GT(change, 20u);
}

// What was not synced then survives in any order, names of files included.
TEST_F(StoreOnAFailingDisk, APowerLossAtEachChangeOfOpeningIsMendedByTheNextOpening) {
  constexpr std::uint64_t kOutcomes = 2;
  bool opened = false;
  for (std::uint64_t round = 0; !opened; ++round) {
    const std::uint64_t change = first_change() + round / kOutcomes * kChangesInAStep;
    begin_anew();
    ASSERT_TRUE(act(numbered()).ok());
    kill();
    disk_->power_loss_after(change);
    opened = try_open().ok() && !disk_->is_frozen();
    disk_->power_loss(change * kOutcomes + round % kOutcomes, PowerLoss::kReordered);
    open();
    ASSERT_FALSE(HasFatalFailure()) << "power lost at change " << change;
    expect_sound();
    ASSERT_FALSE(HasFailure()) << "power lost at change " << change;
  }
}

TEST_F(StoreOnAFailingDisk, ManyKillsInARowWhileOpeningLeaveTheSameStore) {
  const Root root = store_->root().value();
  Choices choices(11);
  for (int kills = 0; kills < 60; ++kills) {
    kill();
    disk_->power_loss_after(choices.up_to(50));
    static_cast<void>(try_open().ok());
    if (kills % 2 == 0) disk_->power_loss(choices.up_to(1000), PowerLoss::kReordered);
  }
  kill();
  open();
  EXPECT_EQ(store_->root()->hash, root.hash);
  expect_sound();
}

// Its log becomes a table, and is deleted, between a reader's look at the list of files and the one at the directory. The watermark
// is behind, as after a kill between a commit and its note.
TEST_F(StoreOnAFailingDisk, OpensForReadingBesideARecoveryWithNothingMissing) {
  fail(Operation::kWrite, io_error(), "WATERMARK", true);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(act(numbered()).ok());
  const Seq head = store_->head();
  kill();
  disk_->clear_faults();
  bool was_recovered = false;
  const auto recover = [&] { was_recovered = try_open().ok(); };
  const Result<Store> reading = StoreAccess::open("/store", {.read_only = true},
                                                  std::make_unique<BusyEnv>(new_fault_env(disk_), recover), internal::Tuning());
  ASSERT_TRUE(reading.ok()) << reading.status().message();
  EXPECT_TRUE(was_recovered);
  EXPECT_EQ(reading->head(), head);
}

class StoreThatDoesNotSync : public StoreOnAFailingDisk {
 protected:
  StoreThatDoesNotSync() { durability_ = Durability::kOs; }

  // The first block of the log is one that the kernel had not written when the power went, the second one that it had; a record
  // begins with it. RocksDB passes over such a block without a word.
  void lose_a_block() {
    fail(Operation::kWrite, io_error(), "WATERMARK", true);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(act(numbered()).ok());
    kill();
    disk_->clear_faults();
    const auto env = new_fault_env(disk_);
    const std::vector<std::string> files = disk_->files();
    const auto log = std::find_if(files.rbegin(), files.rend(), [](const std::string& file) { return file.ends_with(".log"); });
    ASSERT_NE(log, files.rend());
    std::string bytes;
    ASSERT_TRUE(rocksdb::ReadFileToString(env.get(), *log, &bytes).ok());
    ASSERT_GT(bytes.size(), 2 * kBlock);
    const std::string lost = std::string(kBlock, '\0') + bytes.substr(end_of_fragment(bytes, kBlock), kBlock);
    ASSERT_TRUE(rocksdb::WriteStringToFile(env.get(), lost, *log, true).ok());
  }

 private:
  static constexpr std::size_t kBlock = 32768;

  // A header is a checksum of 4 bytes, a length of 2, a type of 1.
  static std::size_t end_of_fragment(const std::string& bytes, std::size_t at) {
    return at + 7 + static_cast<unsigned char>(bytes[at + 4]) + 256u * static_cast<unsigned char>(bytes[at + 5]);
  }
};

TEST_F(StoreThatDoesNotSync, OpensWithWhatStandsBeforeALostBlockOfTheLog) {
  reopen();  // what was written so far is in tables
  const Seq head = store_->head();
  const Hash root = store_->root()->hash;
  ASSERT_NO_FATAL_FAILURE(lose_a_block());
  open();
  EXPECT_EQ(store_->head(), head);
  EXPECT_EQ(store_->root()->hash, root);
  ASSERT_EQ(store_->notices().size(), 1u);
  EXPECT_NE(store_->notices()[0].find("it has a hole of zeros"), std::string::npos) << store_->notices()[0];
  ledger_->doubt_after(head);
  settle_doubts();
}

// Without a watermark it cannot be told whether what is lost was known to be on disk.
TEST_F(StoreThatDoesNotSync, IsRefusedWithALostBlockAndNoWatermark) {
  reopen();
  ASSERT_NO_FATAL_FAILURE(lose_a_block());
  ASSERT_TRUE(disk_->remove("/store/WATERMARK").ok());
  EXPECT_EQ(try_open().status().id(), ErrorId::kDataTruncated);
}

TEST_F(StoreOnAFailingDisk, OpensForReadingWhereNothingCanBeWritten) {
  kill();
  for (const Operation operation : {Operation::kWrite, Operation::kChangeDirectory, Operation::kSync}) {
    fail(operation, rocksdb::IOStatus::IOError("injected", "Read-only file system"), "", true);
  }
  EXPECT_FALSE(try_open().ok());
  Result<Store> reading = try_open(true);
  ASSERT_TRUE(reading.ok()) << reading.status().message();
  store_.emplace(*std::move(reading));
  expect_reads_go_on();
  expect_sound();
  EXPECT_EQ(store_->transact(numbered().actions, {}).status().id(), ErrorId::kReadOnly);
}

TEST_F(StoreOnAFailingDisk, AFileSystemThatTurnsReadOnlyEndsWritingAndIsNamed) {
  for (const Operation operation : {Operation::kWrite, Operation::kChangeDirectory, Operation::kSync}) {
    fail(operation, rocksdb::IOStatus::IOError("injected", "Read-only file system"), "", true);
  }
  const Status failed = act(numbered());
  EXPECT_EQ(failed.id(), ErrorId::kIoFatal);
  EXPECT_EQ(failed.text().why, "the file system is read-only");
  expect_refused_until_reopened();
  disk_->clear_faults();
  reopen();
  settle_doubts();
}

}  // namespace
}  // namespace forge::testing_support
