#pragma once

// The immutable input or output of a hop.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge {

struct Token {
  Value values;
  std::string correlation;
  std::uint8_t hops_left = 0;

  friend bool operator==(const Token&, const Token&) = default;
};

// As schemas/workflow.fbs describes it. Reading gives back the same token, to the bit of a float. Errors of reading: kTokenInvalid.
std::vector<std::uint8_t> to_bytes(const Token& token);
Result<Token> token_from_bytes(std::span<const std::uint8_t> bytes);

// JSON that loses nothing: {"values":…,"correlation":"…","hops_left":7}. What JSON cannot hold is an object of one member whose
// name begins with '$': {"$int":"9007199254740993"} beyond ±2^53, {"$bytes":"base64"}, {"$float":"nan"} for what is not finite, and
// {"$object":{…}} around an object that would look like one of these. `name` is how messages call the text. Errors: kJsonInvalid,
// kJsonLimit, kTokenInvalid.
std::string to_json(const Token& token);
Result<Token> token_from_json(std::string_view text, std::string_view name);

}  // namespace forge
