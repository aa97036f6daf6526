#include "toml_reader.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace forge::internal {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;

Position place_in_toml(const toml::source_position& at) {
  return {at.line, at.column};
}

class TomlReader {
 public:
  explicit TomlReader(std::string_view text) : text_(text), lines_{0} {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(i + 1);
    }
  }

  Declared read(const toml::node& node) const {
    Declared made;
    made.spot.at = place_in_toml(node.source().begin);
    if (const toml::table* table = node.as_table()) {
      made.kind = Declared::Kind::kTable;
      for (const auto& [key, value] : *table) {
        made.members.push_back({std::string(key.str()), read(value), {place_in_toml(key.source().begin)}});
      }
      // The library keeps names in alphabetical order.
      std::stable_sort(made.members.begin(), made.members.end(), [](const Declared::Member& a, const Declared::Member& b) {
        return std::pair(a.spot.at.line, a.spot.at.column) < std::pair(b.spot.at.line, b.spot.at.column);
      });
    } else if (const toml::array* array = node.as_array()) {
      made.kind = Declared::Kind::kList;
      for (const toml::node& item : *array) made.items.push_back(read(item));
    } else {
      read_scalar(node, made);
    }
    return made;
  }

 private:
  void read_scalar(const toml::node& node, Declared& made) const {
    if (const auto* text = node.as_string()) {
      made.value = text->get();
      find_content(text->get(), made.spot);
    } else if (const auto* integer = node.as_integer()) {
      made.value = integer->get();
    } else if (const auto* number = node.as_floating_point()) {
      made.value = number->get();
    } else if (const auto* boolean = node.as_boolean()) {
      made.value = boolean->get();
    } else {
      std::ostringstream out;
      node.visit([&](const auto& value) {
        if constexpr (toml::is_chronological<decltype(value)>) out << value.get();
      });
      made.value = out.str();
    }
  }

  // Moves `spot`, the beginning of a text with its quotes, to the text's first byte, where the text has no escapes.
  void find_content(const std::string& content, Spot& spot) const {
    if (spot.at.line == 0 || spot.at.line > lines_.size()) return;
    std::size_t at = lines_[spot.at.line - 1];
    for (std::uint32_t column = 1; column < spot.at.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0) == 0x80) ++at;
    }
    const std::string_view rest = text_.substr(at);
    Spot inside = {spot.at, true};
    std::size_t quotes = rest.starts_with("\"\"\"") || rest.starts_with("'''") ? 3 : 1;
    inside.at.column += static_cast<std::uint32_t>(quotes);
    if (quotes == 3 && rest.substr(quotes).starts_with('\n')) {
      ++quotes;
      inside.at = {spot.at.line + 1, 1};
    }
    if (rest.size() >= quotes && rest.substr(quotes).starts_with(content)) spot = inside;
  }

  std::string_view text_;
  std::vector<std::size_t> lines_;  // where each begins
};

}  // namespace

Result<Declared> read_toml(std::string_view text, const std::string& file) {
  if (text.size() > kBytesMax) {
    return Status(ErrorId::kTooLarge, file + " is too large")
        .why(std::to_string(text.size()) + " bytes, at most " + std::to_string(kBytesMax) + " are read");
  }
  const toml::parse_result parsed = toml::parse(text, std::string_view(file));
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return Status(ErrorId::kWorkflowSyntax, file + " does not parse")
        .why(std::string(parsed.error().description()))
        .place(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column));
  }
  return TomlReader(text).read(parsed.table());
}

}  // namespace forge::internal
