# forge_embed(TARGET NAMESPACE_NAME FILE): makes FILE's text available as `extern const std::string_view forge::embedded::NAME`.
# forge_flatc(TARGET FILE OPTION…): makes FILE's generated header available as "<stem>_generated.h"; the options are flatc's.

function(forge_embed target name file)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cc)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${out} -DNAME=${name} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(${target} PRIVATE ${out})
endfunction()

function(forge_flatc target file)
  get_filename_component(stem ${file} NAME_WE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/generated/${stem}_generated.h)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${FLATC} --cpp --cpp-std c++17 --scoped-enums ${ARGN} -o ${CMAKE_CURRENT_BINARY_DIR}/generated
      ${file}
    DEPENDS ${file})
  target_sources(${target} PRIVATE ${out})
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()

# Where forge_schema of a checkout finds forge.fbs.
set(FORGE_SCHEMA_DIR ${PROJECT_SOURCE_DIR}/schemas)
