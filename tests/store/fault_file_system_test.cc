#include "support/fault_file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>

namespace forge::testing_support {
namespace {

using rocksdb::IOStatus;

constexpr uint64_t kSeeds = 200;

// One disk and the file system of the process that uses it now.
class FaultFileSystemTest : public testing::Test {
 protected:
  void start(DiskOptions options = {}) {
    disk_ = std::make_shared<SimulatedDisk>(options);
    mount();
  }
  void mount() { fs_ = std::make_unique<FaultFileSystem>(disk_); }
  void lose_power(PowerLoss mode, uint64_t seed = 1) {
    disk_->power_loss(seed, mode);
    mount();
  }

  std::unique_ptr<rocksdb::FSWritableFile> create(const std::string& path) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(fs_->NewWritableFile(path, {}, &file, nullptr).ok()) << path;
    return file;
  }
  std::unique_ptr<rocksdb::FSWritableFile> reopen(const std::string& path) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(fs_->ReopenWritableFile(path, {}, &file, nullptr).ok()) << path;
    return file;
  }
  std::unique_ptr<rocksdb::FSRandomRWFile> open_rw(const std::string& path) {
    std::unique_ptr<rocksdb::FSRandomRWFile> file;
    EXPECT_TRUE(fs_->NewRandomRWFile(path, {}, &file, nullptr).ok()) << path;
    return file;
  }
  static IOStatus append(rocksdb::FSWritableFile& file, const std::string& data) { return file.Append(data, {}, nullptr); }
  static IOStatus sync(rocksdb::FSWritableFile& file) { return file.Sync({}, nullptr); }
  IOStatus sync_directory(const std::string& path) {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    IOStatus status = fs_->NewDirectory(path, {}, &directory, nullptr);
    return status.ok() ? directory->FsyncWithDirOptions({}, nullptr, {}) : status;
  }
  // A file whose name and bytes are on the platter.
  void create_durable(const std::string& path, const std::string& data) {
    const auto file = create(path);
    ASSERT_TRUE(append(*file, data).ok());
    ASSERT_TRUE(sync(*file).ok());
    ASSERT_TRUE(sync_directory(path.substr(0, std::max<size_t>(path.rfind('/'), 1))).ok());
  }
  std::optional<std::string> read(const std::string& path) {
    std::string data;
    if (!rocksdb::ReadFileToString(fs_.get(), path, &data).ok()) return std::nullopt;
    return data;
  }
  bool exists(const std::string& path) { return fs_->FileExists(path, {}, nullptr).ok(); }

  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::unique_ptr<FaultFileSystem> fs_ = std::make_unique<FaultFileSystem>(disk_);
};

constexpr PowerLoss kModes[] = {PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered};

TEST_F(FaultFileSystemTest, SyncedBytesUnderASyncedNameSurviveEveryPowerLoss) {
  for (const PowerLoss mode : kModes) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      start();
      create_durable("/a", std::string(5000, 'x'));
      const auto file = reopen("/a");
      ASSERT_TRUE(append(*file, std::string(9000, 'y')).ok());

      lose_power(mode, seed);

      const std::optional<std::string> data = read("/a");
      ASSERT_TRUE(data.has_value());
      ASSERT_EQ(data->substr(0, 5000), std::string(5000, 'x')) << seed;
    }
  }
}

TEST_F(FaultFileSystemTest, UnsyncedBytesAreReadableUntilThePowerGoes) {
  create_durable("/a", "synced");
  const auto file = reopen("/a");
  ASSERT_TRUE(append(*file, " and not").ok());
  EXPECT_EQ(read("/a"), "synced and not");

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/a"), "synced");
}

TEST_F(FaultFileSystemTest, AProcessCrashLosesNothing) {
  const auto file = create("/a");
  ASSERT_TRUE(append(*file, "unsynced").ok());

  disk_->process_crash();
  mount();

  EXPECT_EQ(read("/a"), "unsynced");
}

TEST_F(FaultFileSystemTest, ATornTailIsCutAtAnyByte) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    start();
    create_durable("/a", "0123");
    const auto file = reopen("/a");
    ASSERT_TRUE(append(*file, "45").ok());
    ASSERT_TRUE(append(*file, "6789").ok());

    lose_power(PowerLoss::kTorn, seed);

    ASSERT_TRUE(std::string("0123456789").starts_with(*read("/a")));
    sizes.insert(read("/a")->size());
  }
  EXPECT_EQ(sizes, (std::set<size_t>{4, 5, 6, 7, 8, 9, 10}));
}

