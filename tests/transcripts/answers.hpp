// Arguments of commands as values of the model.
#pragma once

#include <cstdint>
#include <string>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "tests/transcripts/story.hpp"

namespace leasehold::transcripts {

/// `name=15s`; required.
[[nodiscard]] Duration duration_of(Command& command, const std::string& name);
/// `name=41`; 0 when absent.
[[nodiscard]] std::uint64_t count_of(Command& command, const std::string& name);
/// The number of "r12" (with 'r').
[[nodiscard]] std::uint64_t number_after(const Command& command, const std::string& text,
                                         char prefix);
/// The first word: `r12`, or `newest`.
[[nodiscard]] RequestId request_of(Command& command, RequestId newest);
/// "POD/UID/ID".
[[nodiscard]] Container container_of(const Command& command, const std::string& text);
/// A payload by a name: equal names are equal payloads.
[[nodiscard]] Blob blob_of(const std::string& name);
[[nodiscard]] FileStatus file_status(const Command& command, const std::string& word);
/// All of `entry=KEY,ETAG,EPOCH,PAYLOAD[,dirty|,untagged]`.
[[nodiscard]] FileList file_entries(Command& command);

}  // namespace leasehold::transcripts
