// Stores that are opened for one command at a time: how many files they come to, and that these can be opened.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>

#include "forge/store/verify.h"
#include "store/sample_store.h"

namespace forge {
namespace {

constexpr const char* kNotes = R"(include "forge.fbs";
table Note (resource, index: "topic") { id: string (key); topic: string (tag); }
table WriteNote (action: "Note.write", creates) { topic: string; }
table DropNote (action: "Note.drop", destroys) {}
)";

std::size_t table_files(const std::string& path) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.path().extension() == ".sst" ? 1 : 0;
  return count;
}

// Opens the store so often, each time for one note, and drops the one of two openings before.
void write_one_by_one(const std::string& path, int openings) {
  std::vector<std::string> keys;
  for (int i = 0; i < openings; ++i) {
    Store store = Store::open(path).value();
    keys.push_back(store.act("Note.write", {{"topic", "t" + std::to_string(i % 3)}})->key);
    if (i >= 2) store.act("Note.drop", {{"id", keys[keys.size() - 3]}}).value();
    ASSERT_TRUE(store.close().ok());
  }
}

class SmallFiles : public ::testing::Test {
 protected:
  SmallFiles() {
    Store store = Store::open(path_.path()).value();
    store.add_schema({{"notes.fbs", kNotes}}).value();
    EXPECT_TRUE(store.close().ok());
  }

  const testing_support::FreshPath path_{"small-files"};
};

TEST_F(SmallFiles, BecomeOneBeforeThereAreMany) {
  constexpr int kOpenings = 120;
  write_one_by_one(path_.path(), kOpenings);
  EXPECT_LT(table_files(path_.path()), 150U) << "some 500 without merging them";
  Store store = Store::open(path_.path()).value();
  EXPECT_EQ(store.head(), 1U + kOpenings + kOpenings - 2);
  EXPECT_TRUE(verify(store).value().ok());
}

// A process that may have few files open opens a store that has more.
TEST_F(SmallFiles, AreNotAllOpenWhereFewMayBe) {
  {
    Store store = Store::open(path_.path(), {.durability = Durability::kOs, .write_buffer_bytes = 32 << 10}).value();
    for (int i = 0; i < 6'000; ++i) store.act("Note.write", {{"topic", std::string(1'000, 'x')}}).value();
    ASSERT_TRUE(store.close().ok());
  }
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const std::size_t taken = static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
  rlimit few = usual;
  few.rlim_cur = std::max<rlim_t>(taken + 100, 120);
  ASSERT_GT(table_files(path_.path()), few.rlim_cur - taken);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    Result<Store> store = Store::open(path_.path());
    EXPECT_TRUE(store.ok()) << store.status().message();
    if (store.ok()) {
      EXPECT_TRUE(store->act("Note.write", {{"topic", "last"}}).ok());
      const VerifyReport report = verify(*store).value();
      for (const VerifyCheck& check : report.checks) {
        for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
      }
    }
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
}

}  // namespace
}  // namespace forge
