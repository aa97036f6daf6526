// Damaged stores, and what a repair makes of them: the longest beginning that can be proved, never more, and an event that says
// what was lost.

#include "forge/store/repair.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "forge/events/key.h"
#include "forge/store/verify.h"
#include "log_reader.h"
#include "repairing.h"
#include "store/sample_store.h"
#include "support/fault_env.h"
#include "support/slow_build.h"

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> bytes_in(const std::string& path) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    out[entry.path().string()] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  return out;
}

class Repair : public ::testing::Test {
 protected:
  // The data files of the damaged store, without what opening a store checks.
  std::unique_ptr<internal::Database> data() { return internal::Database::open({.path = directory_.data()}).value(); }
  void rewrite(Table table, const std::string& key, const std::optional<std::string>& value) {
    const auto database = data();
    rocksdb::WriteBatch batch;
    const rocksdb::Status staged =
        value ? batch.Put(database->handle(table), key, *value) : batch.Delete(database->handle(table), key);
    ASSERT_TRUE(staged.ok());
    ASSERT_TRUE(database->write(batch, true).ok());
    ASSERT_TRUE(database->flush().ok());
  }
  std::string event_by(Seq seq, const std::string& actor) {
    const auto database = data();
    internal::AlignedBytes bytes;
    Envelope envelope = internal::read_event(*database, seq, bytes).value();
    envelope.actor = actor;
    EnvelopeWriter writer;
    const auto row = writer.write(envelope);
    return {reinterpret_cast<const char*>(row.data()), row.size()};
  }
  // The end of the last whole transaction before `seq`.
  Seq whole_before(Seq seq) {
    Seq out = 0;
    EXPECT_TRUE(sound_.view()
                    .log({.to = seq - 1},
                         [&](const Event& event) {
                           if (event.place + 1 == event.count) out = event.seq;
                           return true;
                         })
                    .ok());
    return out;
  }
  // What was kept equals the sound store's past; the source is unchanged; the loss is said.
  void expect_kept(const RepairReport& report, Seq kept) {
    EXPECT_EQ(report.plan.kept, kept);
    EXPECT_EQ(report.plan.known, sound_.head());
    const Store repaired = Store::open(target_.path(), {.read_only = true}).value();
    EXPECT_EQ(contents_of(repaired.as_of(kept).value()).value(), contents_of(sound_.as_of(kept).value()).value());
    const VerifyReport verified = verify(repaired).value();
    EXPECT_TRUE(verified.ok());
    ASSERT_EQ(report.note.has_value(), kept < sound_.head());
    if (!report.note) return;
    EXPECT_EQ(repaired.head(), kept + 1);
    const Event note = repaired.view().event(*report.note).value();
    EXPECT_EQ(note.actor, "forgectl repair");
    const std::string lost = "events " + std::to_string(kept + 1) + " to " + std::to_string(sound_.head()) + " of the store";
    EXPECT_TRUE(note.metadata.find("reason")->as_text().starts_with(lost)) << note.to_json();
  }

  SampleDirectory directory_{SampleDirectory::State::kClosed};
  SampleDirectory original_{SampleDirectory::State::kClosed};
  Store sound_ = Store::open(original_.path(), {.read_only = true}).value();
  FreshPath target_{"repaired"};
};

TEST_F(Repair, OfASoundStoreLosesNothing) {
  const auto before = bytes_in(directory_.path());
  const RepairReport report = repair(directory_.path(), target_.path()).value();
  EXPECT_TRUE(report.plan.reason.ok()) << report.plan.reason.message();
  expect_kept(report, sound_.head());
  EXPECT_EQ(bytes_in(directory_.path()), before);
}

TEST_F(Repair, EndsBeforeTheFirstAlteredEvent) {
  for (const Seq altered : {Seq{300}, Seq{7}}) {
    rewrite(Table::kLog, log_key(altered), event_by(altered, "somebody"));
    const auto before = bytes_in(directory_.path());
    const FreshPath scratch("scratch");
    const RepairPlan plan = plan_repair(directory_.path(), scratch.path()).value();
    EXPECT_EQ(plan.kept, whole_before(altered));
    EXPECT_EQ(plan.reason.id(), ErrorId::kEventAltered) << plan.reason.message();
    EXPECT_GT(plan.lost_transactions, 0u);
    EXPECT_EQ(bytes_in(directory_.path()), before);
  }
  expect_kept(repair(directory_.path(), target_.path()).value(), whole_before(7));
}

