#pragma once

// JSON text to and from Value. Strict RFC 8259: valid UTF-8, no duplicate names, no trailing bytes, no NaN; integers are exact
// over the whole int64 range and never go through a double. All functions are pure and safe from any thread.

#include <cstddef>
#include <string>
#include <string_view>

#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge {

struct JsonLimits {
  std::size_t bytes = 8 << 20;
  std::size_t depth = 64;
  std::size_t members = 10'000;  // of one object
  std::size_t nodes = 1'000'000;
};

// `name` says where the text comes from in messages ("--input", "actions.ndjson:17").
// Errors: kJsonInvalid and kJsonLimit with the line and column, in linear time and bounded memory.
Result<Value> parse_json(std::string_view text, std::string_view name, const JsonLimits& limits = {});

// Compact JSON. Integers beyond ±2^53 are written as strings, bytes as base64, a double that is not finite as null.
std::string to_json(const Value& value);
void append_json(std::string& out, const Value& value);
// A quoted and escaped JSON string.
void append_json_string(std::string& out, std::string_view text);

std::string to_base64(const Bytes& bytes);
// Errors: kArgumentType.
Result<Bytes> from_base64(std::string_view text);

// True for valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace forge
