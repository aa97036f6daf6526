// Backups beside writers, and the stores restored from them; backups that were interrupted, damaged or are of another store.

#include "forge/store/backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "backup.h"
#include "backup_files.h"
#include "forge/store/verify.h"
#include "store/sample_store.h"
#include "store_state.h"
#include "support/fault_env.h"
#include "support/fault_file_system.h"

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Every file of a directory with its bytes.
std::map<std::string, std::string> bytes_in(const std::string& path) {
  std::map<std::string, std::string> out;
  if (!fs::exists(path)) return out;
  for (const auto& entry : fs::directory_iterator(path)) out[entry.path().filename().string()] = text_of(entry.path());
  return out;
}

Status first_finding(const Store& store) {
  const VerifyReport report = verify(store).value();
  for (const VerifyCheck& check : report.checks) {
    if (!check.findings.empty()) return check.findings.front();
  }
  return {};
}

// Where the backup ends that the manifest in /saved names, every file of it read; nothing where there is no manifest.
std::optional<Seq> sound_end(const std::shared_ptr<rocksdb::FileSystem>& file_system) {
  const internal::BackupFiles files(file_system, "/saved");
  const std::optional<internal::Manifest> manifest = files.read_manifest().value();
  if (!manifest) return std::nullopt;
  for (const internal::Segment& segment : manifest->segments) files.read_segment(segment).value();
  return manifest->last();
}

class Backups : public ::testing::Test {
 protected:
  // The name of a segment file.
  std::string segment() const {
    for (const auto& [name, bytes] : bytes_in(saved_.path())) {
      if (name.ends_with(".fgs")) return name;
    }
    return {};
  }
  // Restoring is refused before the target is touched.
  void expect_refused(ErrorId id, const std::string& why) {
    const Status refused = restore(saved_.path(), target_.path()).status();
    EXPECT_EQ(refused.id(), id) << refused.message();
    EXPECT_NE(refused.message().find(why), std::string::npos) << refused.message();
    EXPECT_FALSE(fs::exists(target_.path()));
  }

  SampleDirectory directory_{SampleDirectory::State::kClosed};
  Store store_ = Store::open(directory_.path()).value();
  FreshPath saved_{"backup"};
  FreshPath target_{"restored"};
};

TEST_F(Backups, TakeOnlyWhatIsNewAndRestoreToTheSameContents) {
  const BackupReport first = backup(store_, saved_.path()).value();
  EXPECT_EQ(first.point.number, 1u);
  EXPECT_EQ(first.new_events, store_.head());
  EXPECT_EQ(first.point.root.hash, store_.root().value().hash);
  const auto before = bytes_in(saved_.path());
  const Seq head = store_.head();

  act_on(store_, 400, 16);
  const BackupReport second = backup(store_, saved_.path()).value();
  EXPECT_EQ(second.point.number, 2u);
  EXPECT_EQ(second.new_events, store_.head() - head);
  for (const auto& [name, bytes] : before) {
    if (!name.ends_with(".fgs")) continue;
    EXPECT_EQ(text_of(fs::path(saved_.path()) / name), bytes) << name;
  }

  const Copy copy = restore(saved_.path(), target_.path()).value();
  EXPECT_EQ(copy.root.hash, store_.root().value().hash);
  EXPECT_EQ(copy.origin.store, store_.stats().value().id);
  const Store restored = Store::open(target_.path()).value();
  EXPECT_EQ(contents_of(restored).value(), contents_of(store_).value());
  EXPECT_TRUE(first_finding(restored).ok()) << first_finding(restored).message();
}

TEST_F(Backups, WriteNothingWhereNothingIsNew) {
  const BackupReport first = backup(store_, saved_.path()).value();
  const auto before = bytes_in(saved_.path());
  const BackupReport again = backup(store_, saved_.path()).value();
  EXPECT_EQ(again.new_events, 0u);
  EXPECT_EQ(again.point.number, 1u);
  EXPECT_EQ(again.manifest_sha256, first.manifest_sha256);
  EXPECT_EQ(bytes_in(saved_.path()), before);
}

TEST_F(Backups, InADryRunSayWhatWouldBeAndWriteNothing) {
  const BackupReport first = backup(store_, saved_.path(), {.dry_run = true}).value();
  EXPECT_EQ(first.new_events, store_.head());
  EXPECT_FALSE(fs::exists(saved_.path()));
  backup(store_, saved_.path()).value();
  act_on(store_, 400, 16);
  const auto before = bytes_in(saved_.path());
  const BackupReport second = backup(store_, saved_.path(), {.dry_run = true}).value();
  EXPECT_EQ(second.point.number, 2u);
  EXPECT_EQ(second.new_events, store_.head() - first.new_events);
  EXPECT_EQ(bytes_in(saved_.path()), before);
}

