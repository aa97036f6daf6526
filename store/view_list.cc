// Listing records by a filter that the caller gives as text.

#include "record_walk.h"

namespace forge {
namespace {

Result<std::optional<Expression>> read_filter(const Resource& resource, const std::string& where) {
  if (where.empty()) return std::optional<Expression>();
  Result<Expression> parsed =
      Expression::parse({.text = where, .file = "where", .positions = {}}, {.record = &resource.record, .now = false});
  if (!parsed.ok()) return parsed.status();
  if (parsed->type() != RuleType::kBool && parsed->type() != RuleType::kNull) {
    return Status(ErrorId::kFilterInvalid, "the filter must be a condition").why(where);
  }
  for (const std::uint16_t field : parsed->fields()) {
    if (!resource.record.fields[field].secret) continue;
    return Status(ErrorId::kFilterInvalid, "the filter reads a secret field")
        .why(resource.name + "." + resource.record.fields[field].name + " is shown nowhere, and what matches would tell it");
  }
  return std::optional<Expression>(*std::move(parsed));
}

}  // namespace

Status View::list(const ListQuery& query, const std::function<bool(const Record&)>& visit, ReadPlan* plan) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const Resource* resource, state_->domain->get_resource(query.resource));
  FORGE_ASSIGN(const std::optional<Expression> filter, read_filter(*resource, query.where));
  const internal::Selection selection{
      .filter = filter ? &*filter : nullptr, .input = {}, .after_key = query.after_key, .key_prefix = query.key_prefix};
  std::size_t visited = 0;
  const internal::RecordWalk::Visit show = [&](const Record& record) -> Result<bool> {
    return visit(record) && ++visited != query.limit;
  };
  return internal::RecordWalk(*state_, *resource, selection, show).run(plan);
}

}  // namespace forge
