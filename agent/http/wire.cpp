#include "agent/http/wire.hpp"

// With Boost 1.74 in C++20, <utility> must come first.
#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>

namespace leasehold::agent {
namespace http = boost::beast::http;
namespace {

using boost::beast::error_code;
using boost::beast::iequals;
using TextView = boost::beast::string_view;

Method method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get:
            return Method::get;
        case http::verb::head:
            return Method::head;
        case http::verb::put:
            return Method::put;
        case http::verb::delete_:
            return Method::remove;
        default:
            return Method::other;
    }
}

Refusal refusal_of(const error_code& error) {
    if (error == http::error::header_limit) return refusals::head_too_large();
    if (error == http::error::body_limit) return refusals::body_too_large();
    return {400, "not HTTP/1.1: " + error.message(), {}};
}

/// For what an upload takes before it is handed on: a piece, and what came last beside it.
constexpr std::uint64_t kRoom = 320U << 10;

}  // namespace

bool is_100_continue(std::string_view expected) {
    return iequals({expected.data(), expected.size()}, "100-continue");
}

/// Written once a second: it was a seventh of what /healthz cost outside of the kernel.
std::string_view date_field() {
    thread_local std::time_t written = -1;
    thread_local std::array<char, 64> text{};
    thread_local std::size_t size = 0;
    const std::time_t now = std::time(nullptr);
    if (now != written) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        written = now;
    }
    return {text.data(), size};
}

/// Beast's parser without its containers: a waiting request holds what it needs and no more.
struct RequestReader::Parser final : http::basic_parser<true> {
    explicit Parser(std::uint64_t limit) {
        header_limit(kHeadBytesMax);
        body_limit(limit);
    }

    void refuse(Refusal why, error_code& ec) {
        refused = std::move(why);
        ec = http::error::bad_value;  // only ends the parse: `refused` is what is told
    }

    void on_request_impl(http::verb verb, TextView, TextView target, int version,
                         error_code& ec) override {
        if (target.size() > kTargetBytesMax) return refuse(refusals::target_too_long(), ec);
        told.method = method_of(verb);
        told.target.assign(target.data(), target.size());
        told.http10 = version < 11;
    }

    void on_field_impl(http::field name, TextView, TextView value, error_code& ec) override {
        if (is_header_done()) return;  // a trailer says nothing that we use
        const auto once = [&](std::string& field, bool& seen) {
            if (seen) return refuse(refusals::stands_twice(), ec);
            seen = true;
            field.assign(value.data(), value.size());
        };
        if (name == http::field::host) once(told.host, has_host);
        if (name == http::field::authorization) once(told.authorization, has_authorization);
        if (name == http::field::expect) {
            if (!is_100_continue({value.data(), value.size()}))
                return refuse(refusals::other_expectation(), ec);
            told.expects_continue = !told.http10;
        }
        // Beast takes a body in a coding that it doesn't know for no body at all: the rest would
        // be read as the next request.
        if (name == http::field::transfer_encoding && (told.http10 || !iequals(value, "chunked")))
            refuse({501, "the only transfer coding that is read is chunked", {}}, ec);
    }

    void on_header_impl(error_code& ec) override {
        if (!told.http10 && !has_host) refuse({400, "an HTTP/1.1 request names its Host", {}}, ec);
    }
    void on_response_impl(int, TextView, int, error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    void on_chunk_header_impl(std::uint64_t, TextView, error_code&) override {}
    void on_finish_impl(error_code&) override {}
    std::size_t on_body_impl(TextView piece, error_code&) override { return add(piece); }
    std::size_t on_chunk_body_impl(std::uint64_t, TextView piece, error_code&) override {
        return add(piece);
    }
    /// Once at its size, or each piece of an upload would be copied as often as it grew.
    std::size_t add(TextView piece) {
        if (body.empty())
            body.reserve(std::min<std::uint64_t>(content_length_remaining().value_or(0), kRoom));
        body.append(piece.data(), piece.size());
        return piece.size();
    }

    State state = State::head;
    Head told;
    bool has_host = false;
    bool has_authorization = false;
    Refusal refused{0, {}, {}};
    std::string body;
};

RequestReader::RequestReader(std::uint64_t body_limit)
    : parser_(std::make_unique<Parser>(body_limit)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

std::size_t RequestReader::take(std::string_view bytes) {
    Parser& parser = *parser_;
    if (parser.state == State::complete || parser.state == State::refused) return 0;
    // Some clients end a body by a line that does not count (RFC 9112, 2.2).
    const std::size_t before = bytes.size();
    while (!parser.got_some() && bytes.starts_with("\r\n"))
        bytes.remove_prefix(2);
    const std::size_t empty = before - bytes.size();
    if (!parser.got_some() && (bytes.empty() || bytes == "\r")) return empty;
    // Boost 1.74 asserts that five bytes are there when it looks at a last chunk again: "0\r\n" and
    // then "\r" would end the process. The rest of a legal chunked body is never shorter.
    constexpr std::size_t kSmallestRest = 5;
    if (parser.state == State::body && parser.chunked() && bytes.size() < kSmallestRest &&
        bytes.starts_with('0'))
        return 0;
    parser.eager(parser.state == State::body);
    error_code error;
    const std::size_t taken = parser.put({bytes.data(), bytes.size()}, error);
    if (error && error != http::error::need_more) {
        if (parser.refused.status == 0) parser.refused = refusal_of(error);
        parser.state = State::refused;
    } else if (parser.is_done()) {
        parser.told.keep_alive = parser.keep_alive();
        parser.state = State::complete;
    } else if (parser.is_header_done()) {
        parser.told.keep_alive = parser.keep_alive();
        parser.state = State::body;
        // The line of a chunk, or the trailer: Beast itself sets no limit to them.
        if (error && bytes.size() - taken > kHeadBytesMax) {
            parser.refused = {431, "the head of a chunk is larger than 16 KiB", {}};
            parser.state = State::refused;
        }
    }
    return empty + taken;
}

RequestReader::State RequestReader::state() const {
    return parser_->state;
}

bool RequestReader::begun() const {
    return parser_->got_some();
}

bool RequestReader::perhaps_empty() const {
    return parser_->state == State::body && parser_->chunked() && parser_->body.empty();
}

const Head& RequestReader::head() const {
    return parser_->told;
}

const Refusal& RequestReader::refusal() const {
    return parser_->refused;
}

std::string RequestReader::take_body() {
    return std::exchange(parser_->body, std::string());
}

std::size_t RequestReader::body_size() const {
    return parser_->body.size();
}

std::optional<std::uint64_t> RequestReader::content_length() const {
    const auto length = parser_->content_length();
    if (!length) return std::nullopt;
    return *length;
}

std::string answer_head(int status, const Fields& fields, bool keep_alive, bool http10) {
    const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
    std::string text;
    text.reserve(512);
    text += "HTTP/1.1 " + std::to_string(status) + ' ';
    text.append(reason.data(), reason.size());
    text += "\r\nDate: ";
    text += date_field();
    for (const auto& [name, value] : fields) {
        text += "\r\n";
        text += name;
        text += ": ";
        text += value;
    }
    if (!keep_alive)
        text += "\r\nConnection: close";
    else if (http10)
        text += "\r\nConnection: keep-alive";
    text += "\r\n\r\n";
    return text;
}

}  // namespace leasehold::agent
