#pragma once

// Rows laid out in columns for people. The widths come from the first rows, so that a list of any length needs bounded memory;
// later cells that are wider push the rest of their line to the right. Only on a terminal are cells cut to fit its width.

#include <string>
#include <vector>

#include "style.h"

namespace forge::cli {

// Where text is shown.
struct Screen {
  bool is_terminal = false;
  std::size_t columns = 80;
  Style style;
};

class Table {
 public:
  // Without headings no heading line is printed.
  Table(std::vector<std::string> headings, Screen screen) : headings_(std::move(headings)), screen_(screen) {}

  // Takes a row and appends to `out` what can be printed by now.
  void add(std::vector<std::string> cells, std::string& out);
  // Appends the rest.
  void finish(std::string& out);
  // The headings of columns with cut cells; where there are no headings, the first cells of the rows.
  std::vector<std::string> cut_columns() const;

 private:
  void settle(std::string& out);
  void shrink();
  void print(const std::vector<std::string>& cells, bool heading, std::string& out);

  std::vector<std::string> headings_;
  Screen screen_;
  std::vector<std::vector<std::string>> waiting_;
  std::vector<std::size_t> widths_;
  std::vector<bool> cut_;
  std::vector<std::string> cut_rows_;  // where there are no headings
  bool settled_ = false;
};

}  // namespace forge::cli
