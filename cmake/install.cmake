# What others may build upon: the model (headers, archive, CMake package), and the program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

if(TARGET leasehold_model)
    configure_package_config_file(
        ${PROJECT_SOURCE_DIR}/cmake/leaseholdConfig.cmake.in
        ${PROJECT_BINARY_DIR}/leaseholdConfig.cmake
        INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leasehold)
    write_basic_package_version_file(
        ${PROJECT_BINARY_DIR}/leaseholdConfigVersion.cmake COMPATIBILITY SameMinorVersion)
    install(FILES ${PROJECT_BINARY_DIR}/leaseholdConfig.cmake
                  ${PROJECT_BINARY_DIR}/leaseholdConfigVersion.cmake
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leasehold)
    install(EXPORT leaseholdTargets NAMESPACE leasehold::
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leasehold)
endif()
if(TARGET leasehold)
    install(TARGETS leasehold RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/scenarios
            DESTINATION ${CMAKE_INSTALL_DATADIR}/leasehold)
endif()
