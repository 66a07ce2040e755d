#include "tests/conformance/real_lease.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/base/clock.hpp"
#include "agent/base/timer.hpp"
#include "agent/lease/lease_json.hpp"
#include "agent/lease/lease_status.hpp"
#include "agent/lease/micro_time.hpp"
#include "agent/lease/token_source.hpp"
#include "tests/conformance/unique.hpp"

namespace leasehold::conformance {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Duration kTimeout = 20s;
/// A watch from nothing is open when it tells what there is. Of a missing Lease it tells nothing:
/// then it is given the time of so many requests on connections of their own, and this.
constexpr int kRequestsToOpen = 2;
constexpr Duration kOpens = 200ms;
constexpr const char* kLabel = "conformance";

agent::ClientOptions client_options(const RealLeaseOptions& options) {
    agent::ClientOptions out;
    out.tls.ca_file = options.ca_file;
    out.user_agent = "leasehold-conformance";
    return out;
}

LeaseAnswer plain(std::int32_t status) {
    LeaseAnswer answer;
    answer.reply.status = status;
    return answer;
}

bool whole_microseconds(const std::optional<WallTime>& time) {
    return !time || time->time_since_epoch().count() % 1000 == 0;
}

/// What the agent's client takes for a broken belief.
bool beyond_the_client(const LeaseCall& call) {
    if (call.act != LeaseAct::create && call.act != LeaseAct::update) return false;
    const Lease& lease = *call.body;
    const LeaseRecord& record = lease.record;
    const bool update = call.act == LeaseAct::update;
    return update == lease.uid.empty() || update == (lease.version == Version()) ||
           !whole_microseconds(record.acquire_time) || !whole_microseconds(record.renew_time) ||
           record.duration_seconds == 0;
}

void set_time(Json& spec, const char* key, const std::optional<WallTime>& time) {
    if (whole_microseconds(time)) return;
    std::string text = agent::format_micro_time(*time);
    text.insert(text.size() - 1,
                std::to_string(1000 + time->time_since_epoch().count() % 1000).substr(1));
    spec[key] = text;
}

/// The body word for word: with uid and version exactly if they are there.
std::string raw_body(const Lease& lease, const agent::LeaseName& name) {
    Json value = Json::parse(agent::encode_lease(lease, name, LeaseVerb::create));
    Json& metadata = value["metadata"];
    if (!lease.uid.empty()) metadata["uid"] = lease.uid;
    if (lease.version != Version())
        metadata["resourceVersion"] = std::to_string(lease.version.value());
    value["spec"]["leaseDurationSeconds"] = lease.record.duration_seconds;
    set_time(value["spec"], "acquireTime", lease.record.acquire_time);
    set_time(value["spec"], "renewTime", lease.record.renew_time);
    return value.dump();
}

LeaseReply reply_of(const agent::Response& response, const agent::LeaseName& name) {
    LeaseReply reply;
    if (response.end != agent::TransferEnd::answered) return reply;
    reply.status = response.status;
    if (response.status >= 200 && response.status < 300) {
        const auto lease = agent::decode_lease(response.body, name);
        if (lease) reply.lease = std::make_shared<const Lease>(*lease);
        return reply;
    }
    const agent::ApiStatus status = agent::decode_status(response.body, name);
    reply.reason = status.reason;
    reply.about_lease = status.about_lease;
    return reply;
}

std::string token_in(const std::string& file) {
    std::string token = agent::read_token_file(file);
    if (token.empty()) throw std::runtime_error(file + ": no token");
    return token;
}

}  // namespace

RealLease::RealLease(RealLeaseOptions options)
    : options_(std::move(options)),
      token_(token_in(options_.token_file)),
      admin_token_(token_in(options_.admin_token_file)),
      raw_(loop_, client_options(options_)),
      run_("conformance-" + unique_name()) {}

RealLease::~RealLease() {
    remove_last();
}

void RealLease::remove_last() {
    if (leases_ == 0) return;
    LeaseCall call;
    call.act = LeaseAct::remove;
    perform(std::vector{call});
}

void RealLease::fresh() {
    remove_last();
    clients_.clear();
    name_ = {options_.namespace_name, run_ + "-" + std::to_string(++leases_)};
}

std::string RealLease::url() const {
    return options_.server + "/apis/coordination.k8s.io/v1/namespaces/" + name_.namespace_name +
           "/leases";
}

