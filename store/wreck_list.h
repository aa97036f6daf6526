#pragma once

// RocksDB's list of its files (MANIFEST) held against the files that are there: which tables of the list cannot be used, and which
// tables no list names. For a repair the list is written anew, on a copy, without the unusable tables: RocksDB then opens what is
// left, with holes where they were.

#include <cstdint>
#include <string>
#include <vector>

#include "database.h"
#include "forge/store/options.h"
#include "store_files.h"

namespace forge::internal {

struct ListedTable {
  std::string family;  // the table that its rows belong to
  std::uint32_t family_id = 0;
  std::uint32_t level = 0;
  std::uint64_t number = 0;
  std::string name;  // 000021.sst
  Status why;        // it cannot be used
};

struct TableInventory {
  std::vector<ListedTable> unusable;  // missing, of another size, or without a readable end
  std::vector<std::string> unlisted;  // names of tables in the directory that the list does not know
};

// Of the list that CURRENT names, read up to its first damage. Changes nothing. Errors: kDataCorrupt, kIoError where there is no
// such list or it tells nothing.
Result<TableInventory> take_inventory(const StoreFiles& files, const LogSink& log);

// Appends to the list that CURRENT names, cut at its first damage, that the unusable tables are gone, and that no
// write-ahead log need be there. For a copy of a store's data.
// Errors: kDiskFull, kIoError.
Status strike_from_list(StoreFiles& files, const TableInventory& inventory);

// The paths of those tables in a directory that hold events.
std::vector<std::string> event_tables(const std::string& data, const std::vector<std::string>& names);

// Puts into the log what stands in the tables at `paths` and is not in it; one that cannot be read to its end as far as it goes.
// Errors: kDiskFull, kIoError of the database.
Status add_events_of(const std::vector<std::string>& paths, Database& database);

}  // namespace forge::internal