// Three appended pages: whichever survive, the others are zeros, and the size is one that the file had.
TEST_F(FaultFileSystemTest, ReorderedPagesSurviveOrReadAsZeros) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    start({.page_bytes = 512});
    create_durable("/a", "");
    const auto file = reopen("/a");
    for (const char c : {'1', '2', '3'}) ASSERT_TRUE(append(*file, std::string(512, c)).ok());

    lose_power(PowerLoss::kReordered, seed);

    const std::string data = *read("/a");
    std::string outcome;
    for (size_t page = 0; page < data.size(); page += 512) {
      ASSERT_EQ(data.substr(page, 512), std::string(512, data[page])) << "a page is written at once";
      outcome += data[page] == '\0' ? '0' : data[page];
    }
    outcomes.insert(outcome);
  }
  for (const char* expected : {"", "1", "0", "12", "123", "003", "023", "103", "120", "000"})
    EXPECT_TRUE(outcomes.contains(expected));
  for (const std::string& outcome : outcomes) EXPECT_LE(outcome.size(), 3U);
}

TEST_F(FaultFileSystemTest, ReorderedOverwritesLeaveOldOrNewPages) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    start();
    create_durable("/a", std::string(8192, 'o'));
    const auto file = open_rw("/a");
    ASSERT_TRUE(file->Write(0, std::string(8192, 'n'), {}, nullptr).ok());

    lose_power(PowerLoss::kReordered, seed);

    const std::string data = *read("/a");
    ASSERT_EQ(data.size(), 8192U);
    outcomes.insert({data[0], data[4096]});
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"oo", "on", "no", "nn"}));
}

TEST_F(FaultFileSystemTest, AnUnsyncedTruncationMayBeUndoneByAPowerLoss) {
  create_durable("/a", "content");
  const auto file = create("/a");
  EXPECT_EQ(read("/a"), "");

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/a"), "content");
}

TEST_F(FaultFileSystemTest, TheSameSeedLeavesTheSameBytes) {
  for (const PowerLoss mode : kModes) {
    std::set<std::string> outcomes;
    for (int repetition = 0; repetition < 2; ++repetition) {
      start();
      create_durable("/a", "");
      for (const char c : {'1', '2', '3', '4'}) ASSERT_TRUE(append(*reopen("/a"), std::string(4000, c)).ok());
      lose_power(mode, 17);
      outcomes.insert(*read("/a"));
    }
    EXPECT_EQ(outcomes.size(), 1U);
  }
}

TEST_F(FaultFileSystemTest, ANameNeedsTheSyncOfItsDirectory) {
  const auto file = create("/a");
  ASSERT_TRUE(append(*file, "data").ok());
  ASSERT_TRUE(sync(*file).ok());

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_FALSE(exists("/a"));
}

TEST_F(FaultFileSystemTest, WithNamesKeptAFileSyncIsEnoughForItsNameAndTheDirectoriesAbove) {
  start({.file_sync_keeps_names = true});
  ASSERT_TRUE(fs_->CreateDir("/d", {}, nullptr).ok());
  const auto other = create("/d/other");
  const auto file = create("/d/a.tmp");
  ASSERT_TRUE(fs_->RenameFile("/d/a.tmp", "/d/a", {}, nullptr).ok());
  ASSERT_TRUE(append(*file, "data").ok());
  ASSERT_TRUE(sync(*file).ok());

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/d/a"), "data");
  EXPECT_EQ(disk_->files(), (std::vector<std::string>{"/d/a"}));
}

TEST_F(FaultFileSystemTest, ANewDirectoryNeedsTheSyncOfItsParent) {
  ASSERT_TRUE(fs_->CreateDir("/d", {}, nullptr).ok());
  create_durable("/d/a", "data");

  lose_power(PowerLoss::kDropUnsynced);
  EXPECT_FALSE(exists("/d"));

  ASSERT_TRUE(fs_->CreateDir("/d", {}, nullptr).ok());
  create_durable("/d/a", "data");
  ASSERT_TRUE(sync_directory("/").ok());

  lose_power(PowerLoss::kDropUnsynced);
  EXPECT_EQ(read("/d/a"), "data");
}

