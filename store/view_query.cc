// Answering the queries that a schema declares.

#include <algorithm>
#include <array>
#include <memory_resource>

#include "argument_check.h"
#include "forge/events/codec.h"
#include "record_walk.h"
#include "row_rules.h"
#include "rule_check.h"

namespace forge {
namespace {

// Less than, equal, greater: -1, 0, 1. Both are values of one field that has an order; NULL comes first.
int compare_cells(const Cell& a, const Cell& b) {
  const auto sign = [](const auto& left, const auto& right) { return left < right ? -1 : right < left ? 1 : 0; };
  if (a.is_null() || b.is_null()) return sign(!a.is_null(), !b.is_null());
  switch (a.kind) {
    case Kind::kBool:
      return sign(a.boolean, b.boolean);
    case Kind::kFloat:
      return sign(a.number, b.number);
    case Kind::kText:
      return sign(a.as_text(), b.as_text());
    default:
      return sign(a.integer, b.integer);
  }
}

// The first `limit` of the records given to it, in the order of a query.
class SortedRecords {
 public:
  SortedRecords(const Query& query, std::size_t limit) : query_(query), limit_(limit) {}

  // Memory holds twice the limit at most.
  void add(const Record& record) {
    rows_.push_back({record, arrived_++});
    if (limit_ > 0 && rows_.size() >= 2 * limit_) cut();
  }

  std::vector<Record> take() {
    cut();
    std::sort(rows_.begin(), rows_.end(), before_);
    std::vector<Record> out;
    out.reserve(rows_.size());
    for (Row& row : rows_) out.push_back(std::move(row.record));
    return out;
  }

 private:
  struct Row {
    Record record;
    std::size_t arrived;  // records come in the order of their keys
  };
  struct Before {
    const Query* query;
    bool operator()(const Row& a, const Row& b) const {
      for (const Query::Order& order : query->order) {
        const int compared = compare_cells(a.record.cells()[order.field], b.record.cells()[order.field]);
        if (compared != 0) return (compared < 0) != order.descending;
      }
      return a.arrived < b.arrived;
    }
  };

  void cut() {
    if (limit_ == 0 || rows_.size() <= limit_) return;
    std::nth_element(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(limit_), rows_.end(), before_);
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(limit_), rows_.end());
  }

  const Query& query_;
  const std::size_t limit_;
  std::vector<Row> rows_;
  std::size_t arrived_ = 0;
  const Before before_{&query_};
};

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
  SortedRecords sorted(query, limit);
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
