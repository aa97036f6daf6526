#include "support/model_domain.h"

#include <algorithm>

namespace forge::model {
namespace {

using enum ErrorId;

std::int64_t int_of(const Fields& fields, const std::string& name) {
  return value_of(fields, name).as_int();
}

ErrorId refuse_unless(bool holds) {
  return holds ? kNone : kRuleViolated;
}

// A sum that must fit in 64 bits, then in the field.
ErrorId put_sum(std::int64_t a, std::int64_t b, const FieldModel& field, Fields& after) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return kRuleFailed;
  if (sum < field.min || sum > field.max) return kArgumentRange;
  after[field.name] = sum;
  return kNone;
}

const FieldModel& field_of(std::string_view resource, std::string_view field) {
  return *find_resource(resource)->find(field);
}

// ---- Account ----

ErrorId check_account(const Fields& after) {
  if (int_of(after, "balance") > 1'000'000) return kRuleViolated;
  const Value score = value_of(after, "score");
  if (!score.is_null() && score.as_int() < 0) return kRuleViolated;
  std::int64_t cover = 0;
  if (__builtin_add_overflow(int_of(after, "balance"), int_of(after, "credit"), &cover)) return kRuleFailed;
  return refuse_unless(cover >= 0);
}

// NULL refuses: an amount or a switch that is null does not hold.
ErrorId require_deposit(const Scene& scene) {
  const Value amount = value_of(*scene.arguments, "amount");
  return refuse_unless(!amount.is_null() && amount.as_int() > 0 && value_of(*scene.before, "open").as_bool());
}

ErrorId set_deposit(const Scene& scene, Fields& after) {
  const ErrorId refused =
      put_sum(int_of(*scene.before, "balance"), int_of(*scene.arguments, "amount"), field_of("Account", "balance"), after);
  after["touched"] = scene.now.micros;
  return refused;
}

ErrorId require_withdraw(const Scene& scene) {
  const Value amount = value_of(*scene.arguments, "amount");
  const bool affordable = !amount.is_null() && int_of(*scene.before, "balance") >= amount.as_int();
  return refuse_unless(affordable || scene.role == "clerk");
}

ErrorId set_withdraw(const Scene& scene, Fields& after) {
  const Value amount = value_of(*scene.arguments, "amount");
  if (amount.is_null()) {
    after.erase("balance");
    return kNone;
  }
  std::int64_t left = 0;
  if (__builtin_sub_overflow(int_of(*scene.before, "balance"), amount.as_int(), &left)) return kRuleFailed;
  after["balance"] = left;
  return kNone;
}

ErrorId require_scale(const Scene& scene) {
  const Value score = value_of(*scene.before, "score");
  return refuse_unless(!score.is_null() && score.as_int() > 2);
}

ErrorId set_scale(const Scene& scene, Fields& after) {
  const Value by = value_of(*scene.arguments, "by");
  if (by.is_null()) {
    after.erase("balance");
  } else {
    if (by.as_int() == 0) return kRuleFailed;
    after["balance"] = int_of(*scene.before, "balance") / by.as_int();
  }
  const std::int64_t score = int_of(*scene.before, "score");
  return put_sum(score, score, field_of("Account", "score"), after);
}

ErrorId require_promote(const Scene& scene) {
  return refuse_unless(value_of(*scene.before, "tier").as_text() != "Gold");
}

ErrorId set_promote(const Scene& scene, Fields& after) {
  after["tier"] = value_of(*scene.before, "tier").as_text() == "Basic" ? "Silver" : "Gold";
  return kNone;
}

ErrorId set_put(const Scene& scene, Fields& after) {
  return put_sum(scene.before == nullptr ? 0 : int_of(*scene.before, "credit"), 1, field_of("Account", "credit"), after);
}

ErrorId require_close(const Scene& scene) {
  return refuse_unless(int_of(*scene.before, "balance") == 0 || scene.role == "clerk");
}

ResourceModel account() {
  const FieldModel owner{.name = "owner"}, email{.name = "email"}, motto{.name = "motto"}, note{.name = "note"};
  const FieldModel parts{.name = "parts", .type = Type::kParts};
  const FieldModel score{.name = "score", .type = Type::kInt, .min = INT16_MIN, .max = INT16_MAX};
  const auto long_of = [](const char* name, Value initial, bool nullable = true) {
    return FieldModel{.name = name, .type = Type::kInt, .initial = std::move(initial), .nullable = nullable};
  };
  FieldModel required_owner = owner, unique_email = email, kept_motto = motto, required_memo{.name = "memo"};
  required_owner.required = required_memo.required = unique_email.unique = true;
  kept_motto.initial = "none";
  kept_motto.nullable = false;
  const FieldModel credit{
      .name = "credit", .type = Type::kInt, .initial = 10, .nullable = false, .min = INT32_MIN, .max = INT32_MAX};
  FieldModel given_credit = credit;
  given_credit.initial = {};
  const FieldModel tier{.name = "tier", .type = Type::kTier, .initial = "Basic", .nullable = false};
  const FieldModel given_tier{.name = "tier", .type = Type::kTier};
  const FieldModel silver{.name = "tier", .type = Type::kTier, .initial = "Silver"};

  return {
      .name = "Account",
      .key = "id",
      .fields = {required_owner,
                 unique_email,
                 long_of("balance", 0, false),
                 credit,
                 tier,
                 score,
                 kept_motto,
                 note,
                 {.name = "open", .type = Type::kBool, .initial = true, .nullable = false},
                 {.name = "ratio", .type = Type::kFloat, .initial = 0.5, .nullable = false},
                 long_of("touched", {}),
                 parts},
      .check = check_account,
      .actions = {
          {"Account.open",
           "Account.opened",
           KindOfAction::kCreates,
           {required_owner, email, long_of("balance", 0), given_credit, given_tier, score, motto, note, parts}},
          {"Account.deposit",
           "Account.deposited",
           KindOfAction::kUpdates,
           {long_of("amount", 1), required_memo},
           require_deposit,
           set_deposit},
          {"Account.withdraw", "Account.withdrawn", KindOfAction::kUpdates, {long_of("amount", 1)}, require_withdraw, set_withdraw},
          {"Account.edit",
           "Account.edited",
           KindOfAction::kUpdates,
           {owner,
            email,
            score,
            motto,
            note,
            given_tier,
            {.name = "open", .type = Type::kBool},
            {.name = "ratio", .type = Type::kFloat},
            parts}},
          {"Account.scale", "Account.scale", KindOfAction::kUpdates, {long_of("by", 1)}, require_scale, set_scale},
          {"Account.promote", "Account.promoted", KindOfAction::kUpdates, {}, require_promote, set_promote},
          {"Account.touch", "Account.touched", KindOfAction::kUpdates, {}},
          {"Account.put",
           "Account.put",
           KindOfAction::kUpserts,
           {owner, email, long_of("balance", {}), silver, note},
           nullptr,
           set_put},
          {"Account.close", "Account.closed", KindOfAction::kDestroys, {}, require_close},
      }};
}

// ---- Item ----

ErrorId check_item(const Fields& after) {
  return refuse_unless(int_of(after, "left") >= 0);
}

// NULL minus or plus anything is NULL, which the field cannot be.
ErrorId put_sum_or_null(const Fields& before, const std::string& name, const Value& by, int sign, Fields& after) {
  if (by.is_null()) {
    after.erase(name);
    return kNone;
  }
  return put_sum(int_of(before, name), sign * by.as_int(), field_of("Item", name), after);
}

ErrorId set_take(const Scene& scene, Fields& after) {
  return put_sum_or_null(*scene.before, "left", value_of(*scene.arguments, "count"), -1, after);
}

ErrorId set_grow(const Scene& scene, Fields& after) {
  return put_sum_or_null(*scene.before, "size", value_of(*scene.arguments, "by"), 1, after);
}

ResourceModel item() {
  const auto int_named = [](const char* name, Value initial) {
    return FieldModel{.name = name, .type = Type::kInt, .initial = std::move(initial), .min = INT32_MIN, .max = INT32_MAX};
  };
  const FieldModel label{.name = "label"}, holder{.name = "holder"};
  FieldModel required_label = label, unique_slot = int_named("slot", {}), left = int_named("left", 5);
  required_label.required = unique_slot.unique = true;
  left.nullable = false;
  return {
      .name = "Item",
      .key = "number",
      .key_is_int = true,
      .fields = {required_label,
                 unique_slot,
                 left,
                 {.name = "size", .type = Type::kInt, .initial = 1, .nullable = false, .min = 0, .max = UINT8_MAX},
                 holder},
      .check = check_item,
      .actions = {
          {"Item.add", "Item.added", KindOfAction::kCreates, {required_label, int_named("slot", {}), int_named("left", 3), holder}},
          {"Item.take", "Item.taken", KindOfAction::kUpdates, {int_named("count", 1)}, nullptr, set_take},
          {"Item.grow", "Item.grow", KindOfAction::kUpdates, {int_named("by", 1)}, nullptr, set_grow},
          {"Item.move", "Item.moved", KindOfAction::kUpdates, {int_named("slot", {}), holder, label}},
          {"Item.put", "Item.put", KindOfAction::kUpserts, {label, int_named("slot", {}), int_named("left", 7)}},
          {"Item.drop", "Item.dropped", KindOfAction::kDestroys, {}},
      }};
}

// Forge's own.
ResourceModel bookmark() {
  const FieldModel seq{.name = "seq", .type = Type::kInt, .initial = 0, .nullable = false};
  return {.name = "_bookmark",
          .key = "name",
          .fields = {seq},
          .actions = {{"_bookmark.add", "_bookmark.added", KindOfAction::kCreates, {seq}},
                      {"_bookmark.remove", "_bookmark.removed", KindOfAction::kDestroys, {}}}};
}

}  // namespace

Value value_of(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? Value() : found->second;
}

const FieldModel* ResourceModel::find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const FieldModel& one) { return one.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

const std::vector<ResourceModel>& resources() {
  static const std::vector<ResourceModel> all = {account(), item(), bookmark()};
  return all;
}

const ResourceModel* find_resource(std::string_view name) {
  for (const ResourceModel& resource : resources()) {
    if (resource.name == name) return &resource;
  }
  return nullptr;
}

const ActionModel* find_action(std::string_view name) {
  for (const ResourceModel& resource : resources()) {
    for (const ActionModel& action : resource.actions) {
      if (action.name == name) return &action;
    }
  }
  return nullptr;
}

const ResourceModel& resource_of(const ActionModel& action) {
  return *find_resource(std::string_view(action.name).substr(0, action.name.find('.')));
}

}  // namespace forge::model
