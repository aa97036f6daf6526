#pragma once

// What must have come of a telling. Each looks at one thing and says how it differs; nothing where it is as expected.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "telling.h"

namespace forge::testing::story {

// What did not hold: what it is about, with the step's path, what was expected and what came.
struct Unmet {
  std::string about;
  std::string expected;
  std::string got;

  // "the run's end: expected failed, got completed".
  std::string to_string() const { return about + ": expected " + expected + ", got " + got; }
};
using Check = std::optional<Unmet>;

// The run as it is now. Errors: as run_detail; where none has started, kRunNotFound.
Result<RunDetail> detail_of(Telling& telling);

Check check_end(const RunDetail& detail, std::string_view status);
Check check_result(const RunDetail& detail, const Value& result);
Check check_error(const RunDetail& detail, std::string_view text);
Check check_warnings(const RunDetail& detail, bool warnings);
// Hops that were used up on the longest path.
Check check_hops(const RunDetail& detail, std::uint64_t hops);
// Completed in this order among each other; others may have been between them.
Check check_order(Telling& telling, const RunDetail& detail, const std::vector<std::string>& steps);
// Undone in this order, and no others.
Check check_undone(const RunDetail& detail, const std::vector<std::string>& steps);
// Their failure was cleaned up after, whatever else was.
Check check_compensated(const RunDetail& detail, const std::string& step);
Check check_calls(const Telling& telling, const std::string& step, std::size_t calls);
// The call of that number, from 1, was given these, among others.
Check check_given(const Telling& telling, const std::string& step, std::size_t call, const Object& given);
// Every event since the run's first one that is not of Forge's own resources.
Check check_events(Telling& telling, const RunDetail& detail, const std::vector<std::string>& types);
// The record has these fields, among others; or it is not there.
Check check_record(Telling& telling, std::string_view resource, std::string_view key, const Object& fields);
Check check_no_record(Telling& telling, std::string_view resource, std::string_view key);
// Tells the plot once more for each of the `writes` transactions, with a runner that is gone after it and another one that goes on.
Check check_crashes(const Plot& plot, Telling& told, std::size_t writes, std::int64_t until_us);

}  // namespace forge::testing::story
