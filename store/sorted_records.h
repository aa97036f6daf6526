#pragma once

// The first records in an order other than that of their keys, in memory that the limit bounds. Not for several threads.

#include <algorithm>
#include <span>
#include <vector>

#include "forge/events/query.h"
#include "forge/store/record.h"

namespace forge::internal {

// Less than, equal, greater: -1, 0, 1. Both are values of one field that has an order; NULL comes first.
inline int compare_cells(const Cell& a, const Cell& b) {
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

// The first `limit` of the records given to it, by the fields of `order`, which outlives it.
class SortedRecords {
 public:
  SortedRecords(std::span<const Query::Order> order, std::size_t limit) : limit_(limit), before_{order} {}

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
    std::span<const Query::Order> fields;
    bool operator()(const Row& a, const Row& b) const {
      for (const Query::Order& order : fields) {
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

  const std::size_t limit_;
  std::vector<Row> rows_;
  std::size_t arrived_ = 0;
  const Before before_;
};

}  // namespace forge::internal
