#include "agent/bucket/directory_bucket.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/base/check.hpp"

namespace leasehold::agent {

DirectoryBucket::DirectoryBucket(const BucketConfig& config, const BucketContext& context,
                                 Deliver deliver)
    : context_(context),
      deliver_(std::move(deliver)),
      store_(std::make_shared<DirectoryStore>(config.directory, config.prefix)),
      log_(context.duties),
      timer_(context.loop, [this] { due(); }),
      self_(std::make_shared<DirectoryBucket*>(this)) {}

void DirectoryBucket::send(const SendBucket& request) {
    const bool changes = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    const Instant deadline = saturating_add(boottime(), request.timeout);
    auto attempt = std::make_shared<Attempt>(deadline, changes ? context_.gate : nullptr);
    CHECK(jobs_.emplace(request.request, Job{attempt, deadline}).second);
    arm();
    context_.pool.run(
        [store = store_, attempt, request] { return store->handle(request, *attempt); },
        [weak = std::weak_ptr(self_), request](DirectoryStore::Answer answer) {
            if (const auto self = weak.lock()) (*self)->ended(request, std::move(answer));
        });
}

void DirectoryBucket::ended(const SendBucket& request, DirectoryStore::Answer answer) {
    if (jobs_.erase(request.request) == 0) return;  // answered by its time-out or abort
    arm();
    log_.note(request.verb, request.key.view(), answer.reply, answer.problem);
    deliver_(BucketAnswered{request.request,
                            std::make_shared<const BucketReply>(std::move(answer.reply))});
}

void DirectoryBucket::abort(RequestId request) {
    const auto job = jobs_.find(request);
    if (job == jobs_.end()) return;
    job->second.attempt->give_up();
    jobs_.erase(job);
    arm();
    asio::post(context_.loop, [weak = std::weak_ptr(self_), request] {
        if (const auto self = weak.lock())
            (*self)->deliver_(BucketAnswered{request, std::make_shared<const BucketReply>()});
    });
}

void DirectoryBucket::arm() {
    Instant first = kNever;
    for (const auto& [id, job] : jobs_)
        first = std::min(first, job.deadline);
    timer_.arm(first);
}

void DirectoryBucket::due() {
    const Instant now = boottime();
    std::vector<RequestId> late;
    for (const auto& [id, job] : jobs_)
        if (job.deadline <= now) late.push_back(id);
    for (const RequestId id : late)
        abort(id);
    arm();
}

}  // namespace leasehold::agent
