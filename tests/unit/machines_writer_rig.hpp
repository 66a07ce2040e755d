// A writer alone, with the keys that it writes.
#pragma once

#include "model/storage/leader/writer.hpp"
#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {

class WriterAlone : public testing::Test, public Alone {
  protected:
    struct Accepted {
        CallId call;
        JobId job;
    };
    Writer writer{config};
    KeyId a = key("a");
    KeyId b = key("b");

    Accepted accept(KeyId of, const Blob& payload, bool removal) {
        const JobId job{requests.next_write()};
        const CallId id = call(CallKind::write, of, now + 120s, {}, job);
        Desk at = desk();
        writer.accept(job, id, of, payload, removal, at);
        return {id, job};
    }
    Accepted write(KeyId of, std::uint64_t n) { return accept(of, blob(n), false); }
    Accepted remove(KeyId of) { return accept(of, Blob{}, true); }
    JobId upload(KeyId of, std::uint64_t n) {
        const JobId job{requests.next_write()};
        Desk at = desk();
        writer.upload(job, of, blob(n), catalog.at(of).view.etag, at);
        return job;
    }
    /// The bucket was seen to hold a version of epoch 6.
    void knows(KeyId of, std::uint64_t n) { shows(of, version(6, n)); }
    std::vector<SendBucket> go() {
        Desk at = desk();
        writer.proceed(sight(), at);
        writer.check(sight());
        return sent();
    }
    /// The answer to whatever the writer sent.
    void answer(const SendBucket& request, const BucketReply& reply) {
        const Flight* flight = requests.find(request.request);
        ASSERT_NE(flight, nullptr);
        const BucketOutcome outcome = classify(request.verb, reply);
        if (const auto* look = std::get_if<AttemptLook>(&flight->owner)) {
            const AttemptLook owner = *look;
            const auto [landed, found] = got(request, reply, true);
            Desk at = desk();
            writer.step(sight(), owner, landed, found, at);
            return;
        }
        const Flight landed = land(request);
        Desk at = desk();
        if (const auto* at_epoch = std::get_if<EpochLook>(&landed.owner))
            writer.step(sight(), *at_epoch, landed, outcome, reply, at);
        else
            writer.step(sight(), std::get<Attempt>(landed.owner), landed, outcome, reply, at);
        if (landed.key) writer.unblock(*landed.key);
    }
    void catalog_hears(const Committed& fact) {
        Desk at = desk();
        catalog.committed(fact, true, at);
    }
    static Stamp stamp_in(const SendBucket& put) { return *stamp_of(*put.body); }
};

}  // namespace leasehold::storage
