#pragma once

// Keys as bytes whose memcmp order is the order of the values (store/FORMAT.md, "Keys"). Text: its UTF-8 bytes, then one 0x00.
// Integers: 8 bytes big-endian with the sign bit flipped. Several parts stand in a row.
//
// As people write it, a key of one part is that part. A key of several parts is its parts with a comma between them, in the order
// that the schema names them: "o-1,2". In a part that is a text, a comma is written \, and a backslash \\.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge {

inline constexpr std::size_t kKeyBytesMax = 1024;

// Appends the encoding of one non-null key part. Errors: kKeyInvalid (empty, too long, NUL inside, not UTF-8).
Status append_key_part(const Field& field, const Cell& cell, std::string& out);
// How many bytes the part at the front of `encoded` takes; 0 where it is malformed. Texts may be empty, as in index entries.
std::size_t key_part_size(const Field& field, std::string_view encoded);
// The value of that part, from which a text borrows; absent where it is malformed.
Cell read_key_part(const Field& field, std::string_view encoded);
// The key of `resource` as people write it ("o-1", "42", "o-1,2"), encoded. Errors: kKeyInvalid, also for another number of parts
// than the key has, kArgumentType, kArgumentRange.
Result<std::string> encode_key(const Resource& resource, std::string_view text);
// A key as people write it, from the texts of its parts.
std::string join_key(std::span<const std::string> parts);
// The other direction; the key as text. Errors: kDataCorrupt.
Result<std::string> key_text(const Resource& resource, std::string_view encoded);
// Sets the fields of the key in `row`, which has a cell for each field of the record; texts borrow from `encoded`.
// Errors: kDataCorrupt.
Status key_cells(const Resource& resource, std::string_view encoded, Row& row);
// The record as rules and readers see it: defaults where nothing is set, and the key. Errors: kDataCorrupt.
Status complete_row(const Resource& resource, std::string_view key, Row& row);

// Big-endian integers, as every key of the store has them.
void append_u16(std::string& out, std::uint16_t value);
void append_u64(std::string& out, std::uint64_t value);
std::uint16_t read_u16(const char* data);
std::uint64_t read_u64(const char* data);

}  // namespace forge
