// Projections: how fast the audit index catches up, what it takes on disk, and what writers notice of it.

#include <atomic>
#include <chrono>

#include "figures.h"
#include "forge/projections/audit_index.h"
#include "forge/store/projection.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr std::chrono::minutes kLong{10};
const std::string kAudit(kAuditIndex);

// --- catching up ----------------------------------------------------------------------------------------------------------------

// Events a second from the first one to the head, into rows that were not there.
double catch_up(Store& store) {
  if (store.projections().get(kAudit).ok()) must(store.projections().drop(kAudit));
  const Seq head = store.head();
  const WallTime wall;
  must(store.projections().add(audit_index()));
  must(store.projections().await(kAudit, head, kLong));
  return static_cast<double>(head) / wall.seconds();
}

void measure_catch_up(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("follow.catchup")) return;
  Store store = open_store(settings.fresh("follow.catchup"), {.durability = Durability::kOs});
  load(store, settings.quick ? 50'000 : 300'000, make_item);
  const auto measured = alternate(settings.rounds, {[&] { return catch_up(store); }, [&] { return read_log(store); }});
  must(store.close());
  figures.push_back({.name = "follow.catchup",
                     .what = "events that the audit index catches up with",
                     .unit = "events/s",
                     .baseline = "the log read and resolved, 1 thread",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kValueAtLeast, .limit = 100'000}});
}

// --- on disk --------------------------------------------------------------------------------------------------------------------

// Bytes an event of all tables and of `rows` alone, compacted.
void measure_size(const Settings& settings, std::vector<Figure>& figures) {
  if (!settings.wants("follow.disk")) return;
  const std::filesystem::path path = settings.fresh("follow.disk");
  const std::uint64_t events = settings.quick ? 20'000 : 100'000;
  Store store = open_store(path, {.durability = Durability::kOs, .projections = {audit_index()}});
  load(store, events, make_item);
  must(store.projections().await(kAudit, store.head(), kLong));
  must(store.close());
  const RawDatabase database(data_of(path), data_of(path), RawDatabase::Mode::kWrite);
  std::uint64_t all = 0, rows = 0;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const auto table = static_cast<Table>(i);
    must(database.db().CompactRange({}, database.table(table), nullptr, nullptr));
    std::uint64_t bytes = 0;
    database.db().GetIntProperty(database.table(table), rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
    all += bytes;
    if (table == Table::kRows) rows = bytes;
  }
  figures.push_back({.name = "follow.disk",
                     .what = "disk of an event with the audit index, compacted",
                     .unit = "bytes",
                     .baseline = "without it",
                     .forge = {static_cast<double>(all) / static_cast<double>(events)},
                     .other = {static_cast<double>(all - rows) / static_cast<double>(events)},
                     .promise = {}});
}

// --- beside writers -------------------------------------------------------------------------------------------------------------

void measure_writers(const Settings& settings, int callers, std::vector<Figure>& figures) {
  const std::string name = "follow.writers." + std::to_string(callers);
  if (!settings.wants(name)) return;
  Store followed = open_store(settings.fresh(name + ".with"), {.projections = {audit_index()}});
  Store alone = open_store(settings.fresh(name + ".without"));
  std::atomic<std::uint64_t> next{1};
  const auto act_on = [&](Store& store) {
    return call_rate(callers, settings.seconds,
                     [&] { static_cast<void>(store.act("Item.make", item_arguments(next++), {.actor = "bench"}).value()); });
  };
  const auto measured = alternate(settings.rounds, {[&] { return act_on(followed); }, [&] { return act_on(alone); }});
  must(followed.projections().await(kAudit, followed.head(), kLong));
  must(followed.close());
  must(alone.close());
  figures.push_back({.name = name,
                     .what = "durable actions of " + std::to_string(callers) + " caller(s) beside the audit index",
                     .unit = "actions/s",
                     .baseline = "without it",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kRatioAtLeast, .limit = 0.8}});
}

}  // namespace

void measure_following(const Settings& settings, std::vector<Figure>& figures) {
  measure_catch_up(settings, figures);
  measure_size(settings, figures);
  measure_writers(settings, 1, figures);
  measure_writers(settings, 32, figures);
}

}  // namespace forge::bench
