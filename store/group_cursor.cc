// Cursor: format u8, store id (16 bytes), created i64, updated i64 (µs), reached u64; in format 2 the filter: resource, key, tag
// and actor as texts, how many types u64, each as a text, where a text is its size u64 and its bytes; then for each open event seq
// u64 and failed attempts u64. Format 1 has no filter. Parked event: format u8 (1), attempts u64, parked at i64, the error's text
// to the end.

#include "group_cursor.h"

#include <algorithm>
#include <cstring>

#include "forge/events/key.h"

namespace forge::internal {
namespace {

constexpr char kFormat = 1, kFormatWithFilter = 2;
constexpr std::size_t kCursorHead = 1 + 16 + 3 * 8, kOpenBytes = 16;
constexpr std::size_t kParkedHead = 1 + 2 * 8;

Status malformed(std::string_view what, std::string_view name) {
  return Status(ErrorId::kDataCorrupt, std::string(what) + " of the subscription '" + std::string(name) + "' is malformed");
}

Time read_time(const char* data) {
  return Time{static_cast<std::int64_t>(read_u64(data))};
}

void append_sized_text(std::string& out, std::string_view text) {
  append_u64(out, text.size());
  out.append(text);
}

void append_filter(std::string& out, const EventFilter& filter) {
  for (const std::string* text : {&filter.resource, &filter.key, &filter.tag, &filter.actor}) append_sized_text(out, *text);
  append_u64(out, filter.types.size());
  for (const std::string& type : filter.types) append_sized_text(out, type);
}

// Each takes what it reads off the front of `row`; nothing where that is not all there.
std::optional<std::uint64_t> take_u64(std::string_view& row) {
  if (row.size() < 8) return std::nullopt;
  const std::uint64_t value = read_u64(row.data());
  row.remove_prefix(8);
  return value;
}

std::optional<std::string> take_text(std::string_view& row) {
  const std::optional<std::uint64_t> size = take_u64(row);
  if (!size || *size > row.size()) return std::nullopt;
  std::string text(row.substr(0, *size));
  row.remove_prefix(*size);
  return text;
}

std::optional<EventFilter> take_filter(std::string_view& row) {
  EventFilter filter;
  for (std::string* into : {&filter.resource, &filter.key, &filter.tag, &filter.actor}) {
    std::optional<std::string> text = take_text(row);
    if (!text) return std::nullopt;
    *into = *std::move(text);
  }
  const std::optional<std::uint64_t> types = take_u64(row);
  if (!types) return std::nullopt;
  for (std::uint64_t i = 0; i < *types; ++i) {
    std::optional<std::string> type = take_text(row);
    if (!type) return std::nullopt;
    filter.types.push_back(*std::move(type));
  }
  return filter;
}

}  // namespace

std::string cursor_key(std::string_view group) {
  return std::string(kCursorPrefix).append(group);
}

std::string parked_prefix(std::string_view group) {
  std::string key("P");
  key.append(group);
  key.push_back('\0');
  return key;
}

std::string parked_key(std::string_view group, Seq seq) {
  std::string key = parked_prefix(group);
  append_u64(key, seq);
  return key;
}

std::string encode(const GroupCursor& cursor) {
  std::string out(1, cursor.filter ? kFormatWithFilter : kFormat);
  out.append(reinterpret_cast<const char*>(cursor.store.bytes.data()), cursor.store.bytes.size());
  append_u64(out, static_cast<std::uint64_t>(cursor.created.micros));
  append_u64(out, static_cast<std::uint64_t>(cursor.updated.micros));
  append_u64(out, cursor.reached);
  if (cursor.filter) append_filter(out, *cursor.filter);
  for (const GroupCursor::Open& open : cursor.open) {
    append_u64(out, open.seq);
    append_u64(out, open.attempts);
  }
  return out;
}

Result<GroupCursor> read_group_cursor(std::string_view name, std::string_view row) {
  if (row.size() < kCursorHead || (row[0] != kFormat && row[0] != kFormatWithFilter)) return malformed("the cursor", name);
  GroupCursor cursor;
  std::memcpy(cursor.store.bytes.data(), row.data() + 1, cursor.store.bytes.size());
  cursor.created = read_time(row.data() + 17);
  cursor.updated = read_time(row.data() + 25);
  cursor.reached = read_u64(row.data() + 33);
  std::string_view rest = row.substr(kCursorHead);
  if (row[0] == kFormatWithFilter) {
    cursor.filter = take_filter(rest);
    if (!cursor.filter) return malformed("the cursor", name);
  }
  if (rest.size() % kOpenBytes != 0) return malformed("the cursor", name);
  for (; !rest.empty(); rest.remove_prefix(kOpenBytes)) {
    const Seq seq = read_u64(rest.data());
    const bool rises = cursor.open.empty() ? seq > 0 : seq > cursor.open.back().seq;
    if (!rises || seq > cursor.reached) return malformed("the cursor", name);
    cursor.open.push_back({.seq = seq, .attempts = static_cast<std::uint32_t>(read_u64(rest.data() + 8))});
  }
  return cursor;
}

std::string encode(const ParkedEvent& event) {
  std::string out(1, kFormat);
  append_u64(out, event.attempts);
  append_u64(out, static_cast<std::uint64_t>(event.parked_at.micros));
  return out.append(event.error);
}

Result<ParkedEvent> read_parked_event(std::string_view name, std::string_view key, std::string_view row) {
  if (key.size() < 8 || row.size() < kParkedHead || row[0] != kFormat) return malformed("a parked event", name);
  ParkedEvent event;
  event.seq = read_u64(key.data() + key.size() - 8);
  event.attempts = static_cast<std::uint32_t>(read_u64(row.data() + 1));
  event.parked_at = read_time(row.data() + 9);
  event.error = row.substr(kParkedHead);
  return event;
}

}  // namespace forge::internal
