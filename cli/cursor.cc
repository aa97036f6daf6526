#include "cursor.h"

#include <algorithm>

#include "forge/events/json.h"

namespace forge::cli {

std::string write_cursor(const Cursor& cursor) {
  const std::string json =
      to_json(Object{{"of", cursor.of}, {"seq", static_cast<std::int64_t>(cursor.seq)}, {"after", cursor.after}});
  std::string out = to_base64(Bytes(json.begin(), json.end()));
  out.erase(out.find_last_not_of('=') + 1);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

Result<Cursor> read_cursor(std::string_view text, std::string_view of) {
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
  const Value *list = object->find("of"), *seq = object->find("seq"), *after = object->find("after");
  const bool complete = list != nullptr && seq != nullptr && after != nullptr && list->if_text() != nullptr &&
                        seq->if_int() != nullptr && *seq->if_int() >= 0 && after->if_text() != nullptr;
  if (!complete) return invalid;
  if (*list->if_text() != of) {
    return Status(ErrorId::kCursorInvalid, "the cursor belongs to '" + *list->if_text() + "', not to '" + std::string(of) + "'");
  }
  return Cursor{*list->if_text(), static_cast<Seq>(*seq->if_int()), *after->if_text()};
}

}  // namespace forge::cli
