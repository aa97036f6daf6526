#pragma once

// How many rows of an import may be bad: "5", "2%".

#include <cstdint>
#include <optional>
#include <string>

#include "forge/events/status.h"

namespace forge::cli {

class BadRowLimit {
 public:
  // Empty: any number. Errors: kUsage.
  static Result<BadRowLimit> read(const std::string& text);

  // How many more rows may be bad, where `bad` are; of a share, any number.
  std::uint64_t left(std::uint64_t bad) const;
  // Whether more than the share of so many rows are bad. Before the end, fewer than 1,000 rows say little.
  bool is_share_passed(std::uint64_t bad, std::uint64_t rows, bool at_end) const;

 private:
  std::optional<std::uint64_t> rows_;
  std::optional<double> percent_;
};

}  // namespace forge::cli
