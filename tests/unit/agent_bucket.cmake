if(TARGET leasehold_agent_bucket)
    leasehold_add_unit_test(agent_bucket_test
        SOURCES agent_bucket_secret_test.cpp agent_bucket_secret_keys_test.cpp
                agent_bucket_secret_table_test.cpp
                agent_bucket_s3_test.cpp agent_bucket_client_test.cpp agent_bucket_s3_proof_test.cpp
                agent_bucket_s3_pages_test.cpp agent_bucket_azure_client_test.cpp
                agent_bucket_ends_test.cpp agent_bucket_credentials_answer_test.cpp
                agent_bucket_credentials_plan_test.cpp agent_bucket_credentials_keeper_test.cpp
                agent_bucket_credentials_sources_test.cpp agent_bucket_credentials_s3_test.cpp
                agent_bucket_google_test.cpp agent_bucket_gcs_test.cpp
                agent_bucket_gcs_client_test.cpp agent_bucket_azure_test.cpp
                agent_bucket_azure_source_test.cpp
                agent_bucket_directory_test.cpp agent_bucket_server_clock_test.cpp
                agent_transfer_server.cpp agent_transfer_files.cpp
        LIBRARIES leasehold_agent_bucket leasehold_model OpenSSL::SSL
                  nlohmann_json::nlohmann_json)
endif()
