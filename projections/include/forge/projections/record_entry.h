#pragma once

// The values of the `current` and `versions` tables (store/FORMAT.md, "Entries"): a compact header and, unless the record is gone,
// its FlatBuffer, whole or as a delta. Decoded entries borrow from the bytes they came from.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "forge/events/envelope.h"
#include "forge/events/status.h"

namespace forge {

enum class EntryKind : std::uint8_t { kFull = 1, kDelta = 2, kTombstone = 3 };

// The newest state of a record.
struct CurrentEntry {
  EntryKind kind = EntryKind::kFull;  // never kDelta
  Version version = 0;
  Seq seq = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t schema_version = 0;
  std::uint8_t deltas = 0;  // version entries since the last full one
  std::span<const std::uint8_t> record;
};

// One version of a record; its seq stands in the key.
struct VersionEntry {
  EntryKind kind = EntryKind::kFull;
  Version version = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t schema_version = 0;
  std::uint16_t action = 0;
  Time recorded_at;
  std::string_view actor;
  std::string_view changed;              // bitmap of the fields that this version set or cleared, bit i of byte i / 8
  std::span<const std::uint8_t> record;  // kFull: the whole record; kDelta: the fields set, the rest of `changed` was cleared
};

// Appends the encoding.
void append_entry(const CurrentEntry& entry, std::string& out);
void append_entry(const VersionEntry& entry, std::string& out);
// Errors: kDataCorrupt. The record's bytes are not verified and not aligned: copy and verify_table them.
Result<CurrentEntry> read_current_entry(std::string_view bytes);
Result<VersionEntry> read_version_entry(std::string_view bytes);

// Bitmaps of fields.
bool has_field(std::string_view bitmap, std::size_t field);
void set_field(std::string& bitmap, std::size_t field);

}  // namespace forge
