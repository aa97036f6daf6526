// Stores on a disk that fills up: while they write, flush, are made and are opened. Nothing acknowledged is lost, a request says
// whether it may be stored, reads go on, and writes go on by themselves once there is space.

#include <chrono>
#include <set>

#include "forge/store/stream.h"
#include "store/failing_disk.h"

namespace forge::testing_support {
namespace {

class StoreOnAFullDisk : public StoreOnAFailingDisk {
 protected:
  void fill_disk(bool writes_part = false) { disk_->set_capacity(0, writes_part); }
  void make_space() { disk_->set_capacity(SimulatedDisk::kUnlimited); }

  // Asks until the disk is found to be full: with durability kOs not by the first.
  void meet_full_disk() {
    Status last;
    for (int i = 0; i < 100 && last.ok(); ++i) last = act(numbered());
    EXPECT_EQ(last.id(), ErrorId::kDiskFull) << last.message();
    EXPECT_EQ(last.text().state, "whether it was stored is unknown");
    for (int i = 0; i < 3; ++i) {
      const Status later = act(numbered());
      EXPECT_EQ(later.id(), ErrorId::kDiskFull);
      EXPECT_TRUE(later.text().state.starts_with("this attempt wrote nothing")) << later.message();
    }
    expect_reads_go_on();
  }
  // Nothing is done for it but asking again.
  void expect_writes_resume() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    Status last = act(numbered());
    while (last.id() == ErrorId::kDiskFull && std::chrono::steady_clock::now() < patience) last = act(numbered());
    EXPECT_TRUE(last.ok()) << last.message();
  }
};

TEST_F(StoreOnAFullDisk, RefusesWritesAndGoesOnByItselfOnceThereIsSpace) {
  for (int round = 0; round < 2; ++round) {
    fill_disk(round % 2 == 1);
    meet_full_disk();
    make_space();
    expect_writes_resume();
    settle_doubts();
  }
  disk_->power_loss(1, PowerLoss::kReordered);
  reopen();
  settle_doubts();
}

// What follows a lost transaction of a stream must not be stored without it, though others may be by then.
TEST_F(StoreOnAFullDisk, AStreamThatMetItStoresNothingLater) {
  TransactionStream stream(*store_);
  Status first, second;
  fill_disk();
  static_cast<void>(
      stream.submit(numbered().actions, {}, [&](const Result<TransactionReceipt>& done) { first = done.status(); }).ok());
  EXPECT_EQ(stream.finish().id(), ErrorId::kDiskFull);
  EXPECT_EQ(first.id(), ErrorId::kDiskFull);
  make_space();
  expect_writes_resume();
  const Seq head = store_->head();
  static_cast<void>(
      stream.submit(numbered().actions, {}, [&](const Result<TransactionReceipt>& done) { second = done.status(); }).ok());
  static_cast<void>(stream.finish().ok());
  EXPECT_EQ(second.id(), ErrorId::kDiskFull);
  EXPECT_EQ(second.text().state, "nothing was written");
  EXPECT_EQ(store_->head(), head);
}

// RocksDB recovers from a full disk by flushing. Where there is nothing to flush it keeps the log whose last write failed, and the
// next write aborts the process: the tables must never be quite empty when the disk fills up.
TEST_F(StoreOnAFullDisk, GoesOnWhereAllTablesWereFlushedBefore) {
  for (const bool writes_part : {false, true}) {
    ASSERT_TRUE(store_->close().ok());
    reopen();
    fill_disk(writes_part);
    meet_full_disk();
    make_space();
    expect_writes_resume();
    ASSERT_TRUE(StoreAccess::state(*store_).database->flush().ok());
    fill_disk(writes_part);
    meet_full_disk();
    make_space();
    expect_writes_resume();
  }
  settle_doubts();
}

// With kOs the log is synced, and so written to, by another thread than the one that writes transactions.
TEST_F(StoreOnAFullDisk, GoesOnWhereASyncOfTheLogMetItWithAllTablesFlushed) {
  internal::Database& database = *StoreAccess::state(*store_).database;
  for (const bool writes_part : {false, true}) {
    ASSERT_TRUE(database.flush().ok());
    fill_disk(writes_part);
    EXPECT_EQ(database.sync_log().id(), ErrorId::kDiskFull);
    make_space();
    expect_writes_resume();
  }
  settle_doubts();
  disk_->power_loss(1, PowerLoss::kReordered);
  reopen();
  settle_doubts();
}

TEST_F(StoreOnAFullDisk, GoesOnWithDurabilityOfTheOperatingSystem) {
  durability_ = Durability::kOs;
  reopen();
  for (int round = 0; round < 2; ++round) {
    fill_disk(round % 2 == 1);
    meet_full_disk();
    make_space();
    expect_writes_resume();
    settle_doubts();
  }
  kill();
  open();
  settle_doubts();
}

// A file system that finds room late says so at the sync: then the log holds the whole record, and the process may die before it is
// retired.
TEST_F(StoreOnAFullDisk, ARetryWhileItIsFullLeavesTheOutcomeOpen) {
  reopen();
  const Ask ask = numbered();
  fill_disk();
  ASSERT_EQ(act(ask).id(), ErrorId::kDiskFull);
  const Status again = act(ask);
  EXPECT_EQ(again.id(), ErrorId::kDiskFull);
  EXPECT_NE(again.text().state.find("an earlier one with the same key may be stored"), std::string::npos) << again.message();
  EXPECT_EQ(ledger_->in_doubt().size(), 1u);
  make_space();
  expect_writes_resume();
  settle_doubts();
}

TEST_F(StoreOnAFullDisk, ASyncThatFindsNoSpaceLeavesTheOutcomeOpen) {
  for (const bool is_killed : {false, true}) {
    reopen();  // RocksDB itself syncs the first write to a log file
    fail(Operation::kSync, no_space(), ".log");
    fail(Operation::kWrite, no_space(), ".sst", true);
    const Ask ask = numbered();
    const Status first = act(ask);
    ASSERT_FALSE(first.ok());
    EXPECT_TRUE(first.text().state.starts_with("whether it was stored is unknown")) << first.message();
    ASSERT_FALSE(act(ask).ok());
    disk_->clear_faults();
    if (is_killed) kill();
    is_killed ? open() : reopen();
    expect_sound();
    settle_doubts();
  }
}

// A flush in the background that finds no space stops writing as a full log does.
TEST_F(StoreOnAFullDisk, AFlushThatFindsNoSpaceIsMadeUpForOnceThereIsSome) {
  write_buffer_bytes_ = 64 << 10;
  reopen();
  for (const char* file : {".sst", "MANIFEST"}) {
    fail(Operation::kWrite, no_space(), file, true);
    Status last;
    for (int i = 0; i < 3000 && last.ok(); ++i) last = act(numbered());
    EXPECT_EQ(last.id(), ErrorId::kDiskFull) << file << ": " << last.message();
    expect_reads_go_on();
    disk_->clear_faults();
    expect_writes_resume();
    settle_doubts();
  }
}

// Opening for writing takes space: it is refused with a plain error and changes nothing that counts. It is never turned into an
// opening for reading behind the caller's back, who would learn of it with the first refused write; asked for, that works.
TEST_F(StoreOnAFullDisk, IsNotOpenedForWritingAndCanBeRead) {
  bool opened = false;
  for (std::uint64_t room = 0; !opened; room += 509) {
    kill();
    disk_->set_capacity(disk_->used_bytes() + room, room % 2 == 1);
    const Status status = try_open().status();
    opened = status.ok();
    disk_->process_crash();
    if (!opened) {
      EXPECT_EQ(status.id(), ErrorId::kDiskFull) << room << ": " << status.message();
      EXPECT_NE(status.text().remedy.find("--read-only"), std::string::npos) << room << ": " << status.message();
    }
    Result<Store> reading = try_open(true);
    ASSERT_TRUE(reading.ok()) << room << ": " << reading.status().message();
    store_.emplace(*std::move(reading));
    expect_sound();
    store_.reset();
  }
  make_space();
  reopen();
  settle_doubts();
}

// The names under which the files are kept that a stop out of order left.
std::set<std::string> kept_stops(const SimulatedDisk& disk) {
  const std::string begin = "/store/quarantine/";
  std::set<std::string> out;
  for (const std::string& file : disk.files()) {
    if (file.starts_with(begin)) out.insert(file.substr(begin.size(), file.find('/', begin.size()) - begin.size()));
  }
  return out;
}

TEST_F(StoreOnAFullDisk, OpeningsThatFindNoSpaceAreNoStopsOutOfOrder) {
  for (std::uint64_t room = 0; room < 40'000; room += 1777) {
    SCOPED_TRACE(std::to_string(room) + " bytes of room");
    begin_anew();
    kill();
    disk_->set_capacity(disk_->used_bytes() + room, true);
    std::size_t failed = 0;
    while (failed < 4 && !try_open().ok()) ++failed;
    if (failed < 4) break;
    EXPECT_EQ(kept_stops(*disk_).size(), 1u);
    make_space();
    open();
    ASSERT_EQ(kept_stops(*disk_).size(), 1u);
    EXPECT_FALSE(kept_stops(*disk_).begin()->ends_with(".failed"));
    settle_doubts();
    EXPECT_TRUE(store_->close().ok());
    EXPECT_TRUE(kept_stops(*disk_).empty());
  }
}

TEST_F(StoreOnAFullDisk, AStoreClosedInOrderIsSoAfterOpeningsThatFindNoSpace) {
  std::size_t tried = 0;
  for (std::uint64_t room = 0; room < 40'000; room += 1777) {
    SCOPED_TRACE(std::to_string(room) + " bytes of room");
    begin_anew();
    ASSERT_TRUE(store_->close().ok());
    store_.reset();
    disk_->set_capacity(disk_->used_bytes() + room, true);
    std::size_t failed = 0;
    while (failed < 4 && !try_open().ok()) ++failed;
    if (failed < 4) break;
    ++tried;
    make_space();
    open();
    EXPECT_TRUE(kept_stops(*disk_).empty());
    settle_doubts();
  }
  EXPECT_GT(tried, 0u);
}

// A store whose making was interrupted by a full disk is none; the next opening makes it.
TEST(MakingAStore, OnAFullDiskIsRefusedAndLeavesTheWayFreeForTheNext) {
  bool made = false;
  for (std::uint64_t room = 0; !made; room += 509) {
    const auto disk = std::make_shared<SimulatedDisk>();
    disk->set_capacity(room, room % 2 == 1);
    {
      const Result<Store> store = StoreAccess::open("/store", {}, new_fault_env(disk));
      made = store.ok();
      EXPECT_TRUE(made || store.status().id() == ErrorId::kDiskFull) << room << ": " << store.status().message();
    }
    disk->process_crash();
    disk->set_capacity(SimulatedDisk::kUnlimited);
    Result<Store> store = StoreAccess::open("/store", {}, new_fault_env(disk));
    ASSERT_TRUE(store.ok()) << room << ": " << store.status().message();
    EXPECT_TRUE(store->add_schema(accounts_schema()).ok());
  }
}

}  // namespace
}  // namespace forge::testing_support
