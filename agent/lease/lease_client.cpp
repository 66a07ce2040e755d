#include "agent/lease/lease_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/base/http_date.hpp"
#include "agent/base/timer.hpp"
#include "agent/lease/lease_json.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/lease_url.hpp"
#include "agent/lease/watch_stream.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kLargestAnswer = 4U << 20;  ///< the API server takes 3 MiB at most
constexpr std::size_t kErrorText = 4U << 10;      ///< of a watch that was refused
constexpr std::chrono::seconds kWatchGrace{15};
constexpr Duration kLongestRetryAfter = std::chrono::hours(1);
constexpr std::string_view kConnection = "the connection";
constexpr std::string_view kWatch = "the watch";
constexpr std::string_view kPlugin = "the credential plugin";

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

}  // namespace

struct LeaseClient::State : std::enable_shared_from_this<LeaseClient::State> {
    State(asio::io_context& io, ApiAccess given, LeaseName lease, Deliver to, Duties* told)
        : loop(io),
          name(std::move(lease)),
          deliver(std::move(to)),
          duties(told),
          leases("/apis/coordination.k8s.io/v1/namespaces/" + encoded(name.namespace_name) +
                 "/leases"),
          late(io, [this] { give_up_waiting(); }) {
        session.emplace(io, std::move(given), [this] { plugin_ended(); });
    }

    /// The watch that is open.
    struct Watch {
        WatchId id;
        SideExchange transfer;
        WatchStream stream;
        std::string refusal;  ///< the body of an answer other than 200
    };

    /// A request that waits for its credential.
    struct Waiting {
        SendLease what;
        Instant deadline;
    };

    void send(const SendLease& what, Instant deadline);
    void wait(const SendLease& what, Instant deadline);
    void give_up_waiting();
    void plugin_ended();
    void not_sent(const SendLease& what);

    /// What is asked for beside the watch.
    struct Beside {
        std::string method = "GET";
        std::string path;
        std::string body;
        Duration timeout{0};
        Sink sink;
    };
    SideExchange beside(Beside ask, Client::Done done);
    void exchange(const SendLease& what, Instant deadline);
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
    std::string leases;  ///< the path
    std::optional<ApiSession> session;
    std::optional<Watch> watch;
    SideExchange watch_beside;  ///< the newest one: it hangs on the same connections
    LeaseSighting seen;
    Instant watch_refused_until = Instant::min();
    std::vector<Waiting> waiting;
    BoottimeTimer late;  ///< for the first of `waiting`
};

void LeaseClient::State::send(const SendLease& what, Instant deadline) {
    if (session->prove()) return exchange(what, deadline);
    if (session->plugin()->asking()) return wait(what, deadline);
    asio::post(loop, [weak = weak_from_this(), what] {
        if (const auto self = weak.lock(); self != nullptr) self->not_sent(what);
    });
}

void LeaseClient::State::wait(const SendLease& what, Instant deadline) {
    waiting.push_back(Waiting{what, deadline});
    Instant first = deadline;
    for (const Waiting& one : waiting)
        first = std::min(first, one.deadline);
    late.arm(first);
}

/// The plugin takes longer than a request may.
void LeaseClient::State::give_up_waiting() {
    const auto self = shared_from_this();
    const Instant now = boottime();
    std::vector<Waiting> all = std::exchange(waiting, {});
    for (Waiting& one : all) {
        if (one.deadline > now) {
            wait(one.what, one.deadline);
            continue;
        }
        failed(Duty::lease, kPlugin, "slow",
               "no credential: " + session->plugin_command() + " gave no answer yet");
        not_sent(one.what);
    }
}

void LeaseClient::State::plugin_ended() {
    const auto self = shared_from_this();
    const std::string& problem = session->plugin()->problem();
    if (problem.empty()) {
        worked(Duty::lease, kPlugin);
    } else {
        failed(Duty::lease, kPlugin, session->plugin()->problem_kind(),
               "no credential: " + problem);
    }
    late.arm(kNever);
    for (const Waiting& one : std::exchange(waiting, {}))
        send(one.what, one.deadline);
}

void LeaseClient::State::not_sent(const SendLease& what) {
    const auto self = shared_from_this();  // `deliver` may end this client
    if (deliver == nullptr) return;
    LeaseReply reply;
    reply.not_sent = true;
    deliver(LeaseAnswered{what.request, std::move(reply)});
}

SideExchange LeaseClient::State::beside(Beside ask, Client::Done done) {
    if (!session->prove()) {
        asio::post(loop, [weak = weak_from_this(), done = std::move(done)] {
            Response none;
            none.end = TransferEnd::not_sent;
            none.error = "there is no credential yet";
            if (weak.lock() != nullptr) done(std::move(none));
        });
        return {};
    }
    Request request = session->request_to(std::move(ask.method), ask.path);
    request.deadline = saturating_add(boottime(), ask.timeout);
    request.sink = std::move(ask.sink);
    if (!ask.body.empty()) {
        request.headers.emplace_back("Content-Type: application/json");
        request.body = {memory_bytes(std::move(ask.body))};
    }
    return session->beside(std::move(request), !watch, std::move(done));
}

