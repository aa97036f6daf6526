#include "history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "store/sample_store.h"

namespace forge::cli {
namespace {

class HistoryTest : public testing::Test {
 protected:
  unsigned mode() const {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }
  const testing_support::FreshPath place{"history", testing_support::FreshPath::Place::kMemory};
  const std::string path = std::string(place.path()) + "/state/forge/history";
};

TEST_F(HistoryTest, KeepsEntriesForTheNextSessionAndForTheUserAlone) {
  History first = History::open(path).value();
  ASSERT_TRUE(first.append("get Order o-1").ok());
  ASSERT_TRUE(first.append("do --input {\n\"a\": \"\\n\"}").ok());
  EXPECT_EQ(mode(), 0600U);
  EXPECT_EQ(History::open(path).value().entries(), (std::vector<std::string>{"get Order o-1", "do --input {\n\"a\": \"\\n\"}"}));
}

TEST_F(HistoryTest, ClosesAFileThatOthersCouldRead) {
  (void)History::open(path).value();
  std::filesystem::permissions(path, std::filesystem::perms::all);
  (void)History::open(path).value();
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(HistoryTest, TakesTheEntriesOfTwoSessions) {
  History one = History::open(path).value(), two = History::open(path).value();
  ASSERT_TRUE(one.append("a").ok());
  ASSERT_TRUE(two.append("b").ok());
  EXPECT_EQ(History::open(path).value().entries(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(HistoryTest, IsShortenedToTheNewestEntries) {
  (void)History::open(path).value();
  {
    std::ofstream file(path);
    for (int i = 0; i < 5000; ++i) file << i << "\n";
  }
  const History history = History::open(path).value();
  ASSERT_EQ(history.entries().size(), 1000U);
  EXPECT_EQ(history.entries().front(), "4000");
  EXPECT_EQ(history.entries().back(), "4999");
  EXPECT_EQ(std::filesystem::file_size(path), 5000U);
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(HistoryTest, FollowsNoLink) {
  (void)History::open(path).value();
  std::filesystem::rename(path, path + ".real");
  std::filesystem::create_symlink("history.real", path);
  EXPECT_EQ(History::open(path).status().id(), ErrorId::kOutputFailed);
}

TEST(HistorySecrets, AreNotKept) {
  const Domain::Outcome outcome = Domain::parse({{"s.fbs", R"fbs(include "forge.fbs";
    table User (resource) { id: string (key); pin: string (secret); name: string; }
    table AddUser (action: "User.add", creates) { pin: string; name: string; }
  )fbs"}});
  ASSERT_NE(outcome.domain, nullptr);
  const Domain& domain = *outcome.domain;
  EXPECT_FALSE(may_be_kept("do User.add pin=1234", domain));
  EXPECT_FALSE(may_be_kept("do User.add --input {\"pin\": \"1234\"}", domain));
  EXPECT_FALSE(may_be_kept(" do User.add name=x", domain));
  EXPECT_FALSE(may_be_kept("", domain));
  EXPECT_TRUE(may_be_kept("do User.add name=spinner", domain));
  EXPECT_TRUE(may_be_kept("get User u-1", domain));
}

}  // namespace
}  // namespace forge::cli
