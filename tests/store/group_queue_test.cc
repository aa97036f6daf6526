// The order of a group's events, without a store: by hand, and by a random history held against the plain rules.

#include "group_queue.h"

#include <gtest/gtest.h>

#include "store/seeds.h"
#include "support/dice.h"

namespace forge::internal {
namespace {

std::shared_ptr<const Event> event_of(Seq seq, const std::string& key) {
  auto event = std::make_shared<Event>();
  event->seq = seq;
  event->resource = key.empty() ? "" : "Order";
  event->key = key;
  return event;
}

constexpr RetryPolicy kRetry{
    .attempts_max = 3, .backoff = std::chrono::microseconds(100), .backoff_max = std::chrono::microseconds(150)};
constexpr ConsumerId kFirst = 1, kSecond = 2;

// The seq of what goes out; 0 for nothing.
Seq taken(GroupQueue& queue, ConsumerId consumer, std::int64_t now = 0) {
  const std::optional<Delivery> next = queue.take(consumer, Time{now});
  return next ? next->event->seq : 0;
}

TEST(GroupQueueOrder, GivesEachEventToOneConsumer) {
  GroupQueue queue({}, kRetry);
  queue.offer(event_of(1, "a"));
  queue.offer(event_of(2, "b"));
  EXPECT_EQ(taken(queue, kFirst), 1u);
  EXPECT_EQ(taken(queue, kSecond), 2u);
  EXPECT_EQ(taken(queue, kFirst), 0u);
}

TEST(GroupQueueOrder, HoldsALaterEventOfARecordUntilTheEarlierOneIsDone) {
  GroupQueue queue({}, kRetry);
  queue.offer(event_of(1, "a"));
  queue.offer(event_of(2, "a"));
  ASSERT_EQ(taken(queue, kFirst), 1u);
  EXPECT_EQ(taken(queue, kSecond), 0u);
  ASSERT_TRUE(queue.ack(kFirst, 1).ok());
  EXPECT_EQ(taken(queue, kSecond), 2u);
}

TEST(GroupQueueOrder, LetsEventsWithoutARecordGoOutTogether) {
  GroupQueue queue({}, kRetry);
  queue.offer(event_of(1, ""));
  queue.offer(event_of(2, ""));
  EXPECT_EQ(taken(queue, kFirst), 1u);
  EXPECT_EQ(taken(queue, kSecond), 2u);
}

TEST(GroupQueueOrder, BringsBackAnEarlierEventBeforeTheLaterOneThatIsNotOutYet) {
  GroupQueue queue({.store = {}, .created = {}, .updated = {}, .reached = 5, .open = {}}, kRetry);
  queue.offer(event_of(6, "a"));
  queue.reopen(event_of(3, "a"), 0);
  EXPECT_EQ(taken(queue, kFirst), 3u);
  EXPECT_EQ(taken(queue, kFirst), 0u);
}

TEST(GroupQueueOrder, NeverHasTwoEventsOfARecordOutEvenWhenEarlierOnesComeBack) {
  GroupQueue queue({.store = {}, .created = {}, .updated = {}, .reached = 5, .open = {}}, kRetry);
  queue.offer(event_of(6, "a"));
  ASSERT_EQ(taken(queue, kFirst), 6u);
  queue.reopen(event_of(4, "a"), 0);
  queue.reopen(event_of(3, "a"), 0);
  EXPECT_EQ(taken(queue, kSecond), 0u);
  ASSERT_TRUE(queue.ack(kFirst, 6).ok());
  EXPECT_EQ(taken(queue, kSecond), 3u);
}

TEST(GroupQueueRetry, WaitsLongerAfterEachFailureAndThenParks) {
  GroupQueue queue({}, kRetry);
  queue.offer(event_of(1, "a"));
  ASSERT_EQ(taken(queue, kFirst, 0), 1u);
  EXPECT_FALSE(*queue.nack(kFirst, 1, "no", Time{0}));
  EXPECT_EQ(queue.next_retry(), Time{100});
  EXPECT_EQ(taken(queue, kFirst, 99), 0u);
  ASSERT_EQ(taken(queue, kFirst, 100), 1u);
  EXPECT_FALSE(*queue.nack(kFirst, 1, "no", Time{100}));
  EXPECT_EQ(queue.next_retry(), Time{250});
  ASSERT_EQ(taken(queue, kSecond, 250), 1u);
  const Result<std::optional<ParkedEvent>> parked = queue.nack(kSecond, 1, "never", Time{260});
  ASSERT_TRUE(parked.ok() && *parked);
  EXPECT_EQ((*parked)->attempts, 3u);
  EXPECT_EQ((*parked)->error, "never");
  EXPECT_EQ(queue.done_to(), 1u);
}

TEST(GroupQueueRetry, HoldsTheRecordsLaterEventsMeanwhile) {
  GroupQueue queue({}, kRetry);
  queue.offer(event_of(1, "a"));
  queue.offer(event_of(2, "a"));
  ASSERT_EQ(taken(queue, kFirst), 1u);
  ASSERT_TRUE(queue.nack(kFirst, 1, "no", Time{0}).ok());
  EXPECT_EQ(taken(queue, kFirst, 50), 0u);
  EXPECT_EQ(taken(queue, kFirst, 100), 1u);
}

TEST(GroupQueueAnswers, AreRefusedFromWhoDoesNotHaveTheEvent) {
  GroupQueue queue({}, kRetry);
  queue.offer(event_of(1, "a"));
  EXPECT_EQ(queue.ack(kFirst, 1).id(), ErrorId::kDeliveryLost);
  ASSERT_EQ(taken(queue, kFirst), 1u);
  EXPECT_EQ(queue.ack(kSecond, 1).id(), ErrorId::kDeliveryLost);
  EXPECT_EQ(queue.nack(kSecond, 1, "", Time{}).status().id(), ErrorId::kDeliveryLost);
  queue.release(kFirst);
  EXPECT_EQ(queue.ack(kFirst, 1).id(), ErrorId::kDeliveryLost);
  const std::optional<Delivery> again = queue.take(kSecond, Time{});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt, 1u);
}

TEST(GroupQueueCursor, HasAsOpenOnlyWhatLiesBeforeSomethingThatIsDone) {
  GroupQueue queue({}, kRetry);
  for (Seq seq = 1; seq <= 5; ++seq) queue.offer(event_of(seq, std::to_string(seq)));
  EXPECT_EQ(queue.cursor({}).reached, 0u);
  for (Seq seq = 1; seq <= 3; ++seq) ASSERT_EQ(taken(queue, kFirst), seq);
  ASSERT_TRUE(queue.ack(kFirst, 2).ok());
  EXPECT_EQ(queue.cursor({}).reached, 2u);
  EXPECT_EQ(queue.cursor({}).open, std::vector<GroupCursor::Open>({{.seq = 1, .attempts = 0}}));
  ASSERT_TRUE(queue.nack(kFirst, 3, "no", Time{}).ok());
  EXPECT_EQ(queue.cursor({}).reached, 3u);
  EXPECT_EQ(queue.cursor({}).open.back(), (GroupCursor::Open{.seq = 3, .attempts = 1}));
}

TEST(GroupQueueCursor, PassesOverWhatNobodyWants) {
  GroupQueue queue({}, kRetry);
  queue.pass(70);
  EXPECT_EQ(queue.cursor({}).reached, 70u);
  EXPECT_EQ(queue.done_to(), 70u);
}

TEST(GroupCursorRow, ReadsBackAsItWasWritten) {
  GroupCursor cursor{.store = {}, .created = Time{5}, .updated = Time{7}, .reached = 90, .open = {{3, 1}, {80, 0}}};
  cursor.store.bytes[3] = 9;
  const Result<GroupCursor> read = read_group_cursor("g", encode(cursor));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, cursor);
  EXPECT_EQ(read->done_to(), 2u);
}

