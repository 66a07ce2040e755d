// Pure rules over one Lease record, without any state of the elector.
#pragma once

#include <cstdint>
#include <string>

#include "model/base/time.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold {

/// Are these the same record? (uid, holder, times, duration, transitions, nonce): what a renewal
/// changes. Other metadata may differ; an edit of it neither renews nor ends a leadership.
[[nodiscard]] bool same_record(const Lease& a, const Lease& b);

/// The mark of the release that `record`, of the Lease `uid`, is: a fingerprint of the Lease's
/// uid, the acquisition that ends, the release's renewTime and transitions. Never 0. The same in
/// every version of this program: it is compared over the wire.
[[nodiscard]] std::uint64_t release_mark(const std::string& uid, const LeaseRecord& record);

/// The mark that ties `record.container` to this very record of the Lease `uid`: a fingerprint of
/// both. Never 0. The same in every version of this program.
[[nodiscard]] std::uint64_t container_mark(const std::string& uid, const LeaseRecord& record);

/// The container of the record's holder, if its writer named it; null otherwise, as in a record of
/// a foreign elector, which keeps the annotations of whom it took the Lease from.
[[nodiscard]] const Container* holder_container(const Lease& lease);

/// The wire's int32 of seconds; a negative one never gets past a server, and would be no wait.
[[nodiscard]] constexpr Duration seconds_on_wire(std::int32_t count) {
    return std::chrono::seconds(count < 0 ? 0 : count);
}

/// `span` * `millionths` / 1,000,000, rounded down, or up with `up`. By whole millions and the rest
/// it is exact and leaves no 64 bits. `span` >= 0, `millionths` in [0, 1000000].
[[nodiscard]] constexpr Duration share_of(Duration span, std::int64_t millionths, bool up) {
    const Duration::rep whole = span.count() / 1'000'000;
    const Duration::rep rest = span.count() % 1'000'000;
    return Duration(whole * millionths + (rest * millionths + (up ? 999'999 : 0)) / 1'000'000);
}

/// `span` * (1 + drift), rounded up: a wait on a slow clock that still covers `span` on a fast one.
/// `span` >= 0 and below 150 years, `drift_ppm` in [0, 100000].
[[nodiscard]] Duration stretched(Duration span, std::int64_t drift_ppm);

/// Shows what matters of a Lease (StateVisitor). Of its mark: does it name this very release?
template <class Visitor>
void visit_lease(Visitor& visitor, const Lease& lease) {
    const LeaseRecord& record = lease.record;
    visitor.version(lease.version);
    visitor.name(lease.uid);
    visitor.name(lease.extra);
    visitor.name(record.holder);
    visitor.value(record.duration_seconds);
    visitor.value(record.transitions);
    visitor.value((record.acquire_time ? 1 : 0) + (record.renew_time ? 2 : 0));
    visitor.name(record.nonce);
    visitor.name(record.acquisition);
    // Their times are asked about together with them alone.
    if (record.renew_time) visitor.name(record.nonce, *record.renew_time);
    if (record.acquire_time) visitor.name(record.acquisition, *record.acquire_time);
    visitor.name(record.released);
    if (record.released != 0) visitor.value(record.released == release_mark(lease.uid, record));
    visitor.value(record.max_lease_seconds);
    // Whoever did not write it proves nothing by it.
    const Container* container = holder_container(lease);
    visitor.name(container ? container->id : std::string());
}

}  // namespace leasehold
