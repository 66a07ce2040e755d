#include "agent/bucket/make_bucket.hpp"

#include <utility>

#include "agent/bucket/azure_client.hpp"
#include "agent/bucket/directory_bucket.hpp"
#include "agent/bucket/gcs_client.hpp"
#include "agent/bucket/s3_client.hpp"

namespace leasehold::agent {

std::unique_ptr<BucketClient> make_bucket(const BucketConfig& config, const BucketContext& context,
                                          BucketClient::Deliver deliver) {
    if (config.type == BucketType::filesystem)
        return std::make_unique<DirectoryBucket>(config, context, std::move(deliver));
    if (config.type == BucketType::gcs)
        return std::make_unique<GcsClient>(config, context, std::move(deliver), process_variable);
    if (config.type == BucketType::azure)
        return std::make_unique<AzureClient>(config, context, std::move(deliver), process_variable);
    return std::make_unique<S3Client>(config, context, std::move(deliver), process_variable);
}

}  // namespace leasehold::agent
