#include "model/check/freshness.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace leasehold::check {

namespace {

/// Commits of one key that are kept to tell how far a follower has come. Only one that lags
/// behind by more of them within its bound would be missed.
constexpr std::size_t kCommitsKept = 256;

}  // namespace

Freshness::Freshness(Facts& facts)
    : facts_(facts),
      applies_(facts.settings.elects && facts.settings.stores && facts.settings.storage.ha &&
               facts.settings.storage.file_store && facts.settings.replicas > 1),
      period_(facts.settings.storage.poll_period +
              Duration(facts.settings.storage.poll_period.count() / 1'000'000 *
                       (2 * facts.settings.election.drift_ppm))) {}

bool Freshness::tracked(const ObjectKey& key) const {
    return !key.view().starts_with(".ha/") &&
           key.view().starts_with(facts_.settings.storage.prefix.view());
}

Freshness::Copy& Freshness::copy(Key& key, ReplicaIndex index) {
    return part_of(key.copies, index);
}

Duration Freshness::bound(const Station& station, TrueTime at) const {
    const TrueTime last = station.outstanding > 0 ? at : station.pass_last;
    Duration pass = std::max(Duration(0), last - station.pass_began);
    for (const Duration earlier : station.passes)
        pass = std::max(pass, earlier);
    const Duration poll = facts_.settings.storage.poll_period;
    const auto periods = std::max<std::int64_t>(1, (pass + poll - Duration(1)) / poll);
    // A key has one GET at a time, and behind a query's own each fetch waits once, while no request
    // of the pass need be under way.
    const auto waits = static_cast<std::int64_t>(std::min(station.looks, keys_.size()));
    const Duration behind_looks = waits * facts_.settings.storage.read_through_timeout;
    return periods * period_ + pass + behind_looks + facts_.settings.transfer +
           facts_.settings.timer_grace;
}

bool Freshness::fits(const ReplicaFacts& replica) const {
    const std::int64_t limit = facts_.settings.election.drift_ppm * 1000;
    return replica.running && replica.elects && !replica.paused && !replica.stopping &&
           replica.bucket_healthy && replica.role == Role::follower &&
           replica.clock.rate_ppb <= limit && replica.clock.rate_ppb >= -limit;
}

void Freshness::committed(const ObjectCommitted& record) {
    if (!applies_) return;
    if (!tracked(record.key)) return;
    Key& key = keys_[record.key];
    const std::uint64_t sequence = key.next++;
    const auto version = std::pair(record.stamp.epoch, record.stamp.write_id);
    const bool went_back = version < std::pair(key.epoch, key.write_id);
    if (!went_back) std::tie(key.epoch, key.write_id) = version;
    if (record.writer == kNobody || record.etag.empty() || record.stamp.tombstone || went_back) {
        key.commits.clear();
        return;
    }
    if (key.commits.size() == kCommitsKept) key.commits.pop_front();
    key.commits.push_back(Commit{sequence, record.etag, record.at, record.number});
    for (Copy& own : key.copies)
        if (own.etag == record.etag && !own.dirty) own.seen = sequence;
    for (std::size_t i = 0; i < stations_.size(); ++i) {
        const Station& own = stations_[i];
        if (!own.in_window) continue;
        ++owed_;
        ReplicaFacts& replica = facts_.replicas[i];
        replica.fresh_check = std::min(replica.fresh_check, record.at + bound(own, record.at));
    }
}

const Freshness::Commit* Freshness::oldest_unseen(const Key& key, ReplicaIndex index) const {
    const std::uint64_t seen = index < key.copies.size() ? key.copies[index].seen : 0;
    for (const Commit& commit : key.commits)
        if (commit.sequence > seen) return &commit;
    return nullptr;
}

void Freshness::shown(const ReplicaFacts& self, ReplicaIndex index, const ObjectKey& key_name,
                      const ETag& etag) {
    if (etag.empty()) return;
    const auto found = keys_.find(key_name);
    if (found == keys_.end()) return;
    Key& key = found->second;
    const auto commit = std::find_if(key.commits.rbegin(), key.commits.rend(),
                                     [&etag](const Commit& one) { return one.etag == etag; });
    if (commit == key.commits.rend()) return;
    const std::uint64_t sequence = commit->sequence;
    Copy& own = copy(key, index);
    if (sequence <= own.seen) return;
    own.seen = sequence;
    if (self.role == Role::follower && station(index).in_window) facts_.checked(Id::freshness);
    // What everybody has shown need not be kept; a replica that is down is met by the cap.
    if (key.copies.size() < facts_.replicas.size()) return;
    std::uint64_t least = sequence;
    for (const Copy& other : key.copies)
        least = std::min(least, other.seen);
    while (key.commits.size() > 1 && key.commits.front().sequence <= least)
        key.commits.pop_front();
}

void Freshness::note_file(ReplicaIndex index, const ObjectKey& key, const FileTag& tag) {
    if (!tracked(key)) return;
    Copy& own = copy(keys_[key], index);
    own.etag = tag.etag;
    own.dirty = tag.dirty;
}

