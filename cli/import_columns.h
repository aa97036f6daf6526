#pragma once

// Which argument each column of a CSV file gives, and how a row becomes an action.

#include <optional>
#include <string>
#include <vector>

#include "forge/events/csv_reader.h"
#include "forge/events/domain.h"
#include "forge/store/transaction.h"

namespace forge::cli {

// How columns and arguments go together beyond their names: the flags --map and --ignore.
struct ColumnRules {
  std::vector<std::pair<std::string, std::string>> columns;  // argument, column
  Args constants;
  std::vector<std::string> ignored;  // columns; "*": all that are no argument

  // `map`: "ARG=COLUMN,ARG=COLUMN" or "ARG:=JSON". Errors: kUsage, kUnknownField, kJsonInvalid.
  static Result<ColumnRules> read(const Action& action, const std::vector<std::string>& map,
                                  const std::vector<std::string>& ignore);
};

class ImportColumns {
 public:
  // Columns whose names are those of arguments give them. Every column must go somewhere, and every argument that must be given
  // must come from somewhere. The action outlives the columns. Errors: kCsvColumns, and the header's own.
  static Result<ImportColumns> make(const Action& action, const ColumnRules& rules, const CsvRow& header);

  std::size_t size() const { return columns_.size(); }
  // What is empty and not quoted is not given; a text is taken as it is, all else as on the command line. Errors: kCsvColumns where
  // the row has more or fewer fields than the header, and the row's own.
  Result<ActionRequest> request(const CsvRow& row) const;
  // Whether each argument has its type: its column where one has not, and why. Errors as row_from_object.
  struct Misfit {
    std::string column;
    Status error;
  };
  std::optional<Misfit> misfit(const ActionRequest& request) const;
  // The name of the column at `index` from 1; empty for 0 and beyond the header.
  std::string column_name(std::size_t index) const;
  // The column whose argument a refusal names first; empty where it names none, as one of rules over other fields.
  std::string column_in(const Status& refusal) const;
  // What is equal for imports that read rows in the same way.
  std::string digest() const;

 private:
  struct Column {
    std::string name;
    const Field* field = nullptr;  // null: ignored
  };
  explicit ImportColumns(const Action& action, Args constants) : action_(&action), constants_(std::move(constants)) {}
  Status add(const ColumnRules& rules, const std::string& name);
  Status check_given(const std::string& place) const;
  bool gives(const Field* field) const;
  Status differs(const CsvRow& row) const;

  const Action* action_;
  std::vector<Column> columns_;
  Args constants_;
};

}  // namespace forge::cli
