if(TARGET leasehold_agent_base)
    leasehold_add_unit_test(agent_base_test
        SOURCES agent_base_test.cpp agent_base_duties_test.cpp agent_base_http_date_test.cpp
        LIBRARIES leasehold_agent_base leasehold_model)
endif()
