if(NOT TARGET leasehold_world)
    return()
endif()

leasehold_add_unit_test(peers_client_go_test
    SOURCES peers_client_go_test.cpp
    LIBRARIES leasehold_peers)