TEST_F(Repair, EndsBeforeAHoleInTheLog) {
  rewrite(Table::kLog, log_key(100), std::nullopt);
  const RepairReport report = repair(directory_.path(), target_.path()).value();
  EXPECT_EQ(report.plan.reason.id(), ErrorId::kDataTruncated);
  EXPECT_EQ(report.plan.readable, sound_.head() - 100 + (100 - report.plan.kept - 1));
  expect_kept(report, whole_before(100));
}

// The tables beside the log are made anew, whatever they hold.
TEST_F(Repair, MakesStateAndTreeAnewFromASoundLog) {
  std::string key;
  const Resource& order = *sound_.domain()->find_resource("Order");
  append_current_key(order.number, encode_key(order, "o-1").value(), key);
  rewrite(Table::kCurrent, key, "rubbish");
  rewrite(Table::kTree, std::string("L\0\0\0\0\0\0\0\0", 9), "short");
  expect_kept(repair(directory_.path(), target_.path()).value(), sound_.head());
}

TEST_F(Repair, TakesTheNewestListOfFilesWhereCurrentIsLost) {
  for (const char* text : {"", "rubbish\n"}) {
    std::ofstream(directory_.data() + "/CURRENT", std::ios::trunc) << text;
    const auto before = bytes_in(directory_.path());
    ASSERT_FALSE(Store::open(directory_.path(), {.read_only = true}).ok());
    const FreshPath target("repaired-current");
    const RepairReport report = repair(directory_.path(), target.path()).value();
    EXPECT_TRUE(report.plan.manifest.starts_with("MANIFEST-")) << report.plan.manifest;
    EXPECT_EQ(report.plan.kept, sound_.head());
    EXPECT_FALSE(report.note.has_value());
    EXPECT_EQ(contents_of(Store::open(target.path()).value()).value(), contents_of(sound_).value());
    EXPECT_EQ(bytes_in(directory_.path()), before);
    EXPECT_FALSE(fs::exists(target.path() + ".salvage"));
  }
}

// The files with rows of one table.
std::vector<fs::path> files_of(const std::string& directory, Table table) {
  const auto database = internal::Database::open({.path = directory, .read_only = true}).value();
  std::vector<rocksdb::LiveFileMetaData> files;
  database->db().GetLiveFilesMetaData(&files);
  std::vector<fs::path> out;
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (file.column_family_name == name_of(table)) out.emplace_back(file.db_path + file.name);
  }
  return out;
}

TEST_F(Repair, NeedsNoFileButTheLogsOwn) {
  for (const Table table : {Table::kCurrent, Table::kVersions, Table::kIdempotency, Table::kTree}) {
    SCOPED_TRACE(name_of(table));
    const SampleDirectory damaged(SampleDirectory::State::kClosed);
    const std::vector<fs::path> files = files_of(damaged.data(), table);
    ASSERT_FALSE(files.empty());
    for (const fs::path& file : files) fs::remove(file);
    ASSERT_FALSE(Store::open(damaged.path(), {.read_only = true}).ok());
    const FreshPath target("repaired-table");
    const RepairReport report = repair(damaged.path(), target.path()).value();
    EXPECT_EQ(report.plan.kept, sound_.head());
    EXPECT_EQ(fs::path(report.plan.reason.text().place).extension(), ".sst") << report.plan.reason.message();
    EXPECT_EQ(contents_of(Store::open(target.path()).value()).value(), contents_of(sound_).value());
  }
}

TEST_F(Repair, SavesTheLogWhicheverByteOfAnotherTablesFileIsAltered) {
  const fs::path file = files_of(directory_.data(), Table::kCurrent).at(0);
  const std::string bytes = bytes_in(directory_.path()).at(file.string());
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 40);
  for (std::size_t at = bytes.size() - 1; at >= step; at -= step) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 0x55);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << altered;
    const Result<RepairPlan> plan = plan_repair(directory_.path(), target_.path());
    ASSERT_TRUE(plan.ok()) << "byte " << at << ": " << plan.status().message();
    EXPECT_EQ(plan->kept, sound_.head()) << "byte " << at;
  }
}

