#include "store/ledger.h"

#include <algorithm>

#include "forge/store/verify.h"

namespace forge::testing_support {
namespace {

constexpr std::uint64_t kAccounts = 30;
constexpr std::uint64_t kAddresses = 60;

std::size_t events_of(const std::vector<ActionRequest>& actions) {
  return std::max<std::size_t>(1, actions.size());
}

std::string text_of(Seq seq) {
  return std::to_string(seq);
}

}  // namespace

std::vector<SourceFile> accounts_schema() {
  return {{.name = "accounts.fbs", .text = R"fbs(include "forge.fbs";
namespace bank;

table Account (resource) {
  id: string (key);
  address: string (unique);
  note: string;
  cents: long (check: "cents >= 0");
}

table OpenAccount (action: "Account.open", creates) { id: string; address: string; note: string; cents: long = 0; }
table PutAccount (action: "Account.put", upserts) { id: string; address: string; note: string; }
table Deposit (action: "Account.deposit", updates, set: "cents = cents + :amount") { amount: long = 0; }
table EditAccount (action: "Account.edit", updates) { address: string; note: string; }
table CloseAccount (action: "Account.close", destroys) {}
)fbs"}};
}

// --- what is asked --------------------------------------------------------------------------------------------------------------

std::string Workload::text(std::uint64_t most) {
  std::string out(choices_.up_to(most), ' ');
  for (char& c : out) c = static_cast<char>('a' + choices_.up_to(25));
  return out;
}

ActionRequest Workload::next_action() {
  ActionRequest out;
  out.args.add("id", "account-" + std::to_string(choices_.up_to(kAccounts - 1)));
  const auto address = [&] {
    out.args.add("address", choices_.up_to(5) == 0 ? Value() : Value("street " + std::to_string(choices_.up_to(kAddresses - 1))));
  };
  switch (choices_.up_to(9)) {
    case 0:
      out.action = "Account.close";
      return out;
    case 1:
    case 2:
      out.action = "Account.deposit";
      out.args.add("amount", choices_.up_to(300));
      return out;
    case 3:
      out.action = "Account.edit";
      address();
      return out;
    case 4:
    case 5:
      out.action = "Account.open";
      break;
    default:
      out.action = "Account.put";
      break;
  }
  address();
  out.args.add("note", text(choices_.up_to(9) == 0 ? 9000 : 1500));
  return out;
}

Ask Workload::next() {
  Ask out{.key = name_ + "-" + std::to_string(++made_), .actions = {}};
  const std::uint64_t actions = choices_.up_to(3) > 0 ? 1 : choices_.up_to(4);
  for (std::uint64_t i = 0; i < actions; ++i) out.actions.push_back(next_action());
  return out;
}

// --- what is answered -----------------------------------------------------------------------------------------------------------

bool is_unknown_outcome(const Status& status) {
  if (status.code() == Code::kUnknownOutcome) return true;
  return status.id() == ErrorId::kDiskFull && status.text().state != "nothing was written";
}

void Ledger::asked(const Ask& ask) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[ask.key];
  entry.actions = ask.actions;
  if (entry.fate == Fate::kAbsent) entry.fate = Fate::kInDoubt;
}

void Ledger::answered(const std::string& key, const Result<TransactionReceipt>& answer) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(key);
  const bool was_stored = entry.fate == Fate::kStored;
  if (answer.ok()) {
    if (was_stored && (!answer->replayed || answer->first_seq != entry.first || answer->last_seq != entry.last)) {
      note(key + ": stored as events " + text_of(entry.first) + " to " + text_of(entry.last) + ", a retry was answered with " +
           text_of(answer->first_seq) + " to " + text_of(answer->last_seq) + (answer->replayed ? "" : ", not as a replay"));
    }
    entry.fate = Fate::kStored;
    entry.first = answer->first_seq;
    entry.last = answer->last_seq;
    entry.receipts = answer->actions;
  } else if (is_unknown_outcome(answer.status())) {
    return;
  } else if (was_stored) {
    note(key + ": stored as events " + text_of(entry.first) + " to " + text_of(entry.last) +
         ", a retry was refused: " + answer.status().message());
  } else {
    entry.fate = Fate::kAbsent;
  }
}

void Ledger::doubt_after(Seq durable) {
  const std::lock_guard lock(mutex_);
  for (auto& [key, entry] : entries_) {
    if (entry.fate == Fate::kStored && entry.last > durable) entry.fate = Fate::kInDoubt;
  }
}

