#pragma once

// The lines typed into `forgectl shell`, kept for the next one: a file that only its user can read.

#include <optional>
#include <string>
#include <vector>

#include "forge/cli/run.h"
#include "forge/events/domain.h"

namespace forge::cli {

// $XDG_STATE_HOME/forge/history, else below ~/.local/state; nothing where neither XDG_STATE_HOME nor HOME tells.
std::optional<std::string> history_path(const Streams& streams);

// Whether an entry may be kept: not one that begins with a blank, and none in which the name of a secret field stands.
bool may_be_kept(const std::string& entry, const Domain& domain);

class History {
 public:
  // Makes the file and its directory where they are missing, for the user alone. Keeps the newest of what is there. Errors:
  // kOutputFailed.
  static Result<History> open(const std::string& path);

  // Oldest first. An entry may have several lines.
  const std::vector<std::string>& entries() const { return entries_; }
  // Appends an entry, in one write; several sessions may append to one file. Errors: kOutputFailed.
  Status append(const std::string& entry);

 private:
  explicit History(std::string path) : path_(std::move(path)) {}
  Status read();
  Status shorten() const;

  std::string path_;
  std::vector<std::string> entries_;
};

}  // namespace forge::cli
