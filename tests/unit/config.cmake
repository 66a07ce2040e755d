if(TARGET leasehold_config)
    leasehold_add_unit_test(config_tests
        SOURCES config_messages_test.cpp config_units_test.cpp
        LIBRARIES leasehold_config leasehold_model)
endif()
