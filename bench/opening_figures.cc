// Opening: a large store that was closed in order, and one whose process was killed with a full write-ahead log.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "figures.h"
#include "in_flight.h"
#include "own_process.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr std::uintmax_t kLogBytes = 64 << 20;

double millis_to_open(const std::filesystem::path& path) {
  const WallTime wall;
  const Store store = Store::open(path.string()).value();
  return wall.seconds() * 1e3;
}

Promise at_most_millis(double limit) {
  return {.bound = Bound::kValueAtMost, .limit = limit};
}

std::uintmax_t write_ahead_bytes(const std::filesystem::path& path) {
  std::uintmax_t bytes = 0;
  std::error_code gone;  // files come and go
  for (const auto& file : std::filesystem::directory_iterator(data_of(path), gone)) {
    if (file.path().extension() != ".log") continue;
    const std::uintmax_t size = file.file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

// A process that fills the store in `path`, killed once its write-ahead log is full.
void fill_and_kill(const std::filesystem::path& path, std::uintmax_t bytes) {
  const OwnProcess process = start_own_process({"--fill", path.string(), std::to_string(bytes)});
  char byte = 0;
  const ssize_t got = ::read(process.out, &byte, 1);
  ::kill(process.id, SIGKILL);
  ::waitpid(process.id, nullptr, 0);
  ::close(process.out);
  if (got != 1) must(Status(ErrorId::kInternal, "the process that fills the log ended by itself"));
}

}  // namespace

// The tables are flushed only after twice as many bytes as the log is to hold.
void fill_log(const std::filesystem::path& path, std::uintmax_t bytes) {
  Store store = open_store(path, {.durability = Durability::kOs, .write_buffer_bytes = 2 * bytes});
  InFlight in_flight(1000);
  bool told = false;
  for (std::uint64_t i = 0;; ++i) {
    in_flight.begin();
    store.transact_async(make_item(i), {}, [&](const Result<TransactionReceipt>&) { in_flight.end(); });
    if (told || i % 256 != 0 || write_ahead_bytes(path) < bytes) continue;
    told = ::write(STDOUT_FILENO, "f", 1) == 1;
  }
}

void measure_opening(const Settings& settings, std::vector<Figure>& figures) {
  const std::uint64_t events = settings.quick ? 100'000 : 1'000'000;
  constexpr std::uint64_t kTogether = 100;
  const std::filesystem::path path = settings.fresh("open");
  Store store = open_store(path, {.durability = Durability::kOs});
  load(store, events / kTogether, [](std::uint64_t i) {
    std::vector<ActionRequest> actions;
    for (std::uint64_t j = 0; j < kTogether; ++j) {
      Args args{{"id", key_of((kTogether * i + j) % 100'000)}, {"a", random_text(i + j, 32)}};
      actions.push_back({.action = "Note.write", .args = std::move(args), .if_version = {}});
    }
    return actions;
  });
  must(store.close());
  const auto measured =
      alternate(settings.rounds, {[&] { return millis_to_open(path); }, [&] { return millis_to_open_raw(path, data_of(path)); }});
  figures.push_back({.name = "open",
                     .what = "opening a closed store of " + std::to_string(events) + " events",
                     .unit = "ms",
                     .baseline = "RocksDB, the same files",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = at_most_millis(100)});
}

void measure_recovery(const Settings& settings, std::vector<Figure>& figures) {
  const std::filesystem::path killed = settings.fresh("recover");
  fill_and_kill(killed, kLogBytes);
  const std::uintmax_t megabytes = write_ahead_bytes(killed) >> 20;
  // Opening mends the store, so each one opens a copy.
  const auto copy = [&] {
    std::filesystem::path path = settings.fresh("recover.copy");
    std::filesystem::copy(killed, path, std::filesystem::copy_options::recursive);
    return path;
  };
  const auto measured = alternate(std::min(settings.rounds, 3), {[&] { return millis_to_open(copy()); },
                                                                 [&] { return millis_to_open_raw(copy(), data_of(killed)); }});
  figures.push_back({.name = "recover",
                     .what = "opening after a kill with " + std::to_string(megabytes) + " MiB in the write-ahead log",
                     .unit = "ms",
                     .baseline = "RocksDB, the same files",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = at_most_millis(2000)});
}

}  // namespace forge::bench
