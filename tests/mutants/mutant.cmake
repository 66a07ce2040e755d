# leasehold_add_mutant(<name>): the program with tests/mutants/<name>.patch in its model, and the
# test that the invariant which the patch names catches it.
#
# The mutated object stands before the archive on the link line: every symbol of the original file
# is then defined, and the linker never pulls the archive's member. Were one missing, both would be
# linked and the linker would complain of duplicates. A patch that unit tests catch is linked into
# their program in place of the simulator; campaign-<name> is the simulator then, for
# campaign_table.py.
function(leasehold_add_mutant name)
    set(patch ${PROJECT_SOURCE_DIR}/tests/mutants/${name}.patch)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patch})
    file(STRINGS ${patch} target_lines REGEX "^\\+\\+\\+ b/")
    list(LENGTH target_lines files)
    string(REGEX REPLACE "^\\+\\+\\+ b/([^ \t]+).*" "\\1" file "${target_lines}")
    if(NOT files EQUAL 1 OR NOT file MATCHES "^(model|sim/world|agent|reports)/.*\\.cpp$")
        message(FATAL_ERROR "${name}.patch must change exactly one .cpp of model/, sim/world/, "
                            "agent/ or reports/, and changes: ${target_lines}")
    endif()

    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
    add_custom_command(
        OUTPUT ${folder}/${file}
        COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR} -D FILE=${file} -D PATCH=${patch}
                -D FOLDER=${folder} -P ${PROJECT_SOURCE_DIR}/tests/mutants/apply.cmake
        DEPENDS ${patch} ${PROJECT_SOURCE_DIR}/${file}
                ${PROJECT_SOURCE_DIR}/tests/mutants/apply.cmake
        COMMENT "Planting ${name} in ${file}"
        VERBATIM)

    set(program leasehold)
    file(STRINGS ${patch} caught_by REGEX "^# caught-by: unit ")
    if(caught_by MATCHES "^# caught-by: unit ([a-z_]+) ")
        set(program ${CMAKE_MATCH_1})
    endif()
    set(target leasehold-${name})
    add_executable(${target} ${folder}/${file} $<TARGET_OBJECTS:${program}>)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    get_target_property(libraries ${program} LINK_LIBRARIES)
    target_link_libraries(${target} PRIVATE ${libraries})
    # A bug may leave a variable unused; nobody else compiles this copy.
    target_compile_options(${target} PRIVATE -w ${LEASEHOLD_TEST_OPTIONS})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})

    # What unit tests catch a search may find as well: asked for by name, never built with the rest.
    if(NOT program STREQUAL leasehold AND file MATCHES "^(model|sim)/")
        set(searched campaign-${name})
        add_executable(${searched} EXCLUDE_FROM_ALL ${folder}/${file} $<TARGET_OBJECTS:leasehold>)
        target_include_directories(${searched} PRIVATE ${PROJECT_SOURCE_DIR})
        get_target_property(libraries leasehold LINK_LIBRARIES)
        target_link_libraries(${searched} PRIVATE ${libraries})
        target_compile_options(${searched} PRIVATE -w ${LEASEHOLD_TEST_OPTIONS})
        set_target_properties(${searched} PROPERTIES
                              RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    endif()

    add_test(NAME mutant.${name}
             COMMAND ${LEASEHOLD_PYTHON} ${PROJECT_SOURCE_DIR}/tests/mutants/run_mutant.py
                     --program $<TARGET_FILE:${program}> --mutant $<TARGET_FILE:${target}>
                     --root ${PROJECT_SOURCE_DIR} ${patch})
    set_tests_properties(mutant.${name} PROPERTIES LABELS negative TIMEOUT 300)
endfunction()
