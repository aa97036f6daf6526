#include "partner_check.h"

#include <algorithm>
#include <vector>

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"
#include "undo_plan.h"

namespace forge::internal {
namespace {

// What is to be done, or what was asked for once and is to be taken back.
struct Asked {
  const Action* action = nullptr;
  const Row& arguments;
  const std::string& key;  // encoded; empty: to be made
  bool is_undone = false;
};

Asked asked_of(const PreparedAction& prepared) {
  if (prepared.undo == nullptr) return {prepared.action, prepared.arguments, prepared.key, false};
  return {prepared.undo->asked, prepared.undo->arguments, prepared.undo->key, true};
}

// As the action will be decided: an argument that is not given has its default. Null where there is none, and of a key to be made.
Value value_of(const Asked& asked, Partner::Name name) {
  const Field& field = field_of(*asked.action, name);
  if (name.argument >= 0) {
    Row row = asked.arguments;
    resolve_defaults(asked.action->arguments, row);
    return reveal_cell(field, row[static_cast<std::size_t>(name.argument)]);
  }
  if (asked.key.empty()) return {};
  const Resource& resource = *asked.action->resource;
  Row row(resource.record.fields.size());
  return key_cells(resource, asked.key, row).ok() ? reveal_cell(field, row[field.id]) : Value();
}

bool agrees(const Asked& own, const Asked& other, const Partner& partner) {
  if (other.action != partner.action || other.is_undone != own.is_undone) return false;
  return std::all_of(partner.equals.begin(), partner.equals.end(), [&](const Partner::Equal& equal) {
    const Value wanted = value_of(own, equal.own);
    return !wanted.is_null() && wanted == value_of(other, equal.theirs);
  });
}

Status refusal(const Asked& own, const Partner& partner, std::ptrdiff_t count) {
  std::string such = "the transaction " + std::string(own.is_undone ? "takes back " : "has ") +
                     (count == 0 ? std::string("none") : std::to_string(count));
  for (const Partner::Equal& equal : partner.equals) {
    such += &equal == &partner.equals.front() ? " with " : " and ";
    such += field_of(*partner.action, equal.theirs).name + " = " + to_json(value_of(own, equal.own));
  }
  const std::string action = (own.is_undone ? "taking back " : "") + own.action->name;
  return Status(ErrorId::kRuleViolated, action + " goes with one " + partner.action->name + " in the same transaction")
      .why(std::move(such))
      .place(partner.place)
      .remedy(own.is_undone
                  ? "take all of its transaction back: forgectl undo --transaction, Store::undo_transaction"
                  : "issue them together: forgectl do --batch, Store::transact; see: forgectl explain " + own.action->name);
}

Status check(const std::vector<Asked>& all, const Asked& own) {
  for (const Partner& partner : own.action->partners) {
    const auto count = std::count_if(all.begin(), all.end(), [&](const Asked& other) {
      return &other != &own && other.action != nullptr && agrees(own, other, partner);
    });
    if (count != 1) return refusal(own, partner, count);
  }
  return {};
}

}  // namespace

Status check_partners(std::span<const PreparedAction> actions) {
  const bool has_any = std::any_of(actions.begin(), actions.end(), [](const PreparedAction& prepared) {
    const Action* const action = asked_of(prepared).action;
    return action != nullptr && !action->partners.empty();
  });
  if (!has_any) return {};
  std::vector<Asked> all;
  for (const PreparedAction& prepared : actions) all.push_back(asked_of(prepared));
  for (const Asked& own : all) {
    if (own.action != nullptr) FORGE_TRY(check(all, own));
  }
  return {};
}

}  // namespace forge::internal
