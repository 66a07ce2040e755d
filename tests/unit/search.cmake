if(NOT TARGET leasehold_search)
    return()
endif()

leasehold_add_unit_test(search_test
    SOURCES search_document_test.cpp search_excuse_test.cpp search_results_test.cpp
            search_space_test.cpp
    LIBRARIES leasehold_search leasehold_reports)
