# forge_test(NAME SOURCES … LIBRARIES …): one test program. Its cases are counted from the report it leaves in reports/NAME.json.

function(forge_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(forge_${name}_test ${arg_SOURCES})
  target_link_libraries(forge_${name}_test PRIVATE ${arg_LIBRARIES} GTest::gtest GTest::gtest_main forge_compiler)
  target_compile_definitions(forge_${name}_test PRIVATE FORGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND forge_${name}_test)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "GTEST_OUTPUT=json:${PROJECT_BINARY_DIR}/reports/${name}.json")
endfunction()
