#include "agent/lease/lease_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/lease/lease_json.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/token_source.hpp"
#include "agent/lease/watch_stream.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kLargestAnswer = 4U << 20;  ///< the API server takes 3 MiB at most
constexpr std::size_t kErrorText = 4U << 10;      ///< of a watch that was refused
/// The server ends a watch after this; the model looks for silence by itself, much sooner.
constexpr std::chrono::seconds kWatchFor{300};
constexpr std::chrono::seconds kWatchGrace{15};
constexpr std::string_view kConnection = "the connection";
constexpr std::string_view kWatch = "the watch";

std::string encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kDigits[byte >> 4];
            out += kDigits[byte & 15];
        }
    }
    return out;
}

ClientOptions client_options(const ApiAccess& access) {
    ClientOptions options;
    options.tls = access.tls;
    options.proxy = access.proxy;
    options.http2 = true;
    options.user_agent = "leasehold-agent";
    options.connections = 4;
    return options;
}

const char* name_of(LeaseVerb verb) {
    switch (verb) {
        case LeaseVerb::get:
            return "GET";
        case LeaseVerb::create:
            return "POST";
        case LeaseVerb::update:
            break;
    }
    return LeaseClient::kRenewal.data();
}

std::string refusal_text(const char* verb, std::int32_t status, const ApiStatus& said) {
    return std::string("the API server answered ") + verb + " with " + std::to_string(status) +
           (said.message.empty() ? "" : ": " + said.message);
}

/// The parameter that makes the server give up with us, in place of after 34 or 60 s.
std::string timeout_parameter(Duration timeout) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
    return "?timeout=" + std::to_string(seconds < 1 ? 1 : seconds) + "s";
}

}  // namespace

struct LeaseClient::State : std::enable_shared_from_this<LeaseClient::State> {
    State(asio::io_context& io, const ApiAccess& access, LeaseName lease, Deliver to, Duties* told)
        : loop(io),
          name(std::move(lease)),
          deliver(std::move(to)),
          duties(told),
          tokens(access.token, access.token_file),
          leases_url(access.server + "/apis/coordination.k8s.io/v1/namespaces/" +
                     encoded(name.namespace_name) + "/leases"),
          requests(std::in_place, io, client_options(access)),
          watches(std::in_place, io, client_options(access)) {}

    /// The watch that is open.
    struct Watch {
        WatchId id;
        TransferId transfer;
        WatchStream stream;
        std::string refusal;  ///< the body of an answer other than 200
    };

    Request request_to(std::string method, std::string url);
    void send(const SendLease& what);
    void answer(const SendLease& what, const Response& response);
    void open(const WatchLease& what);
    bool take(WatchId id, const Response& response, std::string_view piece);
    void news(WatchId id, WatchNews what);
    void end(WatchId id, const Response& response);
    void stop();
    void failed(Duty duty, std::string_view work, std::string_view kind, const std::string& line);
    void worked(Duty duty, std::string_view work);
    void judge(LeaseVerb verb, const Response& response, const ApiStatus& status);

    [[nodiscard]] bool is_open(WatchId id) const { return watch && watch->id == id; }

    asio::io_context& loop;
    LeaseName name;
    Deliver deliver;
    Duties* duties;
    TokenSource tokens;
    std::string leases_url;
    std::optional<Client> requests;
    std::optional<Client> watches;  ///< its own connection: a hung one must not hold up a renewal
    std::optional<Watch> watch;
    Instant watch_refused_until = Instant::min();
};

Request LeaseClient::State::request_to(std::string method, std::string url) {
    Request request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.headers = {"Accept: application/json"};
    if (const std::string& token = tokens.token(boottime()); !token.empty())
        request.headers.push_back("Authorization: Bearer " + token);
    return request;
}

void LeaseClient::State::send(const SendLease& what) {
    const std::string target = what.verb == LeaseVerb::create ? "" : "/" + encoded(name.name);
    Request request =
        request_to(name_of(what.verb), leases_url + target + timeout_parameter(what.timeout));
    request.deadline = saturating_add(boottime(), what.timeout);
    request.body_limit = kLargestAnswer;
    if (what.verb != LeaseVerb::get) {
        request.headers.emplace_back("Content-Type: application/json");
        request.body = {memory_bytes(encode_lease(*what.lease, name, what.verb))};
    }
    requests->send(std::move(request),
                   [this, what](const Response& response) { answer(what, response); });
}

void LeaseClient::State::answer(const SendLease& what, const Response& response) {
    const auto self = shared_from_this();  // `deliver` may end this client
    LeaseReply reply;
    ApiStatus status;
    if (response.end == TransferEnd::answered) {
        reply.status = response.status;
        if (response.status >= 200 && response.status < 300) {
            Result<Lease, std::string> lease = decode_lease(response.body, name);
            if (lease) {
                reply.lease = std::make_shared<const Lease>(*std::move(lease));
            } else {
                status.message = "an answer whose " + lease.error();
            }
        } else {
            status = decode_status(response.body, name);
            reply.reason = status.reason;
            reply.about_lease = status.about_lease;
            reply.retry_after = decode_retry_after(response.header("retry-after"),
                                                   response.header("date"), read_now().wall);
        }
    } else if (response.end == TransferEnd::not_sent) {
        reply.not_sent = true;
    }
    if (response.status == 401) tokens.refused();
    judge(what.verb, response, status);
    deliver(LeaseAnswered{what.request, std::move(reply)});
}

