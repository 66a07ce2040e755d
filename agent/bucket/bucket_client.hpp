// BucketClient: a real bucket behind the model's requests; S3 or a directory.
//
// Both fill in BucketReply in plain wire terms and interpret nothing (model/protocol maps).
#pragma once

#include <functional>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

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
    /// Sends the rest of a put that was sent with `stalled`. Where a client can't hold half of a
    /// body back it sends the whole at once, and this does nothing.
    virtual void resume(RequestId /*request*/) {}
};

}  // namespace leasehold::agent