RealLease::Client& RealLease::client_of(std::uint32_t number) {
    Client& client = clients_[number];
    if (client.client) return client;
    agent::ApiAccess access;
    access.server = options_.server;
    access.tls.ca_file = options_.ca_file;
    access.token_file = options_.token_file;
    client.client = std::make_unique<agent::LeaseClient>(
        loop_, access, name_, [this, number](const Event& event) { deliver(number, event); });
    return client;
}

void RealLease::deliver(std::uint32_t number, const Event& event) {
    Client& client = clients_.at(number);
    if (const auto* answered = std::get_if<LeaseAnswered>(&event)) {
        const auto found = client.waiting.find(answered->request);
        if (found == client.waiting.end()) throw std::logic_error("an answer to nothing");
        const Answer answer = std::move(found->second);
        client.waiting.erase(found);
        LeaseAnswer said;
        said.reply = answered->reply;
        answer(std::move(said));
    }
    const auto* watched = std::get_if<LeaseWatched>(&event);
    if (watched == nullptr || !client.watch || client.watch->id != watched->watch) return;
    if (watched->kind == WatchKind::bookmark) return;
    const Version version = watched->lease ? watched->lease->version : watched->version;
    client.watch->events.push_back({watched->kind, version, watched->lease});
}

bool RealLease::run_until(const std::function<bool()>& done, Duration most) {
    bool late = false;
    agent::BoottimeTimer timer(loop_, [&] { late = true; });
    timer.arm(agent::boottime() + most);
    loop_.restart();
    while (!done() && !late)
        if (loop_.run_one() == 0) break;
    return done();
}

std::vector<LeaseAnswer> RealLease::perform(std::span<const LeaseCall> calls) {
    std::vector<LeaseAnswer> answers(calls.size());
    std::size_t left = calls.size();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const LeaseCall& call = calls[i];
        if (call.act == LeaseAct::watch || call.act == LeaseAct::collect) {
            answers[i] = call.act == LeaseAct::watch ? open(call) : collect(call);
            --left;
            continue;
        }
        begin(call, [&answers, &left, i](LeaseAnswer answer) {
            answers[i] = std::move(answer);
            --left;
        });
    }
    if (!run_until([&] { return left == 0; }, 3 * kTimeout))
        throw std::runtime_error("a request to the API server was never answered");
    return answers;
}

void RealLease::begin(const LeaseCall& call, Answer answer) {
    if (call.act == LeaseAct::edit) return edit(call.edit, std::move(answer));
    if (call.act == LeaseAct::remove) {
        agent::Request request;
        request.method = "DELETE";
        request.url = url() + "/" + name_.name;
        return as_operator(std::move(request),
                           [answer = std::move(answer)](const agent::Response& response) {
                               answer(plain(response.status));
                           });
    }
    if (beyond_the_client(call)) return send_raw(call, std::move(answer));
    SendLease request;
    request.request = RequestId(++requests_);
    request.verb = call.act == LeaseAct::get      ? LeaseVerb::get
                   : call.act == LeaseAct::create ? LeaseVerb::create
                                                  : LeaseVerb::update;
    request.lease = call.body;
    request.timeout = kTimeout;
    Client& client = client_of(call.client);
    client.waiting[request.request] = std::move(answer);
    client.client->send(request);
}

void RealLease::send_raw(const LeaseCall& call, Answer answer) {
    agent::Request request;
    request.method = call.act == LeaseAct::create ? "POST" : "PUT";
    request.url = url() + (call.act == LeaseAct::create ? "" : "/" + name_.name);
    request.headers = {"Content-Type: application/json", "Accept: application/json",
                       "Authorization: Bearer " + token_};
    request.body = {agent::memory_bytes(raw_body(*call.body, name_))};
    request.deadline = agent::boottime() + kTimeout;
    raw_.send(std::move(request), [this, answer = std::move(answer)](const agent::Response& said) {
        LeaseAnswer out;
        out.reply = reply_of(said, name_);
        answer(std::move(out));
    });
}

void RealLease::as_operator(agent::Request request, agent::Client::Done done) {
    request.headers.emplace_back("Accept: application/json");
    request.headers.push_back("Authorization: Bearer " + admin_token_);
    request.deadline = agent::boottime() + kTimeout;
    raw_.send(std::move(request), std::move(done));
}

