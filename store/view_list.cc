// Listing records by a filter that the caller gives as text.

#include <algorithm>

#include "field_name.h"
#include "record_walk.h"
#include "sorted_records.h"

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

Result<Query::Order> read_sort_field(const Resource& resource, std::string_view text) {
  const bool descending = text.starts_with('-');
  const std::string_view name = text.substr(descending ? 1 : 0);
  FORGE_ASSIGN(const Field* field, internal::get_field(resource, name));
  if (field->secret) {
    return Status(ErrorId::kFilterInvalid, "the order reads a secret field")
        .why(resource.name + "." + field->name + " is shown nowhere, and the order would tell of it")
        .remedy("sort by another field");
  }
  if (field->type > BaseType::kText) {
    return Status(ErrorId::kFilterInvalid, "records cannot be sorted by " + resource.name + "." + field->name)
        .why("values of its type have no order")
        .remedy("sort by a number, a text, a boolean or an enum");
  }
  return Query::Order{.field = field->id, .descending = descending};
}

Result<std::vector<Query::Order>> read_sort(const Resource& resource, const ListQuery& query) {
  std::vector<Query::Order> out;
  if (query.sort.empty()) return out;
  if (query.limit == 0 || query.limit > ListQuery::kSortedMax || !query.after_key.empty()) {
    return Status(ErrorId::kFilterInvalid, "a sorted list needs a limit of 1 to " + std::to_string(ListQuery::kSortedMax))
        .why("its records are sorted in memory, and it does not go on behind a key")
        .remedy("give a limit, or export and sort there");
  }
  for (std::size_t begin = 0; begin <= query.sort.size();) {
    const std::size_t end = std::min(query.sort.find(',', begin), query.sort.size());
    FORGE_ASSIGN(out.emplace_back(), read_sort_field(resource, std::string_view(query.sort).substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

}  // namespace

Status View::list(const ListQuery& query, const std::function<bool(const Record&)>& visit, ReadPlan* plan) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const Resource* resource, state_->domain->get_resource(query.resource));
  FORGE_ASSIGN(const std::optional<Expression> filter, read_filter(*resource, query.where));
  const internal::Selection selection{
      .filter = filter ? &*filter : nullptr, .input = {}, .after_key = query.after_key, .key_prefix = query.key_prefix};
  FORGE_ASSIGN(const std::vector<Query::Order> order, read_sort(*resource, query));
  if (!order.empty()) {
    internal::SortedRecords sorted(order, query.limit);
    const internal::RecordWalk::Visit keep = [&](const Record& record) -> Result<bool> { return sorted.add(record), true; };
    FORGE_TRY(internal::RecordWalk(*state_, *resource, selection, keep).run(plan));
    const std::vector<Record> records = sorted.take();
    static_cast<void>(std::all_of(records.begin(), records.end(), visit));
    return {};
  }
  std::size_t visited = 0;
  const internal::RecordWalk::Visit show = [&](const Record& record) -> Result<bool> {
    return visit(record) && ++visited != query.limit;
  };
  return internal::RecordWalk(*state_, *resource, selection, show).run(plan);
}

}  // namespace forge
