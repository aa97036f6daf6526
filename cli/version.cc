#include "version.h"

#include "forge/events/version.h"

namespace forge::cli {

Object version_object() {
  return Object{{"version", std::string(library_version())}, {"commit", FORGE_COMMIT}, {"rocksdb", FORGE_ROCKSDB_VERSION},
                {"flatbuffers", FORGE_FLATBUFFERS_VERSION},  {"schema_format", 1},     {"store_format", 1}};
}

std::string_view source_date() {
  return FORGE_SOURCE_DATE;
}

}  // namespace forge::cli
