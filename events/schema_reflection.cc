// The files are handed to the parser as one text, each on lines of its own, without their include directives: so it reads no
// file, and types may be used across files that include each other. Its messages name a line and a column of that text; the
// column is where its look-ahead ended, so the place is refined with our own tokens.

#include "schema_reflection.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "flatbuffers/idl.h"
#include "flatbuffers/reflection_generated.h"

namespace forge::embedded {
extern const std::string_view forge_fbs;
}

namespace forge::internal {
namespace {

struct Message {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool warning = false;
  std::string text;
};

// Takes a number and what follows it from the front of `text`.
bool take_number(std::string_view& text, std::string_view after, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (!rest.starts_with(after)) return false;
  text = rest.substr(after.size());
  return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Messages are lines "LINE: COLUMN: error: TEXT" or "… warning: TEXT"; any other line goes on with the one before.
std::vector<Message> read_messages(std::string_view log) {
  std::vector<Message> messages;
  while (!log.empty()) {
    std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    Message message;
    std::string_view rest = line;
    if (take_number(rest, ": ", message.line) && take_number(rest, ": ", message.column)) {
      message.warning = take_prefix(rest, "warning: ");
      take_prefix(rest, "error: ");
      message.text = rest;
      messages.push_back(std::move(message));
    } else if (!messages.empty()) {
      messages.back().text += " " + std::string(line);
    }
  }
  return messages;
}

// Takes what stands between the first two `quote` in `text`, and all before it; nothing where there are no two.
std::string_view take_between(std::string_view& text, char quote) {
  const std::size_t begin = text.find(quote);
  const std::size_t end = begin == std::string_view::npos ? begin : text.find(quote, begin + 1);
  if (end == std::string_view::npos) return {};
  const std::string_view between = text.substr(begin + 1, end - begin - 1);
  text.remove_prefix(end + 1);
  return between;
}

// The token that a message is about: in quotes, or behind the last colon.
std::string_view subject_of(std::string_view text) {
  for (const char quote : {'"', '\''}) {
    std::string_view rest = text;
    const std::string_view between = take_between(rest, quote);
    if (!between.empty()) return between;
  }
  const std::size_t colon = text.rfind(": ");
  return colon == std::string_view::npos ? std::string_view() : text.substr(colon + 2);
}

constexpr std::string_view kToldWarnings[] = {"attribute already found", "field names should be lowercase"};
constexpr std::string_view kToldErrors[] = {"datatype already exists", "enum already exists", "field already exists",
                                            "enum value already exists"};
constexpr std::pair<std::string_view, std::string_view> kReworded[] = {
    {"only non-scalar fields in tables may be 'required'",
     "only a string, vector or table can be 'required': a scalar always has a value"},
    {"'key' field must be string or scalar type", "a key is a string or an integer"},
    {"only one field may be set as 'key'", "only one field can be the key"},
    {"field name can not be the same as table/struct name", "a field cannot have the name of a table"},
    {"Fields cannot be both optional and required.", "a field with a default of its own cannot be 'required'"},
};

class SchemaParse {
 public:
  SchemaParse(const std::vector<FileOutline>& outlines, const std::vector<std::size_t>& order, SchemaFindings& findings)
      : outlines_(outlines), order_(order), findings_(findings) {}

  bool run(ReflectedSchema& out) {
    join_files();
    flatbuffers::IDLOptions options;
    options.binary_schema_comments = true;
    flatbuffers::Parser parser(options);
    know_attributes(parser);
    const bool parsed = parser.Parse(text_.c_str());
    bool clear = parsed;
    for (const Message& message : read_messages(parser.error_)) clear &= !tell(message, parser);
    if (!parsed && findings_.empty()) findings_.add({order_.back(), {}}, Status(ErrorId::kSchemaSyntax, parser.error_));
    if (!clear) return false;
    parser.Serialize();
    out.bytes.assign(parser.builder_.GetBufferPointer(), parser.builder_.GetBufferPointer() + parser.builder_.GetSize());
    flatbuffers::Verifier verifier(out.bytes.data(), out.bytes.size(), 64, 1'000'000);
    if (!reflection::VerifySchemaBuffer(verifier)) {
      findings_.add({order_.back(), {}}, Status(ErrorId::kInternal, "the schema's own description does not verify"));
      return false;
    }
    out.schema = reflection::GetSchema(out.bytes.data());
    return true;
  }

 private:
  // Every file starts on a line of its own, in no namespace.
  void join_files() {
    text_ = forge::embedded::forge_fbs;
    for (const std::size_t file : order_) {
      text_ += "\nnamespace;\n";
      first_lines_.push_back(static_cast<std::uint32_t>(std::count(text_.begin(), text_.end(), '\n')) + 1);
      text_ += outlines_[file].parser_text;
    }
  }

  // Unknown attributes are findings already; the parser must not stop at them.
  void know_attributes(flatbuffers::Parser& parser) const {
    const auto know = [&](const std::vector<AttributeOutline>& attributes) {
      for (const AttributeOutline& attribute : attributes) parser.known_attributes_.emplace(attribute.name, false);
    };
    for (const FileOutline& file : outlines_) {
      for (const EnumOutline& type : file.enums) know(type.attributes);
      for (const TableOutline& table : file.tables) {
        know(table.attributes);
        for (const FieldOutline& field : table.fields) know(field.attributes);
      }
    }
  }

  std::size_t index_of_line(std::uint32_t line) const {
    const auto after = std::upper_bound(first_lines_.begin(), first_lines_.end(), line);
    return after == first_lines_.begin() ? 0 : static_cast<std::size_t>(after - first_lines_.begin()) - 1;
  }

  // The last token that is `word` and ends by `column` on the line, or else the last that ends there.
  SchemaPlace place_of(std::uint32_t line, std::uint32_t column, std::string_view word) const {
    const std::size_t index = index_of_line(line);
    const std::uint32_t local = line - std::min(line, first_lines_[index]) + 1;
    SchemaPlace place{order_[index], {local, 1}};
    bool found = false;
    const std::vector<SchemaToken>& tokens = outlines_[order_[index]].tokens;
    auto token = std::lower_bound(tokens.begin(), tokens.end(), local,
                                  [](const SchemaToken& t, std::uint32_t l) { return t.position.line < l; });
    for (; token != tokens.end() && token->position.line == local; ++token) {
      if (token->position.column + token->text.size() > column + 1) break;
      const bool match = !word.empty() && token->text == word;
      if (found && !match) continue;
      place.position = token->position;
      found = match;
    }
    return place;
  }

  // True when it is an error.
  bool tell(const Message& message, const flatbuffers::Parser& parser) {
    const auto begins = [&](std::string_view prefix) { return message.text.starts_with(prefix); };
    // Findings already (schema_names.h, schema_vocabulary.h), with better places.
    if (std::any_of(std::begin(kToldWarnings), std::end(kToldWarnings), begins)) return false;
    if (!findings_.empty() && std::any_of(std::begin(kToldErrors), std::end(kToldErrors), begins)) return true;
    SchemaPlace place;
    Status status = worded(message, parser, place);
    if (!findings_.any_on_line(place)) findings_.add(place, std::move(status));
    return true;
  }

  Status worded(const Message& message, const flatbuffers::Parser& parser, SchemaPlace& place) const {
    std::string_view text = message.text;
    if (take_prefix(text, "type referenced but not defined (check namespace): ")) return unknown_type(text, parser, place);
    if (take_prefix(text, "default value of ")) return missing_default(text, message, place);
    place = place_of(message.line, message.column, subject_of(text));
    const auto reworded =
        std::find_if(std::begin(kReworded), std::end(kReworded), [&](const auto& pair) { return pair.first == text; });
    if (reworded != std::end(kReworded)) text = reworded->second;
    return Status(ErrorId::kSchemaSyntax, std::string(text));
  }

  // `text` is "`VALUE` for field `FIELD` is not part of enum `ENUM`."
  Status missing_default(std::string_view text, const Message& message, SchemaPlace& place) const {
    const std::string_view value = take_between(text, '`');
    const std::string_view field = take_between(text, '`');
    const std::string_view type = take_between(text, '`');
    place = place_of(message.line, message.column, field);
    return Status(ErrorId::kSchemaSyntax, "the field " + quoted(field) + " needs another default")
        .why("the enum " + quoted(type) + " has no value " + std::string(value))
        .remedy("write " + std::string(field) + ": " + std::string(type) + " = VALUE; or = null;");
  }

  // `text` is "NAME, originally at: :LINE".
  Status unknown_type(std::string_view text, const flatbuffers::Parser& parser, SchemaPlace& place) const {
    constexpr std::string_view kAt = ", originally at: :";
    const std::size_t at = text.find(kAt);
    const std::string_view name = text.substr(0, at);
    std::uint32_t line = 0;
    std::string_view rest = at == std::string_view::npos ? "" : text.substr(at + kAt.size());
    take_number(rest, "", line);
    const std::string_view last_part = name.substr(name.rfind('.') + 1);
    place = place_of(line, UINT32_MAX - 1, last_part);
    std::vector<std::string_view> known;
    for (const auto& [type, definition] : parser.enums_.dict) known.push_back(type);
    for (const auto* table : parser.structs_.vec) {
      if (!table->predecl) known.push_back(table->name);
    }
    return Status(ErrorId::kSchemaSyntax, "the type " + quoted(name) + " is unknown").why(findings_.did_you_mean(name, known));
  }

  const std::vector<FileOutline>& outlines_;
  const std::vector<std::size_t>& order_;
  SchemaFindings& findings_;
  std::string text_;
  std::vector<std::uint32_t> first_lines_;  // by place in the order
};

}  // namespace

bool reflect_schema(const std::vector<FileOutline>& outlines, const std::vector<std::size_t>& order, SchemaFindings& findings,
                    ReflectedSchema& out) {
  return SchemaParse(outlines, order, findings).run(out);
}

}  // namespace forge::internal
