#pragma once

// Fields of delimited text. CSV quotes as RFC 4180 says, with lines that end in LF; an empty text is "" and a null is nothing, so
// that the two differ. TSV escapes tab, line feed, carriage return and backslash with a backslash.

#include <string>
#include <string_view>

namespace forge::cli {

void append_csv(std::string& out, std::string_view field);
void append_tsv(std::string& out, std::string_view field);

}  // namespace forge::cli
