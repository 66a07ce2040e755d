#include "model/check/lease_rules.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace leasehold::check {

namespace {

bool same_write(const LeaseRecord& a, const LeaseRecord& b) {
    return a.nonce == b.nonce && a.renew_time == b.renew_time && a.holder == b.holder;
}

}  // namespace

/// The annotation is ours alone, and above longestLease it is taken for damage.
void LeaseRules::waited_for(const LeaseRecord& record) {
    const Duration most = facts_.settings.election.longest_lease;
    const auto believed = std::chrono::duration_cast<std::chrono::seconds>(most).count();
    const std::int64_t annotated = std::min<std::int64_t>(record.max_lease_seconds, believed);
    longest_ = std::max({longest_, record.duration_seconds, static_cast<std::int32_t>(annotated)});
}

void LeaseRules::committed(const LeaseCommitted& record) {
    if (record.after) waited_for(record.after->record);
    if (record.restored) taken_version_ = Term{};
    const bool by_outsider = record.writer == kNobody && record.before && record.after &&
                             !record.after->record.holder.empty() &&
                             record.after->record.holder != record.before->record.holder;
    outsiders_ = by_outsider ? record.after->version : Version{};
    outsiders_number_ = record.number;
    if (record.writer == kNobody || record.restored) {
        outsider_wrote(record, by_outsider);
        if (!record.after || record.restored) {
            written_ = nullptr;
            writer_ = kNobody;
        }
        // Whoever edits an older record leaves it one of unknown writers.
        restored_ = record.restored || (restored_ && record.before && record.after);
        return;
    }
    if (record.before && record.after) {
        if (takes(record.before->record, record.after->record))
            taken(record);
        else
            changed(record);
    }
    outsider_leads_ = false;
    if (record.after) {
        LeaseRecord& newest = leads_[record.writer];
        if (newest.renew_time <= record.after->record.renew_time) newest = record.after->record;
    }
    written_ = record.after;
    writer_ = record.writer;
    written_number_ = record.number;
    restored_ = false;
}

/// Of a holder that is no replica only its records are known: it may lead for as long as the
/// newest of them says. Who empties the record is not known, so that ends nothing.
void LeaseRules::outsider_wrote(const LeaseCommitted& record, bool takes) {
    if (record.restored) {
        outsider_leads_ = false;
        return;
    }
    if (!record.after || record.after->record.holder.empty()) return;
    const LeaseRecord& after = record.after->record;
    const bool renews = outsider_leads_ && record.before && after.holder == outsider_ &&
                        after.renew_time != record.before->record.renew_time;
    if (!takes && !renews) return;
    outsider_leads_ = true;
    outsider_ = after.holder;
    // A longer lease than any may be is damage, and waited for as the longest.
    outsider_until_ =
        record.at + std::min<Duration>(std::chrono::seconds(std::max(0, after.duration_seconds)),
                                       facts_.settings.election.longest_lease);
    outsider_number_ = record.number;
}

bool LeaseRules::too_early_for_outsider(const LeaseCommitted& record) const {
    // A group with client-go electors believes an empty holder: it is how they release.
    if (facts_.settings.election.client_go_peers && record.before->record.holder.empty())
        return false;
    // A recorder may have seen the record later than the taker did.
    const Duration slack = facts_.settings.timer_grace + facts_.settings.api_round_trip;
    return record.at + slack < outsider_until_;
}

void LeaseRules::taken(const LeaseCommitted& record) {
    facts_.checked(Id::taken_only_when_free);
    if (too_early_for_outsider(record) && facts_.fresh(Id::taken_only_when_free))
        facts_.violate(Id::taken_only_when_free, record.at,
                       facts_.name(record.writer) + " took the Lease at " + words(record.at) +
                           " while '" + outsider_ + "' may lead by its record until " +
                           words(outsider_until_),
                       {outsider_number_, record.number});
    outsider_until_ = TrueTime::min();
    counted(record);
    taken_version_ = Term{record.after->version.value()};
    taker_ = record.writer;
    taken_at_ = record.at;
    taken_number_ = record.number;
    if (!facts_.fresh(Id::taken_only_when_free)) return;
    // A release closes the gate first and an ended process has none, so one question covers every
    // way of being free: is somebody else's validity still running?
    for (std::size_t i = 0; i < facts_.replicas.size(); ++i) {
        const ReplicaFacts& other = facts_.replicas[i];
        if (i == record.writer || !other.elects || !other.gate_open(record.at)) continue;
        facts_.violate(Id::taken_only_when_free, record.at,
                       facts_.name(record.writer) + " took the Lease at " + words(record.at) +
                           " while " + other.name + "'s write gate was open until " +
                           words(other.gate_end()),
                       {other.gate.number, written_number_, record.number});
        return;
    }
}

