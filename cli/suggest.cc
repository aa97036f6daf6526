#include "suggest.h"

#include "forge/events/domain.h"

namespace forge::cli {

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string nearest = nearest_name(name, views);
  return nearest.empty() ? std::string() : " — did you mean '" + nearest + "'?";
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

}  // namespace forge::cli
