if(NOT TARGET leasehold_scenario)
    return()
endif()

leasehold_add_unit_test(scenario_tests
    SOURCES
        scenario_bad_files_test.cpp
        scenario_documents_test.cpp
        scenario_files_test.cpp
        scenario_names_test.cpp
        scenario_reader_test.cpp
        scenario_values_test.cpp
    LIBRARIES leasehold_scenario leasehold_check leasehold_model
)