TEST_F(FaultFileSystemTest, ADeletionNeedsTheSyncOfItsDirectory) {
  create_durable("/a", "data");
  ASSERT_TRUE(fs_->DeleteFile("/a", {}, nullptr).ok());
  lose_power(PowerLoss::kDropUnsynced);
  EXPECT_EQ(read("/a"), "data");

  ASSERT_TRUE(fs_->DeleteFile("/a", {}, nullptr).ok());
  ASSERT_TRUE(sync_directory("/").ok());
  lose_power(PowerLoss::kDropUnsynced);
  EXPECT_FALSE(exists("/a"));
}

TEST_F(FaultFileSystemTest, ARenameOverAFileLeavesTheOldOrTheNewOneInEveryMode) {
  for (const PowerLoss mode : kModes) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      start();
      create_durable("/a", "old");
      create_durable("/b", "new");
      ASSERT_TRUE(fs_->RenameFile("/b", "/a", {}, nullptr).ok());

      lose_power(mode, seed);

      outcomes.insert(*read("/a"));
      ASSERT_EQ(exists("/b"), read("/a") == "old") << "a rename is atomic";
    }
    EXPECT_EQ(outcomes.size(), mode == PowerLoss::kDropUnsynced ? 1U : 2U);
  }
}

TEST_F(FaultFileSystemTest, ASyncedRenameAcrossDirectoriesTakesTheChangesItNeedsAlong) {
  ASSERT_TRUE(fs_->CreateDir("/d", {}, nullptr).ok());
  ASSERT_TRUE(sync_directory("/").ok());
  const auto file = create("/a");
  const auto bystander = create("/c");
  ASSERT_TRUE(append(*file, "data").ok());
  ASSERT_TRUE(sync(*file).ok());
  ASSERT_TRUE(fs_->RenameFile("/a", "/d/b", {}, nullptr).ok());
  ASSERT_TRUE(sync_directory("/d").ok());

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/d/b"), "data");
  EXPECT_FALSE(exists("/a"));
  EXPECT_FALSE(exists("/c"));
}

// Torn: the names survive up to some point. Reordered: any of them, but never a later state of a name without the earlier.
TEST_F(FaultFileSystemTest, UnsyncedNamesSurviveInOrderWhenTornAndInAnyConsistentSetWhenReordered) {
  std::set<std::string> torn;
  std::set<std::string> reordered;
  for (const PowerLoss mode : {PowerLoss::kTorn, PowerLoss::kReordered}) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      start();
      create("/a");
      create("/b");
      ASSERT_TRUE(fs_->RenameFile("/a", "/c", {}, nullptr).ok());

      lose_power(mode, seed);

      std::string names;
      for (const std::string& path : disk_->files()) names += path.substr(1);
      (mode == PowerLoss::kTorn ? torn : reordered).insert(names);
    }
  }
  EXPECT_EQ(torn, (std::set<std::string>{"", "a", "ab", "bc"}));
  EXPECT_EQ(reordered, (std::set<std::string>{"", "a", "b", "ab", "c", "bc"}));
}

TEST_F(FaultFileSystemTest, ARemovedDirectoryWasEmptyInEveryOutcome) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    start();
    ASSERT_TRUE(fs_->CreateDir("/d", {}, nullptr).ok());
    ASSERT_TRUE(sync_directory("/").ok());
    create_durable("/d/a", "data");
    ASSERT_TRUE(fs_->DeleteDir("/d", {}, nullptr).IsIOError());
    ASSERT_TRUE(fs_->RenameFile("/d/a", "/a", {}, nullptr).ok());
    ASSERT_TRUE(fs_->DeleteDir("/d", {}, nullptr).ok());

    lose_power(PowerLoss::kReordered, seed);

    ASSERT_TRUE(read("/a") == "data" || read("/d/a") == "data") << seed;
  }
}

