#pragma once

// What a shell offers for the word under the cursor.

#include <string>
#include <string_view>
#include <vector>

#include "session.h"

namespace forge::cli {

struct Candidate {
  std::string word;
  std::string says;
};

// Candidates for the last word of `line`, which is a command line up to the cursor, with the program's name. Never fails: what
// cannot be known, such as the schema of a store that cannot be opened, is not offered.
std::vector<Candidate> candidates(Session& session, std::string_view line);

}  // namespace forge::cli
