// What a request asks of the replica, whatever has carried it: HTTP/1.1 or HTTP/2.
#pragma once

#include <functional>
#include <optional>

#include "agent/http/answer.hpp"
#include "agent/http/route.hpp"
#include "agent/http/shared.hpp"
#include "agent/http/wire.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

using Answered = std::function<void(Answer)>;

/// What `head` asks for, if whoever sent it may ask that.
[[nodiscard]] Result<Asked, Refusal> admitted(const Shared& shared, const Head& head);

/// Asks it: anything but an upload. `answered` comes once, perhaps within; it keeps `shared`. Takes
/// key and version out of `asked`. What it returns can be cancelled, for as long as it is
/// unanswered.
[[nodiscard]] std::optional<CallId> ask(Shared& shared, Asked& asked, Answered answered);

/// Saves an upload's body; likewise. A write is not cancelled when its client goes: what was begun
/// is finished.
void save(Shared& shared, Asked& asked, Blob payload, Answered answered);

/// A body that could not be spooled: an errno.
[[nodiscard]] Answer not_spooled(int error);

}  // namespace leasehold::agent
