#pragma once

// RocksDB's own list of its files, looked at before RocksDB opens it: CURRENT names the MANIFEST, and that names the rest.

#include <string>
#include <vector>

#include "store_files.h"

namespace forge::internal {

// Whether data/ stands, CURRENT names a MANIFEST, and that one is there. Changes nothing.
// Errors: kDataCorrupt, which names what is missing and the way back; kDirectoryUnusable, kIoError.
Status check_data_files(const StoreFiles& files);

// The names of the MANIFESTs in a directory, the newest first.
std::vector<std::string> manifests_in(const StoreFiles& files, const std::string& directory);

}  // namespace forge::internal
