// Durable single actions, 256 bytes of arguments, a check and a unique value, against the same promise kept by hand in RocksDB and
// in SQLite.

#include <functional>

#include "figures.h"
#include "in_flight.h"
#include "raw_store.h"
#include "sqlite_table.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr int kInFlight = 1000;

// The three that are compared, each with numbers of its own to make items of.
class Contenders {
 public:
  explicit Contenders(const Settings& settings)
      : seconds_(settings.seconds),
        forge_(open_store(settings.fresh("commit.forge"))),
        shapes_path_(settings.fresh("commit.shapes")) {
    Store sample = open_store(shapes_path_);
    load(sample, 1000, make_item);
    must(sample.close());
    const std::filesystem::path like = data_of(shapes_path_);
    raw_ = std::make_unique<RawStore>(settings.fresh("commit.raw"), like, shapes_of(like));
    plain_ =
        std::make_unique<RawStore>(settings.fresh("commit.plain"), like, shapes_of(like), RawDatabase::Mode::kCreateWithDefaults);
    sqlite_ = std::make_unique<SqliteTable>(settings.fresh("commit.sqlite"));
  }

  double forge(int callers) {
    return call_rate(callers, seconds_, [&] { static_cast<void>(forge_.act("Item.make", item_arguments(next_++)).value()); });
  }

  double forge_async() {
    return rate_in_flight([&](std::uint64_t number, InFlight& in_flight) {
      forge_.transact_async(make_item(number), {}, [&in_flight](const Result<TransactionReceipt>& done) {
        static_cast<void>(done.value());
        in_flight.end();
      });
    });
  }

  double raw(int callers) {
    return call_rate(callers, seconds_, [&] { raw_->act(next_++); });
  }
  // With RocksDB's own options.
  double plain(int callers) {
    return call_rate(callers, seconds_, [&] { plain_->act(next_++); });
  }

  // One thread with batches that it finds ready, and no reads.
  double raw_batches() {
    const double batches = call_rate(1, seconds_, [&] {
      rocksdb::WriteBatch batch;
      for (int i = 0; i < kInFlight; ++i) raw_->stage(next_++, batch);
      raw_->write(batch, true);
    });
    return batches * kInFlight;
  }

  double sqlite_alone() {
    return call_rate(1, seconds_, [&] { sqlite_->act(next_++); });
  }

  double sqlite(int callers) {
    return call_rate(callers, seconds_, [&] { sqlite_->act_in_group(next_++); });
  }

  double sqlite_async() {
    return rate_in_flight(
        [&](std::uint64_t number, InFlight& in_flight) { sqlite_->act_async(number, [&in_flight] { in_flight.end(); }); });
  }

 private:
  double rate_in_flight(const std::function<void(std::uint64_t, InFlight&)>& submit) {
    InFlight in_flight(kInFlight);
    const WallTime wall;
    std::uint64_t calls = 0;
    for (; wall.seconds() < seconds_; ++calls) {
      in_flight.begin();
      submit(next_++, in_flight);
    }
    in_flight.drain();
    return static_cast<double>(calls) / wall.seconds();
  }

  const double seconds_;
  Store forge_;
  const std::filesystem::path shapes_path_;
  std::unique_ptr<RawStore> raw_;
  std::unique_ptr<RawStore> plain_;
  std::unique_ptr<SqliteTable> sqlite_;
  std::atomic<std::uint64_t> next_{1};
};

struct Baseline {
  std::string name, what;
  Measurement measure;
  std::optional<Promise> promise;
};

void compare(const Settings& settings, const std::string& name, const std::string& what, const Measurement& forge,
             const std::vector<Baseline>& baselines, std::vector<Figure>& figures) {
  if (!settings.wants(name)) return;
  std::vector<Measurement> measurements{forge};
  for (const Baseline& baseline : baselines) measurements.push_back(baseline.measure);
  const auto measured = alternate(settings.rounds, measurements);
  for (std::size_t i = 0; i < baselines.size(); ++i) {
    figures.push_back({.name = name + "." + baselines[i].name,
                       .what = what,
                       .unit = "actions/s",
                       .baseline = baselines[i].what,
                       .forge = measured[0],
                       .other = measured[i + 1],
                       .promise = baselines[i].promise});
  }
}

Promise at_least(double limit) {
  return {.bound = Bound::kRatioAtLeast, .limit = limit};
}

}  // namespace

void measure_commits(const Settings& settings, std::vector<Figure>& figures) {
  Contenders contenders(settings);
  compare(
      settings, "commit.1", "durable actions, 1 caller", [&] { return contenders.forge(1); },
      {{"raw", "RocksDB, 1 thread", [&] { return contenders.raw(1); }, at_least(0.9)},
       {"plain", "RocksDB with its own options, 1 thread", [&] { return contenders.plain(1); }, {}},
       {"sqlite", "SQLite table, 1 thread", [&] { return contenders.sqlite_alone(); }, {}}},
      figures);
  compare(
      settings, "commit.32", "durable actions, 32 callers", [&] { return contenders.forge(32); },
      {{"raw", "RocksDB, 32 threads", [&] { return contenders.raw(32); }, at_least(1.2)},
       {"plain", "RocksDB with its own options, 32 threads", [&] { return contenders.plain(32); }, {}},
       {"sqlite", "SQLite table, 32 threads, group commit", [&] { return contenders.sqlite(32); }, {}}},
      figures);
  compare(
      settings, "commit.1000", "durable actions, 1,000 in flight", [&] { return contenders.forge_async(); },
      {{"raw", "RocksDB, 1,000 threads", [&] { return contenders.raw(kInFlight); }, at_least(1.5)},
       {"plain", "RocksDB with its own options, 1,000 threads", [&] { return contenders.plain(kInFlight); }, {}},
       {"batches", "RocksDB, 1 thread, ready batches of 1,000, no reads", [&] { return contenders.raw_batches(); }, {}},
       {"sqlite", "SQLite table, 1,000 in flight, group commit", [&] { return contenders.sqlite_async(); }, {}}},
      figures);
}

}  // namespace forge::bench
