#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "forge/store/verify.h"
#include "store/sample_store.h"
#include "store_files.h"
#include "watermark.h"

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;

class StoppedClock : public Clock {
 public:
  explicit StoppedClock(Time time) : time_(time) {}
  Time now() override { return time_; }

 private:
  Time time_;
};

// The finding of that name; a level that stands for none where there is no such finding.
Finding finding(const std::string& path, const std::string& name, Clock& clock = system_clock()) {
  const std::vector<Finding> all = diagnose(path, clock).value();
  for (const Finding& found : all) {
    if (found.name == name) return found;
  }
  return {Finding::Level::kGood, "none", "", ""};
}

void expect(const Finding& found, Finding::Level level, const std::string& text) {
  EXPECT_EQ(found.level, level) << found.text;
  EXPECT_NE(found.text.find(text), std::string::npos) << found.text;
  EXPECT_EQ(found.remedy.empty(), level == Finding::Level::kGood) << found.text;
}

// Every file and what it holds.
std::map<std::string, std::string> bytes_in(const std::string& directory) {
  std::map<std::string, std::string> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    out[entry.path()] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  return out;
}

TEST(Doctor, FindsASoundStoreGood) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  const std::map<std::string, std::string> before = bytes_in(directory.path());
  std::set<std::string> names;
  const std::vector<Finding> all = diagnose(directory.path(), system_clock()).value();
  for (const Finding& found : all) {
    names.insert(found.name);
    const bool of_machine = found.name == "disk" || found.name == "file_system" || found.name == "fsync";
    EXPECT_TRUE(of_machine || found.level == Finding::Level::kGood) << found.name << ": " << found.text;
    EXPECT_EQ(found.remedy.empty(), found.level == Finding::Level::kGood) << found.text;
  }
  EXPECT_EQ(names,
            (std::set<std::string>{"lock", "format", "recovery", "opening", "schema", "clock", "file_system", "disk", "fsync"}));
  EXPECT_EQ(bytes_in(directory.path()), before) << "nothing in the store may change";
  expect(finding(directory.path(), "recovery"), Finding::Level::kGood, "closed in order");
  expect(finding(directory.path(), "schema"), Finding::Level::kGood, "version 2 with 2 resource(s)");
}

TEST(Doctor, SaysThatTheStoreIsHeldAndByWhom) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  const Store held = Store::open(directory.path(), {.owner = "the shop"}).value();
  expect(finding(directory.path(), "lock"), Finding::Level::kGood, "'the shop'");
  expect(finding(directory.path(), "recovery"), Finding::Level::kGood, "in use");
  expect(finding(directory.path(), "opening"), Finding::Level::kGood, "opens for reading");
  EXPECT_EQ(finding(directory.path(), "fsync").name, "none") << "it must not stand in the holder's way";
}

TEST(Doctor, SaysThatTheStoreWasNotClosedInOrderUntilItWas) {
  const SampleDirectory directory(SampleDirectory::State::kKilled);
  expect(finding(directory.path(), "recovery"), Finding::Level::kWarning, "not closed in order");
  Store store = Store::open(directory.path()).value();
  expect(finding(directory.path(), "quarantine"), Finding::Level::kGood, "kept as they were found");
  ASSERT_TRUE(store.close().ok());
  expect(finding(directory.path(), "recovery"), Finding::Level::kGood, "closed in order");
  EXPECT_EQ(finding(directory.path(), "quarantine").name, "none");
  fs::create_directories(directory.path() + "/quarantine/2026-11-23T04-00-00Z");
  expect(finding(directory.path(), "quarantine"), Finding::Level::kWarning, "2026-11-23T04-00-00Z");
}

TEST(Doctor, SaysHowFarTheClockIsBehindTheLastCommit) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  const Time last = Store::open(directory.path(), {.read_only = true})->stats()->head_time;
  StoppedClock behind(Time{last.micros - 3 * 3600 * 1'000'000LL}), level(Time{last.micros - 1'000'000});
  expect(finding(directory.path(), "clock", behind), Finding::Level::kWarning, "3 h 0 min behind the last commit");
  expect(finding(directory.path(), "clock", level), Finding::Level::kGood, "the clock says");
}

TEST(Doctor, SaysThatTheIdentityOrTheDataAreDamaged) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  std::ofstream(directory.path() + "/FORGE") << "forge store\nformat 1\n";
  expect(finding(directory.path(), "format"), Finding::Level::kBad, "damaged");
  expect(finding(directory.path(), "opening"), Finding::Level::kBad, "damaged");
  fs::remove(directory.path() + "/FORGE");
  expect(finding(directory.path(), "format"), Finding::Level::kBad, "without its identity file");
}

