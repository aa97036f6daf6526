#pragma once

// Keys as bytes whose memcmp order is the order of the values (store/FORMAT.md, "Keys"). Text: its UTF-8 bytes, then one 0x00.
// Integers: 8 bytes big-endian with the sign bit flipped. Several parts stand in a row.

#include <cstdint>
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
// The key of `resource` as people write it ("o-1", "42", an enum by name), encoded. Errors: kKeyInvalid, kArgumentType,
// kArgumentRange.
Result<std::string> encode_key(const Resource& resource, std::string_view text);
// The other direction; the key as text. Errors: kDataCorrupt.
Result<std::string> key_text(const Resource& resource, std::string_view encoded);
// The key as the value of its field; text borrows from `encoded`. Errors: kDataCorrupt.
Result<Cell> key_cell(const Resource& resource, std::string_view encoded);

// Big-endian integers, as every key of the store has them.
void append_u16(std::string& out, std::uint16_t value);
void append_u64(std::string& out, std::uint64_t value);
std::uint16_t read_u16(const char* data);
std::uint64_t read_u64(const char* data);

}  // namespace forge
