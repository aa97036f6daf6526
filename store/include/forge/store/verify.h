#pragma once

// Checking a store: the log against its tree, the state against the log, the files against their checksums.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/store.h"

namespace forge {

struct VerifyOptions {
  Seq from = 1;                       // events before its tile of 256 are not hashed; the tree above is always checked
  bool files = true;                  // read every data file and compare its checksums
  bool state = true;                  // fold the log and compare records, versions, unique entries and idempotency records
  std::optional<Root> expected = {};  // a root kept elsewhere: the tree of that size must have this root
  std::function<void(Seq done, Seq total)> progress = {};
};

struct VerifyCheck {
  std::string name;              // "files", "tree", "state", "head"
  std::uint64_t count = 0;       // events, records or files looked at
  std::vector<Status> findings;  // empty: sound; the first names the first bad event or file; ten at most
};

struct VerifyReport {
  Root root;
  std::vector<VerifyCheck> checks;
  bool ok() const;
};

// Reads only; safe beside a writer. Damage is a finding. Errors: kClosed, kTimeInFuture where `from` is past the head; else only
// when checking itself is impossible.
Result<VerifyReport> verify(const Store& store, const VerifyOptions& options = {});

struct Finding {
  enum class Level : std::uint8_t { kGood, kWarning, kBad };
  Level level = Level::kGood;
  std::string name;    // "lock", "schema", "disk", "clock", "recovery", "fsync", …
  std::string text;    // one plain sentence
  std::string remedy;  // empty when good
};

// What an operator should know about the store in `path`: lock, format, recovery state, disk space, clock, sync speed. Changes
// nothing in the store and takes no lock; the sync speed is measured on a file that is removed at once, and only where no process
// holds the store. Errors: kStoreNotFound, kDirectoryUnusable.
Result<std::vector<Finding>> diagnose(const std::string& path, Clock& clock);

}  // namespace forge