TEST(Doctor, SaysWhatIsWrongWithTheWatermark) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  internal::StoreFiles files(rocksdb::FileSystem::Default(), {directory.path()});
  const std::string path = files.paths().watermark(), sound = files.read(path).value();
  std::string damaged = sound;
  damaged[30] = static_cast<char>(damaged[30] ^ 1);
  ASSERT_TRUE(files.replace(path, damaged).ok());
  expect(finding(directory.path(), "watermark"), Finding::Level::kWarning, "1 slot(s)");

  ASSERT_TRUE(files.replace(path, sound).ok());
  internal::Watermark watermark = *internal::WatermarkFile::read(files)->newest;
  watermark.store.bytes[3] ^= 1;
  ASSERT_TRUE(internal::WatermarkFile::open(files).value()->write(watermark, true).ok());
  expect(finding(directory.path(), "recovery"), Finding::Level::kBad, "belongs to another store");

  fs::remove(path);
  expect(finding(directory.path(), "recovery"), Finding::Level::kWarning, "missing or unreadable");
}

TEST(Doctor, NamesWhatAnInterruptedStartLeft) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  std::ofstream(directory.path() + "/WATERMARK.new") << "x";
  expect(finding(directory.path(), "remnants"), Finding::Level::kWarning, "WATERMARK.new");
  fs::rename(directory.path() + "/FORGE", directory.path() + "/FORGE.new");
  expect(finding(directory.path(), "format"), Finding::Level::kWarning, "creation of the store was interrupted");
}

TEST(Doctor, SaysThatThereIsNoSchema) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  fs::remove_all(directory.path());
  ASSERT_TRUE(Store::open(directory.path())->close().ok());
  expect(finding(directory.path(), "schema"), Finding::Level::kGood, "there is none yet");
}

TEST(Doctor, WarnsOfAFileSystemThatForgets) {
  struct statfs info {};
  const std::string memory = "/dev/shm";
  if (::statfs(memory.c_str(), &info) != 0 || info.f_type != 0x01021994 || ::access(memory.c_str(), W_OK) != 0) {
    GTEST_SKIP() << "there is no tmpfs here";
  }
  const std::string path = memory + "/forge-doctor-test-" + std::to_string(::getpid());
  ASSERT_TRUE(Store::open(path)->close().ok());
  expect(finding(path, "file_system"), Finding::Level::kWarning, "tmpfs: it is in memory");
  expect(finding(path, "fsync"), Finding::Level::kWarning, "too fast for a disk");
  fs::remove_all(path);
}

// Lowers the limit of open files, which is raised again at the end.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t count) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit low = before_;
    low.rlim_cur = count;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(Doctor, WarnsWhereTheLimitOfOpenFilesIsNearWhatTheTablesNeed) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  EXPECT_EQ(finding(directory.path(), "descriptors").name, "none");
  Finding found;
  {
    const FewDescriptors few(50);
    found = finding(directory.path(), "descriptors");
  }
  expect(found, Finding::Level::kWarning, " tables, which it holds open, and a process here may open 50 files");
  EXPECT_NE(found.remedy.find("ulimit -n 1024"), std::string::npos) << found.remedy;
}

TEST(Doctor, CountsNoOpeningThatFailedAsAStop) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  fs::create_directories(directory.path() + "/quarantine/2026-11-23T04-00-00Z.failed");
  EXPECT_EQ(finding(directory.path(), "quarantine").name, "none");
}

TEST(Doctor, NamesRepairWhereTheIdentityFileIsDamagedOrLost) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  std::ofstream(directory.path() + "/FORGE") << "forge store\nformat 1\n";
  EXPECT_NE(finding(directory.path(), "format").remedy.find("forgectl repair --to NEW"), std::string::npos);
  fs::remove(directory.path() + "/FORGE");
  EXPECT_NE(finding(directory.path(), "format").remedy.find("forgectl repair --to NEW"), std::string::npos);
}

TEST(Doctor, RefusesADirectoryWithoutAStore) {
  const SampleDirectory directory(SampleDirectory::State::kClosed);
  EXPECT_EQ(diagnose(directory.path() + "/nothing", system_clock()).status().id(), ErrorId::kStoreNotFound);
  EXPECT_EQ(diagnose(directory.path() + "/data", system_clock()).status().id(), ErrorId::kStoreNotFound) << "a foreign directory";
  EXPECT_EQ(diagnose(directory.path() + "/FORGE", system_clock()).status().id(), ErrorId::kDirectoryUnusable);
}

}  // namespace
}  // namespace forge::testing_support