TEST_F(Backups, RestoreAsOfASeqAndATime) {
  backup(store_, saved_.path()).value();
  const Event event = store_.view().event(40).value();
  const Seq end = 40 - event.place + event.count - 1;
  ASSERT_EQ(restore(saved_.path(), target_.path(), {.as_of = Seq{end}})->root.size, end);
  EXPECT_EQ(contents_of(Store::open(target_.path()).value()).value(), contents_of(store_.as_of(end).value()).value());
  for (const auto& [micros, expected] : {std::pair<std::int64_t, Seq>{0, end}, {-1, 40 - event.place - 1}}) {
    const FreshPath target("restored-time");
    const Time time{event.recorded_at.micros + micros};
    EXPECT_EQ(restore(saved_.path(), target.path(), {.as_of = time})->root.size, expected);
  }
}

TEST_F(Backups, RefuseToRestoreAsOfWhatTheyCannotTell) {
  backup(store_, saved_.path()).value();
  EXPECT_EQ(restore(saved_.path(), target_.path(), {.as_of = store_.head() + 1}).status().id(), ErrorId::kTimeInFuture);
  EXPECT_EQ(restore(saved_.path(), target_.path(), {.as_of = BookmarkName{"x"}}).status().id(), ErrorId::kUsage);
  Seq inside = 0;
  ASSERT_TRUE(store_.view()
                  .log({},
                       [&](const Event& event) {
                         if (event.place + 1 < event.count) inside = event.seq;
                         return inside == 0;
                       })
                  .ok());
  EXPECT_EQ(restore(saved_.path(), target_.path(), {.as_of = inside}).status().id(), ErrorId::kPointInsideTransaction);
  EXPECT_FALSE(fs::exists(target_.path()));
}

TEST_F(Backups, TakenBesideWritersRestoreToStoresThatVerify) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int first = 400; !stop; first += 16) act_on(store_, first, 16);
  });
  std::vector<Seq> heads{store_.head()};
  const auto wait_for_more = [&] {
    while (store_.durable_seq() <= heads.back()) std::this_thread::yield();
  };
  for (int i = 0; i < 5; ++i) {
    wait_for_more();
    heads.push_back(backup(store_, saved_.path()).value().point.root.size);
  }
  wait_for_more();
  {
    const Store other = Store::open(directory_.path(), {.read_only = true}).value();
    heads.push_back(backup(other, saved_.path()).value().point.root.size);
  }
  stop = true;
  writer.join();
  EXPECT_TRUE(std::is_sorted(heads.begin(), heads.end(), std::less_equal<>())) << "each takes more than the one before";
  restore(saved_.path(), target_.path()).value();
  const Store restored = Store::open(target_.path()).value();
  EXPECT_EQ(restored.head(), heads.back());
  EXPECT_TRUE(first_finding(restored).ok()) << first_finding(restored).message();
  EXPECT_EQ(contents_of(restored).value(), contents_of(store_.as_of(heads.back()).value()).value());
}

TEST_F(Backups, OfAStoreWithoutEventsRestoreToOne) {
  const FreshPath empty("empty");
  const Store store = Store::open(empty.path()).value();
  EXPECT_EQ(backup(store, saved_.path()).value().point.root.size, 0u);
  EXPECT_EQ(restore(saved_.path(), target_.path()).value().root.size, 0u);
  EXPECT_EQ(Store::open(target_.path()).value().head(), 0u);
}

// --- what is refused -----------------------------------------------------------------------------------------------------------

TEST_F(Backups, OfAnotherStoreOrAnotherPastAreNotContinued) {
  backup(store_, saved_.path()).value();
  const auto before = bytes_in(saved_.path());
  const FreshPath other("other");
  Store stranger = Store::open(other.path()).value();
  EXPECT_EQ(backup(stranger, saved_.path()).status().id(), ErrorId::kBackupForeign);

  // The same id, and two futures.
  ASSERT_TRUE(store_.close().ok());
  const FreshPath twin("twin");
  fs::copy(directory_.path(), twin.path(), fs::copy_options::recursive);
  Store one = Store::open(directory_.path()).value(), two = Store::open(twin.path()).value();
  act_on(one, 400, 16);
  act_on(two, 800, 32);
  backup(one, saved_.path()).value();
  EXPECT_EQ(backup(two, saved_.path()).status().id(), ErrorId::kBackupForeign);
  EXPECT_NE(bytes_in(saved_.path()), before);
}

TEST_F(Backups, DoNotGoWhereOtherThingsAre) {
  fs::create_directories(saved_.path());
  write_text(saved_.path() + "/notes.txt", "mine");
  const auto before = bytes_in(saved_.path());
  EXPECT_EQ(backup(store_, saved_.path()).status().id(), ErrorId::kTargetNotEmpty);
  EXPECT_EQ(bytes_in(saved_.path()), before);
}

