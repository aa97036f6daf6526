# Warnings, sanitizers, ccache and mold: what every target of the project is compiled with.
include(CheckLinkerFlag)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(FORGE_CCACHE ccache)
if(FORGE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FORGE_CCACHE})
endif()

add_library(forge_compiler INTERFACE)
target_compile_options(forge_compiler INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
if(FORGE_WARNINGS_AS_ERRORS)
  target_compile_options(forge_compiler INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A text is a fine condition in FORGE_ASSERT(!"never here").
  target_compile_options(forge_compiler INTERFACE -Wthread-safety -Wno-string-conversion)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees an overlap in `"text" + std::string` where there is none (GCC bug 105651).
  target_compile_options(forge_compiler INTERFACE -Wno-restrict)
endif()

if(FORGE_SANITIZE)
  # The instrumentation hides from g++ what flows where, so the warnings that follow the flow are left to the plain builds.
  target_compile_options(forge_compiler INTERFACE -fsanitize=${FORGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -Wno-maybe-uninitialized -Wno-stringop-overread -Wno-stringop-overflow -Wno-array-bounds -Wno-nonnull)
  target_link_options(forge_compiler INTERFACE -fsanitize=${FORGE_SANITIZE})
endif()
if(FORGE_SANITIZE MATCHES thread)
  # RocksDB, which is not instrumented, would otherwise run our instrumented copies of the inline functions that both have, and be
  # reported for accesses that its own atomics order.
  target_link_options(forge_compiler INTERFACE -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/tsan/no_exports.map)
  add_library(forge_tsan_calls STATIC ${CMAKE_CURRENT_LIST_DIR}/tsan/calls.cc)
  target_compile_options(forge_tsan_calls PRIVATE -fsanitize=thread -fno-omit-frame-pointer -fno-builtin)
  target_link_libraries(forge_compiler INTERFACE forge_tsan_calls)
  foreach(call memcpy memmove memset memcmp _ZdlPv _ZdlPvm _ZdaPv)
    target_link_options(forge_compiler INTERFACE -Wl,--wrap=${call})
  endforeach()
endif()

# mold links in a fraction of ld's time. g++ knows -fuse-ld=mold from version 12 on, so the pair is tried, not assumed.
check_linker_flag(CXX -fuse-ld=mold FORGE_MOLD_WORKS)
if(PROJECT_IS_TOP_LEVEL AND FORGE_MOLD_WORKS)
  target_link_options(forge_compiler INTERFACE -fuse-ld=mold)
endif()
