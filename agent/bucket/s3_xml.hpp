// The XML answers of S3: errors and pages of ListObjectsV2. Text in, plain values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

/// What an error document says; all empty when the body is none (a proxy's page, nothing at all).
struct S3Error {
    std::string code;              ///< a word, or nothing
    std::string message;           ///< for people: one line, at most 200 bytes
    std::string region;            ///< where the bucket is, as AuthorizationHeaderMalformed tells
    bool names_condition = false;  ///< If-Match or If-None-Match, as what was wrong
    bool names_checksum = false;   ///< an x-amz-checksum-* header, likewise
    bool wants_checksum = false;   ///< one that is missing
    bool names_body_hash = false;  ///< x-amz-content-sha256, likewise
};
[[nodiscard]] S3Error parse_error(std::string_view body);
/// Text that may go to the log or into a signature: letters, digits, '.', '_' and '-'; else "".
[[nodiscard]] std::string word_or_nothing(std::string_view text);
/// The model's name of an S3 error code; `none` for "".
[[nodiscard]] BucketCode bucket_code(std::string_view code);

struct S3Page {
    ListPage page;
    std::string last;   ///< the last key that it showed, in full, ours or not; else `after`
    std::string token;  ///< NextContinuationToken, empty when there is none
};
/// A page of ListObjectsV2 as asked for: entries whose keys begin with `prefix` (in full, of the
/// bucket's own prefix too) after the full key `after`. Keys lose `strip` bytes at their front.
/// Keys that no object of ours has (key_rule.hpp) are left out. An error says what is wrong: not
/// such a page, or one that must not be believed (out of order, outside what was asked for).
[[nodiscard]] Result<S3Page, std::string> parse_list_page(std::string_view body,
                                                          std::string_view prefix,
                                                          std::string_view after,
                                                          std::size_t strip);

/// An entity tag without its quotes and without W/.
[[nodiscard]] std::string_view unquoted(std::string_view etag);

}  // namespace leasehold::agent