TEST_F(FaultFileSystemTest, HardLinksAreNamesOfOneFile) {
  create_durable("/a", "data");
  ASSERT_TRUE(fs_->LinkFile("/a", "/b", {}, nullptr).ok());
  bool same = false;
  uint64_t links = 0;
  ASSERT_TRUE(fs_->AreFilesSame("/a", "/b", {}, &same, nullptr).ok());
  ASSERT_TRUE(fs_->NumFileLinks("/b", {}, &links, nullptr).ok());
  EXPECT_TRUE(same);
  EXPECT_EQ(links, 2U);
  EXPECT_TRUE(fs_->LinkFile("/a", "/b", {}, nullptr).IsIOError());

  ASSERT_TRUE(append(*reopen("/b"), " more").ok());
  ASSERT_TRUE(fs_->DeleteFile("/a", {}, nullptr).ok());

  EXPECT_EQ(read("/b"), "data more");
}

TEST_F(FaultFileSystemTest, AnOpenFileOutlivesItsName) {
  create_durable("/a", "data");
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  ASSERT_TRUE(fs_->NewSequentialFile("/a", {}, &file, nullptr).ok());
  ASSERT_TRUE(fs_->DeleteFile("/a", {}, nullptr).ok());
  char scratch[10];
  rocksdb::Slice data;
  ASSERT_TRUE(file->Skip(1).ok());
  ASSERT_TRUE(file->Read(10, {}, &data, scratch, nullptr).ok());
  EXPECT_EQ(data.ToString(), "ata");
}

TEST_F(FaultFileSystemTest, WhatWasOpenIsDeadAfterAPowerLossAndAfterACrash) {
  for (const bool crash : {false, true}) {
    start();
    create_durable("/a", "data");
    const auto writable = reopen("/a");
    const auto rw = open_rw("/a");
    std::unique_ptr<rocksdb::FSSequentialFile> sequential;
    std::unique_ptr<rocksdb::FSRandomAccessFile> random;
    std::unique_ptr<rocksdb::FSDirectory> directory;
    ASSERT_TRUE(fs_->NewSequentialFile("/a", {}, &sequential, nullptr).ok());
    ASSERT_TRUE(fs_->NewRandomAccessFile("/a", {}, &random, nullptr).ok());
    ASSERT_TRUE(fs_->NewDirectory("/", {}, &directory, nullptr).ok());

    if (crash) disk_->process_crash();
    if (!crash) disk_->power_loss(1, PowerLoss::kDropUnsynced);

    char scratch[10];
    rocksdb::Slice data;
    EXPECT_TRUE(append(*writable, "x").IsIOError());
    EXPECT_TRUE(sync(*writable).IsIOError());
    EXPECT_TRUE(writable->Flush({}, nullptr).ok()) << "nothing is buffered";
    EXPECT_TRUE(writable->Truncate(1, {}, nullptr).IsIOError());
    EXPECT_TRUE(writable->Close({}, nullptr).IsIOError());
    EXPECT_TRUE(rw->Write(0, "x", {}, nullptr).IsIOError());
    EXPECT_TRUE(sequential->Read(1, {}, &data, scratch, nullptr).IsIOError());
    EXPECT_TRUE(random->Read(0, 1, {}, &data, scratch, nullptr).IsIOError());
    EXPECT_TRUE(directory->Fsync({}, nullptr).IsIOError());
    EXPECT_TRUE(fs_->DeleteFile("/a", {}, nullptr).IsIOError());
    EXPECT_TRUE(fs_->FileExists("/a", {}, nullptr).IsIOError());
    mount();
    EXPECT_EQ(read("/a"), "data");
  }
}

TEST_F(FaultFileSystemTest, AFaultStrikesTheNthMatchingOperation) {
  const auto file = create("/a.log");
  const auto other = create("/b.sst");
  disk_->inject({.operation = Operation::kWrite, .status = IOStatus::IOError("EIO"), .path_part = ".log", .nth = 2});

  EXPECT_TRUE(append(*file, "1").ok());
  EXPECT_TRUE(append(*other, "1").ok());
  EXPECT_TRUE(append(*file, "2").IsIOError());
  EXPECT_TRUE(append(*file, "3").ok());
  EXPECT_EQ(read("/a.log"), "13");
}

TEST_F(FaultFileSystemTest, ALastingFaultGoesOnUntilItIsCleared) {
  IOStatus no_space = IOStatus::NoSpace("full");
  no_space.SetRetryable(true);
  const auto file = create("/a");
  disk_->inject({.operation = Operation::kWrite, .status = no_space, .lasts = true});

  EXPECT_TRUE(append(*file, "1").IsNoSpace());
  EXPECT_TRUE(append(*file, "2").GetRetryable());
  disk_->clear_faults();
  EXPECT_TRUE(append(*file, "3").ok());
}

