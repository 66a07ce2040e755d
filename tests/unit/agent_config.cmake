if(TARGET leasehold_agent_config)
    leasehold_add_unit_test(agent_config_test
        SOURCES agent_config_flags_test.cpp agent_config_rules_test.cpp
                agent_config_sources_test.cpp
        LIBRARIES leasehold_agent_config leasehold_config leasehold_model yaml-cpp)
endif()
if(TARGET leasehold_agent_config AND TARGET leasehold_agent_http)
    leasehold_add_unit_test(agent_config_readme_test
        SOURCES agent_config_readme_test.cpp
        LIBRARIES leasehold_agent_config leasehold_agent_http leasehold_config leasehold_model)
endif()
