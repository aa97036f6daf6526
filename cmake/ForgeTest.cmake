# forge_test(NAME SOURCES … LIBRARIES …): one test program. Its cases are counted from the report it leaves in reports/NAME.json.
# A source that reads files of the checkout names it by forge_reads_checkout(SOURCE …), so that only its objects depend on the path.

# What test sources are compiled with. Checks of every reference and pointer double what g++ takes for them; a null one that is used
# is AddressSanitizer's to report, and the libraries keep all checks.
add_library(forge_test_compiler INTERFACE)
if(FORGE_SANITIZE MATCHES undefined)
  target_compile_options(forge_test_compiler INTERFACE -fno-sanitize=null,alignment)
endif()

function(forge_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(forge_${name}_test ${arg_SOURCES})
  target_link_libraries(forge_${name}_test PRIVATE ${arg_LIBRARIES} GTest::gtest GTest::gtest_main forge_compiler forge_test_compiler)
  if(FORGE_PRECOMPILE)
    target_precompile_headers(forge_${name}_test REUSE_FROM forge_test_support)
  endif()
  add_test(NAME ${name} COMMAND forge_${name}_test)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "GTEST_OUTPUT=json:${PROJECT_BINARY_DIR}/reports/${name}.json")
endfunction()

function(forge_reads_checkout)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS FORGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()