TEST_F(Repair, NamesTheLogsFileThatIsMissing) {
  const fs::path file = files_of(directory_.data(), Table::kLog).at(0);
  fs::remove(file);
  const RepairReport report = repair(directory_.path(), target_.path()).value();
  EXPECT_TRUE(report.plan.reason.text().place.ends_with(file.filename().string())) << report.plan.reason.message();
  EXPECT_FALSE(fs::exists(target_.path() + ".salvage"));
}

// A store whose log lies in several files, and each other table in at least one.
void make_store_of_many_files(const std::string& path) {
  for (int part = 0; part < 5; ++part) {
    Store store = Store::open(path).value();
    if (part == 0) store.add_schema({{"shop.fbs", sample_schema()}}).value();
    act_on(store, part * 16, 16);
    ASSERT_TRUE(store.close().ok());
  }
}

struct TableFile {
  fs::path path;
  std::string family;
  Seq first = 0;  // of a file of the log
};

std::vector<TableFile> all_files_of(const std::string& directory) {
  const auto database = internal::Database::open({.path = directory, .read_only = true}).value();
  std::vector<rocksdb::LiveFileMetaData> files;
  database->db().GetLiveFilesMetaData(&files);
  std::vector<TableFile> out;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const bool is_log = file.column_family_name == name_of(Table::kLog);
    out.push_back({file.db_path + file.name, file.column_family_name, is_log ? read_u64(file.smallestkey.data()) : 0});
  }
  return out;
}

class RepairWithoutOneFile : public ::testing::Test {
 protected:
  RepairWithoutOneFile() { make_store_of_many_files(original_.path()); }

  // What is kept: everything, or where the log has a hole, what stands before it.
  void expect_longest(const Result<RepairReport>& report, const TableFile& file, const std::string& target) {
    ASSERT_TRUE(report.ok()) << report.status().message();
    const Store sound = Store::open(original_.path(), {.read_only = true}).value();
    Seq kept = file.first == 0 ? sound.head() : 0;
    ASSERT_TRUE(sound.view()
                    .log({},
                         [&](const Event& event) {
                           if (event.seq < file.first && event.place + 1 == event.count) kept = event.seq;
                           return true;
                         })
                    .ok());
    EXPECT_EQ(report->plan.kept, kept);
    EXPECT_EQ(fs::path(report->plan.reason.text().place).filename(), file.path.filename()) << report->plan.reason.message();
    const Store repaired = Store::open(target, {.read_only = true}).value();
    EXPECT_TRUE(verify(repaired).value().ok());
    EXPECT_EQ(contents_of(repaired.as_of(kept).value()).value(), contents_of(sound.as_of(kept).value()).value());
    EXPECT_FALSE(fs::exists(target + ".salvage"));
  }

  FreshPath original_{"many-files"};
};

TEST_F(RepairWithoutOneFile, KeepsTheLongestBeginningOfTheLog) {
  const std::vector<TableFile> files = all_files_of(original_.path() + "/data");
  std::size_t of_log = 0, of_meta = 0;
  for (const TableFile& file : files) {
    SCOPED_TRACE(file.family + " " + file.path.filename().string());
    of_log += file.first > 0 ? 1 : 0;
    of_meta += file.family == name_of(Table::kMeta) ? 1 : 0;
    const FreshPath damaged("without-one"), target("without-one-repaired");
    fs::copy(original_.path(), damaged.path(), fs::copy_options::recursive);
    fs::remove(fs::path(damaged.path()) / "data" / file.path.filename());
    const auto before = bytes_in(damaged.path());
    expect_longest(repair(damaged.path(), target.path()), file, target.path());
    EXPECT_EQ(bytes_in(damaged.path()), before);
  }
  EXPECT_GT(of_log, 1u);
  EXPECT_GT(of_meta, 0u);
}

