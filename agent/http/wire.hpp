// The bytes of HTTP/1.1: requests in, heads of answers out. The only part that includes Beast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http/route.hpp"

namespace leasehold::agent {

inline constexpr std::size_t kTargetBytesMax = 8U << 10;
/// Of the request line and the fields; and of the line and trailer of a chunk.
inline constexpr std::size_t kHeadBytesMax = 16U << 10;

/// What the head of a request says.
struct Head {
    Method method = Method::other;
    std::string target;
    std::string host;
    std::string authorization;
    bool keep_alive = false;
    bool http10 = false;
    bool expects_continue = false;
};

/// Why a request is not served, whichever protocol it came by.
namespace refusals {
inline Refusal head_too_large() {
    return {431, "the head is larger than 16 KiB", {}};
}
inline Refusal body_too_large() {
    return {413, "the body is larger than the limit", {}};
}
inline Refusal target_too_long() {
    return {414, "the target is longer than 8 KiB", {}};
}
inline Refusal stands_twice() {
    return {400, "a field stands twice that may stand once", {}};
}
inline Refusal takes_no_body() {
    return {400, "this request takes no body", {}};
}
inline Refusal other_expectation() {
    return {417, "the only expectation that is met is 100-continue", {}};
}
inline Refusal too_slow() {
    return {408, "the request came too slowly", {}};
}
}  // namespace refusals

/// Is that what the field Expect says, in any case of its letters?
[[nodiscard]] bool is_100_continue(std::string_view expected);

/// Reads one request from bytes that come in any pieces.
class RequestReader {
  public:
    enum class State : std::uint8_t {
        head,      ///< needs more of the head
        body,      ///< the head is whole; needs more of the body
        complete,  ///< all of the request is here
        refused    ///< it is not a request that is served: see refusal(); read no further
    };

    explicit RequestReader(std::uint64_t body_limit);
    ~RequestReader();
    RequestReader(RequestReader&&) noexcept;
    RequestReader& operator=(RequestReader&&) noexcept;

    /// Takes from the front of `bytes`, up to the end of the head or of the request; the number
    /// of bytes taken. What is left must come again, with more after it.
    std::size_t take(std::string_view bytes);
    [[nodiscard]] State state() const;
    /// Has anything of the request come? Empty lines before it do not count.
    [[nodiscard]] bool begun() const;
    /// Only its end can say that it has no body: the head announces chunks, and none has come.
    [[nodiscard]] bool perhaps_empty() const;
    [[nodiscard]] const Head& head() const;
    [[nodiscard]] const Refusal& refusal() const;
    /// The decoded body so far, since the last call.
    [[nodiscard]] std::string take_body();
    [[nodiscard]] std::size_t body_size() const;
    /// Of the whole body, as the head says; nothing for one in chunks.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

using Fields = std::vector<std::pair<std::string_view, std::string>>;

/// What Date says: "Thu, 01 Jan 1970 00:00:00 GMT".
[[nodiscard]] std::string_view date_field();
/// Status line, `fields`, Date and Connection, up to the empty line. Values hold no line breaks.
[[nodiscard]] std::string answer_head(int status, const Fields& fields, bool keep_alive,
                                      bool http10);

}  // namespace leasehold::agent
