// A bank that is to be killed: forge_transfers_program DIRECTORY LIFE SEED. Opens or makes the store; 32 threads transfer at random
// for ever, a reader adds up beside them. Prints a line for each answer: "stored KEY DEBITED CREDITED CENTS", "refused KEY ERROR";
// for whatever should not be "fault WHAT", and ends.

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "forge/store/store.h"
#include "store/transfers.h"

namespace {

namespace bank = forge::testing_support;

// One line at once, whichever thread says it.
void say(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::fwrite((line + "\n").data(), 1, line.size() + 1, stdout);
  std::fflush(stdout);
}

[[noreturn]] void end_with_fault(const std::string& what) {
  say("fault " + what);
  std::_Exit(1);
}

void make(forge::Store& store, const bank::Transfer& transfer) {
  const auto answer = store.transact(transfer.actions(), {.actor = transfer.actor, .idempotency_key = transfer.key});
  if (answer.ok()) {
    if (!transfer.may_succeed()) end_with_fault(transfer.key + " was done, and nobody may");
    return say("stored " + transfer.key + " " + transfer.debited + " " + transfer.credited + " " + std::to_string(transfer.cents));
  }
  const std::string fault = bank::fault_of_refusal(transfer, answer.status());
  if (!fault.empty()) end_with_fault(transfer.key + " was refused and " + fault);
  say("refused " + transfer.key + " " + std::to_string(static_cast<int>(answer.status().id())));
}

void work(forge::Store& store, const std::string& life, bank::Choices choices) {
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < bank::kThreads; ++i) {
    const std::string name = "l" + life + "." + std::to_string(i) + ".";
    threads.emplace_back([&store, name, own = bank::Choices(choices.up_to(UINT32_MAX))]() mutable {
      for (int made = 0;; ++made) make(store, bank::random_transfer(name + std::to_string(made), own));
    });
  }
  for (;;) {
    const std::string fault = bank::fault_of_balances(store.view(), nullptr);
    if (!fault.empty()) end_with_fault("beside the writers, " + fault);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  bank::Choices choices(std::strtoull(arguments[3], nullptr, 10));
  forge::Result<forge::Store> store = forge::Store::open(arguments[1]);
  if (!store.ok()) end_with_fault(store.status().message());
  if (store->head() == 0) {
    const forge::Status founded = bank::found_bank(*store, choices);
    if (!founded.ok()) end_with_fault(founded.message());
  }
  work(*store, arguments[2], choices);
}
