if(NOT TARGET leasehold_world)
    return()
endif()

leasehold_add_unit_test(peers_client_go_test
    SOURCES peers_client_go_test.cpp
    LIBRARIES leasehold_peers)

leasehold_add_unit_test(peers_libraries_test
    SOURCES peers_libraries_test.cpp
    LIBRARIES leasehold_peers)

# Each makes the one engine of its process.
leasehold_add_unit_test(peers_failover_test
    SOURCES peers_failover_test.cpp
    LIBRARIES leasehold_world)
leasehold_add_unit_test(peers_schedules_test
    SOURCES peers_schedules_test.cpp
    LIBRARIES leasehold_world)

# The program on the page is compiled out of it, and finds what it is there to find.
set(page ${PROJECT_SOURCE_DIR}/sim/peers/README.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
file(READ ${page} text)
string(REGEX MATCH "\n```cpp\n(.*)\n```\n" found "${text}")
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/peers_example.cpp CONTENT "${CMAKE_MATCH_1}\n"
     @ONLY)
add_executable(peers_example ${CMAKE_CURRENT_BINARY_DIR}/peers_example.cpp)
target_include_directories(peers_example PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(peers_example PRIVATE leasehold_world)
add_test(NAME unit.peers_example
         COMMAND peers_example scenarios/client-go/client-go-leader-crash.yaml
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(unit.peers_example PROPERTIES LABELS unit TIMEOUT 60
                     PASS_REGULAR_EXPRESSION "leader.at-most-one: .* both held an open write gate")
