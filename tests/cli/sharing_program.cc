// An embedding program beside forgectl: forge_sharing_program DIRECTORY FIRST LAST. Opens the store, or attaches to whoever holds
// it, commits one transaction for each number with the key "p-NUMBER", and prints "ack KEY SEQ SEQ" for each, as forgectl does.
// Exit status 3: something went wrong in a way that running it again mends; 1: in another.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "forge/store/server.h"

namespace {

int end_with(const forge::Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  const bool is_passing = status.code() == forge::Code::kUnavailable || status.code() == forge::Code::kUnknownOutcome;
  return is_passing ? 3 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  forge::Result<forge::Store> store = forge::Store::open(arguments[1], {.create = false, .attach = true});
  if (!store.ok()) return end_with(store.status());
  std::optional<forge::Server> server;
  if (!store->is_attached()) {
    forge::Result<forge::Server> started = forge::Server::start(*store);
    if (!started.ok()) return end_with(started.status());
    server.emplace(*std::move(started));
  }
  const long last = std::strtol(arguments[3], nullptr, 10);
  for (long number = std::strtol(arguments[2], nullptr, 10); number <= last; ++number) {
    const std::string key = "p-" + std::to_string(number);
    const forge::Result<forge::TransactionReceipt> done = store->transact({}, {.idempotency_key = key});
    if (!done.ok()) return end_with(done.status());
    std::printf("ack %s %llu %llu\n", key.c_str(), static_cast<unsigned long long>(done->first_seq),
                static_cast<unsigned long long>(done->last_seq));
    std::fflush(stdout);
  }
  return 0;
}
