#pragma once

// What the checks of verify() have in common.

#include <string>
#include <utility>

#include "database.h"
#include "forge/store/verify.h"

namespace forge::internal {

// A check keeps its first findings; a store that is damaged all over need not be listed in full.
inline constexpr std::size_t kFindingsMax = 10;

inline bool is_full(const VerifyCheck& check) {
  return check.findings.size() >= kFindingsMax;
}

inline void report(VerifyCheck& check, Status finding) {
  if (!finding.ok() && !is_full(check)) check.findings.push_back(std::move(finding));
}

// "6" or "6–9".
inline std::string range_text(Seq first, Seq last) {
  return first == last ? std::to_string(first) : std::to_string(first) + "–" + std::to_string(last);
}

// The files on disk: every table file against its checksum, the write-ahead logs, the watermark, and whether the store would open
// again as it lies there. Reads only.
VerifyCheck check_files(const Store& store);

}  // namespace forge::internal
