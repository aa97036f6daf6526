// Importing a CSV file in another process, against the same transactions made in this one, and how its memory grows with the file.

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "figures.h"
#include "forge/cli/run.h"
#include "own_process.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr std::uint64_t kBatchRows = 1000;

class NoSource : public Source {
 public:
  Result<std::size_t> read(char*, std::size_t) override { return std::size_t{0}; }
};

// Standard error for errors; standard output is the parent's, which is told one number.
class ErrorSink : public cli::Sink {
 public:
  Status write(std::string_view bytes) override {
    std::fwrite(bytes.data(), 1, bytes.size(), stderr);
    return {};
  }
};

class NoSink : public cli::Sink {
 public:
  Status write(std::string_view) override { return {}; }
};

void write_rows(const std::filesystem::path& path, std::uint64_t rows) {
  std::ofstream file(path, std::ios::binary);
  file << "id,code,qty,text\r\n";
  for (std::uint64_t i = 0; i < rows; ++i) {
    const Args item = item_arguments(i);
    file << item.find("id")->as_text() << ',' << item.find("code")->as_text() << ',' << item.find("qty")->as_int() << ",\""
         << item.find("text")->as_text() << "\"\r\n";
  }
  must(file.good() ? Status() : Status(ErrorId::kOutputFailed, "the rows cannot be written"));
}

// Imports the file in a process of its own; its largest resident set in MiB.
double import_in_process(const std::filesystem::path& store, const std::filesystem::path& rows) {
  return largest_set_of({"--import", store.string(), rows.string()});
}

double imported_rate(const Settings& settings, const std::filesystem::path& rows, std::uint64_t count) {
  const std::filesystem::path path = settings.fresh("import.forge");
  must(open_store(path).close());
  const WallTime wall;
  import_in_process(path, rows);
  return static_cast<double>(count) / wall.seconds();
}

double acted_rate(const Settings& settings, std::uint64_t count) {
  Store store = open_store(settings.fresh("import.same"));
  const WallTime wall;
  for (std::uint64_t i = 0; i < count; i += kBatchRows) {
    std::vector<ActionRequest> actions;
    for (std::uint64_t j = i; j < i + kBatchRows; ++j) actions.push_back(std::move(make_item(j).front()));
    must(store.transact(std::move(actions)).status());
  }
  const double rate = static_cast<double>(count) / wall.seconds();
  must(store.close());
  return rate;
}

double imported_mebibytes(const Settings& settings, std::uint64_t count) {
  const std::filesystem::path path = settings.fresh("import.forge"), rows = settings.fresh("import.csv");
  write_rows(rows, count);
  must(open_store(path).close());
  return import_in_process(path, rows);
}

}  // namespace

void import_rows(const std::filesystem::path& store, const std::filesystem::path& rows) {
  NoSource in;
  NoSink out;
  ErrorSink err;
  cli::Streams streams;
  streams.in = &in;
  streams.out = &out;
  streams.err = &err;
  streams.clock = &system_clock();
  const std::string batch = std::to_string(kBatchRows);
  const std::vector<std::string> arguments = {"import", rows.string(), "--action",     "Item.make", "--batch",
                                              batch,    "--store",     store.string(), "--quiet"};
  const int exit = cli::run(arguments, streams);
  tell_largest_set();
  std::exit(exit);  // NOLINT(concurrency-mt-unsafe): the store is closed, and no other thread runs any more
}

void measure_import(const Settings& settings, std::vector<Figure>& figures) {
  const std::uint64_t count = settings.quick ? 50'000 : 200'000;
  if (settings.wants("import.rate")) {
    const std::filesystem::path rows = settings.fresh("import.csv");
    write_rows(rows, count);
    const auto measured = alternate(std::min(settings.rounds, 5), {[&] { return imported_rate(settings, rows, count); },
                                                                   [&] { return acted_rate(settings, count); }});
    figures.push_back({.name = "import.rate",
                       .what = "importing " + std::to_string(count) + " rows of CSV, 1,000 in a transaction",
                       .unit = "rows/s",
                       .baseline = "the same transactions, called by one thread",
                       .forge = measured[0],
                       .other = measured[1],
                       .promise = Promise{.bound = Bound::kRatioAtLeast, .limit = 0.5}});
  }
  if (!settings.wants("import.memory")) return;
  const std::uint64_t many = settings.quick ? 100'000 : 1'000'000;
  figures.push_back({.name = "import.memory",
                     .what = "the largest resident set of an import of " + std::to_string(many) + " rows",
                     .unit = "MiB",
                     .baseline = "of a quarter of them",
                     .forge = {imported_mebibytes(settings, many)},
                     .other = {imported_mebibytes(settings, many / 4)},
                     .promise = Promise{.bound = Bound::kRatioAtMost, .limit = 1.5}});
}

}  // namespace forge::bench
