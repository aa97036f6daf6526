#pragma once

// The keys of the store's tables (store/FORMAT.md, "Tables"). All integers are big-endian.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/status.h"

namespace forge {

// The tables of the store, each a column family; the numbers are written nowhere, the names are.
enum class Table : std::uint8_t { kMeta, kLog, kCurrent, kVersions, kUnique, kIdempotency, kTree, kCursors, kIndex, kTags, kRows };
inline constexpr std::size_t kTableCount = 11;
// The tables every store has. Those behind them came later: a store that was made before has none until it is opened for writing.
inline constexpr std::size_t kFirstTableCount = 7;
std::string_view name_of(Table table);  // "log"
// A row of the table is put once and then neither changed nor erased.
bool is_append_only(Table table);

// log: seq.
std::string log_key(Seq seq);
// current: resource u16, key. Appends.
void append_current_key(std::uint16_t resource, std::string_view key, std::string& out);
// versions: resource u16, key, ~seq u64: newer versions come first. Appends.
void append_version_key(std::uint16_t resource, std::string_view key, Seq seq, std::string& out);
// The seq of a version key, which is at least 10 bytes long.
Seq seq_of_version_key(std::string_view version_key);
// The record's part of a version key: what stands before ~seq.
std::string_view record_part(std::string_view version_key);
// unique: constraint u16, then for each field a presence byte (1) and its key part. `row` has defaults and the key where the
// constraint rests on them. Returns false, leaving `out` as it was, when a field is null, for nulls are never equal, or when the
// constraint's condition is not true. Errors: kKeyInvalid where a value cannot be a key part, kRuleFailed.
Result<bool> append_unique_key(const Resource& resource, const UniqueConstraint& constraint, std::span<const Cell> row,
                               std::string& out);
// What a unique entry stands for, as a message shows it: "day is 1, room is 2".
std::string unique_values_text(const Resource& resource, const UniqueConstraint& constraint, std::string_view entry);

// index: index u16, then for each field a presence byte and, where it is 1, its key part, then the record's key. NULL has the
// presence byte 0 and comes first. `row` has defaults and the key. Returns false, leaving `out` as it was, where the index is not
// a declared one and a value is NULL. Errors: kKeyInvalid where a value cannot be a key part.
Result<bool> append_index_key(const Resource& resource, const Index& index, std::span<const Cell> row, std::string_view record_key,
                              std::string& out);
// One value as an index has it, with its presence byte. Errors: kKeyInvalid.
Status append_index_value(const Resource& resource, const Field& field, const Cell& cell, std::string& out);
// The record's key at the end of an index entry; nothing where the entry is malformed.
std::optional<std::string_view> record_key_of(const Resource& resource, const Index& index, std::string_view entry);

// tags: the tag, 0x00, seq u64. Appends.
void append_tag_key(std::string_view tag, Seq seq, std::string& out);

}  // namespace forge