TEST_F(Backups, ThatAreNotThereAreNotFound) {
  expect_refused(ErrorId::kBackupNotFound, "there is no such directory");
  fs::create_directories(saved_.path());
  expect_refused(ErrorId::kBackupNotFound, "manifest.json");
}

TEST_F(Backups, DamagedInAnyByteAreRefusedBeforeTheTargetIsTouched) {
  backup(store_, saved_.path()).value();
  const std::string segment_path = saved_.path() + "/" + segment();
  const std::string manifest_path = saved_.path() + "/manifest.json";
  for (const std::string& path : {segment_path, manifest_path}) {
    const std::string sound = text_of(path);
    const std::size_t step = path == manifest_path ? 1 : std::max<std::size_t>(1, sound.size() / 97);
    for (std::size_t at = 0; at + 1 < sound.size(); at += step) {
      std::string flipped = sound;
      flipped[at] = static_cast<char>(flipped[at] ^ 1);
      write_text(path, flipped);
      const Status refused = restore(saved_.path(), target_.path()).status();
      const bool expected = refused.id() == ErrorId::kBackupCorrupt || refused.id() == ErrorId::kBackupTooNew;
      ASSERT_TRUE(expected) << path << " at " << at << ": " << refused.message();
      ASSERT_FALSE(fs::exists(target_.path()));
    }
    write_text(path, sound.substr(0, sound.size() / 2));
    expect_refused(ErrorId::kBackupCorrupt, path == manifest_path ? "manifest.json" : "bytes");
    write_text(path, sound);
  }
  fs::remove(segment_path);
  expect_refused(ErrorId::kBackupCorrupt, "the file is missing");
}

TEST_F(Backups, OfANewerForgeAreRefused) {
  backup(store_, saved_.path()).value();
  std::string text = text_of(saved_.path() + "/manifest.json");
  text.replace(text.find("\"forge_backup\":1"), 16, "\"forge_backup\":2");
  write_text(saved_.path() + "/manifest.json", text);
  expect_refused(ErrorId::kBackupTooNew, "has format 2");
  EXPECT_EQ(backup(store_, saved_.path()).status().id(), ErrorId::kBackupTooNew);
}

TEST_F(Backups, AreContinuedOnlyWhereAllTheirFilesAreThere) {
  backup(store_, saved_.path()).value();
  act_on(store_, 400, 16);
  fs::resize_file(saved_.path() + "/" + segment(), 100);
  const auto before = bytes_in(saved_.path());
  const Status refused = backup(store_, saved_.path()).status();
  EXPECT_EQ(refused.id(), ErrorId::kBackupCorrupt) << refused.message();
  EXPECT_EQ(refused.text().remedy, "back up into a new directory");
  EXPECT_EQ(bytes_in(saved_.path()), before);
}

TEST_F(Backups, AreNotTakenWhereTheTreeHasAnotherRootThanTheEvents) {
  internal::Database& database = *StoreAccess::state(store_).database;
  const std::string key("N\0\0\0\0\0\0\0\1", 9);
  rocksdb::PinnableSlice row;
  ASSERT_TRUE(database.get(Table::kTree, key, row).value());
  std::string altered = row.ToString();
  altered.back() = static_cast<char>(altered.back() ^ 1);
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Put(database.handle(Table::kTree), key, altered).ok());
  ASSERT_TRUE(database.write(batch, false).ok());
  EXPECT_EQ(backup(store_, saved_.path()).status().id(), ErrorId::kEventAltered);
  EXPECT_FALSE(fs::exists(saved_.path()));
}

// --- half-way ------------------------------------------------------------------------------------------------------------------

TEST_F(Backups, StoppedByProgressLeaveTheDirectoryAsItWas) {
  BackupOptions options;
  options.progress = [](Seq, Seq) { return false; };
  EXPECT_EQ(backup(store_, saved_.path(), options).status().id(), ErrorId::kCancelled);
  EXPECT_FALSE(fs::exists(saved_.path()));
  backup(store_, saved_.path()).value();
  const auto before = bytes_in(saved_.path());
  act_on(store_, 400, 16);
  EXPECT_EQ(backup(store_, saved_.path(), options).status().id(), ErrorId::kCancelled);
  EXPECT_EQ(bytes_in(saved_.path()), before);
}

