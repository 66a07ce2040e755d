// Parts: what stands behind Checkers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "model/check/bucket_rules.hpp"
#include "model/check/calls.hpp"
#include "model/check/check.hpp"
#include "model/check/claims.hpp"
#include "model/check/contents.hpp"
#include "model/check/converge.hpp"
#include "model/check/copies.hpp"
#include "model/check/facts.hpp"
#include "model/check/floors.hpp"
#include "model/check/freshness.hpp"
#include "model/check/gates.hpp"
#include "model/check/goes_on.hpp"
#include "model/check/index_rules.hpp"
#include "model/check/keeping.hpp"
#include "model/check/lease_rules.hpp"
#include "model/check/lineage.hpp"
#include "model/check/mark_rules.hpp"
#include "model/check/progress.hpp"
#include "model/check/rates.hpp"
#include "model/check/requests.hpp"
#include "model/check/served.hpp"
#include "model/check/stable.hpp"
#include "model/check/status_rules.hpp"
#include "model/check/twin.hpp"
#include "model/check/waits.hpp"
#include "model/check/writes.hpp"

namespace leasehold::check {

struct Checkers::Parts {
    explicit Parts(const Settings& settings)
        : facts(settings),
          gates(facts),
          lease(facts),
          progress(facts, gates, lease),
          bucket(facts),
          requests(facts),
          calls(facts),
          freshness(facts),
          writes(facts),
          goes_on(facts, writes),
          contents(facts),
          lineage(facts, contents),
          copies(facts, contents, floors),
          served(facts, contents, floors, copies),
          keeping(facts, copies, contents),
          waits(facts, calls, copies, contents),
          stable(facts, writes),
          converge(facts, writes, contents, copies),
          index_rules(facts, contents, floors, copies),
          status_rules(facts, calls, requests, writes, bucket),
          mark_rules(facts, calls),
          claims(facts),
          rates(facts),
          twin(facts, contents, requests) {}

    void step(const ReplicaStepped& step);
    void event(const ReplicaStepped& step, ReplicaFacts& self);
    void effect(const ReplicaStepped& step, ReplicaFacts& self, std::size_t position);
    void answered(const ReplicaStepped& step, const ReplicaFacts& self,
                  const BucketAnswered& answer);
    void after(const ReplicaStepped& step, const ReplicaFacts& self, bool sends);
    void lease_shown(const ReplicaStepped& step, const ReplicaFacts& self);
    void gate_moved(const ReplicaStepped& step, ReplicaFacts& self, const GateMoved& gate);
    void role_changed(const ReplicaStepped& step, ReplicaFacts& self, const RoleChanged& role,
                      std::size_t position);
    void process_started(const ProcessStarted& record);
    void process_ended(const ProcessEnded& record);
    void fault(const FaultTookEffect& record);
    void changed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void read_done(const ReplicaStepped& step, ReplicaFacts& self, const ReadDone& done);
    void query_done(const ReplicaStepped& step, ReplicaFacts& self, const QueryDone& done);
    void write_done(const ReplicaStepped& step, ReplicaFacts& self, const WriteDone& done);
    void paused(const FaultTookEffect& record, ReplicaIndex index);
    void resumed(TrueTime at, std::uint64_t number, ReplicaIndex index, Instant now);
    void request_left(const RequestLeft& record);
    [[nodiscard]] Verdict verdict(Id id) const;
    [[nodiscard]] std::string_view absent(Id id, Status& status) const;
    [[nodiscard]] bool applies(Id id) const;

    /// How often each fault that makes a replica stand still has begun and not ended there.
    std::map<std::pair<ReplicaIndex, std::uint32_t>, std::uint32_t> halts;
    Facts facts;
    Gates gates;
    LeaseRules lease;
    Progress progress;
    BucketRules bucket;
    Requests requests;
    Calls calls;
    Freshness freshness;
    Writes writes;
    GoesOn goes_on;
    Contents contents;
    Lineage lineage;
    Floors floors;
    Copies copies;
    Served served;
    Keeping keeping;
    Waits waits;
    Stable stable;
    Converge converge;
    IndexRules index_rules;
    StatusRules status_rules;
    MarkRules mark_rules;
    Claims claims;
    Rates rates;
    Twin twin;
};

}  // namespace leasehold::check
