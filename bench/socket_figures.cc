// Durable actions through the socket of a store that another process holds, against the same actions in the process that holds one.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "figures.h"
#include "forge/store/server.h"
#include "in_flight.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

constexpr int kCallers = 32;

// Another process that holds a store and answers, until it is told to end.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& path) {
    int in[2], out[2];
    if (::pipe(in) != 0 || ::pipe(out) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    for (const int end : {in[0], in[1], out[0], out[1]}) posix_spawn_file_actions_addclose(&actions, end);
    std::string program = "/proc/self/exe", verb = "--hold", where = path.string();
    char* arguments[] = {program.data(), verb.data(), where.data(), nullptr};
    if (::posix_spawn(&child_, program.c_str(), &actions, nullptr, arguments, environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    char byte = 0;
    if (::read(out[0], &byte, 1) != 1) must(Status(ErrorId::kInternal, "the process that is to hold the store ended by itself"));
    ::close(out[0]);
    lifeline_ = in[1];
  }
  ~Holder() {
    ::close(lifeline_);
    ::waitpid(child_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  pid_t child_ = 0;
  int lifeline_ = -1;  // its input: the other one ends when it does
};

double in_flight_rate(Store& store, double seconds, std::atomic<std::uint64_t>& next) {
  InFlight in_flight(1000);
  const WallTime wall;
  std::uint64_t calls = 0;
  for (; wall.seconds() < seconds; ++calls) {
    in_flight.begin();
    store.transact_async(make_item(next++), {}, [&](const Result<TransactionReceipt>& done) {
      static_cast<void>(done.value());
      in_flight.end();
    });
  }
  in_flight.drain();
  return static_cast<double>(calls) / wall.seconds();
}

}  // namespace

void hold_store(const std::filesystem::path& path) {
  Store store = open_store(path);
  const Server server = Server::start(store).value();
  char byte = 'r';
  bool is_wanted = ::write(STDOUT_FILENO, &byte, 1) == 1;
  while (is_wanted) is_wanted = ::read(STDIN_FILENO, &byte, 1) > 0;
}

void measure_socket(const Settings& settings, std::vector<Figure>& figures) {
  Store own = open_store(settings.fresh("socket.own"));
  const std::filesystem::path shared = settings.fresh("socket.shared");
  const Holder holder(shared);
  Store attached = open_store(shared, {.create = false, .attach = true});
  std::atomic<std::uint64_t> next{1};
  const auto act_on = [&](Store& store) {
    return call_rate(kCallers, settings.seconds,
                     [&] { static_cast<void>(store.act("Item.make", item_arguments(next++)).value()); });
  };
  const auto callers = alternate(settings.rounds, {[&] { return act_on(attached); }, [&] { return act_on(own); }});
  figures.push_back({.name = "socket.32",
                     .what = "durable actions through the socket, 32 callers of one process",
                     .unit = "actions/s",
                     .baseline = "32 callers in the process that holds the store",
                     .forge = callers[0],
                     .other = callers[1],
                     .promise = Promise{.bound = Bound::kRatioAtLeast, .limit = 0.5}});
  const auto in_flight = alternate(settings.rounds, {[&] { return in_flight_rate(attached, settings.seconds, next); },
                                                     [&] { return in_flight_rate(own, settings.seconds, next); }});
  figures.push_back({.name = "socket.1000",
                     .what = "durable actions through the socket, 1,000 in flight",
                     .unit = "actions/s",
                     .baseline = "1,000 in flight in the process that holds the store",
                     .forge = in_flight[0],
                     .other = in_flight[1],
                     .promise = {}});
}

}  // namespace forge::bench