TEST(GroupCursorRow, IsRefusedWhenItIsCutOrMakesNoSense) {
  const GroupCursor cursor{.store = {}, .created = {}, .updated = {}, .reached = 90, .open = {{3, 1}, {80, 0}}};
  const std::string row = encode(cursor);
  for (const std::size_t size : {std::size_t{0}, std::size_t{40}, row.size() - 1}) {
    EXPECT_EQ(read_group_cursor("g", row.substr(0, size)).status().id(), ErrorId::kDataCorrupt) << size;
  }
  EXPECT_FALSE(
      read_group_cursor("g", encode(GroupCursor{.store = {}, .created = {}, .updated = {}, .reached = 9, .open = {{10, 0}}})).ok());
  EXPECT_FALSE(
      read_group_cursor("g", encode(GroupCursor{.store = {}, .created = {}, .updated = {}, .reached = 9, .open = {{3, 0}, {3, 0}}}))
          .ok());
  const ParkedEvent parked{.seq = 7, .attempts = 5, .parked_at = Time{11}, .error = "it\nfailed"};
  const Result<ParkedEvent> read = read_parked_event("g", parked_key("g", 7), encode(parked));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->seq, 7u);
  EXPECT_EQ(read->error, parked.error);
  EXPECT_EQ(read_parked_event("g", parked_key("g", 7), "x").status().id(), ErrorId::kDataCorrupt);
}

