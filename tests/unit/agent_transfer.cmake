if(TARGET leasehold_agent_transfer)
    leasehold_add_unit_test(agent_transfer_test
        SOURCES agent_transfer_client_test.cpp agent_transfer_ends_test.cpp
                agent_transfer_names_test.cpp agent_transfer_proxy_test.cpp
                agent_transfer_upload_test.cpp
                agent_transfer_tls_test.cpp agent_transfer_server.cpp agent_transfer_files.cpp
        LIBRARIES leasehold_agent_transfer leasehold_agent_base leasehold_model OpenSSL::SSL)
endif()
