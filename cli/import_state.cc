#include "import_state.h"

#include <cctype>
#include <filesystem>

#include "forge/events/json.h"

namespace forge::cli {
namespace {

constexpr std::size_t kFileNameMax = 80;
constexpr std::int64_t kFormat = 1;

}  // namespace

std::string ImportState::encode() const {
  return to_json(Object{{"format", kFormat},
                        {"columns", columns},
                        {"source", source},
                        {"row", place.row},
                        {"line", place.line},
                        {"offset", place.offset},
                        {"whole_line", is_whole_line},
                        {"imported", imported},
                        {"bad", bad},
                        {"quarantine", quarantine},
                        {"quarantine_bytes", quarantine_bytes}});
}

Result<ImportState> ImportState::decode(const std::string& name, const std::string& text) {
  const Status malformed(ErrorId::kDataCorrupt, "the checkpoint '" + name + "' is not that of an import");
  const Result<Value> value = parse_json(text, name);
  const Object* const object = value.ok() ? value->if_object() : nullptr;
  if (object == nullptr) return malformed;
  bool is_whole = true;
  const auto number = [&](const char* member) -> std::uint64_t {
    const Value* const found = object->find(member);
    const bool is_there = found != nullptr && found->if_int() != nullptr && *found->if_int() >= 0;
    is_whole = is_whole && is_there;
    return is_there ? static_cast<std::uint64_t>(*found->if_int()) : 0;
  };
  const auto string = [&](const char* member) -> std::string {
    const Value* const found = object->find(member);
    const bool is_there = found != nullptr && found->if_text() != nullptr;
    is_whole = is_whole && is_there;
    return is_there ? *found->if_text() : std::string();
  };
  const Value* const line = object->find("whole_line");
  is_whole = line != nullptr && line->if_bool() != nullptr && number("format") == kFormat;
  ImportState out;
  out.columns = string("columns");
  out.source = string("source");
  out.place = {.row = number("row"), .line = number("line"), .offset = number("offset")};
  out.is_whole_line = is_whole && *line->if_bool();
  out.imported = number("imported");
  out.bad = number("bad");
  out.quarantine = string("quarantine");
  out.quarantine_bytes = number("quarantine_bytes");
  return is_whole ? Result<ImportState>(std::move(out)) : malformed;
}

std::string default_checkpoint(const std::string& path, const std::string& action) {
  std::string file = std::filesystem::path(path).filename().string().substr(0, kFileNameMax);
  for (char& c : file) {
    const bool is_allowed = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
    if (!is_allowed) c = '_';
  }
  return ("import:" + file + ":" + action).substr(0, 200);
}

}  // namespace forge::cli
