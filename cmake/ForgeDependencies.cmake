# The packages Forge stands on, all from Debian 12; scripts/setup installs them.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# The packaged CMake files of these two name static or development-only targets: the shared libraries are taken by name.
find_path(ROCKSDB_INCLUDE rocksdb/db.h REQUIRED)
find_library(ROCKSDB_LIBRARY rocksdb REQUIRED)
add_library(forge_rocksdb INTERFACE)
target_include_directories(forge_rocksdb SYSTEM INTERFACE ${ROCKSDB_INCLUDE})
target_link_libraries(forge_rocksdb INTERFACE ${ROCKSDB_LIBRARY})

find_path(FLATBUFFERS_INCLUDE flatbuffers/idl.h REQUIRED)
find_library(FLATBUFFERS_LIBRARY flatbuffers REQUIRED)
find_program(FLATC flatc REQUIRED)
add_library(forge_flatbuffers INTERFACE)
target_include_directories(forge_flatbuffers SYSTEM INTERFACE ${FLATBUFFERS_INCLUDE})
target_link_libraries(forge_flatbuffers INTERFACE ${FLATBUFFERS_LIBRARY})

if(FORGE_TESTS)
  find_package(GTest REQUIRED)
endif()
if(FORGE_BENCH)
  find_package(benchmark REQUIRED)
endif()
