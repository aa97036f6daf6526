#pragma once

// What programs test their domain with: a clock that stands still, identifiers that follow from a seed, and scenarios in the form
// given, when, then. Independent of any test framework; link forge::testing.
//
//   EXPECT_EQ(forge::testing::Scenario("shop.fbs")
//                 .given("Order.place", {{"id", "o-1"}, {"sku", "tea"}})
//                 .when("Order.resize", {{"id", "o-1"}, {"qty", 5}})
//                 .then("Order.resized", {{"qty", 5}})
//                 .failure(), "");

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/forge.h"

namespace forge::testing {

// Stands still until it is told otherwise. Safe from any thread.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Time start = Time{1'795'000'000'000'000}) : micros_(start.micros) {}  // 2026-11-18

  Time now() override { return Time{micros_.load()}; }
  void set(Time time) { micros_ = time.micros; }
  // Forward, or back where `micros` is negative.
  void advance(std::int64_t micros) { micros_ += micros; }

 private:
  std::atomic<std::int64_t> micros_;
};

// UUIDv7: the time in milliseconds, then bits that follow from the seed and the number of the call. Safe from any thread.
class SeededIds : public IdSource {
 public:
  explicit SeededIds(std::uint64_t seed) : seed_(seed) {}
  Uuid next(Time now) override;

 private:
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> calls_{0};
};

// A story about one domain, told to a store in memory: what happened before, what is done now, and what must come of it. Each
// `then` is about the `when` before it. The first thing that does not hold ends the story: what follows is passed over, and
// failure() says what was expected and what was there. A story runs the same each time. For one thread.
class Scenario {
 public:
  // The domain of the file and its includes, or of texts; one that does not load is the failure.
  explicit Scenario(const std::string& schema_path, ActionHandlers handlers = {});
  explicit Scenario(std::vector<SourceFile> sources, ActionHandlers handlers = {});
  ~Scenario();
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  // Sets the clock, or moves it on. It starts at 2026-11-18T11:06:40Z; recorded times never go back.
  Scenario& at(Time time);
  Scenario& after(std::int64_t micros);
  // An action that happened before, and must be accepted.
  Scenario& given(std::string_view action, Args args, const ActOptions& options = {});
  // The action, or the transaction, that the story is about. That it is refused must be said by then_refused.
  Scenario& when(std::string_view action, Args args, const ActOptions& options = {});
  Scenario& when(std::vector<ActionRequest> actions, const ActOptions& options = {});
  // Its next event has that type, and among its changes those given.
  Scenario& then(std::string_view event_type, const Object& changes = {});
  // It has no further event.
  Scenario& then_nothing_else();
  // It was refused with that error, and `text` is part of the message. It has left no trace.
  Scenario& then_refused(ErrorId error, std::string_view text = {});
  // The record is there now, and has the values given among its fields; or it is not there.
  Scenario& then_record(std::string_view resource, std::string_view key, const Object& fields = {});
  Scenario& then_no_record(std::string_view resource, std::string_view key);

  // Empty while everything holds. A `when` whose refusal was not expected counts as not holding.
  std::string failure() const;
  bool ok() const { return failure().empty(); }
  // To look at anything else. Aborts where the domain did not load.
  Store& store();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace forge::testing
