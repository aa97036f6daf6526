#pragma once

// The words of a line that is typed into `forgectl shell`.

#include <string>
#include <string_view>
#include <vector>

namespace forge::cli {

struct Words {
  std::vector<std::string> words;
  // What the text leaves open: the quote or bracket that must come, "\\" after a backslash at the end; empty where it is whole.
  std::string open;
  // Where the last word begins in the text; its end where the text ends between words.
  std::size_t last_at = 0;
};

// Blanks and line feeds part words. Quotes and backslashes are those of a shell: nothing counts within '…', a backslash within "…".
// A word that begins with { or [, itself or behind NAME:=, is JSON up to the bracket that closes it, blanks and quotes included.
// What follows a # at the beginning of a word is a remark up to the end of the line.
Words split_words(std::string_view text);

// The word as it must be typed to be read back.
std::string quoted_word(std::string_view word);

}  // namespace forge::cli
