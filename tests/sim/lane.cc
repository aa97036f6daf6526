#include "lane.h"

#include <limits>

#include "forge/events/json.h"

namespace forge::model {

std::string Attempt::text() const {
  std::string out;
  for (const ActionRequest& request : requests) {
    out += (out.empty() ? "" : " + ") + request.action + " " + to_json(request.args);
    if (request.if_version) out += " if_version " + std::to_string(*request.if_version);
  }
  if (requests.empty()) out = "no actions";
  if (!options.idempotency_key.empty()) out += " key " + options.idempotency_key;
  if (!options.actor.role.empty()) out += " as " + options.actor.role;
  if (options.dry_run) out += " (dry run)";
  return out;
}

Lane::Lane(std::uint64_t number, ModelLog& log, Dice& dice)
    : dice_(dice), log_(log), model_(log), number_(static_cast<std::int64_t>(number)), name_("lane" + std::to_string(number)) {
  for (const char* key : {"a", "b", "ä \"ø\""}) accounts_.push_back(key_prefix() + key);
  for (const char* mail : {"@x", "@y", "@日本"}) emails_.push_back(name_ + mail);
  if (number == 1) emails_.push_back("");  // a value like any other, but of one lane alone
  items_ = {10 * number_, 10 * number_ + 1, -10 * number_ - 1};
  for (std::int64_t slot = 0; slot < 3; ++slot) slots_.push_back(5 * number_ + slot);
}

bool Lane::lives(const RecordName& record) const {
  return model_.living(record, log_.head).has_value();
}

Attempt Lane::next() {
  if (!keyed_.empty() && dice_.chance(9)) {
    Attempt again = dice_.pick(keyed_);
    again.options.dry_run = dice_.chance(10);
    if (dice_.chance(30)) again.requests = {request()};
    return again;
  }
  Attempt out{.options = options()};
  if (dice_.chance(7)) {
    out.requests = swap();
  } else if (!dice_.chance(3)) {
    const std::int64_t count = dice_.chance(30) ? dice_.between(2, 4) : 1;
    for (std::int64_t i = 0; i < count; ++i) out.requests.push_back(request());
    if (dice_.chance(6)) spoil(out.requests[dice_.below(out.requests.size())]);
  }
  if (!out.options.idempotency_key.empty()) keyed_.push_back(out);
  return out;
}

ActOptions Lane::options() {
  ActOptions out;
  out.actor = Actor(name_ + dice_.pick({"/ann", "/bob"}), dice_.pick({"", "clerk"}));
  if (dice_.chance(35)) out.idempotency_key = name_ + ":" + std::to_string(dice_.below(1'000'000));
  if (dice_.chance(20)) out.occurred_at = Time{dice_.between(-1'000'000, 2'000'000'000'000'000)};
  if (dice_.chance(20)) out.correlation = name_ + dice_.pick({"/order", "/refund"});
  if (dice_.chance(10)) out.causation = dice_.below(log_.head + 1);
  if (dice_.chance(10)) out.hops_left = static_cast<std::uint8_t>(dice_.below(256));
  if (dice_.chance(10)) out.reason = "because of " + name_;
  out.dry_run = dice_.chance(8);
  return out;
}

ActionRequest Lane::request() {
  return dice_.chance(65) ? account_request() : item_request();
}

std::optional<Version> Lane::expectation(const RecordName& record) {
  if (!dice_.chance(25)) return std::nullopt;
  const std::optional<Standing> standing = model_.living(record, log_.head);
  const Version version = standing ? standing->version : 0;
  return dice_.chance(75) ? version : version + dice_.below(3);
}

ActionRequest Lane::account_request() {
  const std::string key = dice_.chance(60) ? accounts_.front() : dice_.pick(accounts_);
  const RecordName record{"Account", key};
  ActionRequest out{.if_version = expectation(record)};
  const bool create = lives(record) ? dice_.chance(4) : dice_.chance(85);
  if (create) {
    out.action = dice_.chance(75) ? "Account.open" : "Account.put";
    out.args.add("owner", account_argument("owner"));
    if (out.action == "Account.open") {
      add_account_arguments(out.args, {"email", "balance", "credit", "tier", "score", "motto", "note", "parts"});
      if (dice_.chance(7)) return out;  // the store makes the key
    } else {
      add_account_arguments(out.args, {"email", "balance", "tier", "note"});
    }
  } else {
    out.action =
        dice_.pick({"Account.deposit", "Account.deposit", "Account.deposit", "Account.withdraw", "Account.edit", "Account.edit",
                    "Account.edit", "Account.scale", "Account.promote", "Account.touch", "Account.put", "Account.close"});
    if (out.action == "Account.deposit") out.args.add("memo", dice_.chance(95) ? Value("cash") : Value());
    if (out.action == "Account.deposit" || out.action == "Account.withdraw") {
      if (dice_.chance(90)) out.args.add("amount", dice_.chance(97) ? Value(amount()) : Value());
    }
    if (out.action == "Account.edit") {
      add_account_arguments(out.args, {"owner", "email", "score", "motto", "note", "tier", "open", "ratio", "parts"});
    }
    if (out.action == "Account.scale" && dice_.chance(80)) out.args.add("by", dice_.between(-1, 3));
    if (out.action == "Account.put") add_account_arguments(out.args, {"owner", "email", "balance", "tier", "note"});
  }
  out.args.add("id", key);
  return out;
}

void Lane::add_account_arguments(Args& args, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (args.find(name) == nullptr && dice_.chance(35)) args.add(name, account_argument(name));
  }
}

Value Lane::account_argument(const std::string& name) {
  const bool kept = name == "owner" || name == "balance" || name == "credit" || name == "motto" || name == "tier" ||
                    name == "open" || name == "ratio";
  if (dice_.chance(kept ? 2 : 20)) return {};
  if (name == "owner") return dice_.pick({"Ann", "Bob", "日本"});
  if (name == "email") return dice_.chance(2) ? Value(name_ + std::string("\0", 1)) : Value(dice_.pick(emails_));
  if (name == "balance") return dice_.pick<std::int64_t>({0, 0, 7, 100, 999'999, -5, -11});
  if (name == "credit") return dice_.pick<std::int64_t>({0, 10, 1000});
  if (name == "tier") return std::string(kTiers[dice_.below(3)]);
  if (name == "score") return dice_.pick<std::int64_t>({0, 2, 3, 10, 20'000, -1});
  if (name == "motto") return dice_.pick({"none", "carpe diem", ""});
  if (name == "note") return dice_.pick({"", "abc", "a longer note, with \"quotes\" and\nlines", "ABC"});
  if (name == "open") return dice_.chance(80);
  if (name == "ratio") return dice_.pick({0.5, -1.25, 1e300, 0.1});
  return parts();
}

Value Lane::parts() {
  List out;
  for (std::uint64_t count = dice_.below(4); count > 0; --count) {
    out.push_back(Object{{"label", dice_.pick({"bolt", "nut", ""})}, {"weight", dice_.between(-2, 2)}});
  }
  return out;
}

std::int64_t Lane::amount() {
  return dice_.pick<std::int64_t>({1, 1, 2, 5, 10, 100, 1000, 500'000, 0, -1, std::numeric_limits<std::int64_t>::max()});
}

ActionRequest Lane::item_request() {
  const std::int64_t key = dice_.chance(60) ? items_.front() : dice_.pick(items_);
  const RecordName record{"Item", std::to_string(key)};
  ActionRequest out{.if_version = expectation(record)};
  const auto maybe = [&](const char* name, Value value, unsigned percent) {
    if (dice_.chance(percent)) out.args.add(name, dice_.chance(15) ? Value() : std::move(value));
  };
  const bool create = lives(record) ? dice_.chance(4) : dice_.chance(85);
  out.args.add("number", key);
  if (create) {
    out.action = dice_.pick({"Item.add", "Item.put"});
    out.args.add("label", dice_.pick({"saw", "file"}));
    maybe("slot", dice_.pick(slots_), 60);
    if (dice_.chance(40)) out.args.add("left", dice_.between(-1, 20));
    return out;
  }
  out.action = dice_.pick({"Item.take", "Item.take", "Item.take", "Item.grow", "Item.move", "Item.move", "Item.put", "Item.drop"});
  if (out.action == "Item.take") maybe("count", dice_.pick<std::int64_t>({0, 1, 2, 5, -3, INT32_MIN}), 60);
  if (out.action == "Item.grow") maybe("by", dice_.pick<std::int64_t>({0, 1, 100, 253, -1}), 60);
  if (out.action == "Item.move") {
    maybe("slot", dice_.pick(slots_), 70);
    maybe("holder", dice_.pick({"ann", "bob"}), 50);
    if (dice_.chance(20)) out.args.add("label", dice_.pick({"saw", "hammer"}));
  }
  if (out.action == "Item.put") {
    maybe("slot", dice_.pick(slots_), 50);
    if (dice_.chance(50)) out.args.add("left", dice_.between(-1, 9));
  }
  return out;
}

// Two records exchange a unique value: possible only within one transaction.
std::vector<ActionRequest> Lane::swap() {
  const auto value_at = [&](const char* resource, const std::string& key, const char* field) {
    const std::optional<Standing> standing = model_.living({resource, key}, log_.head);
    return standing ? value_of(*standing->fields, field) : Value();
  };
  if (dice_.chance(50)) {
    return {{.action = "Account.edit", .args = {{"id", accounts_[0]}, {"email", value_at("Account", accounts_[1], "email")}}},
            {.action = "Account.edit", .args = {{"id", accounts_[1]}, {"email", value_at("Account", accounts_[0], "email")}}}};
  }
  const Value first = value_at("Item", std::to_string(items_[0]), "slot"),
              second = value_at("Item", std::to_string(items_[1]), "slot");
  return {{.action = "Item.move", .args = {{"number", items_[0]}, {"slot", second}}},
          {.action = "Item.move", .args = {{"number", items_[1]}, {"slot", first}}}};
}

// Makes one thing wrong with a request, whatever the state.
void Lane::spoil(ActionRequest& request) {
  const ActionModel& action = *find_action(request.action);
  const ResourceModel& resource = resource_of(action);
  Args args;
  const auto replace = [&](const std::string& name, const Value& value) {
    for (const auto& [had, kept] : request.args.members()) {
      if (had != name) args.add(had, kept);
    }
    args.add(name, value);
  };
  switch (dice_.below(8)) {
    case 0:
      request.action += "ly";
      return;
    case 1:
      replace("colour", "red");
      break;
    case 2:
      replace(resource.key, nullptr);
      break;
    case 3:
      replace(resource.key, resource.key_is_int ? Value("seven") : Value(7));
      break;
    case 4:
      replace(resource.key, resource.key_is_int ? Value(1.5) : Value(""));
      break;
    case 5:
      replace(resource.key, resource.key_is_int ? Value(true) : Value(std::string("a\0b", 3)));
      break;
    case 6:
      replace(resource.key, resource.key_is_int ? Value(List{}) : Value(std::string(1025, 'k')));
      break;
    default: {
      if (action.arguments.empty()) return;
      const FieldModel& argument = dice_.pick(action.arguments);
      if (argument.type == Type::kText) replace(argument.name, dice_.chance(50) ? Value("\xff") : Value(1));
      if (argument.type == Type::kInt) replace(argument.name, argument.max < INT64_MAX ? Value(argument.max + 1) : Value("1"));
      if (argument.type == Type::kBool) replace(argument.name, 1);
      if (argument.type == Type::kFloat) replace(argument.name, "0.5");
      if (argument.type == Type::kTier) replace(argument.name, dice_.chance(50) ? Value("gold") : Value(2.0));
      if (argument.type == Type::kParts)
        replace(argument.name, dice_.chance(50) ? Value(List{Object{{"weight", 1}}}) : Value("[]"));
    }
  }
  request.args = std::move(args);
}

}  // namespace forge::model