TEST_F(FaultFileSystemTest, EachKindOfOperationCanFail) {
  create_durable("/a", "data");
  const auto fail = [&](Operation operation) { disk_->inject({.operation = operation, .status = IOStatus::IOError("EIO")}); };
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  ASSERT_TRUE(fs_->NewSequentialFile("/a", {}, &file, nullptr).ok());
  char scratch[1];
  rocksdb::Slice data;
  uint64_t size = 0;

  fail(Operation::kOpen);
  EXPECT_FALSE(fs_->NewSequentialFile("/a", {}, &file, nullptr).ok());
  EXPECT_EQ(file, nullptr);
  ASSERT_TRUE(fs_->NewSequentialFile("/a", {}, &file, nullptr).ok());
  fail(Operation::kRead);
  EXPECT_FALSE(file->Read(1, {}, &data, scratch, nullptr).ok());
  fail(Operation::kQuery);
  EXPECT_FALSE(fs_->GetFileSize("/a", {}, &size, nullptr).ok());
  fail(Operation::kSyncDirectory);
  EXPECT_FALSE(sync_directory("/").ok());
  fail(Operation::kChangeDirectory);
  EXPECT_FALSE(fs_->DeleteFile("/a", {}, nullptr).ok());
  EXPECT_EQ(read("/a"), "data");
}

// As on Linux: the pages count as clean after the failure, so the second sync has nothing to do and says OK.
TEST_F(FaultFileSystemTest, ARetryAfterAFailedSyncDoesNotSaveTheData) {
  create_durable("/a", "synced");
  const auto file = reopen("/a");
  ASSERT_TRUE(append(*file, " lost").ok());
  disk_->inject({.operation = Operation::kSync, .status = IOStatus::IOError("EIO")});
  EXPECT_TRUE(sync(*file).IsIOError());
  EXPECT_TRUE(sync(*file).ok());
  EXPECT_EQ(read("/a"), "synced lost") << "the cache still has it";
  ASSERT_TRUE(append(*file, "!").ok());
  EXPECT_TRUE(sync(*file).ok());

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/a"), std::string("synced\0\0\0\0\0!", 12));
}

TEST_F(FaultFileSystemTest, IgnoredSyncsReportSuccessAndKeepNothing) {
  create_durable("/a", "synced");
  disk_->ignore_syncs(true);
  const auto file = reopen("/a");
  ASSERT_TRUE(append(*file, " lost").ok());
  EXPECT_TRUE(sync(*file).ok());
  create_durable("/b", "lost");

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/a"), "synced");
  EXPECT_FALSE(exists("/b"));
}

TEST_F(FaultFileSystemTest, AFullDiskRefusesTheWriteThatPassesItsCapacity) {
  disk_->set_capacity(10);
  const auto file = create("/a");
  ASSERT_TRUE(append(*file, "12345678").ok());
  const IOStatus status = append(*file, "90x");
  EXPECT_TRUE(status.IsNoSpace());
  EXPECT_TRUE(status.GetRetryable());
  EXPECT_EQ(read("/a"), "12345678");
  uint64_t free = 0;
  ASSERT_TRUE(fs_->GetFreeSpace("/", {}, &free, nullptr).ok());
  EXPECT_EQ(free, 2U);
  EXPECT_TRUE(open_rw("/a")->Write(0, "abc", {}, nullptr).ok()) << "an overwrite needs no space";

  ASSERT_TRUE(fs_->DeleteFile("/a", {}, nullptr).ok());
  EXPECT_TRUE(append(*create("/b"), "1234567890").ok()) << "deleting makes room";
}

TEST_F(FaultFileSystemTest, AFullDiskMayTakePartOfAWrite) {
  disk_->set_capacity(10, true);
  const auto file = create("/a");
  ASSERT_TRUE(append(*file, "12345678").ok());
  EXPECT_TRUE(append(*file, "90x").IsNoSpace());
  EXPECT_EQ(read("/a"), "1234567890");
  disk_->set_capacity(SimulatedDisk::kUnlimited);
  ASSERT_TRUE(append(*file, "!").ok());
  EXPECT_EQ(read("/a"), "1234567890!") << "the next write follows what was written";
}

