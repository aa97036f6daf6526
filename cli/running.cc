#include "running.h"

#include <utility>

#include "arguments.h"

namespace forge::cli {
namespace {

constexpr std::uint64_t kConcurrencyMax = 100'000;

}  // namespace

Flag allow_host_flag() {
  return {.name = "allow-host",
          .type = FlagType::kText,
          .value = "HOST",
          .summary = "a host that http steps may call: pay.example, *.example, 10.1.0.0/16, each with :PORT or without",
          .repeated = true};
}

Flag max_concurrency_flag() {
  return {.name = "max-concurrency",
          .type = FlagType::kCount,
          .value = "N",
          .summary = "steps of a run in flight at most, where the workflow does not say fewer; 64 if nothing is said"};
}

Flag sync_flag() {
  return {.name = "sync", .summary = "one step at a time, as --max-concurrency 1"};
}

Result<std::uint32_t> max_concurrency(const Session& session) {
  const std::optional<std::uint64_t> given = session.arguments.if_count("max-concurrency");
  const bool sync = session.arguments.is_on("sync");
  if (given && sync && *given != 1) {
    return Status(ErrorId::kUsage, "--sync is one step at a time, and --max-concurrency says " + std::to_string(*given))
        .remedy("give one of the two");
  }
  if (given && (*given == 0 || *given > kConcurrencyMax)) {
    return Status(ErrorId::kUsage, "--max-concurrency is " + std::to_string(*given))
        .remedy("give 1 to " + std::to_string(kConcurrencyMax));
  }
  return sync ? 1 : static_cast<std::uint32_t>(given.value_or(0));
}

RunnerOptions runner_options(Session& session, RunnerLines& lines, Programs programs) {
  RunnerOptions options{.programs = std::move(programs), .clock = session.streams.clock, .log = lines.sink()};
  options.http.allow_hosts = session.arguments.texts("allow-host");
  return options;
}

}  // namespace forge::cli