// A log of events on few records, consumed by three, with failures, releases and restarts from the stored cursor.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : dice_(seed), queue_({}, kRetry) {}

  void run() {
    for (int step = 0; step < 4000 && !::testing::Test::HasFailure(); ++step) act();
    while (done_.size() < log_.size() && !::testing::Test::HasFailure()) drain();
  }

 private:
  std::string record_of(Seq seq) const { return log_[seq - 1]; }

  void act() {
    switch (dice_.below(8)) {
      case 0:
        log_.push_back(dice_.chance(10) ? "" : std::string(1, static_cast<char>('a' + dice_.below(5))));
        break;
      case 1:
      case 2:
        read();
        break;
      case 3:
      case 4:
        take();
        break;
      case 5:
        now_ += static_cast<std::int64_t>(dice_.below(120));
        answer();
        break;
      case 6:
        answer();
        break;
      default:
        dice_.chance(20) ? restart() : release();
    }
  }

  void drain() {
    now_ += 200;
    read();
    take();
    if (!out_.empty()) finish(out_.begin()->first, out_.begin()->second);
  }

  void read() {
    if (queue_.read_to() == log_.size() || !queue_.has_room()) return;
    const Seq seq = queue_.read_to() + 1;
    queue_.offer(event_of(seq, record_of(seq)));
  }

  void take() {
    const ConsumerId consumer = 1 + dice_.below(3);
    const std::optional<Delivery> next = queue_.take(consumer, Time{now_});
    if (!next) return;
    const Seq seq = next->event->seq;
    EXPECT_FALSE(done_.contains(seq)) << "event " << seq << " was done and came again";
    EXPECT_FALSE(out_.contains(seq)) << "event " << seq << " is out twice";
    for (Seq earlier = 1; earlier < seq; ++earlier) {
      const bool is_same = !record_of(seq).empty() && record_of(earlier) == record_of(seq);
      EXPECT_TRUE(!is_same || done_.contains(earlier)) << "event " << seq << " overtook " << earlier;
    }
    out_[seq] = consumer;
  }

  void answer() {
    if (out_.empty()) return;
    auto one = out_.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(dice_.below(out_.size())));
    const auto [seq, consumer] = *one;
    if (dice_.chance(60)) return finish(seq, consumer);
    const Result<std::optional<ParkedEvent>> parked = queue_.nack(consumer, seq, "no", Time{now_});
    ASSERT_TRUE(parked.ok());
    if (*parked) done_.insert(seq);
    out_.erase(seq);
  }

  void finish(Seq seq, ConsumerId consumer) {
    ASSERT_TRUE(queue_.ack(consumer, seq).ok());
    done_.insert(seq);
    out_.erase(seq);
  }

  void release() {
    const ConsumerId consumer = 1 + dice_.below(3);
    queue_.release(consumer);
    std::erase_if(out_, [&](const auto& one) { return one.second == consumer; });
  }

  void restart() {
    const Result<GroupCursor> cursor = read_group_cursor("g", encode(queue_.cursor(Time{now_})));
    ASSERT_TRUE(cursor.ok());
    queue_ = GroupQueue(*cursor, kRetry);
    for (const GroupCursor::Open& open : cursor->open) queue_.reopen(event_of(open.seq, record_of(open.seq)), open.attempts);
    out_.clear();
    EXPECT_EQ(queue_.done_to(), cursor->done_to());
  }

  Dice dice_;
  GroupQueue queue_;
  std::vector<std::string> log_;  // the record of each event
  std::set<Seq> done_;
  std::map<Seq, ConsumerId> out_;
  std::int64_t now_ = 0;
};

TEST(GroupQueueProperty, DeliversEverythingUntilItIsDoneAndNeverAfterInTheOrderOfEachRecord) {
  const std::uint64_t seed = testing_support::seed_of_run();
  for (std::uint64_t i = 0; i < 100; ++i) {
    SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed + i));
    RandomHistory(seed + i).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace forge::internal
