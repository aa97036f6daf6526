// A store whose directory goes away while it is open. Files that are open can still be written, so that nothing fails by itself.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "store/ledger.h"
#include "store_state.h"

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;

class RemovedStore : public ::testing::Test {
 public:
  RemovedStore() { store_.add_schema(accounts_schema()).value(); }
  ~RemovedStore() override {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    fs::remove_all(path_ + "-moved", ignored);
  }

 protected:
  Result<Store> open(bool create) { return open(path_, create); }
  Result<Store> open(const std::string& path, bool create) {
    OpenOptions options;
    options.create = create;
    return StoreAccess::open(path, options, nullptr, {.watermark_interval = std::chrono::milliseconds(1)});
  }
  Result<Receipt> put() { return store_.act("Account.put", {{"id", "account-1"}}); }
  // What is written until the loss is seen is lost with the rest, and the caller is told at most so much later.
  void expect_writing_ends() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Status last = put().status();
    while (last.ok() && std::chrono::steady_clock::now() < patience) last = put().status();
    EXPECT_EQ(last.id(), ErrorId::kIoFatal) << last.message();
    const Status later = put().status();
    EXPECT_EQ(later.id(), ErrorId::kIoFatal);
    EXPECT_NE(later.text().why.find(path_ + " was removed, moved or replaced"), std::string::npos) << later.message();
    EXPECT_EQ(later.text().state, "nothing was written");
    const Status closed = store_.close();
    EXPECT_EQ(closed.id(), ErrorId::kIoFatal) << closed.message();
  }

  const std::string path_ = ::testing::TempDir() + "forge-removed-" + std::to_string(::getpid());
  Store store_ = open(true).value();
};

TEST_F(RemovedStore, TakesNoMoreWritesSoonAfter) {
  fs::remove_all(path_);
  expect_writing_ends();
  EXPECT_EQ(open(false).status().id(), ErrorId::kStoreNotFound);
}

TEST_F(RemovedStore, IsNotTakenForAnotherThatWasMadeInItsPlace) {
  ASSERT_TRUE(open(path_ + "-moved", true).value().close().ok());
  fs::remove_all(path_);
  fs::rename(path_ + "-moved", path_);
  expect_writing_ends();
  Store another = open(false).value();
  EXPECT_EQ(another.head(), 0u);
  EXPECT_TRUE(another.add_schema(accounts_schema()).ok());
}

TEST_F(RemovedStore, OpensWhereItWasMovedToWithAllThatWasAcknowledged) {
  Seq acknowledged = put().value().seq;
  fs::rename(path_, path_ + "-moved");
  Result<Receipt> last = put();
  for (; last.ok(); last = put()) acknowledged = last->seq;
  const bool may_be_stored = last.status().text().state.starts_with("whether it was stored is unknown");
  expect_writing_ends();
  const Store moved = Store::open(path_ + "-moved", {.create = false}).value();
  EXPECT_GE(moved.head(), acknowledged);
  EXPECT_LE(moved.head(), acknowledged + (may_be_stored ? 1 : 0));
}

}  // namespace
}  // namespace forge::testing_support
