#pragma once

// The release of Forge that this program was linked with. (A Version, without a prefix, is a record's: envelope.h.)

#include <string_view>

namespace forge {

// "0.1.0": major, minor, patch. Lives for ever.
std::string_view library_version();

}  // namespace forge
