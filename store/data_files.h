#pragma once

// RocksDB's own list of its files, looked at before RocksDB opens it: CURRENT names the MANIFEST, and that names the rest.

#include <optional>
#include <string>
#include <vector>

#include "log_file_system.h"

#include "store_files.h"

namespace forge::internal {

// What to_status says of such a file.
inline constexpr const char* kMissingFile = "the file is missing";

// Of damage that leaves something to save: the log may be whole all the same, and a backup lacks what came after it.
inline constexpr const char* kRepairRemedy = "save what can be proved: forgectl repair --to NEW, or restore a good backup";

// Of a store without its identity file, whose id the data carry, too.
inline constexpr const char* kLostIdentityRemedy =
    "save what can be proved: forgectl repair --to NEW; to begin anew, move the directory away first";

// Whether data/ stands, CURRENT names a MANIFEST, and that one is there. Changes nothing.
// Errors: kDataCorrupt, which names what is missing and the way back; kDirectoryUnusable, kIoError.
Status check_data_files(const StoreFiles& files);

// Ends the name of files in the quarantine that an opening found which then failed for want of space or descriptors.
inline constexpr std::string_view kFailedOpening = ".failed";

// Whether the process may open no more files.
bool is_out_of_descriptors(const Status& status);

// What changes whenever RocksDB takes files in or lets them go.
struct DataFileList {
  std::string current;      // what CURRENT says
  std::uint64_t bytes = 0;  // of the MANIFEST that it names
  bool operator==(const DataFileList&) const = default;
};
// After check_data_files. Errors: kIoError.
Result<DataFileList> data_file_list(const StoreFiles& files);

// Where the MANIFEST that CURRENT names ends in something that cannot be read, with nothing sound behind it: what stands before. A
// power loss leaves that, as RocksDB writes its list and then syncs it; RocksDB opens a list that was cut short, but none whose
// last record has its length and not all of its bytes. Whether the shorter list tells of all data, the log, the tree and the
// watermark say: RocksDB removes nothing that a list names before a longer one is on disk. Errors: kIoError.
Result<std::optional<FilePrefix>> readable_manifest(const StoreFiles& files);

// What stands before the first damage of the MANIFEST that CURRENT names; all of it where there is none. Errors: kDataCorrupt where
// nothing does; kIoError.
Result<FilePrefix> sound_manifest(const StoreFiles& files);

// The names of the MANIFESTs in a directory, the newest first.
std::vector<std::string> manifests_in(const StoreFiles& files, const std::string& directory);

}  // namespace forge::internal
