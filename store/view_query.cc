// Answering the queries that a schema declares.

#include <algorithm>
#include <array>
#include <memory_resource>

#include "argument_check.h"
#include "forge/events/codec.h"
#include "record_walk.h"
#include "row_rules.h"
#include "rule_check.h"
#include "sorted_records.h"

namespace forge {
namespace {

// The smaller of two limits, of which 0 is none.
template <typename T>
T smaller_limit(T a, T b) {
  return a == T{0} ? b : b == T{0} ? a : std::min(a, b);
}

Result<const Action*> query_named(const Domain& domain, std::string_view name) {
  FORGE_ASSIGN(const Action* action, domain.get_action(name));
  if (action->query) return action;
  return Status(ErrorId::kActionReads, action->name + " is no query")
      .why(action->changes_record() ? "it " + std::string(name_of(action->kind)) + " a record" : "it is generic")
      .remedy("issue it: forgectl do " + action->name);
}

}  // namespace

Status View::query(std::string_view name, const Args& args, const QueryOptions& options,
                   const std::function<bool(const Record&)>& visit, ReadPlan* plan) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  State today = *state_;
  today.domain = state_->catalog->current();
  return internal::answer_query(today, name, args, options, nullptr, visit, plan);
}

Status internal::answer_query(const View::State& today, std::string_view name, const Args& args, const QueryOptions& options,
                              const RecordsInFlight* in_flight, const std::function<bool(const Record&)>& visit, ReadPlan* plan) {
  FORGE_ASSIGN(const Action* action, query_named(*today.domain, name));
  const Query& query = *action->query;
  std::array<std::byte, 1024> buffer;
  std::pmr::monotonic_buffer_resource memory(buffer.data(), buffer.size());
  Row given, arguments;
  FORGE_TRY(row_from_object(action->arguments, args, action->name, memory, given));
  FORGE_TRY(internal::check_given(*action, given));
  internal::resolve_arguments(*action, given, false, arguments);
  internal::Selection selection{.filter = query.where ? &*query.where : nullptr, .input = {}, .after_key = {}, .key_prefix = {}};
  selection.in_flight = in_flight;
  selection.input.arguments = arguments;
  selection.input.actor_id = options.actor.id;
  selection.input.actor_role = options.actor.role;
  FORGE_TRY(internal::check_policies(*action, selection.input, memory));

  selection.until = internal::deadline_after(smaller_limit(action->timeout, options.timeout), *today.clock);
  const std::size_t limit = smaller_limit(query.limit, options.limit);
  if (query.order.empty()) {
    std::size_t visited = 0;
    const internal::RecordWalk::Visit found = [&](const Record& record) -> Result<bool> {
      return visit(record) && ++visited != limit;
    };
    return internal::RecordWalk(today, *action->resource, selection, found).run(plan);
  }
  internal::SortedRecords sorted(query.order, limit);
  const internal::RecordWalk::Visit found = [&](const Record& record) -> Result<bool> { return sorted.add(record), true; };
  internal::RecordWalk walk(today, *action->resource, selection, found);
  FORGE_TRY(walk.run(plan));
  for (const Record& record : sorted.take()) {
    FORGE_TRY(walk.check_time());
    if (!visit(record)) break;
  }
  return {};
}

}  // namespace forge
