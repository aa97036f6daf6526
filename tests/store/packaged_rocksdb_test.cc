// What the packaged RocksDB promises, and what it does not, on a disk that fails: the ground that the store is built on.

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>

#include "rocksdb/db.h"
#include "rocksdb/listener.h"
#include "support/fault_env.h"
#include "support/fault_file_system.h"
#include "support/slow_build.h"

namespace forge::testing_support {
namespace {

using rocksdb::IOStatus;
using rocksdb::WALRecoveryMode;

class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// Keeps the last background error and lets a test wait for the end of a recovery.
class ErrorListener : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    const std::lock_guard lock(mutex_);
    severity_ = error->severity();
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    const std::lock_guard lock(mutex_);
    recovered_ = info.new_bg_error.ok();
    changed_.notify_all();
  }
  rocksdb::Status::Severity severity() const {
    const std::lock_guard lock(mutex_);
    return severity_;
  }
  bool wait_until_recovered() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return recovered_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  rocksdb::Status::Severity severity_ = rocksdb::Status::kNoError;
  bool recovered_ = false;
};

// Transactions numbered from 1 over four column families. Each writes its number as the head, a log entry and one of twenty
// current values; each thirtieth an entry in a rarely written family, which keeps old WALs alive.
class NumberedStore {
 public:
  enum class Flushes { kInBackground, kOnRequest };

  explicit NumberedStore(std::shared_ptr<SimulatedDisk> disk, WALRecoveryMode recovery = WALRecoveryMode::kPointInTimeRecovery,
                         Flushes flushes = Flushes::kInBackground)
      : env_(new_fault_env(std::move(disk))) {
    options_.env = env_.get();
    options_.create_if_missing = true;
    options_.create_missing_column_families = true;
    // One budget for all memtables, never one for each: when two column families are full at once and the new WAL cannot be
    // made, the packaged RocksDB forgets a reference and aborts as it closes.
    if (flushes == Flushes::kInBackground) options_.db_write_buffer_size = 64 << 10;
    options_.arena_block_size = 4 << 10;
    options_.level0_file_num_compaction_trigger = 2;
    options_.wal_recovery_mode = recovery;
    options_.info_log = std::make_shared<SilentLogger>();
    options_.listeners = {listener_};
  }
  ~NumberedStore() { close(); }

  rocksdb::Status open() {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "log", "current", "rare"}) families.emplace_back(name, options_);
    rocksdb::DB* db = nullptr;
    rocksdb::Status status = rocksdb::DB::Open(options_, kPath, families, &families_, &db);
    db_.reset(db);
    return status;
  }

  void close() {
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
    families_.clear();
    db_.reset();
  }

  rocksdb::Status write(uint64_t number, bool sync) {
    rocksdb::WriteBatch batch;
    batch.Put("head", key(number));
    batch.Put(families_[1], key(number), value(number));
    batch.Put(families_[2], key(number % kCurrent), value(number));
    if (number % kRare == 0) batch.Put(families_[3], key(number), value(number));
    rocksdb::WriteOptions options;
    options.sync = sync;
    return db_->Write(options, &batch);
  }

  rocksdb::Status flush() { return db_->Flush({}, families_[1]); }
  rocksdb::Status compact() { return db_->CompactRange({}, families_[2], nullptr, nullptr); }
  rocksdb::Status resume() { return db_->Resume(); }
  ErrorListener& listener() { return *listener_; }

  // The number of the last transaction that is there.
  uint64_t head() {
    std::string found;
    return db_->Get({}, "head", &found).ok() ? std::stoull(found) : 0;
  }
  // Whether every transaction up to the number is wholly there, but for current values that later ones replaced.
  bool has_all_up_to(uint64_t number) {
    for (uint64_t i = 1; i <= number; ++i) {
      if (!holds(1, key(i), i) || (i % kRare == 0 && !holds(3, key(i), i))) return false;
    }
    return head() >= number;
  }
  // Whether there is nothing but the whole of the transactions up to the head.
  bool is_prefix() {
    const uint64_t last = head();
    for (uint64_t i = last > kCurrent ? last - kCurrent + 1 : 1; i <= last; ++i) {
      if (!holds(2, key(i % kCurrent), i)) return false;
    }
    return has_all_up_to(last) && entries(1) == last && entries(2) == std::min(last, kCurrent) && entries(3) == last / kRare;
  }

  static constexpr const char* kPath = "/db";

 private:
  static constexpr uint64_t kCurrent = 20;
  static constexpr uint64_t kRare = 30;

  static std::string key(uint64_t number) {
    const std::string digits = std::to_string(number);
    return std::string(8 - digits.size(), '0') + digits;
  }
  // From a few bytes to some pages.
  static std::string value(uint64_t number) {
    const size_t size = number % 7 == 0 ? 9000 : 10 + number * 37 % 1500;
    std::string bytes(size, '\0');
    uint64_t state = number;
    for (char& byte : bytes) byte = static_cast<char>((state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 56);
    return bytes;
  }
  bool holds(size_t family, const std::string& name, uint64_t number) {
    std::string found;
    return db_->Get({}, families_[family], name, &found).ok() && found == value(number);
  }
  uint64_t entries(size_t family) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, families_[family]));
    uint64_t count = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
    return it->status().ok() ? count : std::numeric_limits<uint64_t>::max();
  }

  rocksdb::Options options_;
  std::shared_ptr<ErrorListener> listener_ = std::make_shared<ErrorListener>();
  std::unique_ptr<rocksdb::Env> env_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::unique_ptr<rocksdb::DB> db_;
};

