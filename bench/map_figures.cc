// Maps over files, each run in a process of its own: rows a second of processor time, beside reading the same rows alone, and how
// memory grows with the file.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "figures.h"
#include "forge/events/csv_reader.h"
#include "forge/store/file_source.h"
#include "forge/workflows/runner.h"
#include "forge/workflows/runs.h"
#include "own_process.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr const char* kRows = R"(workflow = "rows"
[input]
file = "string"
[step.rows]
over          = { file = "${input.file}", columns = { qty = "int", cents = "int" } }
on_item_error = "collect"
[step.rows.step.text]
template = "${item.qty} ${item.sku} at ${item.cents}"
)";

void write_csv(const std::filesystem::path& path, std::uint64_t rows) {
  std::ofstream file(path, std::ios::binary);
  file << "sku,qty,cents,note\r\n";
  for (std::uint64_t i = 0; i < rows; ++i) {
    file << key_of(i) << ',' << i % 100 << ',' << i % 10'000 << ',' << random_text(i, 24) << "\r\n";
  }
  must(file.good() ? Status() : Status(ErrorId::kOutputFailed, "the rows cannot be written"));
}

std::vector<std::string> mapping_of(const Settings& settings, const std::filesystem::path& rows) {
  return {"--map", settings.fresh("map.forge").string(), rows.string()};
}

// Of the processor.
double mapping_seconds(const Settings& settings, const std::filesystem::path& rows) {
  const OwnProcess process = start_own_process(mapping_of(settings, rows));
  int status = 0;
  rusage usage{};
  ::wait4(process.id, &status, 0, &usage);
  ::close(process.out);
  if (status != 0) must(Status(ErrorId::kInternal, "the map failed"));
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double mapped_rate(const Settings& settings, const std::filesystem::path& rows, std::uint64_t count) {
  return static_cast<double>(count) / mapping_seconds(settings, rows);
}

double read_rate(const std::filesystem::path& rows, std::uint64_t count) {
  const ThreadTime processor;
  const auto source = FileSource::open(rows.string()).value();
  CsvReader reader(*source, rows.string());
  CsvRow row;
  std::uint64_t seen = 0;
  while (reader.next(row).value()) ++seen;
  if (seen != count + 1) std::abort();
  return static_cast<double>(count) / processor.seconds();
}

}  // namespace

void map_rows(const std::filesystem::path& path, const std::filesystem::path& rows) {
  Store store = Store::open(path.string()).value();
  const WorkflowDefinition::Outcome outcome = parse_workflow(kRows, "rows.toml");
  if (!outcome.errors.empty()) must(outcome.errors.front());
  Runner runner = Runner::start(store).value();
  const Result<RunInfo> run = runner.run(*outcome.definition, {.input = {{"file", rows.string()}}});
  must(run.status());
  runner.stop();
  must(store.close());
  tell_largest_set();
  const bool completed = run->status == "completed";
  std::exit(completed ? EXIT_SUCCESS : EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): no other thread runs any more
}

void measure_maps(const Settings& settings, std::vector<Figure>& figures) {
  const std::uint64_t many = settings.quick ? 100'000 : 1'000'000;
  if (settings.wants("map.rows")) {
    const std::filesystem::path rows = settings.fresh("map.csv");
    write_csv(rows, many);
    const auto measured = alternate(std::min(settings.rounds, 3),
                                    {[&] { return mapped_rate(settings, rows, many); }, [&] { return read_rate(rows, many); }});
    figures.push_back({.name = "map.rows",
                       .what = "a map of one pure step over " + std::to_string(many) + " rows of CSV, by processor time",
                       .unit = "rows/s",
                       .baseline = "reading them, and nothing else",
                       .forge = measured[0],
                       .other = measured[1],
                       .promise = Promise{.bound = Bound::kValueAtLeast, .limit = 100'000}});
  }
  if (!settings.wants("map.memory")) return;
  const auto mebibytes = [&](std::uint64_t count) {
    const std::filesystem::path rows = settings.fresh("map.csv");
    write_csv(rows, count);
    return largest_set_of(mapping_of(settings, rows));
  };
  figures.push_back({.name = "map.memory",
                     .what = "the largest resident set of a map over " + std::to_string(many) + " rows",
                     .unit = "MiB",
                     .baseline = "over a quarter of them",
                     .forge = {mebibytes(many)},
                     .other = {mebibytes(many / 4)},
                     .promise = Promise{.bound = Bound::kRatioAtMost, .limit = 1.5}});
}

}  // namespace forge::bench
