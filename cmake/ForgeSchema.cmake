# forge_schema(TARGET FILE.fbs): makes "<stem>_generated.h" of a domain's schema for TARGET, whose object types (PlaceOrderT)
# Store::act takes. FORGE_SCHEMA_DIR is where forge.fbs is.

function(forge_schema target file)
  get_filename_component(stem ${file} NAME_WE)
  get_filename_component(path ${file} ABSOLUTE)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${target}_schema)
  set(out ${directory}/${stem}_generated.h)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${FLATC} --cpp --cpp-std c++17 --scoped-enums --gen-object-api --gen-name-strings --reflect-types
      --reflect-names -I ${FORGE_SCHEMA_DIR} -o ${directory} ${path} ${FORGE_SCHEMA_DIR}/forge.fbs
    DEPENDS ${path})
  target_sources(${target} PRIVATE ${out})
  target_include_directories(${target} SYSTEM PRIVATE ${directory})
endfunction()
