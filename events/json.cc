// Boost.JSON's SAX parser checks the grammar; here values are built from what it reports, under the limits, and its errors are put
// into words. Numbers are read again from their text: the parser's own conversion of doubles is not exact. This is the one source
// that compiles Boost.JSON.

#include "forge/events/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>
#include <set>

#include "quote.h"
#include "utf8.h"

namespace forge {
namespace {

namespace json = boost::json;
using json::error_code;

constexpr std::string_view kWhitespace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The names of one object. Beyond a few they are kept sorted as well: no choice of names makes finding a repeated one slow.
class NameSet {
 public:
  // Whether `name` is none of `members`, which grow by one with each call.
  bool add(const std::vector<Object::Member>& members, const std::string& name) {
    if (members.size() < kScannedMax) {
      return std::none_of(members.begin(), members.end(), [&](const Object::Member& member) { return member.first == name; });
    }
    if (sorted_.empty()) {
      for (const Object::Member& member : members) sorted_.insert(member.first);
    }
    return sorted_.insert(name).second;
  }

 private:
  static constexpr std::size_t kScannedMax = 16;
  std::set<std::string> sorted_;
};

// What this reader, not the parser, refuses.
struct Refusal {
  ErrorId id = ErrorId::kNone;
  std::string why;
  std::optional<std::size_t>
      number;  // where the number begins that is meant; else the parser stands at the closing quote of a name
};

// The handler of the parser: boost::json::basic_parser says what calls what.
class ValueBuilder {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

  ValueBuilder(std::string_view text, std::size_t members_max) : text_(text), members_max_(members_max) {}

  const Refusal& refusal() const { return refusal_; }
  Value take() { return std::move(root_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  bool on_array_begin(error_code&) { return begin(true); }
  bool on_array_end(std::size_t, error_code&) { return end(std::move(open_.back().list)); }
  bool on_object_begin(error_code&) { return begin(false); }
  bool on_object_end(std::size_t, error_code&) { return end(std::move(open_.back().object)); }
  bool on_key_part(json::string_view part, std::size_t, error_code&) { return append(part); }
  bool on_key(json::string_view part, std::size_t, error_code& error) { return append(part) && set_name(error); }
  bool on_string_part(json::string_view part, std::size_t, error_code&) { return append(part); }
  bool on_string(json::string_view part, std::size_t, error_code&) { return append(part) && add(std::exchange(string_, {})); }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view digits, error_code& error) { return add_number(digits, error); }
  bool on_uint64(std::uint64_t, json::string_view digits, error_code& error) { return add_number(digits, error); }
  bool on_double(double, json::string_view digits, error_code& error) { return add_number(digits, error); }
  bool on_bool(bool value, error_code&) { return add(value); }
  bool on_null(error_code&) { return add(nullptr); }

 private:
  // A list or an object that is not closed yet.
  struct Frame {
    bool is_list;
    List list;
    Object object;
    std::string name;  // of the member whose value comes next
    NameSet names;
  };

  bool refuse(error_code& error, Refusal refusal) {
    refusal_ = std::move(refusal);
    error = json::error::input_error;
    return false;
  }

  bool begin(bool is_list) {
    open_.push_back(Frame{.is_list = is_list});
    return true;
  }

  bool end(Value value) {
    open_.pop_back();
    return add(std::move(value));
  }

  bool append(json::string_view part) {
    string_.append(part.data(), part.size());
    return true;
  }

  bool set_name(error_code& error) {
    Frame& frame = open_.back();
    if (!frame.names.add(frame.object.members(), string_)) {
      return refuse(error, {ErrorId::kJsonInvalid, "the name " + internal::quoted(string_) + " is repeated", {}});
    }
    if (frame.object.size() == members_max_) {
      return refuse(error, {ErrorId::kJsonLimit, "an object has more than " + std::to_string(members_max_) + " members", {}});
    }
    frame.name = std::exchange(string_, {});
    return true;
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = open_.back(); frame.is_list) {
      frame.list.push_back(std::move(value));
    } else {
      frame.object.add(std::move(frame.name), std::move(value));
    }
    return true;
  }

  // The whole text is parsed at once, so that `digits` is the whole number and stands inside it.
  bool add_number(json::string_view digits, error_code& error) {
    const bool is_integer = digits.find_first_of(".eE") == json::string_view::npos;
    return is_integer ? add_number_as<std::int64_t>(digits, error) : add_number_as<double>(digits, error);
  }

  template <typename Number>
  bool add_number_as(json::string_view digits, error_code& error) {
    Number number = 0;
    const std::from_chars_result result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (result.ec == std::errc()) return add(number);
    const char* range = std::is_same_v<Number, double> ? "a double" : "a 64-bit integer";
    return refuse(error, {ErrorId::kJsonInvalid,
                          "the number " + internal::quoted({digits.data(), digits.size()}) + " is out of the range of " + range,
                          static_cast<std::size_t>(digits.data() - text_.data())});
  }

