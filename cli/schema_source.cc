#include "schema_source.h"

#include <filesystem>
#include <vector>

#include "arguments.h"

namespace forge::cli {

// Errors in the order of their places are the parser's; a file that cannot be read is one error.
// Places are told from where the user stands, though a schema knows its files from the directory of the first.
Domain::Outcome parse_schema_file(const std::string& path) {
  Result<std::vector<SourceFile>> sources = Domain::load_sources(path);
  Domain::Outcome outcome = sources.ok() ? Domain::parse(*std::move(sources)) : Domain::Outcome{nullptr, {sources.status()}};
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  for (Status& error : outcome.errors) {
    const std::string place = error.text().place;
    if (!place.empty()) error = std::move(error).place((directory / place).string());
  }
  return outcome;
}

Result<std::shared_ptr<const Domain>> schema_of_version(const Store& store, const std::string& version) {
  if (version.empty()) return store.domain();
  const Result<std::uint64_t> number = parse_count(version);
  if (!number.ok()) {
    return Status(ErrorId::kUsage, "'" + version + "' is no schema version")
        .why("versions are numbers from 1")
        .remedy("see: forgectl schema list");
  }
  const std::vector<SchemaVersion> versions = store.schemas();
  for (const SchemaVersion& row : versions) {
    if (row.version == *number) return row.domain;
  }
  return Status(ErrorId::kRecordNotFound, "there is no schema version " + version)
      .why(versions.empty() ? "the store has no schema" : "the versions are 1 to " + std::to_string(versions.size()))
      .remedy("see: forgectl schema list");
}

}  // namespace forge::cli
