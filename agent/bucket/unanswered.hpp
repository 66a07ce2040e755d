// Exchanges with a store that did not end with a whole answer.
#pragma once

#include <string>

#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

/// Is `response` no whole answer? Then `reply` stays at status 0 whatever its status line said, is
/// `not_sent` for a put or remove of which no byte left, and `problem` says why for people; nothing
/// if the permit ended first (`gate_closed`) or this process gave up: no problem of the store's.
[[nodiscard]] bool unanswered(const SendBucket& request, const Response& response, bool gate_closed,
                              BucketReply& reply, std::string& problem);

}  // namespace leasehold::agent
