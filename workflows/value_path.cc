#include "value_path.h"

#include <algorithm>
#include <charconv>

namespace forge::internal {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool continues_name(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

Status malformed(std::string_view text, std::string why) {
  return Status(ErrorId::kWorkflowReference, "'${" + std::string(text) + "}' is no path").why(std::move(why));
}

class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  Result<ValuePath> read() {
    ValuePath path;
    path.text = text_;
    path.root = name();
    if (path.root.empty()) return malformed(text_, "a path begins with a name");
    while (at_ < text_.size()) {
      ValuePath::Part part;
      if (text_[at_] == '[') {
        if (!index(part.index)) return malformed(text_, "an index is a whole number in brackets");
      } else if (text_[at_] == '.') {
        ++at_;
        part.name = name();
        if (part.name.empty()) return malformed(text_, "a name follows each dot");
      } else {
        return malformed(text_, "after a name comes a dot, a bracket or the end");
      }
      path.parts.push_back(std::move(part));
    }
    return path;
  }

 private:
  std::string name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  bool index(std::size_t& value) {
    const char* const begin = text_.data() + at_ + 1;
    const char* const end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop == end || *stop != ']') return false;
    at_ = static_cast<std::size_t>(stop - text_.data()) + 1;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<ValuePath> ValuePath::parse(std::string_view text) {
  return PathReader(text).read();
}

const Value* find(const Value& root, const ValuePath& path) {
  const Value* at = &root;
  for (const ValuePath::Part& part : path.parts) {
    if (part.name.empty()) {
      const List* list = at->if_list();
      if (list == nullptr || part.index >= list->size()) return nullptr;
      at = &(*list)[part.index];
    } else {
      const Object* object = at->if_object();
      at = object == nullptr ? nullptr : object->find(part.name);
      if (at == nullptr) return nullptr;
    }
  }
  return at;
}

Result<std::vector<TextPiece>> split_text(std::string_view text) {
  std::vector<TextPiece> pieces;
  const auto literal = [&pieces](std::string_view part, std::size_t offset) {
    if (part.empty()) return;
    if (pieces.empty() || pieces.back().is_path) pieces.push_back({false, "", offset});
    pieces.back().text += part;
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t found = std::min(text.find("${", at), text.size());
    if (found > at && found < text.size() && text[found - 1] == '$') {
      literal(text.substr(at, found - 1 - at), at);
      literal("${", found);
      at = found + 2;
      continue;
    }
    literal(text.substr(at, found - at), at);
    if (found == text.size()) break;
    const std::size_t close = text.find('}', found);
    if (close == std::string_view::npos) {
      return Status(ErrorId::kWorkflowReference, "a '${' has no '}'").why("a literal one is written '$${'");
    }
    pieces.push_back({true, std::string(text.substr(found + 2, close - found - 2)), found});
    at = close + 1;
  }
  return pieces;
}

}  // namespace forge::internal
