#include "model/election/record.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold {

namespace {

/// Takes `word` into a mark.
void add(std::uint64_t& mark, std::uint64_t word) {
    mark = mix64(mark ^ mix64(word + 1)) + word;
}

std::uint64_t microseconds(const std::optional<WallTime>& time) {
    return time
               ? static_cast<std::uint64_t>(time->time_since_epoch() / std::chrono::microseconds(1))
               : ~std::uint64_t{0};
}

}  // namespace

// The nonce alone would do between ours; a foreign renewal changes the renewTime alone.
bool same_record(const Lease& a, const Lease& b) {
    const auto key = [](const LeaseRecord& record) {
        return std::tie(record.nonce, record.renew_time, record.acquire_time,
                        record.duration_seconds, record.transitions, record.holder);
    };
    // The uid too: a Lease that was deleted and made anew with the same spec is another one, and
    // what was proven of the first says nothing of a leader that was cut off from both.
    return key(a.record) == key(b.record) && a.uid == b.uid;
}

// Foreign electors keep the annotations that they find, so a mark outlives its release. What they
// do change is the record: renewTime or, where a library writes none, its absence; mostly the
// transitions too. A mark that names all of it is void in every record but its own.
std::uint64_t release_mark(const std::string& uid, const LeaseRecord& record) {
    std::uint64_t mark = hash_text(uid);
    add(mark, record.acquisition);
    add(mark, microseconds(record.renew_time));
    add(mark, static_cast<std::uint32_t>(record.transitions));
    return std::max<std::uint64_t>(mark, 1);
}

// The same of a container: a foreign elector, and an older program of ours, keep the annotations of
// whom they took the Lease from, and the end of that container would free the Lease of a holder who
// lives. The nonce alone would do between ours; what a foreign one changes is the holder, and the
// renewTime with each renewal. The container itself, because somebody may edit it.
std::uint64_t container_mark(const std::string& uid, const LeaseRecord& record) {
    std::uint64_t mark = hash_text(uid);
    add(mark, record.nonce);
    add(mark, record.acquisition);
    add(mark, microseconds(record.renew_time));
    add(mark, static_cast<std::uint32_t>(record.transitions));
    add(mark, hash_text(record.holder));
    add(mark, hash_text(record.container.pod));
    add(mark, hash_text(record.container.pod_uid));
    add(mark, hash_text(record.container.id));
    return std::max<std::uint64_t>(mark, 1);
}

const Container* holder_container(const Lease& lease) {
    const LeaseRecord& record = lease.record;
    // The mark first: most records have none, and the rest is a hash of texts.
    if (record.container_mark == 0 || record.holder.empty() || !record.container.known())
        return nullptr;
    return record.container_mark == container_mark(lease.uid, record) ? &record.container : nullptr;
}

Duration stretched(Duration span, std::int64_t drift_ppm) {
    CHECK(span >= Duration::zero() && drift_ppm >= 0 && drift_ppm <= 100'000);
    return span + share_of(span, drift_ppm, true);
}

}  // namespace leasehold
