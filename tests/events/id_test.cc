#include "forge/events/id.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

namespace forge {
namespace {

std::uint64_t millis_of(const Uuid& id) {
  std::uint64_t millis = 0;
  for (int i = 0; i < 6; ++i) millis = millis << 8 | id.bytes[i];
  return millis;
}

// Later than every time other tests gave to the one source of this process.
Time later() {
  static std::int64_t micros = system_clock().now().micros;
  return Time{micros += 3'600'000'000};
}

TEST(Uuid, PrintsAndReadsTheSameText) {
  const std::string text = "0192f0c1-2a3b-7c4d-8e5f-0123456789ab";
  const std::optional<Uuid> id = Uuid::parse(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->bytes[0], 0x01);
  EXPECT_EQ(id->bytes[15], 0xab);
  EXPECT_EQ(id->to_string(), text);
  EXPECT_EQ(Uuid::parse("0192F0C1-2A3B-7C4D-8E5F-0123456789AB"), id);
  EXPECT_EQ(Uuid().to_string(), "00000000-0000-0000-0000-000000000000");
  EXPECT_TRUE(Uuid().is_nil());
  EXPECT_FALSE(id->is_nil());
}

TEST(Uuid, RefusesEverythingElse) {
  for (const char* text :
       {"", "0192f0c1-2a3b-7c4d-8e5f-0123456789a", "0192f0c1-2a3b-7c4d-8e5f-0123456789abc", "0192f0c1_2a3b-7c4d-8e5f-0123456789ab",
        "0192f0c1-2a3b-7c4d-8e5f0-123456789ab", "0192f0c1-2a3b-7c4d-8e5f-0123456789ag", "{192f0c1-2a3b-7c4d-8e5f-0123456789a}"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(SystemIds, CarriesTheTimeTheVersionAndTheVariant) {
  const Time now = later();
  const Uuid id = system_ids().next(now);
  EXPECT_EQ(millis_of(id), static_cast<std::uint64_t>(now.micros / 1000));
  EXPECT_EQ(id.bytes[6] >> 4, 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
}

TEST(SystemIds, IncreasesInsideOneMillisecondAndWhenTheClockStepsBack) {
  const Time now = later();
  Uuid last = system_ids().next(now);
  for (int i = 0; i < 100'000; ++i) {
    const Uuid id = system_ids().next(i % 2 == 0 ? now : Time{now.micros - 1'000'000'000});
    ASSERT_LT(last, id);
    last = id;
  }
  EXPECT_EQ(millis_of(last), static_cast<std::uint64_t>(now.micros / 1000));
  EXPECT_LT(last, system_ids().next(Time{now.micros + 1000}));
  EXPECT_LT(last, system_ids().next(Time{-1}));
}

TEST(SystemIds, DoesNotRepeatItsRandomBits) {
  std::set<std::vector<std::uint8_t>> tails;
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = system_ids().next(later());
    tails.emplace(id.bytes.begin() + 9, id.bytes.end());
  }
  EXPECT_EQ(tails.size(), 1000u);
}

TEST(SystemIds, GivesEachThreadItsOwn) {
  const Time now = later();
  std::vector<std::vector<Uuid>> made(4);
  std::vector<std::thread> threads;
  for (std::vector<Uuid>& ids : made) {
    threads.emplace_back([&ids, now] {
      for (int i = 0; i < 5000; ++i) ids.push_back(system_ids().next(now));
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::set<Uuid> all;
  for (const std::vector<Uuid>& ids : made) {
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), 20'000u);
}

TEST(SystemIds, DoesNotRepeatItselfInAForkedChild) {
  (void)system_ids().next(later());
  const Time now = later();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Uuid id = system_ids().next(now);
    _exit(write(pipe_ends[1], id.bytes.data(), id.bytes.size()) == 16 ? 0 : 1);
  }
  const Uuid own = system_ids().next(now);
  Uuid other;
  EXPECT_EQ(read(pipe_ends[0], other.bytes.data(), other.bytes.size()), 16);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  EXPECT_NE(own, other);
}

}  // namespace
}  // namespace forge
