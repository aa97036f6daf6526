// Cursor: format u8 (1), store id (16 bytes), created i64, updated i64 (µs), reached u64, then for each open event seq u64 and
// failed attempts u64. Parked event: format u8 (1), attempts u64, parked at i64, the error's text to the end.

#include "group_cursor.h"

#include <algorithm>
#include <cstring>

#include "forge/events/key.h"

namespace forge::internal {
namespace {

constexpr char kFormat = 1;
constexpr std::size_t kCursorHead = 1 + 16 + 3 * 8, kOpenBytes = 16;
constexpr std::size_t kParkedHead = 1 + 2 * 8;

Status malformed(std::string_view what, std::string_view name) {
  return Status(ErrorId::kDataCorrupt, std::string(what) + " of the subscription '" + std::string(name) + "' is malformed");
}

Time read_time(const char* data) {
  return Time{static_cast<std::int64_t>(read_u64(data))};
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
  std::string out(1, kFormat);
  out.append(reinterpret_cast<const char*>(cursor.store.bytes.data()), cursor.store.bytes.size());
  append_u64(out, static_cast<std::uint64_t>(cursor.created.micros));
  append_u64(out, static_cast<std::uint64_t>(cursor.updated.micros));
  append_u64(out, cursor.reached);
  for (const GroupCursor::Open& open : cursor.open) {
    append_u64(out, open.seq);
    append_u64(out, open.attempts);
  }
  return out;
}

Result<GroupCursor> read_group_cursor(std::string_view name, std::string_view row) {
  if (row.size() < kCursorHead || row[0] != kFormat || (row.size() - kCursorHead) % kOpenBytes != 0) {
    return malformed("the cursor", name);
  }
  GroupCursor cursor;
  std::memcpy(cursor.store.bytes.data(), row.data() + 1, cursor.store.bytes.size());
  cursor.created = read_time(row.data() + 17);
  cursor.updated = read_time(row.data() + 25);
  cursor.reached = read_u64(row.data() + 33);
  for (std::size_t at = kCursorHead; at < row.size(); at += kOpenBytes) {
    const Seq seq = read_u64(row.data() + at);
    const bool rises = cursor.open.empty() ? seq > 0 : seq > cursor.open.back().seq;
    if (!rises || seq > cursor.reached) return malformed("the cursor", name);
    cursor.open.push_back({.seq = seq, .attempts = static_cast<std::uint32_t>(read_u64(row.data() + at + 8))});
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