// RocksDB does not sync the directory above its own: whoever creates a store must.
void sync_root(const std::shared_ptr<SimulatedDisk>& disk) {
  FaultFileSystem fs(disk);
  std::unique_ptr<rocksdb::FSDirectory> root;
  ASSERT_TRUE(fs.NewDirectory("/", {}, &root, nullptr).ok());
  ASSERT_TRUE(root->Fsync({}, nullptr).ok());
}

struct Arm {
  PowerLoss loss = PowerLoss::kDropUnsynced;
  WALRecoveryMode recovery = WALRecoveryMode::kPointInTimeRecovery;
  uint64_t sync_each = 1;  // Every n-th write is synced and makes those before it durable; 0 syncs none.
  NumberedStore::Flushes flushes = NumberedStore::Flushes::kInBackground;
  bool honest_disk = true;
  bool file_sync_keeps_names = false;
};

struct Tally {
  int whole = 0;
  int refused = 0;  // RocksDB did not open the store and said so.
  int lost = 0;     // Acknowledged transactions are gone without a word.
  int holed = 0;    // All acknowledged ones are there, but what follows is not the next ones in order.
};

// Writes until the power goes at a random change of the disk, and returns the last transaction that must survive.
uint64_t write_until_power_goes(NumberedStore& store, SimulatedDisk& disk, uint64_t sync_each, Choices& choices) {
  disk.power_loss_after(1 + choices.up_to(400));
  uint64_t durable = 0;
  for (uint64_t number = 1;; ++number) {
    const bool sync = sync_each > 0 && number % sync_each == 0;
    if (!store.write(number, sync).ok()) return durable;
    if (sync || sync_each == 0) durable = number;
    if (choices.up_to(60) == 0 && !store.flush().ok()) return durable;
    if (choices.up_to(120) == 0 && !store.compact().ok()) return durable;
  }
}

void play_round(const Arm& arm, uint64_t seed, Tally& tally) {
  const auto disk = std::make_shared<SimulatedDisk>(DiskOptions{.file_sync_keeps_names = arm.file_sync_keeps_names});
  Choices choices(seed);
  uint64_t durable = 0;
  {
    NumberedStore store(disk, arm.recovery, arm.flushes);
    ASSERT_TRUE(store.open().ok());
    sync_root(disk);
    disk->ignore_syncs(!arm.honest_disk);
    durable = write_until_power_goes(store, *disk, arm.sync_each, choices);
    disk->power_loss(seed, arm.loss);
  }
  disk->ignore_syncs(false);
  NumberedStore survivor(disk, arm.recovery, arm.flushes);
  if (!survivor.open().ok()) {
    ++tally.refused;
    return;
  }
  ++(!survivor.has_all_up_to(durable) ? tally.lost : !survivor.is_prefix() ? tally.holed : tally.whole);
}

Tally play(const Arm& arm, int rounds) {
  Tally tally;
  for (int seed = 1; seed <= rounds; ++seed) play_round(arm, seed, tally);
  return tally;
}

constexpr int kRounds = kIsSlowBuild ? 20 : 200;

class PowerLossRounds : public testing::TestWithParam<std::tuple<PowerLoss, WALRecoveryMode>> {};

// Tolerating a corrupted tail means to refuse damage with something behind it, which only a reordered disk leaves.
TEST_P(PowerLossRounds, LoseNoSyncedWriteAndLeaveNoHole) {
  const auto [loss, recovery] = GetParam();
  const Tally tally = play({.loss = loss, .recovery = recovery}, kRounds);
  EXPECT_EQ(tally.lost, 0);
  EXPECT_EQ(tally.holed, 0);
  const bool may_refuse = recovery == WALRecoveryMode::kTolerateCorruptedTailRecords && loss == PowerLoss::kReordered;
  EXPECT_LE(tally.refused, may_refuse ? kRounds / 10 : 0);
}

