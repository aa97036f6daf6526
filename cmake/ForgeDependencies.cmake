# The packages Forge stands on, all from Debian 12; scripts/setup installs them.

include(ForgePackages)
find_package(Boost 1.81 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
# Its pkg-config file would choose the compiled library, which throws.
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
if(FORGE_TESTS)
  find_package(GTest REQUIRED)
endif()
if(FORGE_BENCH)
  find_package(benchmark REQUIRED)
endif()
