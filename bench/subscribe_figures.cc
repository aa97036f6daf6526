// Subscriptions: how fast one catches up, how soon a hundred see a live event, what ten thousand idle ones cost.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <vector>

#include "figures.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr std::chrono::minutes kLong{10};
constexpr int kReaders = 100;
constexpr int kWriters = 32;

// --- catching up ----------------------------------------------------------------------------------------------------------------

// Events a second that go through one subscription from the first event to the head.
double catch_up(Store& store) {
  std::atomic<std::uint64_t> bytes{0};
  const WallTime wall;
  const Subscription subscription =
      store.subscribe({.from = Seq{1}}, [&](const Event& event) { bytes += event.key.size(); }).value();
  if (!subscription.wait_for(store.head(), kLong)) must(subscription.status());
  return static_cast<double>(store.head()) / wall.seconds();
}

// The bytes alone.
double scan(RawDatabase& database, Seq head) {
  std::uint64_t bytes = 0;
  const WallTime wall;
  const std::unique_ptr<rocksdb::Iterator> row(database.db().NewIterator({}, database.table(Table::kLog)));
  for (row->SeekToFirst(); row->Valid(); row->Next()) bytes += row->value().size();
  must(row->status());
  const double rate = static_cast<double>(head) / wall.seconds();
  return bytes > 0 ? rate : 0;
}

void measure_catch_up(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("subscribe.catchup")) return;
  const std::filesystem::path path = settings.fresh("subscribe.catchup");
  {
    Store store = open_store(path, {.durability = Durability::kOs});
    load(store, settings.quick ? 20'000 : 300'000, make_item);
    must(store.close());
  }
  Store store = open_store(path, {.durability = Durability::kOs});
  RawDatabase raw(data_of(path), data_of(path), RawDatabase::Mode::kRead);
  const auto measured = alternate(
      settings.rounds, {[&] { return catch_up(store); }, [&] { return read_log(store); }, [&] { return scan(raw, store.head()); }});
  const std::string what = "events that one subscription catches up with";
  figures.push_back({.name = "subscribe.catchup.log",
                     .what = what,
                     .unit = "events/s",
                     .baseline = "the log read and resolved, 1 thread",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kRatioAtLeast, .limit = 0.5}});
  figures.push_back({.name = "subscribe.catchup.bytes",
                     .what = what,
                     .unit = "events/s",
                     .baseline = "RocksDB, the bytes of the log, 1 thread",
                     .forge = measured[0],
                     .other = measured[2],
                     .promise = {}});
}

// --- a hundred readers ----------------------------------------------------------------------------------------------------------

// When each event of a round was acknowledged to its writer, and when the last of its readers had it. In microseconds. Readers are
// counted, and the last one alone looks at the clock: a hundred looks would cost more than the deliveries.
class Timeline {
 public:
  Timeline(Seq head, int readers) : head_(head), readers_(readers), slots_(kEventsMax) {}

  void begun(Seq seq, Time at) { slot(seq).begun = at.micros; }
  void acknowledged(Seq seq, Time at) { slot(seq).acknowledged = at.micros; }
  void delivered(Seq seq) {
    Slot& to = slot(seq);
    if (to.readers.fetch_add(1, std::memory_order_relaxed) + 1 == readers_) to.delivered = system_clock().now().micros;
  }
  // Every event that was acknowledged reached all readers.
  bool is_complete() const {
    return std::all_of(slots_.begin(), slots_.end(), [](const Slot& one) { return one.acknowledged == 0 || one.delivered > 0; });
  }
  // The 99th percentile in milliseconds; an event that was there before its acknowledgement took no time.
  double until_delivered() const {
    return percentile([](const Slot& slot) { return slot.delivered - slot.acknowledged; });
  }
  double until_acknowledged() const {
    return percentile([](const Slot& slot) { return slot.acknowledged - slot.begun; });
  }

 private:
  static constexpr std::size_t kEventsMax = 1 << 18;
  struct Slot {
    std::atomic<std::int64_t> begun{0}, acknowledged{0}, delivered{0};
    std::atomic<int> readers{0};  // that had it
  };

  Slot& slot(Seq seq) { return slots_[std::min<std::size_t>(seq - head_, kEventsMax) - 1]; }
  double percentile(const std::function<std::int64_t(const Slot&)>& span) const {
    std::vector<std::int64_t> spans;
    for (const Slot& slot : slots_) {
      if (slot.acknowledged > 0) spans.push_back(std::max<std::int64_t>(span(slot), 0));
    }
    std::sort(spans.begin(), spans.end());
    return spans.empty() ? 0 : static_cast<double>(spans[spans.size() * 99 / 100]) / 1000;
  }

  const Seq head_;
  const int readers_;
  std::vector<Slot> slots_;
};

struct FanOut {
  double delivered_ms = 0, acknowledged_ms = 0, rate = 0;
};