TEST_F(FaultFileSystemTest, TheDiskFreezesAfterTheGivenNumberOfChanges) {
  create_durable("/a", "data");
  const auto file = reopen("/a");
  disk_->power_loss_after(2);

  EXPECT_TRUE(append(*file, "1").ok());
  EXPECT_EQ(read("/a"), "data1") << "reads do not count";
  EXPECT_TRUE(sync(*file).ok());
  EXPECT_FALSE(disk_->is_frozen());
  EXPECT_TRUE(append(*file, "2").IsIOError());
  EXPECT_TRUE(disk_->is_frozen());
  EXPECT_EQ(read("/a"), "data1") << "nothing changes any more";
  EXPECT_TRUE(fs_->CreateDir("/d", {}, nullptr).IsIOError());

  lose_power(PowerLoss::kDropUnsynced);
  EXPECT_EQ(read("/a"), "data1");
  EXPECT_TRUE(append(*reopen("/a"), "2").ok()) << "it has power again";
}

TEST_F(FaultFileSystemTest, OperationsAreCounted) {
  create_durable("/a", "data");
  EXPECT_EQ(disk_->count(Operation::kWrite), 1U);
  EXPECT_EQ(disk_->count(Operation::kSync), 1U);
  EXPECT_EQ(disk_->count(Operation::kSyncDirectory), 1U);
  EXPECT_EQ(disk_->count(Operation::kChangeDirectory), 1U);
  EXPECT_EQ(disk_->count(Operation::kOpen), 2U);
  disk_->inject({.operation = Operation::kWrite, .status = IOStatus::IOError("EIO")});
  EXPECT_FALSE(append(*reopen("/a"), "x").ok());
  EXPECT_EQ(disk_->count(Operation::kWrite), 2U) << "the failed ones too";
}

TEST_F(FaultFileSystemTest, DamageIsDurable) {
  create_durable("/a", "data");
  create_durable("/b", "data");
  ASSERT_TRUE(disk_->flip_bit("/a", 0, 1).ok());
  ASSERT_TRUE(disk_->truncate("/a", 2).ok());
  ASSERT_TRUE(disk_->remove("/b").ok());
  EXPECT_TRUE(disk_->flip_bit("/a", 2, 0).IsInvalidArgument());
  EXPECT_TRUE(disk_->truncate("/a", 3).IsInvalidArgument());
  EXPECT_TRUE(disk_->remove("/c").IsPathNotFound());

  lose_power(PowerLoss::kDropUnsynced);

  EXPECT_EQ(read("/a"), "fa");
  EXPECT_EQ(disk_->files(), (std::vector<std::string>{"/a"}));
}

TEST_F(FaultFileSystemTest, ALockHasOneHolderByWhateverNameUntilItsProcessDies) {
  FaultFileSystem other(disk_);
  rocksdb::FileLock* lock = nullptr;
  rocksdb::FileLock* second = nullptr;
  ASSERT_TRUE(fs_->LockFile("/LOCK", {}, &lock, nullptr).ok());
  ASSERT_TRUE(fs_->LinkFile("/LOCK", "/other", {}, nullptr).ok());
  EXPECT_TRUE(fs_->LockFile("/LOCK", {}, &second, nullptr).IsIOError());
  EXPECT_TRUE(other.LockFile("/other", {}, &second, nullptr).IsIOError());
  EXPECT_EQ(second, nullptr);

  ASSERT_TRUE(fs_->UnlockFile(lock, {}, nullptr).ok());
  ASSERT_TRUE(other.LockFile("/LOCK", {}, &second, nullptr).ok());
  disk_->process_crash();
  mount();
  ASSERT_TRUE(fs_->LockFile("/LOCK", {}, &lock, nullptr).ok());
  EXPECT_TRUE(other.UnlockFile(second, {}, nullptr).IsIOError());
  EXPECT_TRUE(fs_->LockFile("/LOCK", {}, &second, nullptr).IsIOError()) << "the dead do not unlock for the living";
  ASSERT_TRUE(fs_->UnlockFile(lock, {}, nullptr).ok());
}

TEST_F(FaultFileSystemTest, ReusedFilesAreOverwrittenFromTheirStart) {
  create_durable("/old", "12345");
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(fs_->ReuseWritableFile("/new", "/old", {}, &file, nullptr).ok());
  ASSERT_TRUE(append(*file, "ab").ok());
  EXPECT_EQ(read("/new"), "ab345");
  EXPECT_FALSE(exists("/old"));
}