// What the list does not name any more is still there.
TEST_F(RepairWithoutOneFile, KeepsEverythingWhereTheListLostItsEnd) {
  const Store sound = Store::open(original_.path(), {.read_only = true}).value();
  const fs::path list = [&] {
    for (const auto& entry : fs::directory_iterator(original_.path() + "/data")) {
      if (entry.path().filename().string().starts_with("MANIFEST-")) return entry.path();
    }
    return fs::path();
  }();
  const std::uint64_t size = fs::file_size(list);
  for (std::uint64_t cut = 5; cut < size / 3; cut += size / 30) {
    SCOPED_TRACE("without its last " + std::to_string(cut) + " bytes");
    const FreshPath damaged("cut-list"), target("cut-list-repaired");
    fs::copy(original_.path(), damaged.path(), fs::copy_options::recursive);
    fs::resize_file(fs::path(damaged.path()) / "data" / list.filename(), size - cut);
    const auto before = bytes_in(damaged.path());
    const Result<RepairReport> report = repair(damaged.path(), target.path());
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->plan.kept, sound.head()) << report->plan.reason.message();
    EXPECT_TRUE(verify(Store::open(target.path(), {.read_only = true}).value()).value().ok());
    EXPECT_EQ(bytes_in(damaged.path()), before);
  }
}

TEST_F(RepairWithoutOneFile, TakesOneWithoutItsEndForMissing) {
  for (const TableFile& file : all_files_of(original_.path() + "/data")) {
    if (file.first == 0 && file.family != name_of(Table::kMeta)) continue;
    SCOPED_TRACE(file.family + " " + file.path.filename().string());
    const FreshPath damaged("without-end"), target("without-end-repaired");
    fs::copy(original_.path(), damaged.path(), fs::copy_options::recursive);
    const fs::path cut = fs::path(damaged.path()) / "data" / file.path.filename();
    fs::resize_file(cut, fs::file_size(cut) - 5);
    expect_longest(repair(damaged.path(), target.path()), file, target.path());
  }
}

TEST_F(Repair, GoesByTheDataWhereTheIdentityFileIsLost) {
  fs::remove(directory_.path() + "/FORGE");
  const RepairReport report = repair(directory_.path(), target_.path()).value();
  EXPECT_EQ(report.plan.store, sound_.stats().value().id);
  EXPECT_FALSE(report.plan.reason.ok());
  expect_kept(report, sound_.head());
}

// Events behind the last complete tile are proved by the watermark alone.
TEST_F(Repair, EndsAtTheLastProofWhereTheWatermarkHasAnotherRoot) {
  const Seq altered = sound_.head() - 1;
  ASSERT_GT(altered, 512u);
  rewrite(Table::kLog, log_key(altered), event_by(altered, "somebody"));
  const RepairReport report = repair(directory_.path(), target_.path()).value();
  EXPECT_EQ(report.plan.reason.id(), ErrorId::kEventAltered) << report.plan.reason.message();
  expect_kept(report, whole_before(513));
}

TEST_F(Repair, KeepsWhatStandsBeforeDamageOfTheWriteAheadLog) {
  const SampleDirectory killed(SampleDirectory::State::kKilled);
  fs::path wal;
  for (const auto& entry : fs::directory_iterator(killed.data())) {
    if (entry.path().extension() == ".log" && (wal.empty() || entry.file_size() > fs::file_size(wal))) wal = entry.path();
  }
  const std::uint64_t size = fs::file_size(wal);
  ASSERT_GT(size, 4096u);
  std::fstream file(wal, std::ios::binary | std::ios::in | std::ios::out);
  const auto middle = static_cast<std::streamoff>(size / 2);
  const int before = file.seekg(middle).get();
  file.seekp(middle).put(static_cast<char>(before ^ 0x55)).flush();
  ASSERT_FALSE(Store::open(killed.path()).ok());
  const RepairReport report = repair(killed.path(), target_.path()).value();
  EXPECT_GT(report.plan.kept, 0u);
  EXPECT_LT(report.plan.kept, sound_.head());
  expect_kept(report, report.plan.kept);
}

TEST_F(Repair, LeavesAloneWhatStandsWhereItsScratchDirectoryIsToBe) {
  fs::remove(directory_.data() + "/CURRENT");
  const FreshPath target("repaired-scratch");
  const fs::path scratch = target.path() + ".salvage";
  fs::create_directory(scratch);
  std::ofstream(scratch / "notes.txt") << "mine";
  EXPECT_EQ(repair(directory_.path(), target.path() + "/").status().id(), ErrorId::kTargetNotEmpty);
  EXPECT_TRUE(fs::exists(scratch / "notes.txt"));
  // The rest of a repair that was killed.
  std::ofstream(scratch / "SALVAGE").flush();
  EXPECT_TRUE(repair(directory_.path(), target.path()).ok());
  EXPECT_FALSE(fs::exists(scratch));
}