  std::string_view text_;
  std::size_t members_max_;
  std::vector<Frame> open_;
  std::string string_;  // the string being read
  Value root_;
  Refusal refusal_;
};

// "--input:3:17"; columns count characters.
std::string place_of(std::string_view name, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::string_view last_line = before.substr(before.rfind('\n') + 1);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto column = 1 + std::count_if(last_line.begin(), last_line.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
  return std::string(name) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Status invalid(std::string why, std::string_view name, std::string_view text, std::size_t offset) {
  return Status(ErrorId::kJsonInvalid, "the JSON is malformed").why(std::move(why)).place(place_of(name, text, offset));
}

Status too_large(std::string why, std::string place) {
  return Status(ErrorId::kJsonLimit, "the JSON is too large").why(std::move(why)).place(std::move(place));
}

// Whether what stands at `at` inside a string is escaped: it follows an odd number of backslashes.
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t backslashes = 0;
  while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// Where the string begins whose closing quote stands at `closing`.
std::size_t opening_quote(std::string_view text, std::size_t closing) {
  std::size_t at = closing;
  do {
    --at;
  } while (text[at] != '"' || is_escaped(text, at));
  return at;
}

// Whether `text` ends in the escape of a high surrogate, perhaps with the backslash of a next escape.
bool ends_in_high_surrogate(std::string_view text) {
  if (text.ends_with("\\")) text.remove_suffix(1);
  if (text.size() < 6) return false;
  const std::size_t at = text.size() - 6;
  return text[at] == '\\' && !is_escaped(text, at) && text[at + 1] == 'u' && (text[at + 2] | 0x20) == 'd' &&
         std::string_view("89abAB").find(text[at + 3]) != std::string_view::npos;
}

constexpr const char* kLoneSurrogate = "a \\u escape is one half of a surrogate pair";

// What is wrong where the parser found something that the grammar does not have there.
std::string unexpected(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  if (ends_in_high_surrogate(text.substr(0, offset))) return kLoneSurrogate;
  if (rest.empty())
    return text.find_first_not_of(kWhitespace) == std::string_view::npos ? "there is no value" : "the text ends too early";
  if (rest.starts_with("NaN") || rest.starts_with("Inf")) return "NaN and Infinity are not JSON";
  if (rest.front() == '\'') return "unexpected ': strings stand in double quotes";
  if (const auto byte = static_cast<unsigned char>(rest.front()); byte < 0x20) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", byte);
    return std::string("a control character stands as it is, not as ") + escape;
  }
  std::size_t size = 1;
  while (size < rest.size() && (rest[size] & 0xC0) == 0x80) ++size;
  return "unexpected " + internal::quoted(rest.substr(0, size));
}

Status parser_error(const error_code& error, std::string_view text, std::string_view name, std::size_t offset,
                    const JsonLimits& limits) {
  switch (static_cast<json::error>(error.value())) {
    case json::error::too_deep:
      return too_large("it is nested deeper than " + std::to_string(limits.depth) + " levels", place_of(name, text, offset));
    case json::error::exponent_overflow:
      return invalid("the number is out of the range of a double", name, text, offset);
    case json::error::illegal_leading_surrogate:
    case json::error::illegal_trailing_surrogate:
      return invalid(kLoneSurrogate, name, text, offset);
    case json::error::expected_hex_digit:
      return invalid("a \\u escape has four hexadecimal digits", name, text, offset);
    default:
      return invalid(unexpected(text, offset), name, text, offset);
  }
}

Status refusal_error(const Refusal& refusal, std::string_view text, std::string_view name, std::size_t offset) {
  offset = refusal.number ? *refusal.number : opening_quote(text, offset);
  if (refusal.id == ErrorId::kJsonInvalid) return invalid(refusal.why, name, text, offset);
  return too_large(refusal.why, place_of(name, text, offset));
}

// Where the value number `limit` + 1 is announced, if there is one. Each value but the first follows a comma, or a bracket that
// does not close at once. Counting before building refuses a text of many tiny values without the memory that they would take.
std::optional<std::size_t> excess_value(std::string_view text, std::size_t limit) {
  if ((text.size() + 1) / 2 <= limit) return std::nullopt;  // with what parts it from the next, a value takes two bytes at least
  std::size_t values = 1;
  bool in_string = false;
  bool after_opening = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char character = text[at];
    if (in_string) {
      in_string = character != '"';
      if (character == '\\') ++at;
      continue;
    }
    if (kWhitespace.find(character) != std::string_view::npos) continue;
    if (character == ',' || (after_opening && character != ']' && character != '}')) ++values;
    if (values > limit) return at;
    after_opening = character == '[' || character == '{';
    in_string = character == '"';
  }
  return std::nullopt;
}

// Everything that can be refused before the parser starts.
Status check_json_text(std::string_view text, std::string_view name, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return too_large("it has " + std::to_string(text.size()) + " bytes, the limit is " + std::to_string(limits.bytes),
                     std::string(name));
  }
  if (text.starts_with(kByteOrderMark))
    return invalid("it begins with a byte order mark: save it as UTF-8 without one", name, text, 0);
  if (const std::size_t valid = internal::valid_utf8_prefix(text); valid < text.size()) {
    return invalid("the byte " + internal::quoted(text.substr(valid, 1)) + " is not UTF-8", name, text, valid);
  }
  if (const std::optional<std::size_t> excess = excess_value(text, limits.nodes)) {
    return too_large("there are more than " + std::to_string(limits.nodes) + " values", place_of(name, text, *excess));
  }
  return {};
}

}  // namespace

Result<Value> parse_json(std::string_view text, std::string_view name, const JsonLimits& limits) {
  FORGE_TRY(check_json_text(text, name, limits));
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<ValueBuilder> parser(options, text, limits.members);
  error_code error;
  const std::size_t end = parser.write_some(false, text.data(), text.size(), error);
  if (const Refusal& refusal = parser.handler().refusal(); refusal.id != ErrorId::kNone)
    return refusal_error(refusal, text, name, end);
  if (error.failed()) return parser_error(error, text, name, end, limits);
  if (end < text.size())
    return invalid("nothing may follow the value, but there is " + internal::quoted(text.substr(end)), name, text, end);
  return parser.handler().take();
}

}  // namespace forge