void RealLease::patch(const std::string& body, Answer answer, bool again_on_conflict) {
    agent::Request request;
    request.method = "PATCH";
    request.url = url() + "/" + name_.name;
    request.headers = {"Content-Type: application/merge-patch+json"};
    request.body = {agent::memory_bytes(body)};
    as_operator(std::move(request), [this, answer = std::move(answer),
                                     again_on_conflict](const agent::Response& response) mutable {
        if (response.status == 409 && again_on_conflict) return label(std::move(answer));
        answer(plain(response.status));
    });
}

void RealLease::edit(sim::LeaseEdit how, Answer answer) {
    switch (how) {
        case sim::LeaseEdit::clear_holder:
            return patch(R"({"spec":{"holderIdentity":""}})", std::move(answer), false);
        case sim::LeaseEdit::steal_holder:
            return patch(R"({"spec":{"holderIdentity":"operator"}})", std::move(answer), false);
        case sim::LeaseEdit::shorten_duration:
            return patch(R"({"spec":{"leaseDurationSeconds":1}})", std::move(answer), false);
        case sim::LeaseEdit::label:
            return label(std::move(answer));
        case sim::LeaseEdit::replay_release:
        case sim::LeaseEdit::recreate_empty:
        case sim::LeaseEdit::renew_holder:
        case sim::LeaseEdit::lengthen_duration:
            break;  // to a server a request like any other, which clients send already
    }
    answer(plain(0));
}

/// One letter more: what is there must be read first, and not have changed when it is written.
void RealLease::label(Answer answer) {
    agent::Request request;
    request.url = url() + "/" + name_.name;
    as_operator(std::move(request),
                [this, answer = std::move(answer)](const agent::Response& response) mutable {
                    const LeaseReply reply = reply_of(response, name_);
                    if (!reply.lease) return answer(plain(reply.status));
                    Json body;
                    body["metadata"]["resourceVersion"] =
                        std::to_string(reply.lease->version.value());
                    body["metadata"]["labels"][kLabel] = label_of(reply.lease->extra) + "e";
                    patch(body.dump(), std::move(answer), true);
                });
}

LeaseAnswer RealLease::open(const LeaseCall& call) {
    Client& client = client_of(call.client);
    client.watch = Watch{WatchId(++watches_), call.version, {}};
    client.client->watch(WatchLease{client.watch->id, call.version});
    if (call.version == Version()) wait_open(*client.watch);
    return plain(200);
}

void RealLease::wait_open(const Watch& watch) {
    for (int i = 0; i < kRequestsToOpen; ++i) {
        bool answered = false;
        agent::Request request;
        request.url = url() + "/" + name_.name;
        request.fresh_connection = true;
        as_operator(std::move(request), [&answered](const agent::Response&) { answered = true; });
        run_until([&] { return answered; }, 2 * kTimeout);
    }
    run_until([&] { return !watch.events.empty(); }, kOpens);
}

LeaseAnswer RealLease::collect(const LeaseCall& call) {
    Client& client = client_of(call.client);
    if (!client.watch) return plain(0);
    LeaseAnswer answer = plain(200);
    const auto told_all = [&] {
        const auto& events = client.watch->events;
        return !events.empty() &&
               (events.back().kind == WatchKind::ended || events.back().version >= call.version);
    };
    if (call.version > client.watch->from) {
        answer.silent = !run_until(told_all, kTimeout);
        for (const LeaseEvent& event : client.watch->events)
            if (event.version <= call.version) answer.events.push_back(event);
    }
    client.client->stop(StopWatch{client.watch->id});
    client.watch.reset();
    return answer;
}

std::string RealLease::label_of(const std::string& extra) const {
    const Json value = extra.empty() ? Json::object() : Json::parse(extra);
    return value.value(Json::json_pointer("/metadata/labels/" + std::string(kLabel)),
                       std::string());
}

std::string RealLease::with_label(const std::string& extra, const std::string& label) const {
    Json value = extra.empty() ? Json::object() : Json::parse(extra);
    if (label.empty()) {
        if (value.contains("metadata")) value["metadata"].erase("labels");
    } else {
        value["metadata"]["labels"][kLabel] = label;
    }
    return value.dump();
}

}  // namespace leasehold::conformance
