// Processor time of an action, of the whole process: 1,000 in flight in Forge, against one thread of RocksDB that issues the same
// gets and puts in batches as large as those that Forge formed.

#include "figures.h"
#include "in_flight.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr int kInFlight = 1000;
constexpr std::uint64_t kWarmUp = 2000;

class Processor {
 public:
  Processor(const Settings& settings, Durability durability)
      : settings_(settings), durability_(durability), actions_(settings.quick ? 10'000 : 30'000) {
    const std::filesystem::path sample = settings.fresh("cpu.shapes");
    Store store = open_store(sample);
    load(store, 1000, make_item);
    must(store.close());
    data_ = data_of(sample);
    shapes_ = shapes_of(data_);
  }

  // Microseconds an action.
  double forge() {
    Store store = open_store(settings_.fresh("cpu.forge"), {.durability = durability_});
    load(store, kWarmUp, make_item);
    std::vector<std::vector<ActionRequest>> requests;
    for (std::uint64_t i = 0; i < actions_; ++i) requests.push_back(make_item(kWarmUp + i));

    InFlight in_flight(kInFlight);
    Seq group_end = 0;  // of the thread that answers: a group is visible before its actions are answered
    std::uint64_t groups = 0;
    const ProcessorTime processor;
    for (std::vector<ActionRequest>& request : requests) {
      in_flight.begin();
      store.transact_async(std::move(request), {}, [&](const Result<TransactionReceipt>& done) {
        if (done.value().last_seq > group_end) {
          group_end = store.head();
          ++groups;
        }
        in_flight.end();
      });
    }
    in_flight.drain();
    const double seconds = processor.seconds();
    batch_ = static_cast<double>(actions_) / static_cast<double>(groups);
    return seconds * 1e6 / static_cast<double>(actions_);
  }

  double raw() {
    RawStore store(settings_.fresh("cpu.raw"), data_, shapes_);
    write(store, 0, kWarmUp);
    const ProcessorTime processor;
    write(store, kWarmUp, kWarmUp + actions_);
    return processor.seconds() * 1e6 / static_cast<double>(actions_);
  }

  // Actions in a group, on average.
  double batch() const { return batch_; }

 private:
  void write(RawStore& store, std::uint64_t begin, std::uint64_t end) const {
    const auto size = static_cast<std::uint64_t>(std::max(1.0, batch_ + 0.5));
    for (std::uint64_t at = begin; at < end;) {
      rocksdb::WriteBatch batch;
      for (const std::uint64_t stop = std::min(end, at + size); at < stop; ++at) {
        store.look(at);
        store.stage(at, batch);
      }
      store.write(batch, durability_ == Durability::kSync);
    }
  }

  const Settings& settings_;
  const Durability durability_;
  const std::uint64_t actions_;
  std::filesystem::path data_;
  RowShapes shapes_;
  double batch_ = 1;
};

void measure(const Settings& settings, const std::string& name, const std::string& what, Durability durability,
             std::vector<Figure>& figures) {
  if (!settings.wants(name)) return;
  Processor processor(settings, durability);
  const auto measured = alternate(settings.rounds, {[&] { return processor.forge(); }, [&] { return processor.raw(); }});
  figures.push_back({.name = name,
                     .what = what,
                     .unit = "µs",
                     .baseline = "RocksDB, the same in batches of " + std::to_string(static_cast<int>(processor.batch())),
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kDifferenceAtMost, .limit = 3}});
}

}  // namespace

void measure_processor(const Settings& settings, std::vector<Figure>& figures) {
  measure(settings, "cpu.sync", "processor time of an action, 1,000 in flight", Durability::kSync, figures);
  measure(settings, "cpu.os", "the same, not synced", Durability::kOs, figures);
}

}  // namespace forge::bench