void LeaseClient::State::open(const WatchLease& what) {
    stop();
    watch.emplace(Watch{what.watch, {}, WatchStream(name), {}});
    if (boottime() < watch_refused_until) {
        asio::post(loop, [weak = weak_from_this(), id = what.watch] {
            if (const auto self = weak.lock(); self != nullptr) self->news(id, WatchNews{});
        });
        return;
    }
    std::string url =
        leases_url + "?watch=1&fieldSelector=metadata.name%3D" + encoded(name.name) +
        "&allowWatchBookmarks=true&timeoutSeconds=" + std::to_string(kWatchFor.count());
    if (what.from != Version()) url += "&resourceVersion=" + std::to_string(what.from.value());
    Request request = request_to("GET", std::move(url));
    request.deadline = boottime() + kWatchFor + kWatchGrace;
    request.sink = [this, id = what.watch](const Response& response, std::string_view piece) {
        return take(id, response, piece);
    };
    watch->transfer = watches->send(std::move(request),
                                    [this, id = what.watch](const Response& r) { end(id, r); });
}

/// Called by libcurl: what comes of it is told from the loop.
bool LeaseClient::State::take(WatchId id, const Response& response, std::string_view piece) {
    if (!is_open(id)) return false;
    if (response.status != 200) {
        watch->refusal += piece.substr(0, kErrorText - std::min(kErrorText, watch->refusal.size()));
        return true;
    }
    worked(Duty::lease_watch, kWatch);
    for (WatchNews& item : watch->stream.take(piece)) {
        asio::post(loop, [weak = weak_from_this(), id, item = std::move(item)]() mutable {
            if (const auto self = weak.lock(); self != nullptr) self->news(id, std::move(item));
        });
    }
    return true;
}

void LeaseClient::State::news(WatchId id, WatchNews what) {
    if (!is_open(id)) return;
    if (what.kind == WatchKind::ended) stop();
    deliver(LeaseWatched{id, what.kind, what.version, std::move(what.lease)});
}

void LeaseClient::State::end(WatchId id, const Response& response) {
    if (!is_open(id)) return;
    const auto self = shared_from_this();
    const std::string refusal = std::move(watch->refusal);
    watch.reset();
    if (response.status == 401) tokens.refused();
    if (response.end == TransferEnd::answered && response.status != 200)
        failed(Duty::lease_watch, kWatch, "status " + std::to_string(response.status),
               refusal_text("a watch", response.status, decode_status(refusal, name)));
    if (response.status == 403) watch_refused_until = boottime() + kWatchRefusedFor;
    deliver(LeaseWatched{id, WatchKind::ended, {}, nullptr});
}

void LeaseClient::State::stop() {
    if (!watch) return;
    watches->abort(watch->transfer);
    watch.reset();
    // Whoever stops a watch found it silent: its connection is not used again.
    watches->drop_connections();
}

/// What an answer says of the way to the server, and of what was asked of it. The two are told
/// apart: any answer shows that the way is open, and only a write that writes works.
void LeaseClient::State::judge(LeaseVerb verb, const Response& response, const ApiStatus& status) {
    if (response.end != TransferEnd::answered)
        return failed(Duty::lease, kConnection,
                      "end " + std::to_string(static_cast<int>(response.end)),
                      "the API server did not answer: " + response.error);
    worked(Duty::lease, kConnection);
    if (response.status < 300 ? status.message.empty()
                              : response.status == 404 && verb == LeaseVerb::get)
        return worked(Duty::lease, name_of(verb));
    // Somebody was faster, or removed the Lease: daily life. But a 404 to a create is a namespace
    // that is not there.
    if (response.status == 409 || (response.status == 404 && verb == LeaseVerb::update)) return;
    failed(Duty::lease, name_of(verb), "status " + std::to_string(response.status),
           refusal_text(name_of(verb), response.status, status));
}

void LeaseClient::State::failed(Duty duty, std::string_view work, std::string_view kind,
                                const std::string& line) {
    if (duties != nullptr) duties->failed(read_now(), duty, work, kind, line);
}

void LeaseClient::State::worked(Duty duty, std::string_view work) {
    if (duties != nullptr) duties->worked(read_now(), duty, work);
}

LeaseClient::LeaseClient(asio::io_context& loop, ApiAccess access, LeaseName name, Deliver deliver,
                         Duties* duties)
    : state_(std::make_shared<State>(loop, access, std::move(name), std::move(deliver), duties)) {}

LeaseClient::~LeaseClient() {
    // Now and not with the last owner: nothing is delivered from here on.
    state_->watch.reset();
    state_->requests.reset();
    state_->watches.reset();
}

void LeaseClient::send(const SendLease& request) {
    state_->send(request);
}

void LeaseClient::watch(const WatchLease& request) {
    state_->open(request);
}

void LeaseClient::stop(const StopWatch& request) {
    if (state_->is_open(request.watch)) state_->stop();
}

}  // namespace leasehold::agent