// Whatever the moment of a power cut: there is no store, or one that says what was lost.
TEST_F(Repair, CutShortIsNoStoreOrOneThatSaysWhatWasLost) {
  rewrite(Table::kLog, log_key(300), std::nullopt);
  const Seq kept = whole_before(300);
  std::uint64_t whole = 0, unfinished = 0;
  for (std::uint64_t changes = 1; changes < 260; changes += (changes < 60 ? 3 : 9) * (kIsSlowBuild ? 2 : 1)) {
    SCOPED_TRACE("power cut after " + std::to_string(changes) + " changes");
    const auto disk = std::make_shared<SimulatedDisk>();
    disk->power_loss_after(changes);
    internal::Wreck wreck(directory_.path(), target_.path(), {});
    static_cast<void>(internal::repair_wreck(wreck, "/copy", {}, new_fault_env(disk)).ok());
    disk->power_loss(changes, PowerLoss::kDropUnsynced);
    OpenOptions options;
    options.create = false;
    const Result<Store> opened = StoreAccess::open("/copy", options, new_fault_env(disk));
    if (!opened.ok()) {
      ++unfinished;
      continue;
    }
    ++whole;
    ASSERT_EQ(opened->head(), kept + 1);
    EXPECT_EQ(opened->view().event(kept + 1)->actor, "forgectl repair");
  }
  EXPECT_GT(whole, 0u);
  EXPECT_GT(unfinished, 10u);
}

TEST_F(Repair, InPlaceKeepsTheDamagedStoreBeside) {
  rewrite(Table::kLog, log_key(300), std::nullopt);
  const std::string damaged = directory_.path() + ".damaged";
  const auto before = bytes_in(directory_.path());
  const InPlaceReport done = repair_in_place(directory_.path() + "/").value();
  EXPECT_EQ(done.damaged, damaged);
  EXPECT_EQ(done.report.plan.kept, whole_before(300));
  const Store repaired = Store::open(directory_.path()).value();
  EXPECT_EQ(repaired.head(), whole_before(300) + 1);
  std::map<std::string, std::string> moved;
  for (const auto& [path, bytes] : bytes_in(damaged)) moved[directory_.path() + path.substr(damaged.size())] = bytes;
  EXPECT_EQ(moved, before);
  EXPECT_FALSE(fs::exists(directory_.path() + ".repaired"));

  EXPECT_EQ(repair_in_place(directory_.path()).status().id(), ErrorId::kTargetNotEmpty);
  fs::remove_all(damaged);
  EXPECT_EQ(repair_in_place(directory_.path()).status().id(), ErrorId::kStoreLocked);
}

TEST_F(Repair, InPlaceRefusesANameThatIsTakenBeforeItBegins) {
  const auto before = bytes_in(directory_.path());
  const std::string taken = directory_.path() + ".repaired";
  fs::copy(original_.path(), taken, fs::copy_options::recursive);
  const Status refused = repair_in_place(directory_.path()).status();
  EXPECT_EQ(refused.id(), ErrorId::kTargetNotEmpty) << refused.message();
  EXPECT_EQ(bytes_in(directory_.path()), before);
  fs::remove_all(taken);
}

TEST_F(Repair, DoesNotTouchAStoreThatIsHeld) {
  const Store holder = Store::open(directory_.path()).value();
  EXPECT_EQ(repair(directory_.path(), target_.path()).status().id(), ErrorId::kStoreLocked);
  EXPECT_FALSE(fs::exists(target_.path()));
}

TEST_F(Repair, SaysWhereThereIsNoStoreAndWhereTheTargetIsTaken) {
  const FreshPath nowhere("nowhere");
  EXPECT_EQ(repair(nowhere.path(), target_.path()).status().id(), ErrorId::kStoreNotFound);
  EXPECT_EQ(repair(directory_.path(), original_.path()).status().id(), ErrorId::kTargetNotEmpty);
}

}  // namespace
}  // namespace forge::testing_support
