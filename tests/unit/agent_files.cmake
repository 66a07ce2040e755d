if(TARGET leasehold_agent_files)
    leasehold_add_unit_test(agent_files_test
        SOURCES agent_files_verbs_test.cpp agent_files_damage_test.cpp agent_files_limits_test.cpp
        LIBRARIES leasehold_agent_files leasehold_model)
endif()
