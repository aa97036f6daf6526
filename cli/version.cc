#include "version.h"

namespace forge::cli {

std::string_view version() {
  return FORGE_VERSION;
}

Object version_object() {
  return Object{{"version", FORGE_VERSION},
                {"commit", FORGE_COMMIT},
                {"rocksdb", FORGE_ROCKSDB_VERSION},
                {"flatbuffers", FORGE_FLATBUFFERS_VERSION},
                {"schema_format", 1},
                {"store_format", 1}};
}

}  // namespace forge::cli