// Whatever the moment of a kill, a power cut or a full disk: the manifest is that of a whole backup or not there, and the next run
// finishes.
TEST_F(Backups, CutShortKeepTheBackupBeforeThemAndAreDoneAgain) {
  std::uint64_t cut = 0, whole = 0;
  for (std::uint64_t changes = 1; changes < 40; ++changes) {
    SCOPED_TRACE("after " + std::to_string(changes) + " changes");
    const auto disk = std::make_shared<SimulatedDisk>();
    const auto mount = [&] { return new_fault_env(disk)->GetFileSystem(); };
    disk->power_loss_after(changes);
    const Result<BackupReport> first = internal::backup_over(store_, "/saved", {}, mount());
    changes % 2 == 0 ? disk->power_loss(changes, PowerLoss::kDropUnsynced) : disk->process_crash();
    const std::optional<Seq> end = sound_end(mount());
    first.ok() ? ++whole : ++cut;
    EXPECT_TRUE(first.ok() ? end == store_.head() : !end || end == store_.head());
    const Result<BackupReport> again = internal::backup_over(store_, "/saved", {}, mount());
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(sound_end(mount()), store_.head());
    if (changes % 8 != 0) continue;
    const FreshPath target("restored-again");
    const Result<Copy> copy = internal::restore_over("/saved", target.path(), {}, mount(), nullptr);
    EXPECT_TRUE(copy.ok()) << copy.status().message();
  }
  EXPECT_GT(cut, 5u);
  EXPECT_GT(whole, 5u);
}

// One operation of the disk fails, once or for good: what the manifest names is there, and the next run finishes.
TEST_F(Backups, ThatTheDiskFailsKeepEverythingThatTheManifestNames) {
  const Store early = Store::open(directory_.path(), {.read_only = true}).value();
  act_on(store_, 400, 16);
  std::uint64_t old = 0, renewed = 0;
  for (const Operation operation :
       {Operation::kOpen, Operation::kWrite, Operation::kSync, Operation::kSyncDirectory, Operation::kChangeDirectory}) {
    for (std::uint64_t nth = 1; nth < 8; ++nth) {
      for (const bool lasts : {false, true}) {
        SCOPED_TRACE(std::to_string(static_cast<int>(operation)) + " fails at " + std::to_string(nth) + (lasts ? " for good" : ""));
        const auto disk = std::make_shared<SimulatedDisk>();
        const std::shared_ptr<rocksdb::FileSystem> files = new_fault_env(disk)->GetFileSystem();
        ASSERT_TRUE(internal::backup_over(early, "/saved", {}, files).ok());
        disk->inject({.operation = operation, .status = rocksdb::IOStatus::IOError("broken"), .nth = nth, .lasts = lasts});
        const Result<BackupReport> second = internal::backup_over(store_, "/saved", {}, files);
        disk->clear_faults();
        const std::optional<Seq> end = sound_end(files);
        EXPECT_TRUE(second.ok() ? end == store_.head() : end == early.head() || end == store_.head());
        end == store_.head() ? ++renewed : ++old;
        const Result<BackupReport> again = internal::backup_over(store_, "/saved", {}, files);
        ASSERT_TRUE(again.ok()) << again.status().message();
        EXPECT_EQ(sound_end(files), store_.head());
      }
    }
  }
  EXPECT_GT(old, 10u);
  EXPECT_GT(renewed, 5u);
}

TEST_F(Backups, OnAFullDiskFailCleanly) {
  const auto disk = std::make_shared<SimulatedDisk>();
  const std::shared_ptr<rocksdb::FileSystem> files = new_fault_env(disk)->GetFileSystem();
  disk->set_capacity(4096);
  const Status refused = internal::backup_over(store_, "/saved", {}, files).status();
  EXPECT_EQ(refused.id(), ErrorId::kDiskFull) << refused.message();
  EXPECT_EQ(refused.text().state, "what was backed up before is as it was");
  EXPECT_EQ(refused.text().remedy, "free some space there, or allow larger files, and make it again");
  EXPECT_TRUE(disk->files().empty());
  disk->set_capacity(SimulatedDisk::kUnlimited);
  EXPECT_TRUE(internal::backup_over(store_, "/saved", {}, files).ok());
}

TEST_F(Backups, RestoredOntoAFullDiskLeaveNothingBehind) {
  backup(store_, saved_.path()).value();
  const auto disk = std::make_shared<SimulatedDisk>();
  const std::shared_ptr<rocksdb::Env> env = new_fault_env(disk);
  disk->set_capacity(16 << 10);
  const Status refused = internal::restore_over(saved_.path(), "/copy", {}, rocksdb::FileSystem::Default(), env).status();
  EXPECT_EQ(refused.id(), ErrorId::kDiskFull) << refused.message();
  EXPECT_EQ(refused.text().state, "the target is as it was");
  EXPECT_EQ(refused.text().remedy, "free some space there, or allow larger files, and make it again");
  EXPECT_TRUE(disk->files().empty());
}

}  // namespace
}  // namespace forge::testing_support