std::vector<Ask> Ledger::with_fate(Fate fate) const {
  const std::lock_guard lock(mutex_);
  std::vector<Ask> out;
  for (const auto& [key, entry] : entries_) {
    if (entry.fate == fate) out.push_back({.key = key, .actions = entry.actions});
  }
  return out;
}

std::vector<Ask> Ledger::in_doubt() const {
  return with_fate(Fate::kInDoubt);
}
std::vector<Ask> Ledger::stored() const {
  return with_fate(Fate::kStored);
}

// --- the audit ------------------------------------------------------------------------------------------------------------------

// Reads the log from end to end, and has verify() compare every table with the fold of it.
class Audit {
 public:
  Audit(const Store& store, Ledger& ledger) : store_(store), ledger_(ledger) {}

  std::vector<std::string> run() {
    read_log();
    compare_answers();
    verify_tables();
    return std::move(problems_);
  }

 private:
  void expect(bool holds, const std::string& problem) {
    if (!holds) problems_.push_back(problem);
  }
  void expect(const Status& status, const std::string& doing) {
    if (!status.ok()) problems_.push_back(doing + ": " + status.message());
  }

  void read_log() {
    Seq last = 0;
    const Status read = store_.view().log({}, [&](const Event& event) {
      expect(event.seq == last + 1, "event " + text_of(event.seq) + " follows event " + text_of(last));
      last = event.seq;
      take(event);
      return true;
    });
    expect(read, "reading the log");
    expect(last == store_.head(), "the log ends at " + text_of(last) + ", the head is " + text_of(store_.head()));
  }

  void take(const Event& event) {
    const std::string name = "event " + text_of(event.seq);
    expect(event.place == 0 ? event.recorded_at > last_time_ : event.recorded_at == last_time_,
           name + " breaks the order of times");
    last_time_ = event.recorded_at;
    if (!event.idempotency_key.empty()) {
      std::vector<Seq>& seqs = found_[event.idempotency_key];
      expect(event.place == seqs.size() && (seqs.empty() || event.seq == seqs.back() + 1),
             name + " is not in its transaction's place");
      seqs.push_back(event.seq);
      types_[event.seq] = event.type + " " + event.key;
    }
  }

  void compare_answers() {
    for (auto& [key, entry] : ledger_.entries_) {
      const auto found = found_.find(key);
      compare_answer(key, entry, found == found_.end() ? std::vector<Seq>() : found->second);
    }
    for (const auto& [key, seqs] : found_) expect(ledger_.entries_.contains(key), "nobody asked for " + key);
    for (std::string& problem : ledger_.problems_) problems_.push_back(std::move(problem));
    ledger_.problems_.clear();
  }

  void compare_answer(const std::string& key, Ledger::Entry& entry, const std::vector<Seq>& seqs) {
    if (seqs.empty()) {
      expect(entry.fate != Ledger::Fate::kStored,
             key + " was acknowledged as events " + text_of(entry.first) + " to " + text_of(entry.last) + " and is lost");
      expect(entry.first == 0 || entry.first > store_.head(), key + " is lost and later ones are not");
      entry.fate = Ledger::Fate::kAbsent;
      entry.first = 0;
      entry.receipts.clear();
      return;
    }
    expect(entry.fate != Ledger::Fate::kAbsent, key + " was refused or lost, and is stored at event " + text_of(seqs.front()));
    expect(seqs.size() == events_of(entry.actions), key + " has " + std::to_string(seqs.size()) + " events");
    expect(entry.first == 0 || (entry.first == seqs.front() && entry.last == seqs.back()),
           key + " was acknowledged as events " + text_of(entry.first) + " and is at " + text_of(seqs.front()));
    for (const ActionReceipt& receipt : entry.receipts) {
      expect(entry.first == 0 || types_[receipt.seq] == receipt.type + " " + receipt.key,
             key + ": another event than acknowledged");
    }
    entry.fate = Ledger::Fate::kStored;
    entry.first = seqs.front();
    entry.last = seqs.back();
  }

  void verify_tables() {
    const Result<VerifyReport> report = verify(store_);
    expect(report.status(), "verifying");
    if (!report.ok()) return;
    for (const VerifyCheck& check : report->checks) {
      for (const Status& finding : check.findings) expect(finding, check.name);
    }
  }

  const Store& store_;
  Ledger& ledger_;
  std::vector<std::string> problems_;
  std::map<std::string, std::vector<Seq>> found_;  // by idempotency key
  std::map<Seq, std::string> types_;
  Time last_time_;
};

std::vector<std::string> Ledger::audit(const Store& store) {
  return Audit(store, *this).run();
}

}  // namespace forge::testing_support
