// The answers of Google Cloud Storage: errors, generations, pages. Text in, plain values out.
#pragma once

#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

/// What an error says; all empty when the body is no error of the store's.
struct GcsError {
    std::string code;     ///< a word: notFound (JSON), NoSuchKey (XML)
    std::string message;  ///< for people: one line, at most 200 bytes
};
/// Of either interface.
[[nodiscard]] GcsError parse_gcs_error(std::string_view body);
/// The model's name of an error to a request that was answered with `status`; `none` for no error.
[[nodiscard]] BucketCode gcs_code(BucketVerb verb, std::int32_t status, const GcsError& error);
/// Too many requests, whatever status it came with.
[[nodiscard]] bool is_throttling(const GcsError& error);

/// Digits, and not 0, which stands for "no object" in conditions.
[[nodiscard]] bool is_generation(std::string_view text);
/// The generation in an object's resource; empty when there is none.
[[nodiscard]] std::string parse_generation(std::string_view body);

struct GcsPage {
    ListPage page;
    std::string token;  ///< of the page that follows; empty: this is the last one
};
/// A page of objects as asked for: entries whose keys begin with `prefix` (in full, of the bucket's
/// own prefix too) after the full key `after`. Keys lose
/// `strip` bytes at their front; keys that no object of ours has (key_rule.hpp) are left out. An
/// error says what is wrong: not such a page, or one that must not be believed.
[[nodiscard]] Result<GcsPage, std::string> parse_gcs_page(std::string_view body,
                                                          std::string_view prefix,
                                                          std::string_view after,
                                                          std::size_t strip);

}  // namespace leasehold::agent