INSTANTIATE_TEST_SUITE_P(PackagedRocksDb, PowerLossRounds,
                         testing::Combine(testing::Values(PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered),
                                          testing::Values(WALRecoveryMode::kPointInTimeRecovery,
                                                          WALRecoveryMode::kTolerateCorruptedTailRecords)));

TEST(PackagedRocksDb, LosesNothingWhereAFileSyncKeepsNames) {
  for (const PowerLoss loss : {PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered}) {
    const Tally tally = play({.loss = loss, .file_sync_keeps_names = true}, kRounds / 4);
    EXPECT_EQ(tally.whole, kRounds / 4);
  }
}

// The arms that must fail: what finds nothing there proves nothing elsewhere.
TEST(PackagedRocksDb, LosesAcknowledgedWritesWithoutSync) {
  EXPECT_GT(play({.sync_each = 0}, kRounds / 4).lost, kRounds / 8);
}

TEST(PackagedRocksDb, LosesAcknowledgedWritesOnADiskThatIgnoresSyncs) {
  EXPECT_GT(play({.honest_disk = false}, kRounds / 4).lost, kRounds / 8);
}

// A sync makes the unsynced writes before it durable, in whichever WAL they are, and what survives beyond it follows without
// a gap. Both hold with flushes on request only. One in the background may begin a new WAL while the end of the old one is
// unsynced: if only the new one survives the power loss, RocksDB replays it without a word about the gap; and if the sync of
// the old one fails first, the flush aborts the packaged RocksDB.
TEST(PackagedRocksDb, ASyncCoversTheUnsyncedWritesBeforeIt) {
  for (const PowerLoss loss : {PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered}) {
    const Tally tally = play({.loss = loss, .sync_each = 3, .flushes = NumberedStore::Flushes::kOnRequest}, kRounds / 2);
    EXPECT_EQ(tally.whole, kRounds / 2);
  }
}

TEST(PackagedRocksDb, LosesNothingWhenOnlyTheProcessDies) {
  for (uint64_t seed = 1; seed <= kRounds / 4; ++seed) {
    const auto disk = std::make_shared<SimulatedDisk>();
    Choices choices(seed);
    uint64_t written = 0;
    {
      NumberedStore store(disk);
      ASSERT_TRUE(store.open().ok());
      written = write_until_power_goes(store, *disk, 0, choices);
      disk->process_crash();
    }
    NumberedStore survivor(disk);
    ASSERT_TRUE(survivor.open().ok());
    EXPECT_TRUE(survivor.has_all_up_to(written)) << seed;
    EXPECT_TRUE(survivor.is_prefix()) << seed;
  }
}

TEST(PackagedRocksDb, LeavesTheNameOfItsDirectoryToItsCreatorToSync) {
  for (const bool synced : {false, true}) {
    const auto disk = std::make_shared<SimulatedDisk>();
    {
      NumberedStore store(disk);
      ASSERT_TRUE(store.open().ok());
      ASSERT_TRUE(store.write(1, true).ok());
      if (synced) sync_root(disk);
      disk->power_loss(1, PowerLoss::kDropUnsynced);
    }
    EXPECT_EQ(disk->files().empty(), !synced);
  }
}

TEST(PackagedRocksDb, OpensAgainAfterAPowerLossAtAnyChangeOfItsCreation) {
  int opened = 0;
  for (uint64_t changes = 0; opened == 0; ++changes) {
    for (const PowerLoss loss : {PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered}) {
      const auto disk = std::make_shared<SimulatedDisk>();
      {
        NumberedStore store(disk);
        disk->power_loss_after(changes);
        opened += store.open().ok() ? 1 : 0;
        disk->power_loss(changes, loss);
      }
      NumberedStore survivor(disk);
      const rocksdb::Status status = survivor.open();
      EXPECT_TRUE(status.ok()) << changes << ": " << status.ToString();
    }
  }
}

// A store with a few synced writes, some of them flushed, on a healthy disk.
class RocksDbOnAFailingDisk : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(store_->open().ok());
    sync_root(disk_);
    for (uint64_t number = 1; number <= kWritten; ++number) {
      ASSERT_TRUE(store_->write(number, true).ok());
      ASSERT_TRUE(number != kWritten / 2 || store_->flush().ok());
    }
  }
  void fail(Operation operation, const std::string& path_part, bool lasts = false) {
    disk_->inject({.operation = operation, .status = IOStatus::IOError("injected"), .path_part = path_part, .lasts = lasts});
  }
  // Fatal: until it is opened again the store can be read and not written.
  void expect_fatal_until_reopened(uint64_t head) {
    EXPECT_GE(store_->listener().severity(), rocksdb::Status::kFatalError);
    EXPECT_FALSE(store_->write(kWritten + 9, true).ok());
    EXPECT_FALSE(store_->resume().ok());
    EXPECT_TRUE(store_->has_all_up_to(kWritten));
    reopen();
    EXPECT_TRUE(store_->is_prefix());
    EXPECT_EQ(store_->head(), head);
    EXPECT_TRUE(store_->write(head + 1, true).ok());
  }
  void reopen() {
    store_ = std::make_unique<NumberedStore>(disk_);
    ASSERT_TRUE(store_->open().ok());
  }

  static constexpr uint64_t kWritten = 20;
  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::unique_ptr<NumberedStore> store_ = std::make_unique<NumberedStore>(disk_);
};

