// Exchanges with a store that did not end with a whole answer of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

/// Is `response` no whole answer? Then `reply` stays at status 0 whatever its status line said, is
/// `not_sent` for a put or remove of which no byte left, and `problem` says why for people; nothing
/// if the permit ended first (`gate_closed`) or this process gave up: no problem of the store's.
[[nodiscard]] bool unanswered(const SendBucket& request, const Response& response, bool gate_closed,
                              BucketReply& reply, std::string& problem);

/// Takes a 2xx to a remove: `reply` becomes a 204, which the model knows, for the store's own
/// status `gone` and for a 200 without a body. What else came (a proxy's page, an error that was
/// announced as a success) says nothing of the object, and `problem` tells of it.
void take_removed(const Response& response, std::string_view body, std::int32_t gone,
                  BucketReply& reply, std::string& problem);

}  // namespace leasehold::agent
