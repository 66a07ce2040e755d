// BucketClient: a real bucket behind the model's requests; S3 or a directory.
//
// Both fill in BucketReply in plain wire terms and interpret nothing (model/storage maps).
#pragma once

#include <functional>

#include "model/replica/events.hpp"

namespace leasehold::agent {

class BucketClient {
  public:
    /// BucketAnswered, on the loop, never inside a call of this class.
    using Deliver = std::function<void(Event)>;

    virtual ~BucketClient() = default;
    /// One exchange, leaving now; answered exactly once, at the latest after its time-out. The
    /// payload of a put has its bytes.
    virtual void send(const SendBucket& request) = 0;
    /// Ends an exchange that is under way; it is still answered once.
    virtual void abort(RequestId request) = 0;
};

}  // namespace leasehold::agent
