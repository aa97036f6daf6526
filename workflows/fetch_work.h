#pragma once

// What a fetch of a map does, on a thread of the loop: it sets aside the items that failed, reads further rows of the file, and
// maps them where nothing outside is needed for it.

#include <memory>
#include <optional>
#include <string>

#include "item_files.h"
#include "portion.h"
#include "step_work.h"

namespace forge::internal {

struct FetchJob {
  std::shared_ptr<MapFiles> files;
  const fb::MapStepT* map = nullptr;
  std::string path;                          // of the file; empty where no rows are wanted
  Object given;                              // the value of the command
  Value begin;                               // where the first fetch of the map begins: null, or what the named checkpoint says
  std::unique_ptr<PortionMap> portion = {};  // maps the rows; null where their steps need more than that
  bool keeps_results = false;
};

// The value of the fact, and the items that are to begin. A row that is bad in itself is an item that failed.
// Errors, as the outcome: those of the files; kStepFailed, or the row's own, where a bad item makes the map fail.
WorkOutcome fetch_items(FetchJob& job);

// The same of what stands for the file, or for another source, in a test: of an outcome {rows = [...]}, or the list alone. Bad
// items that are to be set aside are not written anywhere. Another outcome that is done is a failure.
WorkOutcome fetch_rows(const Work& work, StepOutcome outcome);
// What rows a fact has itself.
std::optional<std::vector<MapItem>> rows_in(const Value& fact);

// The named checkpoint of the store that a map's is.
std::string checkpoint_of_map(const std::string& name);

// What a map over a file reads again where its run is folded from the journal: the items of the fact, and nothing of others.
// Errors: as MapFiles::read, and kItemsDiffer where the file is another.
Status read_again(MapFiles& files, const fb::MapStepT& map, const Object& command, Fact& fact);

}  // namespace forge::internal
