#include "list_plan.h"

#include <algorithm>

#include "forge/events/key.h"
#include "forge/projections/table_keys.h"

namespace forge::internal {
namespace {

using Operator = FieldComparison::Operator;

// The first comparison of `field` with one of these operators, or null.
const FieldComparison* find(std::span<const FieldComparison> comparisons, std::uint16_t field,
                            std::initializer_list<Operator> operators) {
  for (const FieldComparison& comparison : comparisons) {
    const bool wanted = std::find(operators.begin(), operators.end(), comparison.comparison) != operators.end();
    if (comparison.field == field && wanted) return &comparison;
  }
  return nullptr;
}

class ScanPlan {
 public:
  ScanPlan(const Resource& resource, std::span<const FieldComparison> comparisons, const Index& index)
      : resource_(resource), comparisons_(comparisons) {
    scan_.index = &index;
    append_u16(scan_.begin, index.number);
    scan_.last = scan_.begin;
    for (const std::uint16_t field : index.fields) {
      if (!take_equal(field)) {
        take_range(field);
        break;
      }
    }
    // What has no entry must match no such filter.
    if (!index.declared && not_null_ < index.fields.size()) worth_ = 0;
  }

  // Two for each equality, one for a range: 0 where the index is of no use.
  int worth() const { return worth_; }
  IndexScan take() { return std::move(scan_); }

 private:
  // False where the value cannot stand in an index: then nothing is said about it.
  bool append(std::uint16_t field, const Cell& value, std::string& out) const {
    const std::size_t size = out.size();
    const bool done = append_index_value(resource_, resource_.record.fields[field], value, out).ok();
    if (!done) out.resize(size);
    return done;
  }

  void say(std::uint16_t field, const char* how) {
    scan_.text += (scan_.text.empty() ? "" : ", ") + resource_.record.fields[field].name + " " + how;
  }

  bool take_equal(std::uint16_t field) {
    const FieldComparison* equal = find(comparisons_, field, {Operator::kEqual, Operator::kIsNull});
    if (equal == nullptr || !append(field, equal->value, scan_.begin)) return false;
    scan_.last = scan_.begin;
    say(field, equal->value.is_null() ? "null" : "equal");
    worth_ += 2;
    if (!equal->value.is_null()) ++not_null_;
    return true;
  }

  // Bounds are taken as included.
  void take_range(std::uint16_t field) {
    const FieldComparison* low = find(comparisons_, field, {Operator::kGreater, Operator::kGreaterEqual});
    const FieldComparison* high = find(comparisons_, field, {Operator::kLess, Operator::kLessEqual});
    const bool from = low != nullptr && append(field, low->value, scan_.begin);
    const bool to = high != nullptr && append(field, high->value, scan_.last);
    if (!from && !to) return;
    if (!from) scan_.begin += '\x01';  // NULLs are in no range
    if (!to) scan_.last += '\x01';
    say(field, from && to ? "from and to" : from ? "from" : "to");
    ++worth_;
    ++not_null_;
  }

  const Resource& resource_;
  std::span<const FieldComparison> comparisons_;
  IndexScan scan_;
  int worth_ = 0;
  std::size_t not_null_ = 0;  // fields whose NULLs match nothing
};

}  // namespace

std::optional<IndexScan> plan_list(const Resource& resource, std::span<const FieldComparison> comparisons) {
  std::optional<IndexScan> best;
  int worth = 0;
  for (const Index& index : resource.indexes) {
    ScanPlan plan(resource, comparisons, index);
    if (plan.worth() <= worth) continue;
    worth = plan.worth();
    best = plan.take();
  }
  return best;
}

}  // namespace forge::internal
