#include "schema_findings.h"

#include <algorithm>
#include <tuple>

namespace forge::internal {
namespace {

constexpr std::size_t kFindingsMax = 1000;

}  // namespace

void SchemaFindings::add(SchemaPlace place, Status status) {
  if (findings_.size() == kFindingsMax) return;
  if (status.text().place.empty()) status = std::move(status).place(text_of(place));
  findings_.push_back({place, std::move(status)});
}

bool SchemaFindings::any_on_line(SchemaPlace place) const {
  return std::any_of(findings_.begin(), findings_.end(), [&](const Finding& finding) {
    return finding.place.file == place.file && finding.place.position.line == place.position.line;
  });
}

std::string SchemaFindings::text_of(SchemaPlace place) const {
  return files_[place.file].name + ":" + std::to_string(place.position.line) + ":" + std::to_string(place.position.column);
}

std::vector<Status> SchemaFindings::take() {
  const auto order = [](const Finding& finding) {
    return std::tuple(finding.place.file, finding.place.position.line, finding.place.position.column);
  };
  std::stable_sort(findings_.begin(), findings_.end(), [&](const Finding& a, const Finding& b) { return order(a) < order(b); });
  std::vector<Status> out;
  out.reserve(findings_.size());
  for (Finding& finding : findings_) out.push_back(std::move(finding.status));
  findings_.clear();
  return out;
}

std::string SchemaFindings::did_you_mean(std::string_view name, std::span<const std::string_view> known) const {
  if (findings_.size() == kFindingsMax) return {};
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? std::string() : "did you mean " + quoted(nearest) + "?";
}

}  // namespace forge::internal
