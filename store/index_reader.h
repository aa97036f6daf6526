#pragma once

// Records by index, at any point of the log. An index holds the newest state only: what it says of a record is right for an earlier
// point where no event since then touched that record. So the records of the events since then are taken as well, whatever the
// index says of them. Where these are too many, or the index is no longer kept, it is not used.

#include <cstdint>
#include <string>
#include <vector>

#include "catalog.h"
#include "database.h"
#include "list_plan.h"

namespace forge::internal {

struct Candidates {
  std::vector<std::string> keys;      // encoded, in order, each once
  std::uint64_t entries_touched = 0;  // index entries and events looked at
  std::string unused;                 // why the index was not used; empty: it was
};

// The keys of all records that match the scan's filter as of event `seq`, perhaps with others. `scan` is one of `resource`, which
// is that of the domain in force at `seq`, or of a later one. Errors: kDataCorrupt, kIoError.
Result<Candidates> find_candidates(const Database& database, const Catalog& catalog, const Resource& resource,
                                   const IndexScan& scan, Seq seq);

}  // namespace forge::internal
