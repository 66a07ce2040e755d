#include "model/check/converge.hpp"

#include <algorithm>
#include <string>

namespace leasehold::check {

namespace {

/// The version that lay there at that instant; 0 if all are younger.
std::size_t lay_at(const KeyContents& key, TrueTime when) {
    std::size_t index = key.commits.size();
    while (index > 0 && (index == key.commits.size() || key.commits[index].at > when))
        --index;
    return index;
}

}  // namespace

bool Converge::applies() const {
    const Settings& settings = facts_.settings;
    return settings.elects && settings.stores && settings.storage.ha &&
           settings.storage.file_store && settings.replicas > 1;
}

void Converge::changed(TrueTime at, ReplicaIndex index) {
    Station& own = part_of(stations_, index);
    const bool now_able = writes_.able(facts_.replicas[index]);
    if (own.able == now_able) return;
    own = Station{now_able, at};
}

void Converge::disturbed(TrueTime at, ReplicaIndex index) {
    if (index < stations_.size()) stations_[index].since = at;
}

/// What was under way ends, then two complete passes (absence is believed when two LISTs agree)
/// over all that there is, as a replica without a single file needs it.
Duration Converge::bound() const {
    const Settings& settings = facts_.settings;
    const StorageConfig& storage = settings.storage;
    const auto mib = static_cast<std::int64_t>(settings.object_size >> 20U);
    const auto keys = static_cast<std::int64_t>(contents_.all().size());
    // A leader lacks copies too, and its reconciling holds at most two places.
    const auto at_once = static_cast<std::int64_t>(std::clamp(storage.pass_gets_max, 1U, 2U));
    const Duration get = settings.bucket_request + settings.transfer;
    return storage.get_timeout + mib * storage.timeout_per_mib + 3 * storage.poll_period +
           2 * settings.bucket_request + (keys / at_once + 2) * get;
}

void Converge::judge(TrueTime end, TrueTime then, ReplicaIndex index, const ObjectKey& name,
                     const KeyContents& key) {
    const FileTag* copy = copies_.tag(index, name);
    const bool dirty = copy != nullptr && copy->dirty;
    if (dirty && !copies_.changing(index, name) && left_behind(end, then, index, name)) {
        facts_.checked(Id::converge);
        if (!facts_.fresh(Id::converge)) return;
        facts_.violate(Id::converge, end,
                       facts_.name(index) + " leads at " + words(end) + ", since before " +
                           words(then) + ", and has not brought its file of " + words(name) +
                           " to the bucket",
                       {copies_.tagged(index, name).number});
        return;
    }
    if (dirty && !copies_.changing(index, name)) unmarked(end, then, index, name, key);
    const std::size_t first = lay_at(key, then);
    if (key.commits.empty() || key.commits[first].at > then) return;
    const Oldest from =
        unheard_of(oldest(key, then, stations_[index].since, end - then), key, end, index);
    const bool rests = copy == nullptr && copies_.rests_until(index, name) > then;
    bool good = dirty || copies_.changing(index, name) || (from.none && copy == nullptr) || rests;
    for (std::size_t i = from.index; i < key.commits.size() && !good; ++i)
        good = key.commits[i].absent ? copy == nullptr
                                     : copy != nullptr && copy->etag == key.commits[i].etag;
    facts_.checked(Id::converge);
    if (good || !facts_.fresh(Id::converge)) return;
    const Committed& commit = key.commits[first];
    const std::string state = copy == nullptr ? " has no copy of "
                              : commit.absent ? " still has a copy of "
                                              : " has an old copy of ";
    facts_.violate(Id::converge, end,
                   facts_.name(index) + state + words(name) + " at " + words(end) +
                       (commit.absent ? ", removed at " : ", committed at ") + words(commit.at) +
                       ", with healthy paths since " + words(stations_[index].since),
                   {commit.number});
}

/// Its own write is in the bucket, and its file still says that it is not: the next process would
/// take it for one that was lost, and an upload for its duty.
void Converge::unmarked(TrueTime end, TrueTime then, ReplicaIndex index, const ObjectKey& name,
                        const KeyContents& key) {
    const FileTag& tag = *copies_.tag(index, name);
    const auto stored = std::ranges::find_if(key.commits, [&](const Committed& commit) {
        return commit.writer == index && !commit.absent && tag.write_id != 0 &&
               commit.rank.write_id == tag.write_id && commit.rank.epoch == tag.epoch;
    });
    if (stored == key.commits.end() || key.acknowledged.replica != index ||
        key.acknowledged.origin != stored->origin || stored->at > then)
        return;
    facts_.checked(Id::converge);
    if (!facts_.fresh(Id::converge)) return;
    facts_.violate(Id::converge, end,
                   facts_.name(index) + " has not marked its file of " + words(name) + " at " +
                       words(end) + " as stored, which it answered Committed, stored at " +
                       words(stored->at),
                   {stored->number, key.acknowledged.number});
}

/// The version of `then`, and those after it: any of them will do. What is torn nobody can copy,
/// and only whoever leads can mend it, from a clean copy: so whatever would have done when it was
/// torn does still, and whoever had no healthy paths for long enough before that may lack a copy.
Converge::Oldest Converge::oldest(const KeyContents& key, TrueTime then, TrueTime since,
                                  Duration allowed) {
    Oldest from{lay_at(key, then), false};
    for (std::size_t i = key.commits.size(); i > from.index; --i) {
        const Committed& commit = key.commits[i - 1];
        if (!commit.torn) continue;
        const TrueTime before = commit.at - allowed;
        if (since > before || key.commits.front().at > before) return {0, true};
        from.index = std::min(from.index, lay_at(key, before));
    }
    return from;
}

/// What an earlier leader sent lands late, and no pass tells a leader of it: it looks as it begins,
/// again after the largest age of a request, and then hourly.
Converge::Oldest Converge::unheard_of(Oldest from, const KeyContents& key, TrueTime end,
                                      ReplicaIndex index) const {
    const ReplicaFacts& self = facts_.replicas[index];
    if (self.role != Role::leader || !self.gate_open(end)) return from;
    const TrueTime began = self.gate.opened;
    const TrueTime looks_again = began + facts_.settings.storage.largest_request_age;
    const bool looked = end - looks_again > bound();
    const auto unheard = [&](const Committed& commit) {
        return commit.writer != index && commit.writer != kNobody && commit.at > began &&
               (commit.at > looks_again || !looked);
    };
    while (unheard(key.commits[from.index]) && !from.none) {
        from.none = from.index == 0;
        from.index -= from.none ? 0U : 1U;
    }
    return from;
}

/// A list of the local files that failed is no empty disk: what this one alone holds would never
/// be served, nor brought to the bucket.
void Converge::judge_disk(TrueTime end, ReplicaIndex index) {
    if (!copies_.blind(index) || !facts_.fresh(Id::converge)) return;
    facts_.violate(Id::converge, end,
                   facts_.name(index) + " does not know at " + words(end) +
                       " what lies on its disk, with healthy paths since " +
                       words(stations_[index].since),
                   {});
}

/// A file of before its leadership that the bucket has not got: reconciling uploads or drops it.
bool Converge::left_behind(TrueTime end, TrueTime then, ReplicaIndex index,
                           const ObjectKey& name) const {
    const ReplicaFacts& self = facts_.replicas[index];
    const Copies::Tagged tagged = copies_.tagged(index, name);
    return self.role == Role::leader && self.gate_open(end) &&
           (tagged.at < led_since_ || (tagged.found && tagged.at <= then));
}

void Converge::finish(TrueTime end) {
    if (!applies()) return;
    const Duration allowed = bound();
    if (end - TrueTime{} <= allowed) return;
    const TrueTime then = end - allowed;
    if (led_since_ > then) return;
    const bool led =
        std::any_of(facts_.replicas.begin(), facts_.replicas.end(),
                    [end](const ReplicaFacts& one) { return one.running && one.gate_open(end); });
    if (!led) return;
    for (std::size_t i = 0; i < stations_.size(); ++i) {
        if (!stations_[i].able || stations_[i].since > then) continue;
        for (const auto& [name, key] : contents_.all())
            if (contents_.tracked(name) &&
                name.view().starts_with(facts_.settings.storage.prefix.view()))
                judge(end, then, static_cast<ReplicaIndex>(i), name, key);
        judge_disk(end, static_cast<ReplicaIndex>(i));
    }
}

}  // namespace leasehold::check
