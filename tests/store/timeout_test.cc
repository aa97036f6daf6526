// How long a transaction may wait to be decided.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "forge/store/store.h"

namespace forge {
namespace {

// Each look at it is a second later.
class HurryingClock : public Clock {
 public:
  Time now() override { return Time{1'795'000'000'000'000 + 1'000'000 * ++looks_}; }

 private:
  std::atomic<std::int64_t> looks_{0};
};

TEST(Timeouts, GoByTheStoresClock) {
  HurryingClock clock;
  OpenOptions options;
  options.clock = &clock;
  Store store = Store::open(":memory:", std::move(options)).value();
  store
      .add_schema({{"a.fbs", R"(include "forge.fbs";
table A (resource) { id: string (key); }
table Quick (action: "A.quick", creates, timeout: "500ms") {}
table Slow (action: "A.slow", creates, timeout: "5s") {})"}})
      .value();
  EXPECT_EQ(store.act("A.quick", {{"id", "a"}}).status().id(), ErrorId::kDeadlinePassed);
  EXPECT_TRUE(store.act("A.slow", {{"id", "a"}}).ok());
  EXPECT_EQ(store.act("A.slow", {{"id", "b"}}, {.timeout = std::chrono::milliseconds(500)}).status().id(),
            ErrorId::kDeadlinePassed);
}

}  // namespace
}  // namespace forge
