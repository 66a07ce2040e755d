#include "model/check/lease_rules.hpp"

#include <algorithm>
#include <string>

namespace leasehold::check {

namespace {

/// A takeover names a new acquisition; everything else that a replica writes over a record renews
/// or releases it, also when it puts its own name back over another holder's. client-go echoes our
/// annotations, nonce included: there the holder alone tells.
bool takes(const LeaseRecord& before, const LeaseRecord& after) {
    if (after.holder.empty()) return false;
    if (after.acquisition != before.acquisition) return true;
    return after.holder != before.holder && after.nonce == before.nonce;
}

bool same_write(const LeaseRecord& a, const LeaseRecord& b) {
    return a.nonce == b.nonce && a.renew_time == b.renew_time && a.holder == b.holder;
}

}  // namespace

void LeaseRules::committed(const LeaseCommitted& record) {
    if (record.after) longest_ = std::max(longest_, record.after->record.duration_seconds);
    if (record.restored) taken_version_ = Term{};
    const bool by_outsider = record.writer == kNobody && record.before && record.after &&
                             !record.after->record.holder.empty() &&
                             record.after->record.holder != record.before->record.holder;
    outsiders_ = by_outsider ? record.after->version : Version{};
    outsiders_number_ = record.number;
    if (record.writer == kNobody || record.restored) {
        if (!record.after || record.restored) {
            written_ = nullptr;
            writer_ = kNobody;
        }
        restored_ = record.restored;
        return;
    }
    if (record.before && record.after) {
        if (takes(record.before->record, record.after->record))
            taken(record);
        else
            changed(record);
    }
    written_ = record.after;
    writer_ = record.writer;
    written_number_ = record.number;
    restored_ = false;
}

void LeaseRules::taken(const LeaseCommitted& record) {
    facts_.checked(Id::taken_only_when_free);
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

void LeaseRules::changed(const LeaseCommitted& record) {
    if (restored_) return;  // whose write the older record was is not known any more
    facts_.checked(Id::changed_only_by_holder);
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
