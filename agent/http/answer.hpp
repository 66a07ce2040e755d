// Answer: what is said to a client, and how the replica's outcomes become HTTP.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/http/route.hpp"
#include "agent/http/service.hpp"
#include "agent/http/wire.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

struct Answer {
    int status = 200;
    Fields fields;
    std::string body;
    BytesPtr payload;  ///< instead of `body`; sent in chunks
    [[nodiscard]] std::uint64_t size() const { return payload ? payload->size() : body.size(); }
};

[[nodiscard]] Answer text_answer(int status, std::string text, std::string_view type);
/// {"error": ...}
[[nodiscard]] Answer refusal_answer(const Refusal& refusal);
/// A write that was not even begun: {"outcome": "Failed", "error": ...}
[[nodiscard]] Answer failed_write(int status, std::string_view error);
[[nodiscard]] Answer write_answer(const WriteDone& done);
[[nodiscard]] Answer read_answer(const ReadDone& done);
/// `retry_after`: when a query that found nothing may find something.
[[nodiscard]] Answer query_answer(const QueryDone& done, Duration retry_after);
[[nodiscard]] Answer status_answer(const Status& status);
/// A long list lies in a file in `spool_directory`. Throws std::system_error.
[[nodiscard]] Answer index_answer(const std::vector<IndexEntry>& entries,
                                  const std::string& spool_directory);

/// What is left of the polling period, in whole seconds from 1 to 30; `began` is the newest pass.
[[nodiscard]] Duration until_next_pass(Instant now, std::optional<Instant> began, Duration period);

}  // namespace leasehold::agent
