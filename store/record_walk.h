#pragma once

// Finding the records that a filter wants: through an index where one answers part of it, else over all records in key order.
// Either way the whole filter is evaluated on each record as of the view's point, so the answer is the same.

#include <array>
#include <functional>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "record_reader.h"
#include "view_state.h"
#include "write_errors.h"

namespace forge::internal {

// Records that are in flight: what is known of them hides what the tables say. By key, encoded; nothing: there is no such record.
using RecordsInFlight = std::map<std::string, std::optional<RecordState>, std::less<>>;

// Which records are wanted. Everything is borrowed.
struct Selection {
  const Expression* filter = nullptr;          // null: every record
  RuleInput input;                             // what the filter sees beside the record: arguments and actor
  std::string_view after_key;                  // only keys after this one, as text; empty: from the first
  std::string_view key_prefix;                 // only text keys that begin so
  const RecordsInFlight* in_flight = nullptr;  // null: none; else without after_key and key_prefix
  Deadline until;                              // past it the walk fails; nothing: it takes what it takes
};

class RecordWalk {
 public:
  using Visit = std::function<Result<bool>(const Record&)>;

  // `resource` is one of state.domain, which may be a later one than that of the point. All outlive the walk.
  RecordWalk(const View::State& state, const Resource& resource, const Selection& selection, const Visit& visit)
      : state_(state),
        resource_(resource),
        selection_(selection),
        visit_(visit),
        reader_(*state.database, *state.catalog, state.seq) {}

  // Visits records in key order, those in flight before them, until that returns false. `plan`, when given, is filled. Errors:
  // kKeyInvalid, kRuleFailed, kDeadlinePassed, kDataCorrupt, kIoError; those of `visit`.
  Status run(ReadPlan* plan);
  // Errors: kDeadlinePassed.
  Status check_time() const;

 private:
  Status find_bounds();
  Result<bool> offer_in_flight();
  Result<bool> walk_index();
  Status walk_records();
  Result<bool> offer(std::string_view key, std::optional<RecordState> found);
  Result<bool> show(std::string_view key, RecordState found);
  Result<bool> matches(const Record& record);

  const View::State& state_;
  const Resource& resource_;
  const Selection& selection_;
  const Visit& visit_;
  RecordReader reader_;
  std::array<std::byte, 1024> buffer_;
  std::string prefix_, start_;
  ReadPlan plan_;
  std::uint64_t touched_ = 0;
};

// View::query as of a state whose domain is today's; `in_flight` holds records of the query's resource, or is null. Errors: as
// there.
Status answer_query(const View::State& today, std::string_view name, const Args& args, const QueryOptions& options,
                    const RecordsInFlight* in_flight, const std::function<bool(const Record&)>& visit, ReadPlan* plan);

}  // namespace forge::internal