FanOut fan_out(Store& store, double seconds, int readers, std::atomic<std::uint64_t>& next) {
  Timeline times(store.head(), readers);
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < readers; ++i) {
    subscriptions.push_back(store.subscribe({}, [&](const Event& event) { times.delivered(event.seq); }).value());
  }
  FanOut out;
  out.rate = call_rate(kWriters, seconds, [&] {
    const Time begun = system_clock().now();
    const Seq seq = store.act("Item.make", item_arguments(next++)).value().seq;
    times.begun(seq, begun);
    times.acknowledged(seq, system_clock().now());
  });
  for (const Subscription& subscription : subscriptions) {
    if (!subscription.wait_for(store.head(), kLong)) must(subscription.status());
  }
  if (readers > 0 && !times.is_complete()) must(Status(ErrorId::kInternal, "an event did not reach all of its subscribers"));
  out.delivered_ms = times.until_delivered();
  out.acknowledged_ms = times.until_acknowledged();
  return out;
}

void measure_fan_out(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("subscribe.fanout")) return;
  Store store = open_store(settings.fresh("subscribe.fanout"));
  std::atomic<std::uint64_t> next{1};
  Figure late{.name = "subscribe.fanout.p99",
              .what = "from an event's acknowledgement until all of 100 subscribers had it, beside 32 writers, p99",
              .unit = "ms",
              .baseline = "from a writer's call to its acknowledgement, p99",
              .forge = {},
              .other = {},
              .promise = Promise{.bound = Bound::kValueAtMost, .limit = 5}};
  Figure rate{.name = "subscribe.fanout.writers",
              .what = "durable actions of 32 callers beside 100 subscribers",
              .unit = "actions/s",
              .baseline = "the same without subscribers",
              .forge = {},
              .other = {},
              .promise = {}};
  for (int round = -1; round < settings.rounds; ++round) {
    const FanOut with = fan_out(store, settings.seconds, kReaders, next);
    const FanOut without = fan_out(store, settings.seconds, 0, next);
    if (round < 0) continue;
    late.forge.push_back(with.delivered_ms);
    late.other.push_back(with.acknowledged_ms);
    rate.forge.push_back(with.rate);
    rate.other.push_back(without.rate);
  }
  must(store.close());
  figures.push_back(std::move(late));
  figures.push_back(std::move(rate));
}

// --- a group --------------------------------------------------------------------------------------------------------------------

// Events a second that one consumer takes and acknowledges, one after another, each durably.
double acknowledge(Consumer& consumer, double seconds) {
  std::uint64_t count = 0;
  const WallTime wall;
  for (; wall.seconds() < seconds; ++count) {
    const Delivery next = consumer.take(kLong).value().value();
    must(consumer.ack(next.event->seq));
  }
  return static_cast<double>(count) / wall.seconds();
}

void measure_group(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("subscribe.group")) return;
  Store store = open_store(settings.fresh("subscribe.group"));
  load(store, settings.quick ? 50'000 : 300'000, make_item);
  std::atomic<std::uint64_t> next{1'000'000};
  Consumer consumer = store.join({.from = Seq{1}, .group = "bench"}).value();
  const auto measured = alternate(settings.rounds, {[&] { return acknowledge(consumer, settings.seconds); },
                                                    [&] {
                                                      return call_rate(1, settings.seconds, [&] {
                                                        static_cast<void>(store.act("Item.make", item_arguments(next++)).value());
                                                      });
                                                    }});
  figures.push_back({.name = "subscribe.group",
                     .what = "events that one consumer of a group acknowledges, each durably",
                     .unit = "events/s",
                     .baseline = "durable actions, 1 caller",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = {}});
}

// --- ten thousand idle ones -----------------------------------------------------------------------------------------------------

// Of this process, in MiB.
double resident() {
  long pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%*s %ld", &pages) != 1) std::abort();
  std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

void measure_idle(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("subscribe.idle")) return;
  constexpr int kIdle = 10'000;
  Store store = open_store(settings.fresh("subscribe.idle"));
  load(store, 10'000, make_item);
  const double before = resident();
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < kIdle; ++i) {
    subscriptions.push_back(store.subscribe({.filter = {.resource = "Item", .key = key_of(i)}}, [](const Event&) {}).value());
  }
  load(store, 1000, [](std::uint64_t number) { return make_item(100'000 + number); });
  for (const Subscription& subscription : subscriptions) {
    if (!subscription.wait_for(store.head(), kLong)) must(subscription.status());
  }
  figures.push_back({.name = "subscribe.idle",
                     .what = "memory of the process with 10,000 idle subscriptions",
                     .unit = "MiB",
                     .baseline = "before them",
                     .forge = {resident()},
                     .other = {before},
                     .promise = Promise{.bound = Bound::kValueAtMost, .limit = 1024}});
}

}  // namespace

void measure_subscriptions(const Settings& settings, std::vector<Figure>& figures) {
  measure_catch_up(settings, figures);
  measure_fan_out(settings, figures);
  measure_group(settings, figures);
  measure_idle(settings, figures);
}

}  // namespace forge::bench
