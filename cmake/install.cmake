# What others may build upon: the model, the simulator and its harness (headers,
# archives, one CMake package), and the program.
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
    set(exports leaseholdTargets)
    if(TARGET leasehold_harness)
        list(APPEND exports leaseholdSimTargets)
    endif()
    if(TARGET leasehold_testing)
        list(APPEND exports leaseholdTestingTargets)
    endif()
    foreach(export IN LISTS exports)
        install(EXPORT ${export} NAMESPACE leasehold::
                DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leasehold)
    endforeach()
endif()
if(TARGET leasehold)
    install(TARGETS leasehold RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/scenarios
            DESTINATION ${CMAKE_INSTALL_DATADIR}/leasehold)
endif()
# Man pages and completion, from what the programs say of themselves.
set(programs "")
foreach(program IN ITEMS leasehold leasehold-agent)
    if(TARGET ${program})
        string(APPEND programs " \"$<TARGET_FILE:${program}>\"")
    endif()
endforeach()
find_package(Python3 COMPONENTS Interpreter)
if(programs AND Python3_FOUND)
    install(CODE "execute_process(COMMAND \"${Python3_EXECUTABLE}\" \"${PROJECT_SOURCE_DIR}/cmake/shell_words.py\"
        --into \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\"${programs}
        COMMAND_ERROR_IS_FATAL ANY)")
endif()
