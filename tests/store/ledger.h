#pragma once

// What tests of crashes and failing disks ask of a store, what they are told, and the audit that holds the store to it.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "forge/store/store.h"
#include "support/disk_file.h"

namespace forge::testing_support {

// Accounts with a unique address, and actions of every kind on them.
std::vector<SourceFile> accounts_schema();

// A transaction under an idempotency key of its own.
struct Ask {
  std::string key;
  std::vector<ActionRequest> actions;
};

// Makes transactions of no to four actions on a few accounts, so that many meet and some are refused. Not thread-safe.
class Workload {
 public:
  // `name` begins every key.
  Workload(std::string name, std::uint64_t seed) : name_(std::move(name)), choices_(seed) {}
  Ask next();

 private:
  ActionRequest next_action();
  std::string text(std::uint64_t most);

  std::string name_;
  Choices choices_;
  std::uint64_t made_ = 0;
};

// Whether an error leaves open if the transaction was stored. Every other error means that it was not.
bool is_unknown_outcome(const Status& status);

// Thread-safe but for audit().
class Ledger {
 public:
  void asked(const Ask& ask);
  void answered(const std::string& key, const Result<TransactionReceipt>& answer);
  // Events after `durable` may be lost: what was acknowledged there is in doubt.
  void doubt_after(Seq durable);

  // The transactions whose outcome is not known.
  std::vector<Ask> in_doubt() const;
  std::vector<Ask> stored() const;

  // Compares the store, in which nothing may be in flight, with what was answered, and every table with the fold of the log; says
  // what is wrong. What was in doubt is settled by what is found: from then on it must stay so.
  std::vector<std::string> audit(const Store& store);

 private:
  friend class Audit;
  enum class Fate : std::uint8_t { kInDoubt, kStored, kAbsent };
  struct Entry {
    std::vector<ActionRequest> actions;
    Fate fate = Fate::kInDoubt;
    Seq first = 0;  // as it was answered or found; 0: neither yet
    Seq last = 0;
    std::vector<ActionReceipt> receipts;
  };
  std::vector<Ask> with_fate(Fate fate) const;
  void note(std::string problem) { problems_.push_back(std::move(problem)); }

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> problems_;  // of answers that contradict each other
};

}  // namespace forge::testing_support
