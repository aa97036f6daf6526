// Checkpoints of whoever feeds the store, and the file that goes with them.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "forge/store/appended_file.h"
#include "forge/store/store.h"

namespace forge {
namespace {

constexpr const char* kCheckedSchema = R"fbs(include "forge.fbs";
  table Note (resource) { id: string (key); }
  table MakeNote (action: "Note.make", creates) {}
)fbs";

class NamedCheckpoints : public ::testing::Test {
 protected:
  NamedCheckpoints() : directory_(::testing::TempDir() + "forge-named-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    store_.emplace(Store::open(directory_).value());
    store_->add_schema({{"note.fbs", kCheckedSchema}}).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void reopen() {
    store_.reset();
    store_.emplace(Store::open(directory_).value());
  }
  Result<TransactionReceipt> make(const std::string& id, std::optional<NamedCheckpoint> checkpoint, std::string key = {}) {
    ActOptions options;
    options.checkpoint = std::move(checkpoint);
    options.idempotency_key = std::move(key);
    return store_->transact({{.action = "Note.make", .args = {{"id", id}}}}, options);
  }
  std::optional<std::string> read(const std::string& name) { return store_->checkpoint(name).value(); }

  const std::string directory_;
  std::optional<Store> store_;
};

TEST_F(NamedCheckpoints, AreSetWithATransactionAndOutliveTheProcess) {
  EXPECT_EQ(read("feed"), std::nullopt);
  ASSERT_TRUE(make("n-1", NamedCheckpoint{"feed", std::string("a\0b", 3)}).ok());
  reopen();
  EXPECT_EQ(read("feed"), std::string("a\0b", 3));
  EXPECT_EQ(read("fee"), std::nullopt);
}

TEST_F(NamedCheckpoints, AreNotSetByWhatIsRefusedReplayedOrTried) {
  ASSERT_TRUE(make("n-1", NamedCheckpoint{"feed", "1"}, "k").ok());
  EXPECT_EQ(make("n-1", NamedCheckpoint{"feed", "2"}).status().id(), ErrorId::kRecordExists);
  EXPECT_TRUE(make("n-1", NamedCheckpoint{"feed", "3"}, "k").value().replayed);
  ActOptions dry;
  dry.dry_run = true;
  dry.checkpoint = NamedCheckpoint{"feed", "4"};
  EXPECT_TRUE(store_->transact({{.action = "Note.make", .args = {{"id", "n-2"}}}}, dry).ok());
  EXPECT_EQ(read("feed"), "1");
}

TEST_F(NamedCheckpoints, AreSetAloneWithoutAnEventAndRemoved) {
  const Seq head = store_->head();
  ASSERT_TRUE(store_->set_checkpoint("feed", "5").ok());
  EXPECT_EQ(read("feed"), "5");
  ASSERT_TRUE(store_->set_checkpoint("feed", std::nullopt).ok());
  EXPECT_EQ(read("feed"), std::nullopt);
  EXPECT_EQ(store_->head(), head);
}

TEST_F(NamedCheckpoints, RefuseOtherNamesAndWhatIsTooLarge) {
  for (const char* name : {"", "a b", "a\n", "ä"}) {
    EXPECT_EQ(store_->set_checkpoint(name, "x").id(), ErrorId::kKeyInvalid) << name;
    EXPECT_EQ(make("n-1", NamedCheckpoint{name, "x"}).status().id(), ErrorId::kKeyInvalid) << name;
  }
  const std::string most(64 << 10, 'x');
  EXPECT_TRUE(store_->set_checkpoint("feed", most).ok());
  EXPECT_EQ(store_->set_checkpoint("feed", most + "x").id(), ErrorId::kTooLarge);
  EXPECT_EQ(store_->head(), 1u);
  EXPECT_EQ(read("feed"), most);
}

TEST_F(NamedCheckpoints, AreReadButNotSetWhereTheStoreIsOnlyRead) {
  ASSERT_TRUE(store_->set_checkpoint("feed", "1").ok());
  store_.reset();
  OpenOptions options;
  options.read_only = true;
  store_.emplace(Store::open(directory_, options).value());
  EXPECT_EQ(read("feed"), "1");
  EXPECT_EQ(store_->set_checkpoint("feed", "2").id(), ErrorId::kReadOnly);
  ASSERT_TRUE(store_->close().ok());
  EXPECT_EQ(store_->checkpoint("feed").status().id(), ErrorId::kClosed);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AppendedFiles, GrowAreCutAndGoOn) {
  const std::string path = ::testing::TempDir() + "forge-appended-" + std::to_string(::getpid());
  std::filesystem::remove(path);
  {
    AppendedFile file = AppendedFile::open(path).value();
    ASSERT_TRUE(file.append("one\ntwo\n").ok());
    ASSERT_TRUE(file.sync().ok());
    EXPECT_EQ(file.bytes(), 8u);
  }
  AppendedFile file = AppendedFile::open(path).value();
  EXPECT_EQ(file.bytes(), 8u);
  ASSERT_TRUE(file.cut(4).ok());
  ASSERT_TRUE(file.append("three\n").ok());
  ASSERT_TRUE(file.sync().ok());
  EXPECT_EQ(text_of(path), "one\nthree\n");
  std::filesystem::remove(path);
  EXPECT_EQ(AppendedFile::open(::testing::TempDir()).status().id(), ErrorId::kOutputFailed);
  EXPECT_EQ(AppendedFile::open("/dev/null").status().id(), ErrorId::kOutputFailed);
}

}  // namespace
}  // namespace forge
