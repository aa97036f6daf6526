#pragma once

// The files of a schema and how their include directives bind them together.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

inline constexpr std::size_t kSourceBytesMax = 1 << 20;  // of all files together
inline constexpr std::size_t kSourceFilesMax = 256;
inline constexpr std::string_view kVocabularyFile = "forge.fbs";

// The name of the file that `from` means by `include`, relative to the main file's folder; kVocabularyFile for the built-in one.
// Null when the path is absolute, empty or leads upwards.
std::optional<std::string> resolve_include(std::string_view from, std::string_view include);

// The order in which to read `main` and the files after it: each after those that it includes, and once. Adds a finding for each
// include of a name that is not among them, and for each of them that nothing includes.
std::vector<std::size_t> include_order(std::size_t main, const std::vector<FileOutline>& outlines, SchemaFindings& findings);

}  // namespace forge::internal