TEST_F(FaultFileSystemTest, DirectoriesAreListedWithSizesAndTimes) {
  ASSERT_TRUE(fs_->CreateDirIfMissing("/d", {}, nullptr).ok());
  ASSERT_TRUE(fs_->CreateDirIfMissing("/d", {}, nullptr).ok());
  EXPECT_FALSE(fs_->CreateDir("/d", {}, nullptr).ok());
  create_durable("/d/a", "1");
  create_durable("/d/b", "22");
  ASSERT_TRUE(fs_->CreateDir("/d/e", {}, nullptr).ok());

  std::vector<std::string> names;
  std::vector<rocksdb::FileAttributes> attributes;
  ASSERT_TRUE(fs_->GetChildren("/d/../d/.", {}, &names, nullptr).ok());
  ASSERT_TRUE(fs_->GetChildrenFileAttributes("/d", {}, &attributes, nullptr).ok());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "e"}));
  ASSERT_EQ(attributes.size(), 3U);
  EXPECT_EQ(attributes[1].name, "b");
  EXPECT_EQ(attributes[1].size_bytes, 2U);
  uint64_t first = 0;
  uint64_t second = 0;
  ASSERT_TRUE(fs_->GetFileModificationTime("/d/a", {}, &first, nullptr).ok());
  ASSERT_TRUE(fs_->GetFileModificationTime("/d/b", {}, &second, nullptr).ok());
  EXPECT_LT(first, second);
  bool is_directory = false;
  ASSERT_TRUE(fs_->IsDirectory("/d", {}, &is_directory, nullptr).ok());
  EXPECT_TRUE(is_directory);
  ASSERT_TRUE(fs_->IsDirectory("/d/a", {}, &is_directory, nullptr).ok());
  EXPECT_FALSE(is_directory);
  ASSERT_TRUE(fs_->Truncate("/d/b", 1, {}, nullptr).ok());
  EXPECT_EQ(read("/d/b"), "2");
}

TEST_F(FaultFileSystemTest, WhatIsMissingIsReportedAsRocksDbExpects) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  std::unique_ptr<rocksdb::FSDirectory> directory;
  std::unique_ptr<rocksdb::FSWritableFile> writable;
  std::vector<std::string> names;
  EXPECT_TRUE(fs_->FileExists("/a", {}, nullptr).IsNotFound());
  EXPECT_TRUE(fs_->GetChildren("/d", {}, &names, nullptr).IsNotFound());
  EXPECT_TRUE(fs_->NewSequentialFile("/a", {}, &file, nullptr).IsPathNotFound());
  EXPECT_TRUE(fs_->NewDirectory("/d", {}, &directory, nullptr).IsPathNotFound());
  EXPECT_TRUE(fs_->NewWritableFile("/d/a", {}, &writable, nullptr).IsPathNotFound());
  EXPECT_TRUE(fs_->DeleteFile("/a", {}, nullptr).IsPathNotFound());
  EXPECT_TRUE(fs_->RenameFile("/a", "/b", {}, nullptr).IsPathNotFound());
  EXPECT_TRUE(fs_->LinkFile("/a", "/b", {}, nullptr).IsPathNotFound());
}

TEST_F(FaultFileSystemTest, ADirectoryCannotMoveIntoItself) {
  ASSERT_TRUE(fs_->CreateDir("/d", {}, nullptr).ok());
  EXPECT_TRUE(fs_->RenameFile("/d", "/d/e", {}, nullptr).IsIOError());
  EXPECT_TRUE(exists("/d"));
}

TEST_F(FaultFileSystemTest, ManyThreadsMayUseItAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kFiles = 50;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &failures] {
      for (int i = 0; i < kFiles; ++i) {
        const std::string path = "/" + std::to_string(t) + "-" + std::to_string(i);
        std::unique_ptr<rocksdb::FSWritableFile> file;
        if (!fs_->NewWritableFile(path, {}, &file, nullptr).ok() || !append(*file, path).ok() || !sync(*file).ok() ||
            !sync_directory("/").ok()) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);

  lose_power(PowerLoss::kDropUnsynced);
  EXPECT_EQ(disk_->files().size(), static_cast<size_t>(kThreads * kFiles));
}

}  // namespace
}  // namespace forge::testing_support
