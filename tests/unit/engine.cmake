if(NOT TARGET leasehold_engine)
    return()
endif()

# A program of its own: an engine can be made once per process.
add_executable(leasehold_engine_probe ${CMAKE_CURRENT_LIST_DIR}/engine_probe.cpp)
target_link_libraries(leasehold_engine_probe PRIVATE leasehold_engine)

leasehold_add_unit_test(engine_test
    SOURCES engine_queue_test.cpp engine_run_test.cpp engine_flow_test.cpp
    LIBRARIES leasehold_engine)

leasehold_add_unit_test(engine_process_test
    SOURCES engine_process_test.cpp
    LIBRARIES leasehold_engine)
target_compile_definitions(engine_process_test
    PRIVATE ENGINE_PROBE="$<TARGET_FILE:leasehold_engine_probe>")
add_dependencies(engine_process_test leasehold_engine_probe)

leasehold_add_unit_test(topology_test
    SOURCES topology_test.cpp topology_causal_test.cpp
    LIBRARIES leasehold_topology)
