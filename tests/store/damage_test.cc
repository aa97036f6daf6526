// One flipped bit in each kind of file: it is reported when the store is opened, when it is read or by verify, or it does no harm;
// never is wrong data given out as right. And what a write-ahead log that lost its end, or all of it, does.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>

#include "forge/store/verify.h"
#include "store/sample_store.h"

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;
using State = SampleDirectory::State;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& bytes) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
}

// The files of one kind, relative to the store's directory, each beginning or ending as `pattern` says.
std::vector<std::string> files_of(const std::string& directory, const std::string& begin, const std::string& end = "") {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (entry.is_regular_file() && entry.file_size() > 0 && name.starts_with(begin) && name.ends_with(end)) {
      out.push_back(fs::relative(entry.path(), directory));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

struct Outcome {
  std::string where;  // "at open", "by a notice at open", "at read", "by verify", "harmless"
  Status status;
};

// Opens, reads everything and verifies; what is read must be `expected`.
Outcome look_at(const std::string& path, const std::string& expected) {
  const Result<Store> store = Store::open(path);
  if (!store.ok()) return {"at open", store.status()};
  const Result<std::string> contents = contents_of(*store);
  EXPECT_TRUE(!contents.ok() || *contents == expected) << "other data was given out as right";
  if (!store->notices().empty()) return {"by a notice at open", {}};
  if (!contents.ok()) return {"at read", contents.status()};
  const VerifyReport report = verify(*store).value();
  for (const VerifyCheck& check : report.checks) {
    if (!check.findings.empty()) return {"by verify", check.findings.front()};
  }
  return {"harmless", {}};
}

// What RocksDB says is for those who know it.
void expect_own_words(const Status& status) {
  for (const char* foreign :
       {"Corruption", "IO error", "stored =", "computed =", "properties", "checksum mismatch", "VersionEdit"}) {
    EXPECT_EQ(status.message().find(foreign), std::string::npos) << status.message();
  }
}

std::string expected_contents(State state) {
  const SampleDirectory directory(state);
  return contents_of(Store::open(directory.path(), {.read_only = true}).value()).value();
}

struct Kind {
  std::string name;
  State state;
  std::string begin, end;
  std::size_t flips;              // over all files of the kind
  bool may_be_harmless;           // nothing rests on some of its bytes
  std::vector<std::size_t> used;  // where what it holds begins, in a file that is mostly empty
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class FlippedBit : public ::testing::TestWithParam<Kind> {};

TEST_P(FlippedBit, IsReportedOrDoesNoHarm) {
  const Kind& kind = GetParam();
  const std::string expected = expected_contents(kind.state);
  std::map<std::string, int> outcomes;
  std::size_t flip = 0;
  const std::size_t flips = kind.flips;
  for (; flip < flips; ++flip) {
    const SampleDirectory directory(kind.state);
    const std::vector<std::string> files = files_of(directory.path(), kind.begin, kind.end);
    ASSERT_FALSE(files.empty()) << "the sample has no such file";
    const std::string path = directory.path() + "/" + files[flip % files.size()];
    std::string bytes = read_file(path);
    const std::size_t at =
        kind.used.empty() ? (2 * flip + 1) * bytes.size() / (2 * flips) : kind.used[flip % kind.used.size()] + flip * 5;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (flip % 8)));
    write_file(path, bytes);
    const Outcome outcome = look_at(directory.path(), expected);
    ++outcomes[outcome.where];
    expect_own_words(outcome.status);
    const bool harmless = outcome.where == "harmless";
    EXPECT_TRUE(!harmless || kind.may_be_harmless) << path << ", offset " << at;
    if (kind.begin.empty() && kind.end == ".log") {
      EXPECT_EQ(outcome.where, "at open") << path << ", offset " << at;
      EXPECT_TRUE(outcome.status.id() == ErrorId::kDataCorrupt || outcome.status.id() == ErrorId::kDataTruncated)
          << outcome.status.message();
    }
  }
  std::cout << "  " << kind.name << ": " << flips << " flips";
  for (const auto& [where, count] : outcomes) std::cout << ", " << count << " " << where;
  std::cout << "\n";
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = {{"tables", State::kClosed, "", ".sst", 24, false, {}},
                                           {"write_ahead_log", State::kKilled, "", ".log", 16, false, {}},
                                           {"MANIFEST", State::kClosed, "MANIFEST", "", 12, false, {}},
                                           {"CURRENT", State::kClosed, "CURRENT", "", 6, false, {}},
                                           {"FORGE", State::kClosed, "FORGE", "", 6, false, {}},
                                           {"WATERMARK", State::kKilled, "WATERMARK", "", 15, false, {0, 4096, 8192}},
                                           {"OPTIONS", State::kClosed, "OPTIONS", "", 6, true, {}},
                                           {"IDENTITY", State::kClosed, "IDENTITY", "", 4, true, {}},
                                           {"LOCK", State::kKilled, "LOCK", "", 4, true, {}}};
  return kKinds;
}

INSTANTIATE_TEST_SUITE_P(InEachKindOfFile, FlippedBit, ::testing::ValuesIn(kinds()),
                         [](const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; });

TEST(FlippedBits, ComeToEveryKindOfFileThatAStoreHas) {
  for (const State state : {State::kClosed, State::kKilled}) {
    const SampleDirectory directory(state);
    for (const std::string& file : files_of(directory.path(), "")) {
      const std::string name = fs::path(file).filename();
      const bool is_of_a_kind = std::any_of(kinds().begin(), kinds().end(), [&](const Kind& kind) {
        return name.starts_with(kind.begin) && name.ends_with(kind.end);
      });
      EXPECT_TRUE(is_of_a_kind) << file;
    }
  }
}

// The live log is what the newest acknowledged events rest on; RocksDB itself notices none of these.
class LiveLog : public ::testing::Test {
 protected:
  void expect_refused(const std::string& how) {
    for (const bool read_only : {true, false}) {
      const Status opened = Store::open(directory_.path(), {.read_only = read_only}).status();
      EXPECT_TRUE(opened.id() == ErrorId::kDataTruncated || opened.id() == ErrorId::kDataCorrupt)
          << how << ": " << opened.message();
    }
    EXPECT_TRUE(fs::exists(log_) == (how != "deleted")) << "the refusal must change nothing";
  }

  SampleDirectory directory_{State::kKilled};
  const std::string log_ = directory_.path() + "/" + files_of(directory_.path(), "", ".log").back();
  const std::string bytes_ = read_file(log_);
};

TEST_F(LiveLog, IsMissedWhereItWasCut) {
  for (std::size_t part = 1; part < 8; ++part) {
    const std::string left = bytes_.substr(0, bytes_.size() * part / 8);
    write_file(log_, left);
    expect_refused("cut to " + std::to_string(left.size()) + " bytes");
    EXPECT_EQ(read_file(log_), left);
  }
}

TEST_F(LiveLog, IsMissedWhereItWasEmptied) {
  write_file(log_, "");
  expect_refused("emptied");
}

TEST_F(LiveLog, IsMissedWhereItWasDeleted) {
  fs::remove(log_);
  expect_refused("deleted");
}

TEST_F(LiveLog, IsMissedByVerifyWhileTheStoreIsOpen) {
  const Store store = Store::open(directory_.path(), {.read_only = true}).value();
  std::string damaged = bytes_;
  damaged[bytes_.size() / 2] = static_cast<char>(damaged[bytes_.size() / 2] ^ 1);
  write_file(log_, damaged);
  const VerifyReport report = verify(store).value();
  ASSERT_FALSE(report.checks[0].findings.empty());
  EXPECT_EQ(report.checks[0].findings[0].id(), ErrorId::kDataCorrupt);
  EXPECT_TRUE(report.checks[0].findings[0].text().place.starts_with(log_ + ", offset ")) << report.checks[0].findings[0].message();
}

// A manifest that ends early lists files as they once were: what was written since is gone from some tables or all.
TEST(Manifest, IsMissedWhereItWasCut) {
  const std::string expected = expected_contents(State::kClosed);
  std::map<std::string, int> outcomes;
  for (std::size_t part = 1; part < 24; ++part) {
    const SampleDirectory directory(State::kClosed);
    const std::string path = directory.path() + "/" + files_of(directory.path(), "MANIFEST").front();
    write_file(path, read_file(path).substr(0, fs::file_size(path) * part / 24));
    const Outcome outcome = look_at(directory.path(), expected);
    ++outcomes[outcome.where];
    EXPECT_NE(outcome.where, "harmless") << part;
  }
  for (const auto& [where, count] : outcomes) std::cout << "  " << count << " " << where << "\n";
}

// A power loss leaves that while the list is being written: a record that has its length, and zeros or something old in it.
TEST(Manifest, IsReadUpToALastRecordThatIsTorn) {
  const std::string expected = expected_contents(State::kKilled);
  const std::string no_body = std::string("\x11\x22\x33\x44\x40\x00\x01", 7) + std::string(64, '\0');
  const std::string no_end = std::string("\x11\x22\x33\x44\x40\x00\x01", 7) + std::string(9, 'x');
  const std::string no_header = std::string(40, '\0') + std::string(60, 'y');
  for (const std::string& torn : {no_body, no_end, no_header}) {
    const SampleDirectory directory(State::kKilled);
    const std::string manifest = files_of(directory.data(), "MANIFEST").front();
    const std::string bytes = read_file(directory.data() + "/" + manifest) + torn;
    write_file(directory.data() + "/" + manifest, bytes);
    {
      const Result<Store> reading = Store::open(directory.path(), {.read_only = true});
      ASSERT_TRUE(reading.ok()) << reading.status().message();
      EXPECT_EQ(contents_of(*reading).value(), expected);
    }
    {
      const Result<Store> writing = Store::open(directory.path());
      ASSERT_TRUE(writing.ok()) << writing.status().message();
      const std::vector<std::string> kept = files_of(directory.path() + "/quarantine", manifest);
      ASSERT_EQ(kept.size(), 1u);
      EXPECT_EQ(read_file(directory.path() + "/quarantine/" + kept.front()), bytes);
    }
    const Outcome outcome = look_at(directory.path(), expected);
    EXPECT_EQ(outcome.where, "harmless") << outcome.status.message();
  }
}

// Nothing tells then whether what is lost was known to be on disk.
TEST(Manifest, IsRefusedWithATornRecordWhereThereIsNoWatermark) {
  const SampleDirectory directory(State::kKilled);
  const std::string manifest = directory.data() + "/" + files_of(directory.data(), "MANIFEST").front();
  write_file(manifest, read_file(manifest) + std::string("\x11\x22\x33\x44\x40\x00\x01", 7) + std::string(64, '\0'));
  fs::remove(directory.path() + "/WATERMARK");
  EXPECT_EQ(Store::open(directory.path()).status().id(), ErrorId::kDataCorrupt);
}

// A list that lost its end names tables that have gone in order since, and not those that came for them.
TEST(Manifest, IsNamedWhereItWasCutAndNamesTablesThatHaveGone) {
  const SampleDirectory directory(State::kClosed);
  const std::string data = directory.data(), manifest = data + "/" + files_of(data, "MANIFEST").front();
  const std::string cut = read_file(manifest).substr(0, fs::file_size(manifest) - 5);
  const std::string table = data + "/" + files_of(data, "", ".sst").front(), newer = data + "/999999.sst";
  write_file(manifest, cut);
  fs::rename(table, newer);
  const Status both = Store::open(directory.path()).status();
  EXPECT_EQ(both.text().place, manifest) << both.message();
  EXPECT_NE(both.text().why.find("is cut short: it names the table " + fs::path(table).filename().string()), std::string::npos)
      << both.message();
  EXPECT_TRUE(both.text().remedy.find("forgectl repair --to NEW") < both.text().remedy.find("backup")) << both.text().remedy;
  EXPECT_EQ(read_file(manifest), cut);
}

TEST(Manifest, IsNamedWhereItIsOlderThanTheTables) {
  const SampleDirectory directory(State::kClosed);
  const std::string data = directory.data(), manifest = data + "/" + files_of(data, "MANIFEST").front();
  fs::rename(data + "/" + files_of(data, "", ".sst").front(), data + "/999999.sst");
  const Status opened = Store::open(directory.path()).status();
  EXPECT_EQ(opened.text().place, manifest) << opened.message();
  EXPECT_NE(opened.text().why.find("and not 999999.sst, which is"), std::string::npos) << opened.message();
}

TEST(TableFile, IsMissedWhereItIsDeleted) {
  SampleDirectory directory(State::kClosed);
  for (const std::string& file : files_of(directory.path(), "", ".sst")) {
    const std::string bytes = read_file(directory.path() + "/" + file);
    fs::remove(directory.path() + "/" + file);
    const Status opened = Store::open(directory.path()).status();
    EXPECT_FALSE(opened.ok());
    EXPECT_NE(opened.message().find(fs::path(file).stem()), std::string::npos) << opened.message();
    EXPECT_NE(opened.text().remedy.find("forgectl repair --to NEW"), std::string::npos) << opened.text().remedy;
    write_file(directory.path() + "/" + file, bytes);
  }
}

// verify names the damaged file and the block in it, and the events that cannot be read.
// The index, the description and the footer stand at its end; RocksDB tells damage there as damage of the list of files.
TEST(TableFile, IsNamedInOurWordsWhicheverPartOfItsEndIsDamaged) {
  const std::string expected = expected_contents(State::kClosed);
  const SampleDirectory sound(State::kClosed);
  std::size_t at_open = 0;
  for (const std::string& file : files_of(sound.path(), "", ".sst")) {
    const std::string bytes = read_file(sound.path() + "/" + file);
    for (std::size_t back = 1; back < std::min<std::size_t>(bytes.size(), 1000); back += 173) {
      const SampleDirectory directory(State::kClosed);
      const std::string path = directory.path() + "/" + file;
      std::string damaged = bytes;
      damaged[bytes.size() - back] = static_cast<char>(damaged[bytes.size() - back] ^ 0x55);
      write_file(path, damaged);
      const Outcome outcome = look_at(directory.path(), expected);
      expect_own_words(outcome.status);
      if (outcome.where != "at open") continue;
      ++at_open;
      EXPECT_TRUE(outcome.status.text().place.starts_with(path)) << path << ", " << back << ": " << outcome.status.message();
    }
  }
  EXPECT_GT(at_open, 5u);
}

TEST(TableFile, IsNamedWithTheDamagedBlock) {
  const SampleDirectory directory(State::kClosed);
  const Store store = Store::open(directory.path(), {.read_only = true, .cache_bytes = 0}).value();
  std::size_t named = 0;
  for (const std::string& file : files_of(directory.path(), "", ".sst")) {
    const std::string path = directory.path() + "/" + file, bytes = read_file(path);
    std::string damaged = bytes;
    damaged[100] = static_cast<char>(damaged[100] ^ 1);
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .write(damaged.data(), static_cast<std::streamsize>(damaged.size()));
    const VerifyReport report = verify(store).value();
    const std::vector<Status>& findings = report.checks[0].findings;
    ASSERT_FALSE(findings.empty()) << path;
    EXPECT_EQ(findings[0].text().place, path);
    EXPECT_NE(findings[0].text().why.find(" offset "), std::string::npos) << findings[0].message();
    for (const Status& finding : report.checks[1].findings)
      named += finding.message().find("not readable") != std::string::npos ? 1 : 0;
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  EXPECT_GT(named, 0u) << "the events in the damaged block of the log are named";
}

// A store may come from a stranger: closing it removes its quarantine, and nothing that a link there leads to.
TEST(Quarantine, IsRemovedWithoutFollowingLinks) {
  for (const bool is_link : {true, false}) {
    const SampleDirectory directory(State::kClosed);
    const fs::path beside = directory.path() + "-beside", quarantine = directory.path() + "/quarantine";
    fs::create_directories(beside);
    write_file(beside / "kept", "kept");
    if (is_link) {
      fs::create_directory_symlink(beside, quarantine);
    } else {
      fs::create_directories(quarantine / "stop");
      fs::create_directory_symlink(beside, quarantine / "stop" / "link");
    }
    EXPECT_TRUE(Store::open(directory.path()).value().close().ok());
    EXPECT_FALSE(fs::exists(fs::symlink_status(quarantine)));
    EXPECT_EQ(read_file(beside / "kept"), "kept");
    fs::remove_all(beside);
  }
}

}  // namespace
}  // namespace forge::testing_support
