#include "table.h"

#include <algorithm>
#include <numeric>

#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kRowsForWidths = 1000;
constexpr std::size_t kGap = 2;
constexpr std::size_t kColumnMin = 8;  // no column is cut below this
constexpr std::size_t kShortMax = 20;  // a column no wider, such as one of times, is cut last

}  // namespace

void Table::add(std::vector<std::string> cells, std::string& out) {
  for (std::string& cell : cells) cell = printable(cell);
  if (settled_) return print(cells, false, out);
  waiting_.push_back(std::move(cells));
  if (waiting_.size() >= kRowsForWidths) settle(out);
}

void Table::finish(std::string& out) {
  if (!settled_) settle(out);
}

std::vector<std::string> Table::cut_columns() const {
  if (headings_.empty()) return cut_rows_;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < cut_.size(); ++i) {
    if (cut_[i]) out.push_back(i < headings_.size() ? headings_[i] : "column " + std::to_string(i + 1));
  }
  return out;
}

void Table::settle(std::string& out) {
  settled_ = true;
  const auto widen = [&](const std::vector<std::string>& cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], display_width(cells[i]));
  };
  widen(headings_);
  for (const auto& cells : waiting_) widen(cells);
  cut_.assign(widths_.size(), false);
  if (screen_.is_terminal) shrink();
  if (!headings_.empty()) print(headings_, true, out);
  for (const auto& cells : waiting_) print(cells, false, out);
  waiting_.clear();
}

// Columns of text give way first: a time, a number or a type that is cut tells nothing.
void Table::shrink() {
  if (widths_.empty()) return;
  std::size_t total = std::accumulate(widths_.begin(), widths_.end(), kGap * (widths_.size() - 1));
  const std::vector<std::size_t> natural = widths_;
  for (const std::size_t wide : {kShortMax + 1, kColumnMin + 1}) {
    while (total > screen_.columns) {
      // The widest of those that were wide to begin with.
      std::size_t widest = widths_.size();
      for (std::size_t i = 0; i < widths_.size(); ++i) {
        const bool may = natural[i] >= wide && widths_[i] > kColumnMin;
        if (may && (widest == widths_.size() || widths_[i] > widths_[widest])) widest = i;
      }
      if (widest == widths_.size()) break;
      --widths_[widest];
      --total;
    }
  }
}

void Table::print(const std::vector<std::string>& cells, bool heading, std::string& out) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t width = i < widths_.size() ? widths_[i] : 0;
    std::string cell = cells[i];
    if (screen_.is_terminal && display_width(cell) > width) {
      cell = fitted(cell, width);
      cut_[i] = true;
      if (headings_.empty() && (cut_rows_.empty() || cut_rows_.back() != cells[0])) cut_rows_.push_back(cells[0]);
    }
    const std::size_t shown = display_width(cell);
    line += cell;
    if (i + 1 < cells.size()) line.append((shown < width ? width - shown : 0) + kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += heading ? screen_.style.bold(line) : line;
  out += '\n';
}

}  // namespace forge::cli
