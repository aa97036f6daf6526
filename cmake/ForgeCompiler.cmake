# Warnings, sanitizers, ccache and mold: what every target of the project is compiled with.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(FORGE_CCACHE ccache)
if(FORGE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FORGE_CCACHE})
endif()
find_program(FORGE_MOLD mold)

add_library(forge_compiler INTERFACE)
target_compile_options(forge_compiler INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
if(FORGE_WARNINGS_AS_ERRORS)
  target_compile_options(forge_compiler INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(forge_compiler INTERFACE -Wthread-safety)
endif()
if(FORGE_SANITIZE)
  target_compile_options(forge_compiler INTERFACE -fsanitize=${FORGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(forge_compiler INTERFACE -fsanitize=${FORGE_SANITIZE})
endif()
if(FORGE_MOLD)
  target_link_options(forge_compiler INTERFACE -fuse-ld=mold)
endif()

# forge_library(NAME SOURCES … PUBLIC … PRIVATE …): the one target of a folder; its only public include root is <folder>/include.
function(forge_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE")
  add_library(forge_${name} STATIC ${arg_SOURCES})
  add_library(forge::${name} ALIAS forge_${name})
  target_compile_features(forge_${name} PUBLIC cxx_std_20)
  target_include_directories(forge_${name}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(forge_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:forge_compiler>)
  set_target_properties(forge_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
