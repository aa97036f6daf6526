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

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace forge::bench