// The write was refused, and yet it is there after reopening: it had reached the cache. Hence "unknown outcome".
TEST_F(RocksDbOnAFailingDisk, AFailedWalSyncIsFatalAndItsWriteMayBeThereAfterReopening) {
  fail(Operation::kSync, ".log");
  EXPECT_TRUE(store_->write(kWritten + 1, true).IsIOError());
  expect_fatal_until_reopened(kWritten + 1);
}

TEST_F(RocksDbOnAFailingDisk, AfterAFailedWalSyncAPowerLossTakesTheWriteThatFailedAlone) {
  fail(Operation::kSync, ".log");
  EXPECT_TRUE(store_->write(kWritten + 1, true).IsIOError());
  disk_->power_loss(1, PowerLoss::kDropUnsynced);
  reopen();
  EXPECT_TRUE(store_->is_prefix());
  EXPECT_EQ(store_->head(), kWritten);
}

// Opening flushes what it recovers, so that even a write whose sync had failed is durable once it has been seen.
TEST_F(RocksDbOnAFailingDisk, WhatIsSeenAfterReopeningIsDurable) {
  fail(Operation::kSync, ".log");
  EXPECT_TRUE(store_->write(kWritten + 1, true).IsIOError());
  reopen();
  EXPECT_EQ(store_->head(), kWritten + 1);
  disk_->power_loss(1, PowerLoss::kDropUnsynced);
  reopen();
  EXPECT_TRUE(store_->is_prefix());
  EXPECT_EQ(store_->head(), kWritten + 1);
}

TEST_F(RocksDbOnAFailingDisk, AFailedWalWriteIsFatal) {
  fail(Operation::kWrite, ".log");
  EXPECT_TRUE(store_->write(kWritten + 1, true).IsIOError());
  expect_fatal_until_reopened(kWritten);
}

TEST_F(RocksDbOnAFailingDisk, AFailedFlushIsFatal) {
  fail(Operation::kWrite, ".sst");
  EXPECT_TRUE(store_->flush().IsIOError());
  expect_fatal_until_reopened(kWritten);
}

TEST_F(RocksDbOnAFailingDisk, AFailedManifestSyncIsFatal) {
  fail(Operation::kSync, "MANIFEST");
  EXPECT_TRUE(store_->flush().IsIOError());
  expect_fatal_until_reopened(kWritten);
}

TEST_F(RocksDbOnAFailingDisk, AFailedReadConcernsThatReadAlone) {
  ASSERT_TRUE(store_->flush().ok());
  reopen();
  fail(Operation::kRead, ".sst");
  EXPECT_FALSE(store_->has_all_up_to(kWritten));
  EXPECT_TRUE(store_->has_all_up_to(kWritten));
  EXPECT_EQ(store_->listener().severity(), rocksdb::Status::kNoError);
  EXPECT_TRUE(store_->write(kWritten + 1, true).ok());
}

// Something must be unflushed when the disk fills up: a recovery that has nothing to flush reports success and keeps the WAL
// that failed, and the next write aborts the packaged RocksDB.
TEST_F(RocksDbOnAFailingDisk, AFullDiskIsHardAndHealsByItselfOnceThereIsSpace) {
  for (const bool writes_part : {false, true}) {
    const uint64_t next = store_->head() + 2;
    ASSERT_TRUE(store_->write(next - 1, true).ok());
    disk_->set_capacity(0, writes_part);
    EXPECT_TRUE(store_->write(next, true).IsNoSpace());
    EXPECT_EQ(store_->listener().severity(), rocksdb::Status::kHardError);
    EXPECT_FALSE(store_->write(next, true).ok());
    EXPECT_TRUE(store_->resume().IsBusy());
    EXPECT_TRUE(store_->has_all_up_to(next - 1));

    disk_->set_capacity(SimulatedDisk::kUnlimited);
    ASSERT_TRUE(store_->listener().wait_until_recovered());

    EXPECT_TRUE(store_->write(next, true).ok());
    disk_->power_loss(1, PowerLoss::kReordered);
    reopen();
    EXPECT_TRUE(store_->is_prefix());
    EXPECT_EQ(store_->head(), next);
  }
}

}  // namespace
}  // namespace forge::testing_support
