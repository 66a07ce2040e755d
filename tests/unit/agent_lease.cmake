if(TARGET leasehold_agent_lease)
    leasehold_add_unit_test(agent_lease_test
        SOURCES agent_lease_json_test.cpp agent_lease_status_test.cpp agent_lease_watch_test.cpp
                agent_lease_access_test.cpp agent_lease_client_test.cpp agent_lease_exec_test.cpp
                agent_lease_kubeconfig_table_test.cpp
                agent_lease_client_watch_test.cpp agent_lease_events_test.cpp
                agent_lease_pod_test.cpp agent_lease_pods_test.cpp
                agent_transfer_server.cpp agent_transfer_files.cpp
        LIBRARIES leasehold_agent_lease leasehold_agent_base leasehold_model OpenSSL::SSL)
endif()
