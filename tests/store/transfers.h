#pragma once

// Random transfers between the accounts of examples/ledger, as several tests make them, and what is owed to whoever makes them:
// money is neither made nor lost, no account passes its limit, and every refusal has its reason.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "forge/store/store.h"
#include "store/ledger.h"

namespace forge::testing_support {

inline constexpr std::uint64_t kThreads = 32;
inline constexpr std::uint64_t kAccounts = 12;
inline constexpr std::int64_t kPaidIn = 1000;  // into each account

struct Transfer {
  std::string key;
  std::string debited, credited;
  std::int64_t cents = 0;
  Actor actor;
  std::uint64_t order = 0;  // which of the three actions comes first

  bool has_role() const { return actor.role == "transfer"; }
  bool is_owners() const;
  bool has_two_accounts() const { return debited != credited; }
  bool may_succeed() const { return has_role() && is_owners() && has_two_accounts(); }

  std::vector<ActionRequest> actions() const;
};

// The schema and the accounts, each with its owner, its limit and kPaidIn. Errors: as Store::act.
Status found_bank(Store& store, Choices& choices);
Transfer random_transfer(std::string key, Choices& choices);
// What is wrong with refusing the transfer so; empty: nothing.
std::string fault_of_refusal(const Transfer& transfer, const Status& status);
// All accounts at one point, with what was moved to and from each where that is known: what is wrong, or empty.
std::string fault_of_balances(const View& view, const std::map<std::string, std::int64_t>* moved);

}  // namespace forge::testing_support
