# What `cmake --install` copies: the libraries, their public headers, forgectl and its manual pages, forge.fbs, and the files by which
# CMake and pkg-config find them. tests/consumer builds against such a copy.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/forge)
set(schema_dir ${CMAKE_INSTALL_DATADIR}/forge)

set(libraries events projections store workflows forge testing)
foreach(name ${libraries})
  set_target_properties(forge_${name} PROPERTIES EXPORT_NAME ${name})
endforeach()
list(TRANSFORM libraries PREPEND forge_)
install(TARGETS ${libraries} EXPORT forgeTargets FILE_SET HEADERS)
install(TARGETS forgectl)
install(EXPORT forgeTargets NAMESPACE forge:: DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES schemas/forge.fbs DESTINATION ${schema_dir})

configure_package_config_file(cmake/forgeConfig.cmake.in ${PROJECT_BINARY_DIR}/forgeConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS schema_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/forgeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/forgeConfig.cmake ${PROJECT_BINARY_DIR}/forgeConfigVersion.cmake
  cmake/ForgePackages.cmake cmake/ForgeSchema.cmake DESTINATION ${package_dir})
configure_file(cmake/forge.pc.in ${PROJECT_BINARY_DIR}/forge.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/forge.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