void LeaseRules::outlived(const ReplicaStepped& step, const GateMoved& gate) {
    if (step.replica == taker_ || !facts_.fresh(Id::taken_only_when_free)) return;
    const ReplicaFacts& self = facts_.replicas[step.replica];
    if (!self.elects) return;
    facts_.violate(Id::taken_only_when_free, taken_at_,
                   facts_.name(taker_) + " took the Lease at " + words(taken_at_) + ", yet " +
                       self.name + "'s write gate of the older term " +
                       std::to_string(gate.term.value()) + " was open at " + words(step.at) +
                       " until " + words(self.gate_end()),
                   {taken_number_, step.number});
}

void LeaseRules::shown(const ReplicaStepped& step, const ReplicaFacts& self, const Lease& lease) {
    if (lease.version != outsiders_ || !self.elects || !self.gate_open(step.at)) return;
    if (!facts_.fresh(Id::at_most_one)) return;
    facts_.violate(Id::at_most_one, step.at,
                   self.name + " was shown at " + words(step.at) + " that '" + lease.record.holder +
                       "' holds the Lease, and kept its write gate open until " +
                       words(self.gate_end()),
                   {outsiders_number_, step.number});
}

bool LeaseRules::owns(const LeaseCommitted& record) const {
    if (writer_ != record.writer || !written_) return false;
    return written_ == record.before || same_write(written_->record, record.before->record);
}

/// A takeover leaves what others put there, and counts a change of holder.
void LeaseRules::counted(const LeaseCommitted& record) {
    const Lease& before = *record.before;
    const Lease& after = *record.after;
    if (restored_ || !facts_.fresh(Id::changed_only_by_holder)) return;
    const bool changes = before.record.holder != after.record.holder;
    // A leadership that goes on over what its process had sent earlier, and what landed late.
    const auto led = leads_.find(record.writer);
    if (!changes && led != leads_.end() && led->second.acquisition == after.record.acquisition &&
        led->second.transitions == after.record.transitions && before.uid == after.uid &&
        before.extra == after.extra)
        return;
    const std::int64_t wanted =
        std::int64_t{std::max(0, before.record.transitions)} + (changes ? 1 : 0);
    const bool counts =
        after.record.transitions == wanted || wanted > std::numeric_limits<std::int32_t>::max();
    if (before.extra == after.extra && before.uid == after.uid && counts) return;
    facts_.violate(
        Id::changed_only_by_holder, record.at,
        facts_.name(record.writer) + " took the Lease at " + words(record.at) +
            (counts ? " and changed its uid, or labels, annotations or fields of others"
                    : " with leaseTransitions " + std::to_string(after.record.transitions) +
                          " after " + std::to_string(before.record.transitions)),
        {written_number_, record.number});
}

/// What a renewal or release of the own record leaves as it was.
void LeaseRules::kept(const LeaseCommitted& record) {
    const Lease& before = *record.before;
    const Lease& after = *record.after;
    const char* lost = nullptr;
    if (before.uid != after.uid) lost = "its uid";
    if (before.extra != after.extra) lost = "labels, annotations or fields of others";
    // Where somebody edited these, the holder may write its own back.
    const LeaseRecord& own = written_->record;
    if (after.record.transitions != before.record.transitions &&
        after.record.transitions != own.transitions)
        lost = "leaseTransitions";
    if (after.record.acquire_time != before.record.acquire_time &&
        after.record.acquire_time != own.acquire_time)
        lost = "acquireTime";
    // Equal ones could make a PUT that changes nothing, and is answered 200 all the same.
    if (after.record.nonce != 0 && after.record.renew_time <= own.renew_time)
        lost = "renewTime, and not to a later one,";
    if (lost == nullptr || !facts_.fresh(Id::changed_only_by_holder)) return;
    facts_.violate(Id::changed_only_by_holder, record.at,
                   facts_.name(record.writer) + " changed " + lost + " of the Lease at " +
                       words(record.at) + ", which it only " +
                       (after.record.holder.empty() ? "released" : "renewed"),
                   {written_number_, record.number});
}

void LeaseRules::changed(const LeaseCommitted& record) {
    if (restored_) return;  // whose write the older record was is not known any more
    facts_.checked(Id::changed_only_by_holder);
    if (owns(record)) kept(record);
    if (owns(record) || !facts_.fresh(Id::changed_only_by_holder)) return;
    const LeaseRecord& before = record.before->record;
    const bool releases = record.after->record.holder.empty();
    const std::string owner = written_ && same_write(written_->record, before)
                                  ? "written by " + facts_.name(writer_)
                                  : "written by nobody that the history knows";
    facts_.violate(Id::changed_only_by_holder, record.at,
                   facts_.name(record.writer) + (releases ? " released" : " renewed") +
                       " the Lease at " + words(record.at) + ", whose record (holder '" +
                       before.holder + "') was not its own but " + owner,
                   {written_number_, record.number});
}

}  // namespace leasehold::check
