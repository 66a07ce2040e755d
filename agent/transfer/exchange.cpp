#include "agent/transfer/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <span>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/transfer/options.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kHeaderLimit = 256U << 10;  ///< all headers of an answer

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos)
        text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& c : copy)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return copy;
}

bool has_header(const std::vector<std::string>& headers, std::string_view lower_case_name) {
    return std::any_of(headers.begin(), headers.end(), [&](const std::string& header) {
        return lower(std::string_view(header).substr(0, header.find(':'))) == lower_case_name;
    });
}

/// Reading may be done again on a fresh connection; nothing else may be sent twice.
bool may_be_sent_again(const std::string& method) {
    return method == "GET" || method == "HEAD";
}

}  // namespace

Exchange::Exchange(TransferId name, Request what, Client::Done then)
    : id(name), request(std::move(what)), done(std::move(then)) {
    for (const BytesPtr& part : request.body)
        to_send_ += part->size();
    if (request.stalled) held_back_ = to_send_ - to_send_ / 2;
}

Exchange& Exchange::of(CURL* easy) {
    Exchange* exchange = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
    return *exchange;
}

void Exchange::prepare(EasyHandle handle, const ClientOptions& options) {
    easy = std::move(handle);
    shares_ = options.http2 && request.url.starts_with("https:");
    set_client_options(easy.get(), options);
    set_proxy(easy.get(), options, request.url);
    set_option(easy.get(), CURLOPT_PRIVATE, this);
    set_option(easy.get(), CURLOPT_ERRORBUFFER, curl_error_.data());
    set_option(easy.get(), CURLOPT_PREREQFUNCTION, &Exchange::about_to_send);
    set_option(easy.get(), CURLOPT_PREREQDATA, this);
    set_option(easy.get(), CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set_option(easy.get(), CURLOPT_HEADERDATA, this);
    set_option(easy.get(), CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set_option(easy.get(), CURLOPT_WRITEDATA, this);
    if (request.fresh_connection) set_option(easy.get(), CURLOPT_FRESH_CONNECT, 1L);
    set_connect_timeout(options);
    set_headers(options);
    set_method_and_body();
}

/// libcurl divides it among a name's addresses: it must know when the time is over, or the first
/// address would have all of it. Our own timer ends the request, and libcurl's comes after it:
/// which of two that are due at once is first would be chance, and so would what the log says.
void Exchange::set_connect_timeout(const ClientOptions& options) {
    Duration most = options.connect_timeout.value_or(Duration::max());
    constexpr Duration kAfterOurs = std::chrono::milliseconds(20);
    if (request.deadline != kNever)
        most = std::min(most, request.deadline - boottime() + kAfterOurs);
    if (most == Duration::max()) return;
    set_option(easy.get(), CURLOPT_CONNECTTIMEOUT_MS,
               std::max(1L, most / std::chrono::milliseconds(1)));
}

void Exchange::set_headers(const ClientOptions& options) {
    for (const std::string& header : request.headers) {
        if (header.find_first_of(std::string_view("\r\n\0", 3)) != header.npos)
            throw std::runtime_error("the header " + header.substr(0, header.find(':')) +
                                     " holds a line break");
        append(headers_, header);
    }
    if (options.tls.server_name.empty()) {
        set_option(easy.get(), CURLOPT_URL, request.url.c_str());
    } else {
        const RenamedHost renamed = rename_host(request.url, options.tls.server_name);
        append(connect_to_, renamed.connect_to);
        set_option(easy.get(), CURLOPT_CONNECT_TO, connect_to_.get());
        set_option(easy.get(), CURLOPT_URL, renamed.url.c_str());
        if (!has_header(request.headers, "host")) append(headers_, "Host: " + renamed.host);
    }
    if (request.has_body || !request.body.empty()) {
        // Otherwise libcurl says that it is a form.
        if (!has_header(request.headers, "content-type"))
            append(headers_, "Content-Type: application/octet-stream");
        // Else libcurl waits up to a second for a 100 before a body above 1 MiB.
        if (!has_header(request.headers, "expect")) append(headers_, "Expect:");
    }
    set_option(easy.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void Exchange::set_method_and_body() {
    if (!request.has_body && request.body.empty()) {
        if (request.method == "HEAD") {
            set_option(easy.get(), CURLOPT_NOBODY, 1L);
        } else {
            set_option(easy.get(), CURLOPT_HTTPGET, 1L);
            if (request.method != "GET")
                set_option(easy.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
        return;
    }
    if (to_send_ > static_cast<std::uint64_t>(std::numeric_limits<curl_off_t>::max()))
        throw std::runtime_error("the body is too large");
    // By POST for every method: by UPLOAD 7.88.1 expects a 100 for the smallest body.
    set_option(easy.get(), CURLOPT_POST, 1L);
    set_option(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(to_send_));
    set_option(easy.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // No SEEKFUNCTION: what was partly sent is never sent again (see about_to_send).
    set_option(easy.get(), CURLOPT_READFUNCTION, &Exchange::on_upload);
    set_option(easy.get(), CURLOPT_READDATA, this);
}

bool Exchange::gate_open() {
    if (request.gate == nullptr || request.gate->open(boottime())) return true;
    gate_closed_ = true;
    error_ = "the write gate closed";
    return false;
}

/// An answer that came before its request is none (RFC 9112, 9.2): of a server that gives up an
/// idle connection with a 408, or answers twice. It would be taken for this request's, and this
/// one's for the next one's. libcurl 7.88.1 looks whether a kept connection has ended, and not for
/// this.
bool Exchange::unasked(int local_port, int peer_port) {
    long made = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_NUM_CONNECTS, &made);
    if (made != 0 || shares_ || sent_ || !multi->speaks(local_port, peer_port)) return false;
    answered_unasked_ = true;
    return true;
}

void Exchange::begin_again() {
    multi.reset();
    easy.reset();
    headers_.reset();
    connect_to_.reset();
    error_.clear();
    answered_unasked_ = false;
}

/// Connected, and not a byte of the request has been sent. It comes a second time when a kept
/// connection died before an answer and libcurl wants to repeat the request on a fresh one: also
/// after the watchdog shut the sockets.
int Exchange::about_to_send(void* self, char*, char*, int peer_port, int local_port) {
    auto* exchange = static_cast<Exchange*>(self);
    if (exchange->given_up_ || !exchange->gate_open()) return CURL_PREREQFUNC_ABORT;
    if (exchange->sent_ && !may_be_sent_again(exchange->request.method)) {
        exchange->error_ = "the connection died before an answer came";
        return CURL_PREREQFUNC_ABORT;
    }
    if (exchange->unasked(local_port, peer_port)) return CURL_PREREQFUNC_ABORT;
    exchange->sent_ = true;
    return CURL_PREREQFUNC_OK;
}

std::size_t Exchange::on_upload(char* out, std::size_t size, std::size_t count, void* self) {
    auto* exchange = static_cast<Exchange*>(self);
    if (exchange->given_up_ || !exchange->gate_open()) return CURL_READFUNC_ABORT;
    try {
        const std::uint64_t free = exchange->to_send_ - exchange->held_back_;
        // A paused transfer is not asked for more; its connection is still listened to.
        if (free == 0 && exchange->held_back_ != 0) return CURL_READFUNC_PAUSE;
        const std::size_t taken =
            exchange->next_piece(out, std::min<std::uint64_t>(size * count, free));
        exchange->to_send_ -= taken;
        return taken;
    } catch (const std::exception& error) {
        exchange->error_ = error.what();
        return CURL_READFUNC_ABORT;
    }
}

std::size_t Exchange::next_piece(char* out, std::size_t room) {
    std::size_t filled = 0;
    while (filled < room && part_ < request.body.size()) {
        const std::size_t got =
            request.body[part_]->read(offset_, std::span<char>(out + filled, room - filled));
        filled += got;
        offset_ += got;
        if (offset_ >= request.body[part_]->size()) {
            ++part_;
            offset_ = 0;
        }
    }
    return filled;
}

std::size_t Exchange::on_header(char* line, std::size_t size, std::size_t count, void* self) {
    auto* exchange = static_cast<Exchange*>(self);
    const bool taken =
        !exchange->given_up_ && exchange->take_header(std::string_view(line, size * count));
    return taken ? size * count : 0;
}

bool Exchange::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kHeaderLimit) {
        refused_ = true;
        error_ = "the answer's headers are too large";
        return false;
    }
    if (line.starts_with("HTTP/")) {
        // A final answer follows the interim ones (100, 103), which do not count.
        response_.headers.clear();
        headers_done_ = false;
        status_line_ = 0;
        if (const std::size_t space = line.find(' '); space != line.npos)
            std::from_chars(line.data() + space + 1, line.data() + line.size(), status_line_);
        // A refusal may come at any time. A success would be of a body that nobody has read.
        if (sent_ && status_line_ >= 200 && status_line_ < 300 && to_send_ > 0) {
            error_ = "answered before the whole body had left";
            return false;
        }
        if (status_line_ >= 200) response_.status = status_line_;
        return true;
    }
    const std::string_view text = trimmed(line);
    if (text.empty()) headers_done_ = status_line_ >= 200;
    if (headers_done_ || status_line_ < 200) return true;  // trailers, interim answers
    if (const std::size_t colon = text.find(':'); colon != text.npos)
        response_.headers.emplace_back(lower(trimmed(text.substr(0, colon))),
                                       trimmed(text.substr(colon + 1)));
    return true;
}

std::size_t Exchange::on_body(char* piece, std::size_t size, std::size_t count, void* self) {
    auto* exchange = static_cast<Exchange*>(self);
    if (exchange->given_up_) return 0;
    try {
        if (exchange->take_body(std::string_view(piece, size * count))) return size * count;
        if (exchange->error_.empty()) exchange->error_ = "the answer was refused";
    } catch (const std::exception& error) {
        exchange->error_ = error.what();
    }
    exchange->refused_ = true;
    return size * count == 0 ? 1 : 0;
}

bool Exchange::take_body(std::string_view piece) {
    if (request.sink) return request.sink(response_, piece);
    if (response_.body.size() + piece.size() > request.body_limit) {
        error_ = "the answer is larger than " + std::to_string(request.body_limit) + " bytes";
        return false;
    }
    response_.body += piece;
    return true;
}

/// To libcurl a connection that ends within the head of an answer is the end of an answer without a
/// body: what says how much belongs to it may not have come.
bool Exchange::whole(CURLcode code) const {
    return code == CURLE_OK && headers_done_;
}

TransferEnd Exchange::end_of(CURLcode code) const {
    if (whole(code)) return TransferEnd::answered;
    if (given_up_) return TransferEnd::aborted;
    if (!sent_) return TransferEnd::not_sent;
    if (gate_closed_) return TransferEnd::aborted;
    if (refused_) return TransferEnd::too_large;
    return TransferEnd::broken;
}

Response Exchange::finish(CURLcode code) {
    std::string error = error_;
    if (whole(code)) {
        error.clear();
    } else if (error.empty() && code == CURLE_OK) {
        error = "the answer ended within its head";
    } else if (error.empty()) {
        error = curl_error_[0] != '\0' ? curl_error_.data() : curl_easy_strerror(code);
    }
    return finish(end_of(code), std::move(error));
}

Response Exchange::finish(TransferEnd end, std::string error) {
    response_.end = end;
    response_.error = std::move(error);
    if (end != TransferEnd::answered) response_.body.clear();
    if (easy != nullptr) {
        long version = 0;
        curl_easy_getinfo(easy.get(), CURLINFO_HTTP_VERSION, &version);
        response_.http2 = version == CURL_HTTP_VERSION_2_0;
    }
    return std::move(response_);
}

}  // namespace leasehold::agent
