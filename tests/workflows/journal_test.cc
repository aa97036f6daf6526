#include "journal.h"

#include <gtest/gtest.h>

namespace forge {
namespace {

internal::Fact sample() {
  internal::Fact fact;
  fact.kind = internal::Fact::Kind::kUndoFailed;
  fact.at = Time{17};
  fact.hop = {3, 5};
  fact.attempt = 2;
  fact.value = Object{{"order", "o-1"}, {"cents", INT64_MAX}};
  fact.error = {"503", "service unavailable"};
  fact.timer = internal::TimerKind::kRunDeadline;
  fact.last = true;
  fact.run = "r-1";
  fact.correlation = "c-1";
  fact.hops = 7;
  fact.actor = "ann";
  fact.reason = "customer asked";
  fact.parent = "r-0";
  fact.deadline_us = 9;
  fact.concurrency = 3;
  fact.warnings = true;
  fact.undo_failed = true;
  fact.cursor = Object{{"page", 3}};
  fact.pause_us = 1'500'000;
  return fact;
}

TEST(Journal, ReadsBackAFact) {
  const auto read = internal::decode_fact(internal::encode_fact(sample()));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, sample());
}

TEST(Journal, RefusesDamagedFacts) {
  const std::vector<std::uint8_t> whole = internal::encode_fact(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(internal::decode_fact(std::span(whole).first(size)).status().id(), ErrorId::kDataCorrupt) << size;
  }
}

}  // namespace
}  // namespace forge
