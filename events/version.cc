#include "forge/events/version.h"

namespace forge {

std::string_view library_version() {
  return FORGE_VERSION;
}

}  // namespace forge
