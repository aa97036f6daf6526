#pragma once

// How far an import has come, as its named checkpoint keeps it: written with each batch's events, so that the same command goes on
// with the row behind the last one that is stored or set aside. What was read is known by its digest; what comes behind it may
// change.

#include <cstdint>
#include <string>
#include <string_view>

#include "forge/events/csv_reader.h"

namespace forge::cli {

struct ImportState {
  std::string columns;        // ImportColumns::digest
  std::string source;         // BeginningDigest::hex of what was read
  CsvPlace place;             // where the next row may begin
  bool is_whole_line = true;  // what was read ends with a line end
  std::uint64_t imported = 0, bad = 0;
  std::string quarantine;  // the file that bad rows go to; empty: none
  std::uint64_t quarantine_bytes = 0;

  std::string encode() const;
  // Errors: kDataCorrupt.
  static Result<ImportState> decode(const std::string& name, const std::string& text);
};

// "import:users.csv:User.register": the checkpoint of an import that was given no name.
std::string default_checkpoint(const std::string& path, const std::string& action);

}  // namespace forge::cli
