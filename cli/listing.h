#pragma once

// A list on standard output that stops at --limit and then says how to see the rest.

#include <optional>
#include <string>

#include "cursor.h"
#include "records.h"
#include "session.h"

namespace forge::cli {

Flag as_of_flag();
Flag limit_flag();
Flag cursor_flag();
Flag page_flag();

class Listing {
 public:
  // `list` names it in its cursors; empty for a list that has none.
  Listing(Session& session, ListShape shape, ListName list = {});

  // Whether the limit is reached; then the next row is not shown, but known to be there.
  bool full() const { return limit_ > 0 && shown_ >= limit_; }
  // 0: no limit.
  std::uint64_t limit() const { return limit_; }
  // A row whose place in the list is `position`.
  Status row(std::vector<std::string> cells, std::string position);
  Status row(const Object& data, std::string position);
  // A record as a row, in whatever format was asked for. Errors: as RecordShape.
  Status record(const View& view, const RecordShape& shape, const Record& record);
  // A row of several lines, in table format.
  Status text(std::string_view lines);
  // Ends the list. `more`: there are rows after the last one shown; `total`: how many there are in all, where that is known;
  // `advice`: how to see them.
  Status end(bool more, Seq seq, std::optional<std::uint64_t> total = std::nullopt,
             const std::string& advice = "--limit 0 for all");

 private:
  Session& session_;
  ListName list_;
  std::uint64_t limit_;
  std::uint64_t shown_ = 0;
  std::string last_;
};

// Ends a list of files that were checked, of which those without errors have their rows. The exit status.
Result<int> end_checks(Session& session, const std::vector<Status>& errors);

}  // namespace forge::cli
