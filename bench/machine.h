#pragma once

// What a figure depends on beside the programs: machine, disk, versions.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace forge::bench {

// Names and values in the order to print. Syncs a file in `directory` for half a second.
std::vector<std::pair<std::string, std::string>> describe_machine(const std::filesystem::path& directory);

}  // namespace forge::bench
