if(TARGET leasehold_config)
    find_package(nlohmann_json 3.11 REQUIRED)
    leasehold_add_unit_test(config_tests
        SOURCES config_helm_table_test.cpp config_messages_test.cpp config_units_test.cpp
                config_values_test.cpp
        LIBRARIES leasehold_config leasehold_model nlohmann_json::nlohmann_json)
endif()
