#pragma once

// Cuts the text of a FlatBuffers schema into tokens with their positions, which FlatBuffers' own parser does not give.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema_findings.h"

namespace forge::internal {

inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

enum class SchemaTokenKind : std::uint8_t {
  kWord,    // a letter or '_', then letters, digits and '_'
  kText,    // in double or single quotes, which are part of the token
  kNumber,  // as FlatBuffers takes it or refuses it
  kMark,    // one character
  kEnd,
};

struct SchemaToken {
  SchemaTokenKind kind = SchemaTokenKind::kEnd;
  std::string_view text;  // borrows from the schema's text
  std::size_t offset = 0;
  Position position;

  bool is(char mark) const { return kind == SchemaTokenKind::kMark && text.front() == mark; }
  bool is(std::string_view word) const { return kind == SchemaTokenKind::kWord && text == word; }
};

// The text that a kText token stands for, and where each byte of it and its end stand in the file.
struct SchemaText {
  std::string text;
  std::vector<Position> positions;
};

// The tokens of the file, a kEnd last. Columns count bytes. On an error adds one finding and returns no tokens.
std::vector<SchemaToken> tokenize_schema(std::size_t file, SchemaFindings& findings);

// Resolves the escapes of a kText token. On an error adds one finding and returns false.
bool decode_text(const SchemaToken& token, std::size_t file, SchemaFindings& findings, SchemaText& out);

}  // namespace forge::internal
