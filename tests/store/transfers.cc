#include "store/transfers.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace forge::testing_support {
namespace {

std::vector<SourceFile> ledger_schema() {
  std::ostringstream text;
  text << std::ifstream(FORGE_SOURCE_DIR "/examples/ledger/ledger.fbs").rdbuf();
  return {{.name = "ledger.fbs", .text = text.str()}};
}

std::string account_name(std::uint64_t number) {
  return "a-" + std::to_string(number);
}

std::string owner_of(const std::string& account) {
  return "owner of " + account;
}

// The number behind `name` in "balance_cents is -350, limit_cents is 300, …".
std::int64_t number_in(const std::string& why, const std::string& name) {
  const std::size_t at = why.find(name + " is ");
  std::int64_t number = 0;
  if (at == std::string::npos) return number;
  const char* const begin = why.data() + at + name.size() + 4;
  std::from_chars(begin, why.data() + why.size(), number);
  return number;
}

bool is_denied_by(const Status& status, const std::string& policy) {
  return status.id() == ErrorId::kPolicyDenied && status.text().what.ends_with(" was denied by policy '" + policy + "'");
}

}  // namespace

bool Transfer::is_owners() const {
  return actor.id == owner_of(debited);
}

std::vector<ActionRequest> Transfer::actions() const {
  std::vector<ActionRequest> all = {
      {.action = "Transfer.make", .args = {{"id", key}, {"debited", debited}, {"credited", credited}, {"cents", cents}}},
      {.action = "Account.debit", .args = {{"id", debited}, {"transfer", key}, {"cents", cents}}},
      {.action = "Account.credit", .args = {{"id", credited}, {"transfer", key}, {"cents", cents}}}};
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(order), all.end());
  return all;
}

Status found_bank(Store& store, Choices& choices) {
  FORGE_TRY(store.add_schema(ledger_schema()).status());
  const ActOptions teller{.actor = Actor("tom", "teller")}, manager{.actor = Actor("mia", "manager")};
  for (std::uint64_t i = 0; i < kAccounts; ++i) {
    const std::string id = account_name(i);
    const auto limit = static_cast<std::int64_t>(choices.up_to(500));
    FORGE_TRY(store.act("Account.open", {{"id", id}, {"owner", owner_of(id)}}, teller).status());
    FORGE_TRY(store.act("Account.pay_in", {{"id", id}, {"cents", kPaidIn}}, teller).status());
    FORGE_TRY(store.act("Account.set_limit", {{"id", id}, {"limit_cents", limit}}, manager).status());
  }
  return {};
}

Transfer random_transfer(std::string key, Choices& choices) {
  Transfer out{.key = std::move(key), .debited = {}, .credited = {}, .cents = 0, .actor = {}};
  const auto account = [&] { return account_name(choices.up_to(kAccounts - 1)); };
  out.debited = account();
  out.credited = account();
  out.cents = static_cast<std::int64_t>(1 + choices.up_to(899));
  out.order = choices.up_to(2);
  const std::string& in_whose_name = choices.up_to(9) == 0 ? out.credited : out.debited;
  out.actor = Actor(owner_of(in_whose_name), choices.up_to(9) == 0 ? "customer" : "transfer");
  return out;
}

std::string fault_of_refusal(const Transfer& transfer, const Status& status) {
  if (status.text().place.empty()) return "has no place: " + status.message();
  if (!transfer.has_role()) return is_denied_by(status, "transfer") ? "" : "is not for the role: " + status.message();
  if (is_denied_by(status, "own_account")) return transfer.is_owners() ? "is the owner's: " + status.message() : "";
  if (status.id() != ErrorId::kRuleViolated) return "is for no reason: " + status.message();
  if (status.text().what.ends_with("'two_accounts'")) return transfer.has_two_accounts() ? "has two accounts" : "";
  if (!transfer.is_owners()) return "should have been denied first: " + status.message();
  const std::string& why = status.text().why;
  const bool is_past = number_in(why, "balance_cents") < -number_in(why, "limit_cents");
  return status.text().what.ends_with("'within_limit'") && is_past ? "" : "is within the limit: " + status.message();
}

std::string fault_of_balances(const View& view, const std::map<std::string, std::int64_t>* moved) {
  std::int64_t sum = 0;
  std::uint64_t accounts = 0;
  std::string fault;
  const Status listed = view.list({.resource = "Account"}, [&](const Record& record) {
    const std::int64_t balance = record["balance_cents"].as_int(), limit = record["limit_cents"].as_int();
    sum += balance;
    ++accounts;
    if (balance < -limit) fault = record.key() + " is at " + std::to_string(balance) + ", its limit is " + std::to_string(limit);
    if (moved == nullptr) return true;
    const std::int64_t due = kPaidIn + (moved->contains(record.key()) ? moved->at(record.key()) : 0);
    if (balance != due)
      fault = record.key() + " is at " + std::to_string(balance) + ", its transfers come to " + std::to_string(due);
    return true;
  });
  if (!listed.ok()) return listed.message();
  if (sum != static_cast<std::int64_t>(accounts) * kPaidIn) fault = "the accounts come to " + std::to_string(sum);
  return accounts == kAccounts ? fault : std::to_string(accounts) + " accounts";
}

}  // namespace forge::testing_support
