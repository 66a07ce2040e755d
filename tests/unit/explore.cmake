if(NOT TARGET leasehold_explore)
    return()
endif()

leasehold_add_unit_test(explore_test
    SOURCES explore_test.cpp
    LIBRARIES leasehold_explore)
