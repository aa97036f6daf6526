#pragma once

// The table that people read, and the same as JSON.

#include <string>
#include <utility>
#include <vector>

#include "figure.h"

namespace forge::bench {

struct Report {
  std::vector<std::pair<std::string, std::string>> setting;  // machine and settings, in order
  std::vector<Figure> figures;
};

// How many of the figures bind a promise, and how many of those do not keep it.
struct Tally {
  std::size_t promises = 0;
  std::size_t missed = 0;
};
Tally tally_of(const Report& report);

// Both end with the tally.
std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace forge::bench
