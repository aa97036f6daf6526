#include "cursor.h"

#include <algorithm>

#include "forge/events/json.h"
#include "forge/events/merkle.h"

namespace forge::cli {

std::string asked_of(const std::string& store, const std::vector<std::string>& filters) {
  constexpr std::size_t kDigits = 8;
  const auto digest = [](const std::string& text) {
    Hasher hasher;
    return to_hex(hasher.sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})).substr(0, kDigits);
  };
  std::string all;
  for (const std::string& filter : filters) all += std::to_string(filter.size()) + ":" + filter;
  return digest(store) + digest(all);
}

std::string write_cursor(const Cursor& cursor) {
  const std::string json = to_json(
      Object{{"of", cursor.of}, {"seq", static_cast<std::int64_t>(cursor.seq)}, {"after", cursor.after}, {"asked", cursor.asked}});
  std::string out = to_base64(Bytes(json.begin(), json.end()));
  out.erase(out.find_last_not_of('=') + 1);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

Result<Cursor> read_cursor(std::string_view text, std::string_view of, std::string_view asked) {
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
  const Value *list = object->find("of"), *seq = object->find("seq"), *after = object->find("after"),
              *known = object->find("asked");
  const bool complete = list != nullptr && seq != nullptr && after != nullptr && list->if_text() != nullptr &&
                        seq->if_int() != nullptr && *seq->if_int() >= 0 && after->if_text() != nullptr && known != nullptr &&
                        known->if_text() != nullptr && known->if_text()->size() == asked.size();
  if (!complete) return invalid;
  if (*list->if_text() != of) {
    return Status(ErrorId::kCursorInvalid, "the cursor belongs to '" + *list->if_text() + "', not to '" + std::string(of) + "'");
  }
  if (*known->if_text() != asked) {
    const std::size_t store_digits = asked.size() / 2;
    const bool is_same_store = known->if_text()->starts_with(asked.substr(0, store_digits));
    return Status(ErrorId::kCursorInvalid,
                  is_same_store ? "the cursor belongs to a list with other filters" : "the cursor is of another store")
        .why("a cursor goes on with the list that it came from")
        .remedy(is_same_store ? "give the same filters, or begin anew without --cursor" : "begin anew without --cursor");
  }
  return Cursor{*list->if_text(), static_cast<Seq>(*seq->if_int()), *after->if_text(), *known->if_text()};
}

}  // namespace forge::cli
