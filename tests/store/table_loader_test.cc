// Tables filled past the write-ahead log: whatever the order of the rows and however few fit into memory, each row is there once.

#include "table_loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "store/sample_store.h"
#include "store/seeds.h"

namespace forge::internal {
namespace {

namespace fs = std::filesystem;
using testing_support::FreshPath;

constexpr TableLoader::Limits kSmall{.run_bytes = 512, .runs = 3};

class Loading : public ::testing::Test {
 protected:
  Loading() {
    fs::create_directories(loading());
    database_ = Database::open({.path = path_.path() + "/data", .create = true}).value();
  }

  std::string loading() const { return path_.path() + "/loading"; }
  std::unique_ptr<TableLoader> loader(TableLoader::Order order, TableLoader::Limits limits = kSmall) {
    return std::make_unique<TableLoader>(*database_, Table::kVersions, order, loading() + "/versions-", TableLoader::new_memory(),
                                         *thread_, limits);
  }
  Status finish(TableLoader& loader) {
    FORGE_TRY(loader.flush());
    FORGE_TRY(thread_->wait());
    FORGE_TRY(loader.merge());
    return ingest(*database_, Table::kVersions, loader.files());
  }
  // Numbered rows, 31 bytes each and more.
  static std::string key_of(std::uint64_t number) { return "a key that is long " + std::to_string(1'000'000'000 + number); }
  std::map<std::string, std::string> stored() const {
    std::map<std::string, std::string> out;
    const auto row = database_->iterate(Table::kVersions, true);
    for (row->SeekToFirst(); row->Valid(); row->Next()) out.emplace(row->key().ToString(), row->value().ToString());
    EXPECT_TRUE(row->status().ok());
    return out;
  }
  std::vector<std::string> set_aside() const {
    std::vector<std::string> out;
    for (const auto& file : fs::directory_iterator(loading())) {
      if (file.path().filename().string().find("run") != std::string::npos) out.push_back(file.path().string());
    }
    return out;
  }

  const FreshPath path_{"loading"};
  std::unique_ptr<Database> database_;
  std::unique_ptr<SideThread> thread_ = std::make_unique<SideThread>();
};

TEST_F(Loading, HoldsEachRowOnceWhateverTheirOrderAndNumber) {
  const std::uint64_t seed = testing_support::from_environment("FORGE_SEED", 20261127);
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> expected;
  const auto any = loader(TableLoader::Order::kAny);
  while (expected.size() < 2000) {
    // Some rows are longer than a run, some have no value.
    const auto [row, is_new] = expected.emplace(key_of(random()), std::string(random() % 50 == 0 ? 2000 : random() % 20, 'v'));
    const Status put = is_new ? any->put(row->first, row->second) : Status();
    ASSERT_TRUE(put.ok()) << put.message();
  }
  ASSERT_TRUE(any->flush().ok());
  ASSERT_TRUE(thread_->wait().ok());
  EXPECT_GT(set_aside().size(), 1u);
  // Merged three by three, two of each length may be left.
  EXPECT_LT(set_aside().size(), 14u);
  const Status finished = finish(*any);
  ASSERT_TRUE(finished.ok()) << finished.message();
  EXPECT_EQ(stored(), expected);
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(Loading, WritesRowsThatComeInOrderOnce) {
  const auto sorted = loader(TableLoader::Order::kSorted);
  for (std::uint64_t i = 0; i < 200; ++i) ASSERT_TRUE(sorted->put(key_of(i), "value").ok());
  ASSERT_TRUE(finish(*sorted).ok());
  EXPECT_EQ(stored().size(), 200u);
  EXPECT_GT(sorted->files().size(), 5u);
}

TEST_F(Loading, SetsNothingAsideThatFitsIntoMemory) {
  const auto any = loader(TableLoader::Order::kAny, {.run_bytes = 1 << 20, .runs = 3});
  for (std::uint64_t i = 200; i > 0; --i) ASSERT_TRUE(any->put(key_of(i), "value").ok());
  ASSERT_TRUE(any->flush().ok());
  ASSERT_TRUE(thread_->wait().ok());
  EXPECT_TRUE(set_aside().empty());
  ASSERT_TRUE(finish(*any).ok());
  EXPECT_EQ(stored().size(), 200u);
}

TEST_F(Loading, RefusesARowThatComesTwice) {
  for (const std::uint64_t between : {0, 5, 500}) {
    thread_ = std::make_unique<SideThread>();  // the one that failed is of no more use
    const auto any = loader(TableLoader::Order::kAny);
    Status put = any->put(key_of(7), "first");
    for (std::uint64_t i = 0; i < between && put.ok(); ++i) put = any->put(key_of(1000 + i), "value");
    ASSERT_TRUE(put.ok());
    ASSERT_TRUE(any->put(key_of(7), "second").ok());
    const Status status = finish(*any);
    EXPECT_EQ(status.id(), ErrorId::kDataCorrupt) << between << ": " << status.message();
  }
}

TEST_F(Loading, RefusesRowsThatWereToComeInOrderAndDoNot) {
  const auto sorted = loader(TableLoader::Order::kSorted);
  ASSERT_TRUE(sorted->put(key_of(2), "value").ok());
  ASSERT_TRUE(sorted->put(key_of(1), "value").ok());
  EXPECT_EQ(finish(*sorted).id(), ErrorId::kDataCorrupt);
}

// What is read back is what was written, or nothing is made of it.
TEST_F(Loading, RefusesRowsThatWereAlteredWhileTheyWereSetAside) {
  const auto any = loader(TableLoader::Order::kAny);
  for (std::uint64_t i = 100; i > 0; --i) ASSERT_TRUE(any->put(key_of(i), "value").ok());
  ASSERT_TRUE(any->flush().ok());
  ASSERT_TRUE(thread_->wait().ok());
  const std::string victim = set_aside().front();
  std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(victim)) - 1);
  file.put('!');
  file.close();
  const Status refused = any->merge();
  EXPECT_EQ(refused.id(), ErrorId::kDataCorrupt) << refused.message();
  EXPECT_NE(refused.message().find(victim), std::string::npos) << refused.message();
}

TEST_F(Loading, RefusesRowsThatWereCutWhileTheyWereSetAside) {
  const auto any = loader(TableLoader::Order::kAny);
  for (std::uint64_t i = 100; i > 0; --i) ASSERT_TRUE(any->put(key_of(i), "value").ok());
  ASSERT_TRUE(any->flush().ok());
  ASSERT_TRUE(thread_->wait().ok());
  fs::resize_file(set_aside().front(), 10);
  EXPECT_EQ(any->merge().id(), ErrorId::kDataCorrupt);
}

}  // namespace
}  // namespace forge::internal
