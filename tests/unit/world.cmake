if(NOT TARGET leasehold_world)
    return()
endif()

leasehold_add_unit_test(world_parts_test
    SOURCES world_lease_api_test.cpp world_lease_operators_test.cpp world_bucket_test.cpp world_damage_test.cpp world_clock_test.cpp world_digest_test.cpp world_judge_test.cpp
    LIBRARIES leasehold_world)

# Each makes the one engine of its process.
leasehold_add_unit_test(world_channel_test
    SOURCES world_api_channel_test.cpp world_watch_test.cpp world_bucket_channel_test.cpp
    LIBRARIES leasehold_world leasehold_engine leasehold_topology)

leasehold_add_unit_test(world_run_test
    SOURCES world_faults_test.cpp world_halts_test.cpp
    LIBRARIES leasehold_world)

# Each makes the one engine of its process.
leasehold_add_unit_test(world_edits_test
    SOURCES world_edits_test.cpp world_state_test.cpp world_overlap_test.cpp world_identity_test.cpp
            world_standstill_test.cpp
    LIBRARIES leasehold_world leasehold_scenario leasehold_reports leasehold_search)

# Forks; makes no engine itself.
leasehold_add_unit_test(world_equality_test
    SOURCES world_equality_test.cpp
    LIBRARIES leasehold_world leasehold_scenario)
