#include "declaration.h"

namespace forge::internal {
namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Where the byte after one at `position` stands.
Position after(Position position, char c) {
  if (c == '\n') return {position.line + 1, 1};
  if (!continues_character(c)) ++position.column;
  return position;
}

}  // namespace

std::string_view kind_name(const Declared& declared) {
  if (declared.kind == Declared::Kind::kList) return "a list";
  if (declared.kind == Declared::Kind::kTable) return "a table";
  if (declared.value.if_text() != nullptr) return "a text";
  if (declared.value.if_bool() != nullptr) return "true or false";
  if (declared.value.if_bytes() != nullptr) return "bytes";
  return declared.value.is_null() ? "null" : "a number";
}

Value literal_of(const Declared& declared) {
  if (declared.kind == Declared::Kind::kScalar) return declared.value;
  if (declared.kind == Declared::Kind::kList) {
    List items;
    for (const Declared& item : declared.items) items.push_back(literal_of(item));
    return items;
  }
  Object object;
  for (const Declared::Member& member : declared.members) object.add(member.name, literal_of(member.value));
  return object;
}

Declared declare(const Value& value) {
  Declared made;
  if (const List* list = value.if_list()) {
    made.kind = Declared::Kind::kList;
    for (const Value& item : *list) made.items.push_back(declare(item));
  } else if (const Object* object = value.if_object()) {
    made.kind = Declared::Kind::kTable;
    for (const auto& [name, member] : object->members()) made.members.push_back({name, declare(member), {}});
  } else {
    made.value = value;
  }
  return made;
}

bool Places::note_all(const Declared& declared, const std::string& path, int level) {
  if (level > kNestingMax) return false;
  bool all = true;
  for (const Declared::Member& member : declared.members) {
    const std::string inside = path.empty() ? member.name : path + "." + member.name;
    note(inside, member.value.spot);
    note(inside + "!", member.spot);
    all = note_all(member.value, inside, level + 1) && all;
  }
  for (std::size_t i = 0; i < declared.items.size(); ++i) {
    const std::string inside = path + "." + std::to_string(i);
    note(inside, declared.items[i].spot);
    all = note_all(declared.items[i], inside, level + 1) && all;
  }
  return all;
}

Spot Places::spot_of(const std::string& path) const {
  // What has no place of its own stands where the nearest thing around it does.
  std::string known = path;
  for (;;) {
    const auto found = spots_.find(known);
    if (found != spots_.end()) return found->second;
    const std::size_t dot = known.rfind('.');
    if (dot == std::string::npos) return {};
    known.resize(dot);
  }
}

std::string Places::place_of(const std::string& path) const {
  if (file_.empty()) return workflow_ + ": " + (path.ends_with('!') ? path.substr(0, path.size() - 1) : path);
  const Position at = spot_of(path).at;
  return file_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

RuleSource Places::source_of(const std::string& path, std::string text) const {
  RuleSource source;
  source.text = std::move(text);
  if (file_.empty()) {
    source.file = place_of(path);
    return source;
  }
  source.file = file_;
  const Spot spot = spot_of(path);
  Position at = spot.at;
  const bool verbatim = spot.verbatim;
  source.positions.reserve(source.text.size() + 1);
  for (const char c : source.text) {
    source.positions.push_back(at);
    if (verbatim) at = after(at, c);
  }
  source.positions.push_back(at);
  return source;
}

}  // namespace forge::internal
