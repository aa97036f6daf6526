#include "bad_row_limit.h"

#include <charconv>

namespace forge::cli {
namespace {

constexpr std::uint64_t kRowsOfShare = 1000;

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<BadRowLimit> BadRowLimit::read(const std::string& text) {
  BadRowLimit out;
  if (text.empty()) return out;
  std::uint64_t rows = 0;
  double percent = 0;
  if (text.back() != '%' && read_number(text, rows)) {
    out.rows_ = rows;
  } else if (text.back() == '%' && read_number(std::string_view(text).substr(0, text.size() - 1), percent) && percent >= 0 &&
             percent <= 100) {
    out.percent_ = percent;
  } else {
    return Status(ErrorId::kUsage, "--max-bad cannot be '" + text + "'")
        .state("nothing was written")
        .remedy("write a number of rows, or a share as 2%");
  }
  return out;
}

std::uint64_t BadRowLimit::left(std::uint64_t bad) const {
  if (!rows_) return UINT64_MAX;
  return *rows_ > bad ? *rows_ - bad : 0;
}

bool BadRowLimit::is_share_passed(std::uint64_t bad, std::uint64_t rows, bool at_end) const {
  if (!percent_ || rows == 0 || (!at_end && rows < kRowsOfShare)) return false;
  return static_cast<double>(bad) * 100 > *percent_ * static_cast<double>(rows);
}

}  // namespace forge::cli
