#include "tests/conformance/lease_domain.hpp"

#include <array>
#include <memory>
#include <string_view>

#include "tests/conformance/lease_text.hpp"

namespace leasehold::conformance {
namespace {

using namespace std::chrono_literals;

// Whole microseconds with all six digits of the fraction.
WallTime time_of(std::uint32_t step) {
    return WallTime(std::chrono::seconds(1'700'000'000) + step * 1'000'001us);
}

void apply(LeaseContent content, const LeaseOp& op, LeaseRecord& record) {
    const std::uint64_t nonce = 1000 + op.client * 100 + op.step;
    switch (content) {
        case LeaseContent::renew:
            record.renew_time = time_of(op.step);
            record.nonce = nonce;
            break;
        case LeaseContent::take:
            record = LeaseRecord{"client-" + std::to_string(op.client),
                                 15,
                                 record.transitions + 1,
                                 time_of(op.step),
                                 time_of(op.step),
                                 nonce,
                                 nonce,
                                 0,
                                 0};
            break;
        case LeaseContent::release:
            record.holder.clear();
            record.duration_seconds = 1;
            record.nonce = nonce;
            record.released = record.acquisition;
            break;
        case LeaseContent::bare:
            record.nonce = record.acquisition = record.released = 0;
            record.max_lease_seconds = 0;
            record.container = {};
            record.container_mark = 0;
            break;
        case LeaseContent::bounded:
            record.max_lease_seconds = 30;
            break;
        case LeaseContent::housed:
            record.container = {"agent-" + std::to_string(op.client), "pod-uid",
                                "containerd://" + std::to_string(nonce)};
            record.container_mark = nonce;
            break;
        case LeaseContent::nanoseconds:
            record.renew_time = time_of(op.step) + 500ns;
            break;
        case LeaseContent::untimed:
            record.acquire_time.reset();
            record.renew_time.reset();
            break;
        case LeaseContent::zero_duration:
            record.duration_seconds = 0;
            break;
        case LeaseContent::negative_duration:
            record.duration_seconds = -1;
            break;
        case LeaseContent::negative_transitions:
            record.transitions = -1;
            break;
        case LeaseContent::same:
        case LeaseContent::labelled:
        case LeaseContent::unlabelled:
            break;
    }
}

Version version_of(VersionFrom from, const LeaseDomain::Seen& seen) {
    const Version last = seen.last ? seen.last->version : Version{};
    switch (from) {
        case VersionFrom::seen:
            return last;
        case VersionFrom::older:
            return seen.older ? seen.older->version : Version{};
        case VersionFrom::future:
            return Version(last.value() + 1'000'000);
        case VersionFrom::none:
            break;
    }
    return Version{};
}

std::string uid_of(UidFrom from, const LeaseDomain::Seen& seen) {
    switch (from) {
        case UidFrom::seen:
            return seen.last ? seen.last->uid : std::string();
        case UidFrom::older:
            return seen.older ? seen.older->uid : std::string();
        case UidFrom::wrong:
            return "00000000-0000-0000-0000-000000000000";
        case UidFrom::none:
            break;
    }
    return {};
}

LeasePtr body_of(const LeaseOp& op, const LeaseDomain::Seen& seen, const LeaseServer& server) {
    auto body = std::make_shared<Lease>();
    if (seen.last) {
        *body = *seen.last;
    } else {
        body->record.holder = "client-" + std::to_string(op.client);
        body->record.duration_seconds = 15;
        body->record.renew_time = time_of(op.step);
    }
    apply(op.content, op, body->record);
    if (op.content == LeaseContent::labelled)
        body->extra = server.with_label(body->extra, server.label_of(body->extra) + "c");
    if (op.content == LeaseContent::unlabelled) body->extra = server.with_label(body->extra, "");
    body->version = version_of(op.version, seen);
    body->uid = uid_of(op.uid, seen);
    return body;
}

std::optional<std::string> compare_leases(LeaseDomain::Relations& relations, const Lease& simulated,
                                          const Lease& real, const LeaseServer& server,
                                          bool misnamed = false) {
    if (!misnamed)
        if (auto why = relations.versions.relate(simulated.version, real.version))
            return "versions: " + *why;
    if (auto why = relations.uids.relate(simulated.uid, real.uid)) return "uids: " + *why;
    if (simulated.record != real.record) return "the record";
    if (simulated.extra != server.label_of(real.extra)) return "the label";
    return std::nullopt;
}

std::optional<std::string> compare_events(LeaseDomain::Relations& relations,
                                          const std::vector<LeaseEvent>& simulated,
                                          const std::vector<LeaseEvent>& real,
                                          const LeaseServer& server) {
    if (simulated.size() != real.size())
        return std::to_string(real.size()) + " events of the watch, simulated " +
               std::to_string(simulated.size());
    for (std::size_t i = 0; i < real.size(); ++i) {
        const std::string which = "event " + std::to_string(i + 1) + " of the watch: ";
        if (simulated[i].kind != real[i].kind) return which + "its kind";
        if ((simulated[i].lease == nullptr) != (real[i].lease == nullptr))
            return which + "with and without an object";
        if (real[i].lease) {
            if (auto why = compare_leases(relations, *simulated[i].lease, *real[i].lease, server))
                return which + *why;
        } else if (real[i].kind == WatchKind::deleted) {
            if (auto why = relations.versions.relate(simulated[i].version, real[i].version))
                return which + "versions: " + *why;
        }
    }
    return std::nullopt;
}

}  // namespace

LeaseCall LeaseDomain::build(const LeaseOp& op, const Memory& memory,
                             const LeaseServer& server) const {
    const auto found = memory.seen.find(op.client);
    const Seen seen = found == memory.seen.end() ? Seen{} : found->second;
    LeaseCall call;
    call.client = op.client;
    call.act = op.act;
    call.edit = op.edit;
    if (op.act == LeaseAct::create || op.act == LeaseAct::update)
        call.body = body_of(op, seen, server);
    if (op.act == LeaseAct::watch) call.version = version_of(op.version, seen);
    if (op.act == LeaseAct::collect) call.version = version_of(VersionFrom::seen, seen);
    return call;
}

void LeaseDomain::learn(Memory& memory, const Round<LeaseOp>& round,
                        const std::vector<LeaseCall>& /*calls*/,
                        const std::vector<LeaseAnswer>& answers) const {
    for (std::size_t i = 0; i < round.size(); ++i)
        if (round[i].act == LeaseAct::remove && answers[i].reply.status == 200)
            memory.deleted = true;
    for (std::size_t i = 0; i < round.size(); ++i) {
        const LeaseReply& reply = answers[i].reply;
        if (!reply.lease) continue;
        // It may carry a version that is not the Lease's: nobody goes on from there, on either
        // side.
        const bool misnamed =
            profile == sim::ApiProfile::kine && memory.deleted && reply.status == 201;
        if (misnamed) continue;
        Seen& seen = memory.seen[round[i].client];
        if (seen.last && seen.last->version != reply.lease->version) seen.older = seen.last;
        seen.last = reply.lease;
    }
}

std::optional<std::string> LeaseDomain::compare(Relations& relations, const LeaseAnswer& simulated,
                                                const LeaseAnswer& real,
                                                const LeaseServer& server) const {
    const LeaseReply& said = real.reply;
    const LeaseReply& modelled = simulated.reply;
    if (said.status != modelled.status) return "the status";
    if (said.reason != modelled.reason) return "the reason";
    if (said.about_lease != modelled.about_lease) return "whether it is about the Lease";
    if (said.not_sent != modelled.not_sent) return "whether it was sent";
    if (said.retry_after != modelled.retry_after) return "Retry-After";
    if ((said.lease == nullptr) != (modelled.lease == nullptr)) return "with and without an object";
    if (said.lease)
        if (auto why =
                compare_leases(relations, *modelled.lease, *said.lease, server, simulated.misnamed))
            return why;
    if (real.silent) return "the watch was silent";
    return compare_events(relations, simulated.events, real.events, server);
}

std::string LeaseDomain::fingerprint(const SimLease& server, const Relations& relations) const {
    std::string print = std::to_string(server.course());
    if (const LeasePtr& lease = server.lease()) {
        const auto version = relations.versions.real_of(lease->version);
        print += "/" + (version ? std::to_string(version->value()) : "?");
        print += "/" + relations.uids.real_of(lease->uid).value_or("?");
    }
    return print;
}

std::string LeaseDomain::text(const LeaseOp& op) const {
    constexpr std::array<std::string_view, 7> kActs{
        "GET", "POST", "PUT", "operator DELETE", "operator edit", "watch", "collect"};
    constexpr std::array<std::string_view, 14> kContents{"as seen",
                                                         "renewed",
                                                         "taken",
                                                         "released",
                                                         "without annotations",
                                                         "with a bound",
                                                         "with a container",
                                                         "with nanoseconds",
                                                         "without times",
                                                         "labelled",
                                                         "unlabelled",
                                                         "duration 0",
                                                         "duration -1",
                                                         "transitions -1"};
    constexpr std::array<std::string_view, 4> kVersions{"seen", "older", "future", "none"};
    constexpr std::array<std::string_view, 4> kUids{"seen", "older", "wrong", "none"};
    constexpr std::array<std::string_view, 4> kEdits{"clears the holder", "steals it", "labels",
                                                     "shortens the duration"};
    const auto pick = [](const auto& names, auto value) {
        return std::string(names.at(static_cast<std::size_t>(value)));
    };
    std::string text = "client " + std::to_string(op.client) + ": " + pick(kActs, op.act);
    if (op.act == LeaseAct::create || op.act == LeaseAct::update)
        text += " " + pick(kContents, op.content) + " (" + std::to_string(op.step) + "), version " +
                pick(kVersions, op.version) + ", uid " + pick(kUids, op.uid);
    if (op.act == LeaseAct::watch) text += " from version " + pick(kVersions, op.version);
    if (op.act == LeaseAct::edit) text += ": " + pick(kEdits, op.edit);
    return text;
}

std::string LeaseDomain::text(const LeaseAnswer& answer, const LeaseServer& server) const {
    return answer_text(answer, server);
}

std::vector<LeaseOp> LeaseDomain::simpler(const LeaseOp& op) const {
    std::vector<LeaseOp> plainer;
    const auto with = [&](auto&& change) {
        LeaseOp other = op;
        change(other);
        plainer.push_back(other);
    };
    if (op.client != 0) with([](LeaseOp& o) { o.client = 0; });
    if (op.content != LeaseContent::renew && op.content != LeaseContent::same)
        with([](LeaseOp& o) { o.content = LeaseContent::renew; });
    if (op.version != VersionFrom::seen) with([](LeaseOp& o) { o.version = VersionFrom::seen; });
    if (op.uid != UidFrom::seen) with([](LeaseOp& o) { o.uid = UidFrom::seen; });
    if (op.step > 1) with([](LeaseOp& o) { o.step = 1; });
    return plainer;
}

}  // namespace leasehold::conformance