void LeaseClient::State::exchange(const SendLease& what, Instant deadline) {
    const Duration left = std::max(deadline - boottime(), Duration(0));
    const std::string target = what.verb == LeaseVerb::create ? "" : "/" + encoded(name.name);
    Request request =
        session->request_to(name_of(what.verb), leases + target + timeout_parameter(left));
    request.deadline = deadline;
    request.body_limit = kLargestAnswer;
    if (what.verb != LeaseVerb::get) {
        request.headers.emplace_back("Content-Type: application/json");
        request.body = {memory_bytes(encode_lease(*what.lease, name, what.verb))};
    }
    session->requests().send(std::move(request),
                             [this, what, used = session->generation()](const Response& response) {
                                 const auto self = shared_from_this();
                                 if (response.status == 401) session->refused(used);
                                 answer(what, response);
                             });
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
                seen = {lease->uid, lease->version};
                reply.lease = std::make_shared<const Lease>(*std::move(lease));
            } else {
                status.message = "an answer whose " + lease.error();
            }
        } else {
            status = decode_status(response.body, name);
            reply.reason = status.reason;
            reply.about_lease = status.about_lease;
            reply.retry_after =
                decode_retry_after(response.header("retry-after"), response.header("date"),
                                   read_now().wall, kLongestRetryAfter);
        }
    } else if (response.end == TransferEnd::not_sent) {
        reply.not_sent = true;
    }
    judge(what.verb, response, status);
    deliver(LeaseAnswered{what.request, std::move(reply)});
}

void LeaseClient::State::open(const WatchLease& what) {
    stop();
    watch.emplace(Watch{what.watch, {}, WatchStream(name), {}});
    if (boottime() < watch_refused_until || !session->prove()) {
        asio::post(loop, [weak = weak_from_this(), id = what.watch] {
            if (const auto self = weak.lock(); self != nullptr) self->news(id, WatchNews{});
        });
        return;
    }
    std::string path =
        leases + "?watch=1&fieldSelector=metadata.name%3D" + encoded(name.name) +
        "&allowWatchBookmarks=true&timeoutSeconds=" + std::to_string(kWatchFor.count());
    if (what.from != Version()) path += "&resourceVersion=" + std::to_string(what.from.value());
    Request request = session->request_to("GET", path);
    request.deadline = boottime() + kWatchFor + kWatchGrace;
    request.sink = [this, id = what.watch](const Response& response, std::string_view piece) {
        return take(id, response, piece);
    };
    watch->transfer = session->beside(std::move(request), true,
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
    if (response.end == TransferEnd::answered && response.status != 200)
        failed(Duty::lease_watch, kWatch, "status " + std::to_string(response.status),
               refusal_text("a watch", response.status, decode_status(refusal, name)));
    if (response.status == 403) watch_refused_until = boottime() + kWatchRefusedFor;
    deliver(LeaseWatched{id, WatchKind::ended, {}, nullptr});
}

void LeaseClient::State::stop() {
    if (!watch) return;
    const SideExchange transfer = watch->transfer;
    watch.reset();
    transfer.abort();
    // Whoever stops a watch found it silent: its connection is not used again, nor is what else
    // hangs on it.
    session->drop_watches();
    watch_beside.abort();
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
    state_->session.reset();
    state_->late.arm(kNever);
    state_->deliver = nullptr;
}

void LeaseClient::send(const SendLease& request) {
    state_->send(request, saturating_add(boottime(), request.timeout));
}

void LeaseClient::watch(const WatchLease& request) {
    state_->open(request);
}

void LeaseClient::stop(const StopWatch& request) {
    if (state_->is_open(request.watch)) state_->stop();
}

SideExchange LeaseClient::post(const std::string& path, std::string body, Duration timeout,
                               Client::Done done) {
    State::Beside ask;
    ask.method = "POST";
    ask.path = path + timeout_parameter(timeout);
    ask.body = std::move(body);
    ask.timeout = timeout;
    return state_->beside(std::move(ask), std::move(done));
}

SideExchange LeaseClient::get(const std::string& path, Duration timeout, Client::Done done) {
    State::Beside ask;
    ask.path = path + timeout_parameter(timeout);
    ask.timeout = timeout;
    return state_->beside(std::move(ask), std::move(done));
}

SideExchange LeaseClient::watch_beside(const std::string& path, Sink sink, Client::Done done) {
    State::Beside ask;
    ask.path = path + "&timeoutSeconds=" + std::to_string(kWatchFor.count());
    ask.timeout = kWatchFor + kWatchGrace;
    ask.sink = std::move(sink);
    return state_->watch_beside = state_->beside(std::move(ask), std::move(done));
}

const LeaseSighting& LeaseClient::seen() const {
    return state_->seen;
}

}  // namespace leasehold::agent
