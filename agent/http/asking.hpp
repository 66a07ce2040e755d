// What a request asks of the replica, whatever has carried it: HTTP/1.1 or HTTP/2.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"
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
/// is finished. Its turn goes with the answer of the replica, which holds the body until then.
void save(Shared& shared, Asked& asked, Blob payload, Turns::Turn turn, Answered answered);

// ---- on a thread of the pool --------------------------------------------------------------------

struct Spooled {
    int error = 0;  ///< an errno
    Blob payload;   ///< of the last piece: the whole
};
/// A piece of a body more.
[[nodiscard]] Spooled spool_piece(Spool& spool, std::string_view piece, bool last);
/// The piece of a payload at `offset`, of at most Shared::kPiece; empty: it cannot be read.
[[nodiscard]] std::string read_piece(const Bytes& payload, std::uint64_t offset);

/// A body that could not be spooled.
[[nodiscard]] Answer not_spooled(int error);

}  // namespace leasehold::agent
