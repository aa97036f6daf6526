#include "schema_sources.h"

#include <filesystem>
#include <fstream>
#include <set>

#include "forge/events/domain.h"
#include "forge/events/system_reason.h"

namespace forge {
namespace internal {
namespace {

// Depth-first without recursion: a chain of includes may be as long as there are files.
class IncludeWalk {
 public:
  IncludeWalk(const std::vector<FileOutline>& outlines, SchemaFindings& findings)
      : outlines_(outlines), findings_(findings), seen_(outlines.size()) {}

  std::vector<std::size_t> from(std::size_t main) {
    main_ = main;
    enter(main);
    while (!path_.empty()) {
      const std::size_t file = path_.back().file;
      const auto& includes = outlines_[file].includes;
      if (path_.back().next == includes.size()) {
        order_.push_back(file);
        path_.pop_back();
      } else {
        visit(file, includes[path_.back().next++]);
      }
    }
    for (std::size_t file = main; file < seen_.size(); ++file) {
      if (seen_[file]) continue;
      findings_.add({file, {}}, Status(ErrorId::kSchemaDomain, "no file includes " + internal::quoted(findings_.files()[file].name))
                                    .remedy("include it, or leave it out"));
    }
    return std::move(order_);
  }

 private:
  struct Visit {
    std::size_t file = 0;
    std::size_t next = 0;  // the include to follow
  };

  void enter(std::size_t file) {
    seen_[file] = true;
    path_.push_back({file});
  }

  void visit(std::size_t from, const FileOutline::Include& include) {
    const auto name = resolve_include(findings_.files()[from].name, include.name);
    if (!name) return refuse(include, "an include stays inside the main file's folder");
    if (*name == kVocabularyFile) return;
    std::vector<std::string_view> known;
    for (std::size_t file = main_; file < outlines_.size(); ++file) {
      known.push_back(findings_.files()[file].name);
      if (known.back() != *name) continue;
      if (!seen_[file]) enter(file);
      return;
    }
    refuse(include, findings_.did_you_mean(*name, known));
  }

  void refuse(const FileOutline::Include& include, std::string why) {
    findings_.add(include.place,
                  Status(ErrorId::kSchemaSyntax, "the file " + internal::quoted(include.name) + " cannot be included")
                      .why(why.empty() ? "it is not among the given files" : std::move(why)));
  }

  const std::vector<FileOutline>& outlines_;
  SchemaFindings& findings_;
  std::size_t main_ = 0;
  std::vector<bool> seen_;
  std::vector<Visit> path_;
  std::vector<std::size_t> order_;
};

Status unreadable(const std::string& path, std::string why) {
  return Status(ErrorId::kInputUnreadable, "the schema file " + internal::quoted(path) + " cannot be read").why(std::move(why));
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_left) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return unreadable(path.string(), error ? system_reason(error) : "it is not a regular file");
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return unreadable(path.string(), "it cannot be opened");
  std::string text(bytes_left + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return unreadable(path.string(), "reading failed");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() <= bytes_left) return text;
  return Status(ErrorId::kTooLarge, "the schema is larger than 1 MiB with " + internal::quoted(path.string()));
}

}  // namespace

std::optional<std::string> resolve_include(std::string_view from, std::string_view include) {
  const std::filesystem::path path(include);
  if (include.empty() || path.is_absolute() || include.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) {
    return std::nullopt;
  }
  for (const auto& part : path) {
    if (part == "..") return std::nullopt;
  }
  const std::string plain = path.lexically_normal().string();
  if (plain == kVocabularyFile) return plain;
  return (std::filesystem::path(from).parent_path() / plain).lexically_normal().string();
}

std::vector<std::size_t> include_order(std::size_t main, const std::vector<FileOutline>& outlines, SchemaFindings& findings) {
  return IncludeWalk(outlines, findings).from(main);
}

}  // namespace internal

Result<std::vector<SourceFile>> Domain::load_sources(const std::string& path) {
  const std::filesystem::path main(path);
  std::vector<SourceFile> sources;
  std::vector<std::string> places = {""};  // of the include that names each file
  std::set<std::string> names = {main.filename().string()};
  std::size_t bytes_left = internal::kSourceBytesMax;
  sources.push_back({main.filename().string(), ""});
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto text = internal::read_file(main.parent_path() / sources[i].name, bytes_left);
    if (!text.ok()) return Status(text.status()).place(places[i]);
    sources[i].text = *std::move(text);
    bytes_left -= sources[i].text.size();
    internal::SchemaFindings ignored(sources);  // mistakes of grammar are told by parse
    for (const auto& include : internal::read_includes(i, ignored)) {
      const auto name = internal::resolve_include(sources[i].name, include.name);
      if (!name || *name == internal::kVocabularyFile || !names.insert(*name).second) continue;
      if (sources.size() == internal::kSourceFilesMax) return Status(ErrorId::kTooLarge, "the schema has more than 256 files");
      places.push_back(ignored.text_of(include.place));
      sources.push_back({*name, ""});
    }
  }
  return sources;
}

}  // namespace forge
