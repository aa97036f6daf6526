// forge_bench: every figure that Forge promises, as a ratio to a baseline in the same run.

#include <sys/types.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "figures.h"
#include "machine.h"
#include "report.h"
#include "stopwatch.h"

namespace forge::bench {
namespace {

constexpr const char* kUsage =
    "usage: forge_bench [--quick] [--strict] [--only NAME] [--rounds N] [--dir DIRECTORY] [-o text|json]\n"
    "  --quick      fewer and shorter rounds on smaller stores; the promises hold for the full sizes\n"
    "  --strict     exit with 1 where a promise is missed\n"
    "  --only NAME  one figure or group: commit, commit.1000, cpu, asof, scan, history, disk, open, recover,\n"
    "               subscribe, rebuild, follow, socket, import, map, decide, workflow\n"
    "  --dir        where the fresh directory of this run is made and removed; default: the current one, on a real disk\n";

struct Group {
  const char* name;
  void (*measure)(const Settings&, std::vector<Figure>&);
};

constexpr Group kGroups[] = {{"commit", measure_commits},    {"cpu", measure_processor},    {"asof", measure_as_of},
                             {"scan", measure_scans},        {"history", measure_history},  {"disk", measure_disk},
                             {"open", measure_opening},      {"recover", measure_recovery}, {"subscribe", measure_subscriptions},
                             {"rebuild", measure_rebuild},   {"follow", measure_following}, {"socket", measure_socket},
                             {"import", measure_import},     {"map", measure_maps},         {"decide", measure_decisions},
                             {"workflow", measure_workflows}};

bool read_number(const char* text, int& number) {
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  return error == std::errc() && stop == end && number > 0;
}

// False where the arguments make no sense.
bool read_arguments(int count, char** arguments, Settings& settings) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--quick") {
      settings.quick = true;
      settings.rounds = 3;
      settings.seconds = 0.2;
      continue;
    }
    if (name == "--strict") {
      settings.strict = true;
      continue;
    }
    if (i + 1 == count) return false;
    const char* const value = arguments[++i];
    if (name == "--only") {
      settings.only = value;
    } else if (name == "--dir") {
      settings.parent = value;
    } else if (name == "-o") {
      settings.json = std::strcmp(value, "json") == 0;
      if (!settings.json && std::strcmp(value, "text") != 0) return false;
    } else if (name != "--rounds" || !read_number(value, settings.rounds)) {
      return false;
    }
  }
  return true;
}

// A directory that ends with the object.
class RunDirectory {
 public:
  explicit RunDirectory(const std::filesystem::path& parent) {
    std::string path = (parent / "forge_bench.XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
      std::perror(("forge_bench: no directory can be made in " + parent.string()).c_str());
      std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): no other thread runs yet
    }
    path_ = std::filesystem::absolute(path);
  }
  ~RunDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Report measure(const Settings& settings) {
  Report report;
  report.setting = describe_machine(settings.directory);
  report.setting.emplace_back("settings", std::string(settings.quick ? "quick, " : "") + std::to_string(settings.rounds) +
                                              " alternating rounds, median [min – max] of the rounds' ratios, " +
                                              std::to_string(static_cast<int>(settings.seconds * 1000)) +
                                              " ms a round of throughput, in " + settings.parent.string());
  for (const Group& group : kGroups) {
    if (!settings.wants(group.name)) continue;
    const WallTime wall;
    group.measure(settings, report.figures);
    std::fprintf(stderr, "%s: %.0f s\n", group.name, wall.seconds());
  }
  return report;
}

int run(int count, char** arguments) {
  Settings settings;
  if (!read_arguments(count, arguments, settings)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const RunDirectory directory(settings.parent);
  settings.directory = directory.path();
  const Report report = measure(settings);
  const std::string out = settings.json ? to_json(report) : to_text(report);
  std::fputs(out.c_str(), stdout);
  return settings.strict && tally_of(report).missed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace forge::bench

int main(int count, char** arguments) {
  if (count == 4 && std::strcmp(arguments[1], "--fill") == 0) {
    forge::bench::fill_log(arguments[2], std::strtoull(arguments[3], nullptr, 10));
  }
  if (count == 3 && std::strcmp(arguments[1], "--hold") == 0) {
    forge::bench::hold_store(arguments[2]);
    return EXIT_SUCCESS;
  }
  if (count == 5 && std::strcmp(arguments[1], "--runs") == 0) {
    forge::bench::work_on_runs(arguments[2], arguments[3], std::strtoull(arguments[4], nullptr, 10));
    return EXIT_SUCCESS;
  }
  if (count == 4 && std::strcmp(arguments[1], "--rebuild") == 0) {
    forge::bench::rebuild_alone(arguments[2], arguments[3]);
    return EXIT_SUCCESS;
  }
  if (count == 4 && std::strcmp(arguments[1], "--import") == 0) forge::bench::import_rows(arguments[2], arguments[3]);
  if (count == 4 && std::strcmp(arguments[1], "--map") == 0) forge::bench::map_rows(arguments[2], arguments[3]);
  return forge::bench::run(count, arguments);
}
