#pragma once

// A small domain twice: as a schema for the store, and as plain C++ for the model. The two are written independently of each other;
// nothing here uses the store's domain, rules or fold.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/error_table.h"
#include "forge/events/time.h"
#include "forge/events/value.h"

namespace forge::model {

// What is set; a name that is not there is null.
using Fields = std::map<std::string, Value>;

// Null where it is not set.
Value value_of(const Fields& fields, const std::string& name);

enum class Type : std::uint8_t { kText, kInt, kBool, kFloat, kTier, kParts };

struct FieldModel {
  std::string name;
  Type type = Type::kText;
  Value initial;  // what absence reads as; null: nothing
  bool nullable = true;
  bool required = false;
  bool unique = false;
  std::int64_t min = INT64_MIN, max = INT64_MAX;  // of a kInt
};

// What a rule looks at.
struct Scene {
  const Fields* before = nullptr;  // null: no record
  const Fields* arguments = nullptr;
  std::string_view role;
  Time now;
};

enum class KindOfAction : std::uint8_t { kCreates, kUpdates, kUpserts, kDestroys };

struct ActionModel {
  std::string name, event;
  KindOfAction kind = KindOfAction::kUpdates;
  std::vector<FieldModel> arguments;                      // without the key
  ErrorId (*require)(const Scene&) = nullptr;             // null: nothing is required
  ErrorId (*set)(const Scene&, Fields& after) = nullptr;  // null: nothing is set beside the arguments
};

struct ResourceModel {
  std::string name, key;
  bool key_is_int = false;
  std::vector<FieldModel> fields;  // without the key, in declared order
  ErrorId (*check)(const Fields& after) = nullptr;
  std::vector<ActionModel> actions;

  const FieldModel* find(std::string_view field) const;
};

// In the order of their declaration, then Forge's own bookmarks.
const std::vector<ResourceModel>& resources();
const ResourceModel* find_resource(std::string_view name);
const ActionModel* find_action(std::string_view name);
// The resource of an action that exists.
const ResourceModel& resource_of(const ActionModel& action);

inline constexpr std::string_view kTiers[] = {"Basic", "Silver", "Gold"};

inline constexpr std::string_view kModelSchema = R"fbs(include "forge.fbs";
namespace bank;

enum Tier : byte { Basic, Silver, Gold }

table Part {
  label: string (required);
  weight: int = 1;
}

table Account (resource, check: "covered: balance + credit >= 0") {
  id: string (key);
  owner: string (required);
  email: string (unique);
  balance: long (check: "balance <= 1000000");
  credit: int = 10;
  tier: Tier;
  score: short = null (check: "score >= 0");
  motto: string (default: "none");
  note: string;
  open: bool = true;
  ratio: double = 0.5;
  touched: long = null;
  parts: [Part];
}

table Item (resource) {
  number: long (key);
  label: string (required);
  slot: int = null (unique);
  left: int = 5 (check: "left >= 0");
  size: ubyte = 1;
  holder: string;
}

table OpenAccount (action: "Account.open", creates, event: "Account.opened") {
  id: string;
  owner: string (required);
  email: string;
  balance: long = 0;
  credit: int;
  tier: Tier;
  score: short = null;
  motto: string;
  note: string;
  parts: [Part];
}
table Deposit (action: "Account.deposit", updates, event: "Account.deposited", require: ":amount > 0; open",
               set: "balance = balance + :amount; touched = now()") {
  amount: long = 1;
  memo: string (required);
}
table Withdraw (action: "Account.withdraw", updates, event: "Account.withdrawn",
                require: "affordable: balance >= :amount or :actor.role = 'clerk'", set: "balance = balance - :amount") {
  amount: long = 1;
}
table EditAccount (action: "Account.edit", updates, event: "Account.edited") {
  owner: string;
  email: string;
  score: short = null;
  motto: string;
  note: string;
  tier: Tier = null;
  open: bool = null;
  ratio: double = null;
  parts: [Part];
}
table ScaleAccount (action: "Account.scale", updates, require: "score > 2",
                    set: "balance = balance / :by; score = score * 2") {
  by: long = 1;
}
table PromoteAccount (action: "Account.promote", updates, event: "Account.promoted", require: "tier <> 'Gold'",
                      set: "tier = case when tier = 'Basic' then 'Silver' else 'Gold' end") {}
table TouchAccount (action: "Account.touch", updates, event: "Account.touched") {}
table PutAccount (action: "Account.put", upserts, set: "credit = coalesce(credit, 0) + 1") {
  owner: string;
  email: string;
  balance: long = null;
  tier: Tier = Silver;
  note: string;
}
table CloseAccount (action: "Account.close", destroys, event: "Account.closed",
                    require: "balance = 0 or :actor.role = 'clerk'") {}

table AddItem (action: "Item.add", creates, event: "Item.added") {
  number: long;
  label: string (required);
  slot: int = null;
  left: int = 3;
  holder: string;
}
table TakeItem (action: "Item.take", updates, event: "Item.taken", set: "left = left - :count") { count: int = 1; }
table GrowItem (action: "Item.grow", updates, set: "size = size + :by") { by: int = 1; }
table MoveItem (action: "Item.move", updates, event: "Item.moved") {
  slot: int = null;
  holder: string;
  label: string;
}
table PutItem (action: "Item.put", upserts) {
  label: string;
  slot: int = null;
  left: int = 7;
}
table DropItem (action: "Item.drop", destroys, event: "Item.dropped") {}
)fbs";

}  // namespace forge::model
