# forge_library(NAME SOURCES … PUBLIC … PRIVATE … HEADERS PATTERN): the one target of a folder, or of the headers of a folder that
# match. Its only public include root is <folder>/include, so an include of a folder above finds no file. The target
# all_verify_interface_header_sets compiles each public header alone, with the include roots of its folder and those below and
# nothing else.

# Everything below the programs and the tests.
add_custom_target(forge_libraries)

function(forge_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADERS" "SOURCES;PUBLIC;PRIVATE;PRECOMPILED")
  if(NOT arg_HEADERS)
    set(arg_HEADERS include/*.h)
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${arg_HEADERS})
  add_library(forge_${name} STATIC ${arg_SOURCES})
  add_library(forge::${name} ALIAS forge_${name})
  target_compile_features(forge_${name} PUBLIC cxx_std_20)
  target_sources(forge_${name} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${headers})
  target_include_directories(forge_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(forge_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:forge_compiler>)
  set_target_properties(forge_${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    VERIFY_INTERFACE_HEADER_SETS ON)
  if(FORGE_PRECOMPILE)
    target_precompile_headers(forge_${name} PRIVATE ${headers} ${arg_PRECOMPILED})
  endif()
  add_dependencies(forge_libraries forge_${name})
endfunction()
