#include "cursor.h"

#include <algorithm>

#include "forge/events/json.h"
#include "forge/events/merkle.h"

namespace forge::cli {
namespace {

constexpr std::size_t kDigestDigits = 16;

// The text of a member; nothing where it is not there or is no text.
const std::string* cursor_text(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value == nullptr ? nullptr : value->if_text();
}

Status check_same_list(const ListName& made, const ListName& asked) {
  if (made.of != asked.of) {
    return Status(ErrorId::kCursorInvalid, "the cursor belongs to '" + made.of + "', not to '" + asked.of + "'");
  }
  if (made.store != asked.store) {
    return Status(ErrorId::kCursorInvalid, "the cursor belongs to another store")
        .why("it was made in " + made.store + ", this one is " + asked.store)
        .remedy("check which store this is, or start again without a cursor");
  }
  if (made.filters == asked.filters) return {};
  return Status(ErrorId::kCursorInvalid, "the cursor belongs to a list with other filters")
      .why(made.filters.empty()    ? "it was made without a filter"
           : asked.filters.empty() ? "it was made with a filter, and none is given"
                                   : "the filters that are given are not those that it was made with")
      .remedy("repeat the command as it was, with --cursor added, or start again without a cursor");
}

}  // namespace

std::string filters_digest(const Arguments& arguments, std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    const std::string value = arguments.is_on(name) ? "on" : arguments.text(name);
    if (!value.empty()) text += std::string(name) + "=" + std::to_string(value.size()) + ":" + value + "\n";
  }
  if (text.empty()) return {};
  return to_hex(Hasher().sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})).substr(0, kDigestDigits);
}

std::string write_cursor(const Cursor& cursor) {
  const std::string json = to_json(Object{{"of", cursor.list.of},
                                          {"store", cursor.list.store},
                                          {"filters", cursor.list.filters},
                                          {"seq", static_cast<std::int64_t>(cursor.seq)},
                                          {"after", cursor.after}});
  std::string out = to_base64(Bytes(json.begin(), json.end()));
  out.erase(out.find_last_not_of('=') + 1);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

Result<Cursor> read_cursor(std::string_view text, const ListName& list) {
  const Status invalid(ErrorId::kCursorInvalid, "the cursor '" + std::string(text.substr(0, 40)) + "' cannot be read");
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  base64.append((4 - base64.size() % 4) % 4, '=');
  const Result<Bytes> bytes = from_base64(base64);
  if (!bytes.ok()) return invalid;
  const Result<Value> json = parse_json(std::string(bytes->begin(), bytes->end()), "--cursor");
  const Object* object = json.ok() ? json->if_object() : nullptr;
  if (object == nullptr) return invalid;
  const std::string *of = cursor_text(*object, "of"), *store = cursor_text(*object, "store");
  const std::string *filters = cursor_text(*object, "filters"), *after = cursor_text(*object, "after");
  const Value* seq = object->find("seq");
  const bool has_texts = of != nullptr && store != nullptr && filters != nullptr && after != nullptr;
  if (!has_texts || seq == nullptr || seq->if_int() == nullptr || *seq->if_int() < 0) return invalid;
  Cursor cursor{{*of, *store, *filters}, static_cast<Seq>(*seq->if_int()), *after};
  FORGE_TRY(check_same_list(cursor.list, list));
  return cursor;
}

}  // namespace forge::cli
