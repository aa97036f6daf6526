// Bytes on disk once everything is compacted: all tables against the log and the state alone.

#include <numeric>

#include "figures.h"
#include "raw_store.h"
#include "workload.h"

namespace forge::bench {
namespace {

struct Sizes {
  std::uint64_t log_and_state = 0, all = 0;
};

Sizes compacted_sizes(const std::filesystem::path& data) {
  const auto bytes = compacted_bytes(data);
  const auto of = [&](Table table) { return bytes[static_cast<std::size_t>(table)]; };
  return {.log_and_state = of(Table::kLog) + of(Table::kCurrent),
          .all = std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0})};
}

void measure(const Settings& settings, const std::string& name, int changed, const std::string& what, double limit,
             std::vector<Figure>& figures) {
  if (!settings.wants(name)) return;
  const std::uint64_t notes = settings.quick ? 500 : 2'000, events = 20 * notes;
  const std::filesystem::path path = settings.fresh(name);
  Store store = open_store(path, {.durability = Durability::kOs});
  std::vector<Note> all(notes);
  for (std::uint64_t i = 0; i < notes; ++i) all[i].number = i;
  load(store, events, [&](std::uint64_t i) {
    return write_note(all[scramble(i) % notes], changed == kAllTexts ? kAllTexts : static_cast<int>(i % 4));
  });
  must(store.close());
  const Sizes sizes = compacted_sizes(data_of(path));
  figures.push_back({.name = name,
                     .what = what,
                     .unit = "bytes",
                     .baseline = "log and state",
                     .forge = {static_cast<double>(sizes.all) / static_cast<double>(events)},
                     .other = {static_cast<double>(sizes.log_and_state) / static_cast<double>(events)},
                     .promise = Promise{.bound = Bound::kRatioAtMost, .limit = limit}});
}

}  // namespace

void measure_disk(const Settings& settings, std::vector<Figure>& figures) {
  measure(settings, "disk.full", kAllTexts, "disk of an event that rewrites its record, compacted", 2.0, figures);
  measure(settings, "disk.deltas", 0, "disk of an event that changes a quarter, compacted", 1.4, figures);
}

}  // namespace forge::bench
