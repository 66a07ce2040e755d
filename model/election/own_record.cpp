#include "model/election/own_record.hpp"

#include <algorithm>
#include <chrono>

namespace leasehold::election {

namespace {

/// Own writes remembered. Forgetting one is safe: its record then counts as foreign.
constexpr std::size_t kWritesKept = 8;

}  // namespace

// The present record is kept whatever comes: without it a leader would take its own Lease for a
// foreign one.
void OwnRecord::sent(const OwnWrite& write, std::uint64_t present) {
    if (writes_.size() == kWritesKept)
        writes_.erase(std::ranges::find_if(
            writes_, [&](const OwnWrite& old) { return old.nonce != present; }));
    writes_.push_back(write);
    newest_ = Newest::settled;
}

// The write stays in the list: something in between may have sent it twice.
void OwnRecord::refused(Version at) {
    newest_ = Newest::refused;
    refused_at_ = at;
}

// A watch may have shown it already; then the answer is odd, and the record is ours all the same.
void OwnRecord::not_applied(std::uint64_t nonce, std::uint64_t present) {
    if (nonce == present) return;
    std::erase_if(writes_, [&](const OwnWrite& write) { return write.nonce == nonce; });
}

// A look settles an unknown outcome: what it doesn't show was not applied, or will meet a conflict
// with what is written next. It doesn't explain a refusal: the version that was refused may still
// be there, and trying again at once would go on at wire speed.
void OwnRecord::looked() {
    newest_ = newest_ == Newest::refused || newest_ == Newest::unexplained ? Newest::unexplained
                                                                           : Newest::settled;
}

bool OwnRecord::explained_by(Version shown, std::uint64_t nonce) {
    const bool open = newest_ == Newest::refused || newest_ == Newest::unexplained;
    if (!open || shown <= refused_at_) return false;
    newest_ = Newest::settled;
    // The refused write itself may be there: something in between sent it twice, and told of the
    // second time. It has counted, and the next has its own time: at once, it would be told the
    // same, as fast as the server answers.
    return writes_.empty() || writes_.back().nonce != nonce;
}

// A stopping follower must not leave a Lease behind that nobody holds. A creation is no case of it:
// released, it would be taken before its wait is over.
bool OwnRecord::may_have_taken() const {
    return newest_ == Newest::unknown &&
           std::ranges::any_of(writes_, [](const OwnWrite& write) { return !write.posted(); });
}

const OwnWrite* OwnRecord::made(const LeaseRecord& record) const {
    // The nonce goes first: of nearly every record it settles the question, without its text.
    for (const OwnWrite& write : writes_)
        if (write.nonce == record.nonce && write.renew_time == record.renew_time &&
            write.standing != Standing::release && record.holder == identity_)
            return &write;
    return nullptr;
}

// Proof is the conditional PUT: it was sent when the record before it was free, and it was applied
// to that record and no other (clause 3).
Claim OwnRecord::claim(const LeaseRecord& record) const {
    const OwnWrite* write = made(record);
    if (!write) return Claim::none;
    const bool proven = write->standing == Standing::opens || write->standing == Standing::ours;
    return proven ? Claim::proven : Claim::unproven;
}

bool OwnRecord::released(const LeaseRecord& record) const {
    return record.holder.empty() && std::ranges::any_of(writes_, [&](const OwnWrite& write) {
               return write.standing == Standing::release && write.nonce == record.nonce &&
                      write.renew_time == record.renew_time;
           });
}

// A renewal or a GET may be in flight when the gate closes, and be answered after a release has
// let another in. What is found to be ours later is taken by a new conditional PUT, as a new term,
// or released.
void OwnRecord::close() {
    for (OwnWrite& write : writes_) {
        if (write.standing == Standing::opens) write.standing = Standing::ours;
        if (write.standing == Standing::extends) write.standing = Standing::created;
    }
}

// The answer came when its validity had passed already. The record is ours all the same.
void OwnRecord::outlived(std::uint64_t nonce) {
    if (OwnWrite* write = find(nonce)) write->standing = Standing::ours;
}

// It extended a gate that was open when it was sent, and with an open gate nobody else leads.
void OwnRecord::proved(std::uint64_t nonce) {
    if (OwnWrite* write = find(nonce)) write->standing = Standing::opens;
}

void OwnRecord::lease_missing() {
    std::erase_if(writes_, [](const OwnWrite& write) { return !write.posted(); });
}

// A PUT whose precondition is older than what is known can't be applied any more. A POST can, as
// soon as the Lease is deleted again.
void OwnRecord::prune(std::uint64_t present, Version known) {
    if (writes_.empty()) return;
    std::erase_if(writes_, [&](const OwnWrite& write) {
        return write.nonce != present && !write.posted() && write.precondition < known;
    });
}

// With an equal renewTime, and annotations of old that a foreign elector left, a PUT could write
// nothing and still be answered 200.
WallTime OwnRecord::next_renew_time(WallTime wall, Duration step) {
    WallTime at = std::chrono::floor<std::chrono::microseconds>(wall);
    if (last_renew_time_) at = std::max(at, *last_renew_time_ + step);
    last_renew_time_ = at;
    return at;
}

OwnWrite* OwnRecord::find(std::uint64_t nonce) {
    const auto found = std::ranges::find(writes_, nonce, &OwnWrite::nonce);
    return found == writes_.end() ? nullptr : &*found;
}

}  // namespace leasehold::election
