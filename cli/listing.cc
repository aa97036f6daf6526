#include "listing.h"

#include "text.h"

namespace forge::cli {

Flag as_of_flag() {
  return {.name = "as-of",
          .type = FlagType::kText,
          .value = "POINT",
          .summary = "as it was then: a seq, a time, -2h, bookmark:NAME, key:KEY (help time)",
          .offer = Offer::kPoint};
}

Flag limit_flag() {
  return {.name = "limit", .type = FlagType::kCount, .value = "N", .summary = "at most so many; 0 for all", .default_value = "100"};
}

Flag cursor_flag() {
  return {.name = "cursor", .type = FlagType::kText, .value = "CURSOR", .summary = "go on where an earlier answer stopped"};
}

Flag page_flag() {
  return {.name = "page", .summary = "JSON as {\"items\":[…],\"next_cursor\":…}"};
}

Listing::Listing(Session& session, ListShape shape, ListName list)
    : session_(session), list_(std::move(list)), limit_(session.arguments.count("limit")) {
  shape.wrapped = session.arguments.is_on("page");
  session_.out.begin_list(std::move(shape));
}

Status Listing::row(std::vector<std::string> cells, std::string position) {
  ++shown_;
  last_ = std::move(position);
  return session_.out.row(std::move(cells));
}

Status Listing::row(const Object& data, std::string position) {
  ++shown_;
  last_ = std::move(position);
  return session_.out.row(data);
}

Status Listing::record(const View& view, const RecordShape& shape, const Record& record) {
  if (session_.out.is_table()) {
    FORGE_ASSIGN(std::vector<std::string> cells, shape.cells(view, record));
    return row(std::move(cells), record.key());
  }
  if (session_.out.format() == Format::kName) return row(Object{{"key", record.key()}}, record.key());
  FORGE_ASSIGN(const Object object, shape.object(view, record));
  return row(object, record.key());
}

Status Listing::text(std::string_view lines) {
  ++shown_;
  return session_.out.text(lines);
}

Status Listing::end(bool more, Seq seq, std::optional<std::uint64_t> total, const std::string& advice) {
  const std::string cursor = more && !list_.of.empty() ? write_cursor({list_, seq, last_}) : std::string();
  FORGE_TRY(session_.out.end_list(cursor));
  if (!more) return {};
  std::string line = "shown " + grouped(shown_);
  line += total.has_value() ? " of " + grouped(*total) : ", more exist";
  line += " — " + advice;
  if (!cursor.empty()) line += ", or --cursor " + cursor;
  session_.notice(line);
  return {};
}

Result<int> end_checks(Session& session, const std::vector<Status>& errors) {
  if (errors.empty()) {
    if (!session.out.is_table()) FORGE_TRY(session.out.end_list());
    return 0;
  }
  const int exit_status = session.refuse(errors);
  if (session.out.format() == Format::kJson) {
    FORGE_TRY(session.out.abandon());
  } else {
    session.notice(counted(errors.size(), "error"));
  }
  return exit_status;
}

}  // namespace forge::cli