// Most files are loaded for queries and were noted when they were stored. What was committed under
// that ETag since then, committed() took for shown.
bool Freshness::is_noted(ReplicaIndex index, const FileEntry& entry) const {
    const auto found = keys_.find(entry.key);
    if (found == keys_.end() || index >= found->second.copies.size()) return false;
    const Copy& own = found->second.copies[index];
    return !own.dirty && !entry.tag.dirty && !own.etag.empty() && own.etag == entry.tag.etag;
}

void Freshness::file_sent(const ReplicaStepped& step, const ReplicaFacts& self,
                          const SendFile& file) {
    if (!applies_) return;
    if (file.verb == FileVerb::store || file.verb == FileVerb::retag) {
        note_file(step.replica, file.key, file.tag);
        shown(self, step.replica, file.key, file.tag.etag);
    } else if (file.verb == FileVerb::remove) {
        note_file(step.replica, file.key, FileTag{});
    }
}

void Freshness::got(const ReplicaStepped& step, const ReplicaFacts& self, const ObjectKey& key,
                    const ETag& etag) {
    const auto found = keys_.find(key);
    if (found != keys_.end() && copy(found->second, step.replica).dirty)
        shown(self, step.replica, key, etag);
}

void Freshness::files_listed(const ReplicaStepped& step, const ReplicaFacts& self,
                             const FileReply& reply) {
    if (!applies_ || !reply.entries) return;
    for (const FileEntry& entry : *reply.entries) {
        if (is_noted(step.replica, entry)) continue;
        note_file(step.replica, entry.key, entry.tag);
        shown(self, step.replica, entry.key, entry.tag.etag);
    }
}

void Freshness::pass_request_sent(const ReplicaStepped& step, const SendBucket& request) {
    Station& own = station(step.replica);
    const std::uint32_t era = facts_.replicas[step.replica].era;
    const bool begins = request.verb == BucketVerb::list && request.key.empty();
    if (own.era != era || begins) {
        // A pass goes on until its GETs are answered, also beside the next one's LIST.
        const bool goes_on = own.era == era && own.outstanding > 0;
        const TrueTime ended = goes_on ? step.at : own.pass_last;
        own.passes = {ended - own.pass_began, own.passes[0], own.passes[1]};
        if (!goes_on) own.outstanding = 0;
        own.era = era;
        own.pass_began = step.at;
        own.pass_last = step.at;
        own.looks = 0;
    }
    ++own.outstanding;
}

void Freshness::pass_request_answered(TrueTime at, ReplicaIndex index) {
    Station& own = station(index);
    own.pass_last = at;
    if (own.outstanding > 0) --own.outstanding;
}

void Freshness::request_sent(const ReplicaStepped& step, RequestId request) {
    station(step.replica).flights.push_back(Sent{request, step.at});
}

void Freshness::request_answered(TrueTime at, ReplicaIndex index, RequestId request) {
    Station& own = station(index);
    const auto found =
        std::find_if(own.flights.begin(), own.flights.end(),
                     [request](const Sent& flight) { return flight.request == request; });
    if (found == own.flights.end()) return;
    // What was sent on the disturbed path may be lost: only its end gives the healthy one a
    // chance, for a key has one flight at a time and passes don't overlap.
    if (found->at <= own.start) own.start = at;
    *found = own.flights.back();
    own.flights.pop_back();
}

void Freshness::process_started(ReplicaIndex index) {
    for (auto& [name, key] : keys_)
        if (index < key.copies.size()) key.copies[index] = Copy{};
    station(index) = Station{};
}

void Freshness::changed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    if (!applies_) return;
    const bool now_fits = fits(facts_.replicas[index]);
    if (station(index).in_window == now_fits) return;
    if (!now_fits) {
        check(at, number, index);
        facts_.replicas[index].fresh_check = TrueTime::max();
        station(index).in_window = false;
        return;
    }
    Station& own = station(index);
    own.in_window = true;
    own.start = at;
    facts_.replicas[index].fresh_check = at + bound(own, at);
}

void Freshness::disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    if (!applies_ || !station(index).in_window) return;
    check(at, number, index);
    stations_[index].start = at;
}

void Freshness::check(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    const Station& own = station(index);
    ReplicaFacts& self = facts_.replicas[index];
    self.fresh_check = TrueTime::max();
    if (!own.in_window || !facts_.fresh(Id::freshness)) return;
    const Duration allowed = bound(own, at);
    const auto disturbed = [&own](const Sent& flight) { return flight.at <= own.start; };
    if (std::any_of(own.flights.begin(), own.flights.end(), disturbed)) {
        self.fresh_check = at + allowed;
        return;
    }
    for (const auto& [name, key] : keys_) {
        const Commit* commit = oldest_unseen(key, index);
        if (commit == nullptr) continue;
        const TrueTime due = std::max(commit->at, own.start) + allowed;
        if (at > due) {
            facts_.violate(Id::freshness, due,
                           self.name + " had not seen the commit of " + words(name) + " of " +
                               words(commit->at) + " at " + words(at) +
                               ", with a healthy path to the bucket since " + words(own.start) +
                               "; the bound is " + words(allowed),
                           {commit->number, number});
            return;
        }
        self.fresh_check = std::min(self.fresh_check, due);
    }
}

void Freshness::finish(TrueTime end) {
    for (std::size_t i = 0; i < stations_.size(); ++i)
        check(end, 0, static_cast<ReplicaIndex>(i));
}

}  // namespace leasehold::check
