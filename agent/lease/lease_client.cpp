#include "agent/lease/lease_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/base/timer.hpp"
#include "agent/lease/exec_keeper.hpp"
#include "agent/lease/lease_json.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/lease_url.hpp"
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
constexpr std::string_view kPlugin = "the credential plugin";

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

}  // namespace

struct LeaseClient::State : std::enable_shared_from_this<LeaseClient::State> {
    State(asio::io_context& io, ApiAccess given, LeaseName lease, Deliver to, Duties* told)
        : loop(io),
          access(std::move(given)),
          name(std::move(lease)),
          deliver(std::move(to)),
          duties(told),
          tokens(access.token, access.token_file),
          leases_url(access.server + "/apis/coordination.k8s.io/v1/namespaces/" +
                     encoded(name.namespace_name) + "/leases"),
          late(io, [this] { give_up_waiting(); }) {
        if (access.exec) keeper.emplace(io, *access.exec, [this] { plugin_ended(); });
        connect(requests);
        connect(watches);
    }

    /// The watch that is open.
    struct Watch {
        WatchId id;
        TransferId transfer;
        WatchStream stream;
        std::string refusal;  ///< the body of an answer other than 200
    };

    /// A request that waits for its credential.
    struct Waiting {
        SendLease what;
        Instant deadline;
    };

    void connect(std::unique_ptr<Client>& client);
    bool prove();
    void send(const SendLease& what, Instant deadline);
    void wait(const SendLease& what, Instant deadline);
    void give_up_waiting();
    void plugin_ended();
    void not_sent(const SendLease& what);
    void refused(std::uint64_t generation);
    [[nodiscard]] std::uint64_t generation() const { return keeper ? keeper->generation() : 0; }

    Request request_to(std::string method, std::string url);
    void post(const std::string& path, std::string body, Instant deadline, Client::Done done);
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
    ApiAccess access;
    LeaseName name;
    Deliver deliver;
    Duties* duties;
    TokenSource tokens;
    std::string leases_url;
    std::unique_ptr<Client> requests;
    std::unique_ptr<Client> watches;  ///< its own connection: a hung one must not hold up a renewal
    bool watches_outdated = false;    ///< another certificate is in force; until the next watch
    std::vector<std::unique_ptr<Client>> retired;  ///< of an older certificate, until they are idle
    std::optional<Watch> watch;
    LeaseSighting seen;
    Instant watch_refused_until = Instant::min();
    std::vector<Waiting> waiting;
    BoottimeTimer late;                ///< for the first of `waiting`
    std::optional<ExecKeeper> keeper;  ///< where a command gives the credential
};

/// What is under way ends on the connections on which it began.
void LeaseClient::State::connect(std::unique_ptr<Client>& client) {
    std::erase_if(retired, [](const auto& old) { return old->in_flight() == 0; });
    if (client != nullptr) retired.push_back(std::move(client));
    client = std::make_unique<Client>(loop, client_options(access));
}

/// Takes up the plugin's credential; false: there is none, for now.
bool LeaseClient::State::prove() {
    if (!keeper) return true;
    const ExecCredential* const now = keeper->current();
    if (now == nullptr) return false;
    access.token = now->token;
    if (now->certificate_pem == access.tls.certificate_pem && now->key_pem == access.tls.key_pem)
        return true;
    access.tls.certificate_pem = now->certificate_pem;
    access.tls.key_pem = now->key_pem;
    connect(requests);
    watches_outdated = true;
    return true;
}

void LeaseClient::State::send(const SendLease& what, Instant deadline) {
    if (prove()) return exchange(what, deadline);
    if (keeper->asking()) return wait(what, deadline);
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
               "no credential: " + access.exec->command + " gave no answer yet");
        not_sent(one.what);
    }
}

void LeaseClient::State::plugin_ended() {
    const auto self = shared_from_this();
    if (keeper->problem().empty()) {
        worked(Duty::lease, kPlugin);
    } else {
        failed(Duty::lease, kPlugin, keeper->problem(), "no credential: " + keeper->problem());
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

void LeaseClient::State::refused(std::uint64_t generation) {
    tokens.refused();
    if (keeper) keeper->refused(generation);
}

Request LeaseClient::State::request_to(std::string method, std::string url) {
    Request request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.headers = {"Accept: application/json"};
    const std::string& token = keeper ? access.token : tokens.token(boottime());
    if (!token.empty()) request.headers.push_back("Authorization: Bearer " + token);
    return request;
}

void LeaseClient::State::post(const std::string& path, std::string body, Instant deadline,
                              Client::Done done) {
    if (!prove()) {
        asio::post(loop, [weak = weak_from_this(), done = std::move(done)] {
            Response none;
            none.end = TransferEnd::not_sent;
            none.error = "there is no credential yet";
            if (weak.lock() != nullptr) done(std::move(none));
        });
        return;
    }
    // An open watch keeps its connection, even where another certificate is in force by now.
    if (!watch && std::exchange(watches_outdated, false)) connect(watches);
    Request request =
        request_to("POST", access.server + path +
                               timeout_parameter(std::max(deadline - boottime(), Duration(0))));
    request.headers.emplace_back("Content-Type: application/json");
    request.deadline = deadline;
    request.body = {memory_bytes(std::move(body))};
    watches->send(std::move(request),
                  [this, done = std::move(done), used = generation()](Response response) {
                      if (response.status == 401) refused(used);
                      done(std::move(response));
                  });
}

void LeaseClient::State::exchange(const SendLease& what, Instant deadline) {
    const Duration left = std::max(deadline - boottime(), Duration(0));
    const std::string target = what.verb == LeaseVerb::create ? "" : "/" + encoded(name.name);
    Request request = request_to(name_of(what.verb), leases_url + target + timeout_parameter(left));
    request.deadline = deadline;
    request.body_limit = kLargestAnswer;
    if (what.verb != LeaseVerb::get) {
        request.headers.emplace_back("Content-Type: application/json");
        request.body = {memory_bytes(encode_lease(*what.lease, name, what.verb))};
    }
    requests->send(std::move(request), [this, what, used = generation()](const Response& response) {
        const auto self = shared_from_this();
        if (response.status == 401) refused(used);
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
            reply.retry_after = decode_retry_after(response.header("retry-after"),
                                                   response.header("date"), read_now().wall);
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
    if (boottime() < watch_refused_until || !prove()) {
        asio::post(loop, [weak = weak_from_this(), id = what.watch] {
            if (const auto self = weak.lock(); self != nullptr) self->news(id, WatchNews{});
        });
        return;
    }
    if (std::exchange(watches_outdated, false)) connect(watches);
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
    if (response.status == 401) refused(generation());
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
    state_->retired.clear();
    state_->keeper.reset();
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

void LeaseClient::post(const std::string& path, std::string body, Duration timeout,
                       Client::Done done) {
    state_->post(path, std::move(body), saturating_add(boottime(), timeout), std::move(done));
}

const LeaseSighting& LeaseClient::seen() const {
    return state_->seen;
}

}  // namespace leasehold::agent
