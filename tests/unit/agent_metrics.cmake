if(TARGET leasehold_agent_metrics)
    leasehold_add_unit_test(agent_metrics_test
        SOURCES agent_metrics_text_test.cpp
        LIBRARIES leasehold_agent_metrics leasehold_agent_base leasehold_model)
endif()
