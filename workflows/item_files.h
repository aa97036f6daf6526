#pragma once

// The files of maps that are under way. Between two fetches of one map they stay open, so that a packed file is not unpacked from
// its beginning for each portion.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forge/store/appended_file.h"
#include "item_file.h"
#include "run.h"

namespace forge::internal {

// For one thread at a time: a map has one fetch under way.
class MapFiles {
 public:
  // Reads further rows of the file at `path` from the position on, which is null at the beginning. Errors: as ItemFile.
  Result<std::vector<FileItem>> read(const fb::MapStepT& map, const std::string& path, const Value& position, std::size_t rows_max);
  Value position() const { return items_->position().to_value(); }
  double part() const { return items_->part(); }

  // The file of bad items, open for appending at that length; as long as it is where that is null. Errors: kOutputFailed, also
  // where it is shorter or in use; kTargetNotEmpty inside a store.
  Result<AppendedFile*> quarantine(const std::string& path, const Value& bytes);

 private:
  std::unique_ptr<ItemFile> items_;
  Value at_;  // the position of items_
  std::optional<AppendedFile> quarantine_;
};

// By map. For one thread; what it gives out lives as long as it is held.
class ItemFiles {
 public:
  std::shared_ptr<MapFiles> of(const HopId& map);
  void close(const HopId& map) { files_.erase(map); }
  void close_all() { files_.clear(); }

 private:
  std::map<HopId, std::shared_ptr<MapFiles>> files_;
};

// The rows without those that are bad in themselves.
std::vector<MapItem> good_items(std::vector<FileItem> rows);

}  // namespace forge::internal
