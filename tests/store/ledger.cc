#include "store/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "forge/events/key.h"
#include "forge/events/merkle.h"
#include "idempotency.h"
#include "store_state.h"

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

// Folds the log on its own, from what events say alone, and compares everything else with that.
class Audit {
 public:
  Audit(const Store& store, Ledger& ledger) : store_(store), state_(StoreAccess::state(store)), ledger_(ledger) {}

  std::vector<std::string> run() {
    read_log();
    compare_answers();
    compare_records();
    compare_unique();
    compare_idempotency();
    compare_root();
    return std::move(problems_);
  }

 private:
  // A record as the events leave it.
  struct Folded {
    Version version = 0;
    Seq seq = 0;
    std::uint32_t incarnation = 0;
    bool lives = false;
    std::map<std::string, Value> fields;
    std::vector<Seq> history;
  };

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
    if (event.resource == "Account") fold(event, name);
  }

  void fold(const Event& event, const std::string& name) {
    Folded& record = records_[event.key];
    expect(event.version == record.version + 1,
           name + " makes version " + text_of(event.version) + " after " + text_of(record.version));
    if (!record.lives) {
      record.fields.clear();
      ++record.incarnation;
    }
    expect(event.incarnation == record.incarnation, name + " has the wrong incarnation");
    record.lives = event.action != "Account.close";
    record.version = event.version;
    record.seq = event.seq;
    record.history.push_back(event.seq);
    for (const auto& [field, value] : event.changes.members()) record.fields[field] = value;
    for (const std::string& field : event.cleared) record.fields.erase(field);
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

  void compare_records() {
    const View now = store_.view();
    std::size_t living = 0;
    expect(now.list({.resource = "Account"},
                    [&](const Record& record) {
                      ++living;
                      compare_record(record);
                      return true;
                    }),
           "listing records");
    std::size_t expected = 0;
    for (const auto& [key, record] : records_) {
      expected += record.lives ? 1 : 0;
      compare_history(now, key, record);
    }
    expect(living == expected, std::to_string(living) + " records live, by the log it is " + std::to_string(expected));
  }

  void compare_record(const Record& record) {
    const Folded& folded = records_[record.key()];
    const std::string name = "record " + record.key();
    expect(folded.lives, name + " lives, by the log it does not");
    expect(record.version() == folded.version && record.seq() == folded.seq && record.incarnation() == folded.incarnation,
           name + " is at another version than by the log");
    for (const char* field : {"address", "note", "cents"}) {
      const auto found = folded.fields.find(field);
      const Value absent = std::string_view(field) == "cents" ? Value(0) : Value();
      expect(record[field] == (found == folded.fields.end() ? absent : found->second),
             name + ": " + field + " differs from the log");
    }
  }

  void compare_history(const View& now, const std::string& key, const Folded& record) {
    const Result<std::vector<VersionRow>> rows = now.history("Account", key);
    expect(rows.status(), "the history of record " + key);
    if (!rows.ok()) return;
    std::vector<Seq> seqs;
    for (const VersionRow& row : *rows) {
      seqs.push_back(row.seq);
      expect(row.version == seqs.size(), "record " + key + " lacks a version");
    }
    expect(seqs == record.history, "the versions of record " + key + " differ from the log");
  }

  // Rows of a table by key.
  std::map<std::string, std::string> rows_of(Table table) {
    std::map<std::string, std::string> out;
    const auto rows = state_.database->iterate(table);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) out[rows->key().ToString()] = rows->value().ToString();
    expect(internal::Database::check(*rows, "reading"), "table " + std::string(name_of(table)));
    return out;
  }

  void compare_unique() {
    const Resource* account = store_.domain()->find_resource("Account");
    std::map<std::string, std::string> expected;
    for (const auto& [key, record] : records_) {
      const auto address = record.fields.find("address");
      if (!record.lives || address == record.fields.end()) continue;
      std::string entry;
      append_u16(entry, account->unique.front().number);
      entry += '\1' + address->second.as_text() + '\0';
      expected[entry] = key + '\0';
    }
    expect(rows_of(Table::kUnique) == expected, "the unique entries differ from the log");
  }

  void compare_idempotency() {
    std::map<std::string, std::pair<Seq, Seq>> expected, present;
    for (const auto& [key, seqs] : found_) expected[key] = {seqs.front(), seqs.back()};
    for (const auto& [key, row] : rows_of(Table::kIdempotency)) {
      const Result<internal::IdempotencyRecord> record = internal::read_idempotency_record(row);
      expect(record.status(), "idempotency record " + key);
      if (record.ok()) present[key] = {record->first, record->last};
    }
    expect(present == expected, "the idempotency records differ from the log");
  }

  void compare_root() {
    Hasher hasher;
    MerkleFrontier frontier;
    for (const auto& [key, row] : rows_of(Table::kLog)) {
      frontier.append(hasher.leaf({reinterpret_cast<const std::uint8_t*>(row.data()), row.size()}), hasher);
    }
    const Result<Root> root = store_.root();
    expect(root.status(), "the root");
    expect(root.ok() && root->size == frontier.size() && root->hash == frontier.root(hasher), "the tree's root is not the log's");
  }

  const Store& store_;
  const Store::State& state_;
  Ledger& ledger_;
  std::vector<std::string> problems_;
  std::map<std::string, std::vector<Seq>> found_;  // by idempotency key
  std::map<Seq, std::string> types_;
  std::map<std::string, Folded> records_;
  Time last_time_;
};

std::vector<std::string> Ledger::audit(const Store& store) {
  return Audit(store, *this).run();
}

}  // namespace forge::testing_support
