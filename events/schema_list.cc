#include "schema_list.h"

#include <algorithm>
#include <cctype>

namespace forge::internal {
namespace {

bool is_word_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_';
}

// Where a rule that begins `text` ends: at a ';' outside quotes.
std::size_t end_of_rule(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '\'' || text[i] == '"') {
      quote = text[i];
    } else if (text[i] == ';') {
      return i;
    }
  }
  return text.size();
}

}  // namespace

std::string_view ListReader::rest() {
  const std::string& text = attribute_.text.text;
  while (next_ < text.size() && std::isspace(static_cast<unsigned char>(text[next_])) != 0) ++next_;
  return std::string_view(text).substr(next_);
}

SchemaPlace ListReader::place_at(std::size_t offset) const {
  const std::vector<Position>& positions = attribute_.text.positions;
  return {attribute_.place.file, positions.empty() ? attribute_.place.position : positions[std::min(offset, positions.size() - 1)]};
}

SchemaPlace ListReader::here() {
  rest();
  return place_at(next_);
}

bool ListReader::at_end() {
  return rest().empty();
}

bool ListReader::is_next(std::string_view mark) {
  return rest().starts_with(mark);
}

bool ListReader::take(std::string_view mark) {
  if (!is_next(mark)) return false;
  next_ += mark.size();
  return true;
}

std::optional<ListWord> ListReader::take_word() {
  const std::string_view text = rest();
  const auto end = std::find_if_not(text.begin(), text.end(), is_word_byte);
  if (end == text.begin()) return std::nullopt;
  ListWord word{std::string(text.begin(), end), place_at(next_)};
  next_ += word.text.size();
  return word;
}

bool ListReader::take_keyword(std::string_view word) {
  const std::string_view text = rest();
  if (!text.starts_with(word) || (text.size() > word.size() && is_word_byte(text[word.size()]))) return false;
  next_ += word.size();
  return true;
}

RuleSource ListReader::take_rule() {
  const std::string_view text = rest();
  std::size_t size = end_of_rule(text);
  const std::size_t begin = next_;
  next_ += size;
  while (size > 0 && std::isspace(static_cast<unsigned char>(text[size - 1])) != 0) --size;
  RuleSource source{std::string(text.substr(0, size)), findings_.files()[attribute_.place.file].name, {}};
  for (std::size_t i = 0; i <= size; ++i) source.positions.push_back(place_at(begin + i).position);
  return source;
}

bool ListReader::expected(std::string_view what, std::string_view example) {
  const std::string_view text = rest();
  const std::string found = text.empty() ? "the end" : quoted(text.substr(0, std::max<std::size_t>(1, end_of_rule(text))));
  findings_.add(here(), Status(ErrorId::kSchemaAttribute, "the attribute " + quoted(attribute_.name) + " is malformed")
                            .why("expected " + std::string(what) + ", found " + found)
                            .remedy("write " + std::string(example)));
  next_ = attribute_.text.text.size();
  return false;
}

}  // namespace forge::internal
