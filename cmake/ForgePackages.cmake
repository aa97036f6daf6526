# The packages that Forge's libraries are linked with, for the build and for an installed copy.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
find_program(FLATC flatc REQUIRED)

# The packaged CMake files of these two name static or development-only targets: the shared libraries are taken by name.
function(forge_package target header library)
  string(TOUPPER ${library} prefix)
  find_path(${prefix}_INCLUDE ${header} REQUIRED)
  find_library(${prefix}_LIBRARY ${library} REQUIRED)
  if(NOT TARGET ${target})
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} SYSTEM INTERFACE ${${prefix}_INCLUDE})
    target_link_libraries(${target} INTERFACE ${${prefix}_LIBRARY})
  endif()
endfunction()
forge_package(forge_rocksdb rocksdb/db.h rocksdb)
forge_package(forge_flatbuffers flatbuffers/idl.h flatbuffers)
