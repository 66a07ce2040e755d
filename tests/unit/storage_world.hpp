// Three controllers, alternately leading, on one bucket whose requests are lost, late or refused.
//
// A paused leader wakes up late, and its permitted puts may land up to fifty seconds after they
// left. One that wakes in time renews beside its successor: two leaders at once, as a clock that
// froze during suspend would make them. The bucket's promises have to hold all the same.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/unit/storage_promises.hpp"

namespace leasehold::rig {

inline constexpr Duration kValidity = 14890ms;

class World {
  public:
    explicit World(std::uint64_t seed, Kind kind = {}) : random_(seed), kind_(kind) {
        bucket_.honours_conditional_delete = kind.purges;
        bucket_.ignores_conditions = kind.store == Kind::Store::ignores;
        bucket_.refuses_conditions = kind.store == Kind::Store::refuses ? 501 : 0;
        for (int i = 0; i < 3; ++i) {
            StorageConfig config = Rig::default_config();
            config.identity = "replica-" + std::to_string(i);
            // Fifty seconds on the way, and what a pause within the gate's validity adds.
            config.largest_request_age = kind.purges ? 70s : 60s;
            nodes_.push_back(std::make_unique<Node>(config));
        }
        for (auto& node : nodes_)
            deliver(*node, Start{});
    }

    void run(Duration span) {
        const Instant end = now_ + span;
        while (!queue_.empty() && queue_.begin()->first <= end) {
            now_ = std::max(now_, queue_.begin()->first);
            const auto action = std::move(queue_.begin()->second);
            queue_.erase(queue_.begin());
            action();
        }
        now_ = end;
    }

    /// One leadership of a random node, of random length and end; another may begin after it.
    void reign() {
        Node& node = *nodes_[random_.below(nodes_.size())];
        wake(node);
        ++term_;
        node.leadership = Leadership{Role::leader, Term{term_}, now_ + kValidity, now_, false};
        tell(node);
        const auto renewals = random_.below(kind_.purges ? 80 : 20);
        for (std::uint64_t i = 0; i < renewals; ++i) {
            run(2s);
            if (kind_.rough && random_.below(40) == 0) crash(*nodes_[random_.below(3)]);
            renew(node);
        }
        run(Duration(1s) * static_cast<int>(random_.below(14)));
        if (random_.below(2) == 0) {
            pause(node, Duration(1s) * static_cast<int>(random_.below(60)));
            run(std::max(Duration{0}, node.leadership.valid_until - now_));
        } else {
            node.leadership = Leadership{};
            tell(node);
        }
        run(Duration(100ms) * static_cast<int>(random_.below(30)));
    }

    void settle_down() {
        calm_ = true;
        workload_ = false;
        for (auto& node : nodes_) {
            wake(*node);
            if (node->leadership.role != Role::leader) continue;
            node->leadership = Leadership{};
            tell(*node);
        }
        run(60s);  // what is late lands
        Node& node = *nodes_.front();
        ++term_;
        node.leadership = Leadership{Role::leader, Term{term_}, now_ + kValidity, now_, false};
        tell(node);
        for (int i = 0; i < 100; ++i) {
            run(2s);
            renew(node);
        }
    }

    void work(Duration every) {
        if (!workload_) return;
        at(now_ + every, [this, every] {
            one_call();
            work(every);
        });
    }

    void write_all() {
        for (int i = 0; i < 6; ++i)
            call(*nodes_.front(), BackupWrite{CallId{++last_call_}, random_key(i), fresh()});
        for (int i = 0; i < 20; ++i) {
            run(2s);
            renew(*nodes_.front());
        }
    }

    void stop_all() {
        for (auto& node : nodes_) {
            node->leadership = Leadership{};
            node->leadership.role = Role::stopped;
            tell(*node);
            EXPECT_TRUE(node->open.empty()) << "a call was never answered";
        }
    }

    void expect_converged() {
        for (auto& node : nodes_) {
            std::set<ObjectKey> live;
            for (const auto& [key, object] : bucket_.objects) {
                if (key.view().starts_with(".ha/") || bucket_.stamp(key).tombstone) continue;
                live.insert(key);
                if (went_back(*node, key)) continue;
                ASSERT_TRUE(node->files.contains(key)) << key.str();
                // A follower keeps what it could not upload while it led, for when it leads again.
                if (node->files.at(key).tag.dirty) {
                    EXPECT_NE(node, nodes_.front()) << "the leader has uploaded what it has";
                    continue;
                }
                EXPECT_EQ(node->files.at(key).payload, object.body.payload) << key.str();
            }
            for (const auto& [key, file] : node->files)
                EXPECT_TRUE(live.contains(key) || file.tag.dirty || went_back(*node, key))
                    << node->config.identity << " keeps " << key.str() << ", which is gone";
        }
    }
    [[nodiscard]] bool no_tombstones() const {
        for (const auto& [key, object] : bucket_.objects)
            if (!key.view().starts_with(".ha/") && bucket_.stamp(key).tombstone) return false;
        return true;
    }
    Promises promises{kind_, bucket_};
    int crashes = 0;
    int file_failures = 0;
    std::map<MarkId, int> marks;

  private:
    /// Where conditions don't fence, a late PUT may set the bucket back. Nothing older is kept in
    /// place of something newer: a follower that saw the newer version holds on to its copy, or
    /// goes without, until a version newer than that comes, or it leads and writes its bytes back.
    /// A leader without them gives in.
    [[nodiscard]] bool went_back(const Node& node, const ObjectKey& key) const {
        if (kind_.store == Kind::Store::honours || &node == nodes_.front().get()) return false;
        if (!bucket_.objects.contains(key)) return false;
        const auto present = storage::version_of(bucket_.stamp(key));
        return std::ranges::any_of(bucket_.commits, [&](const auto& one) {
            return one.first == key && storage::newer(storage::version_of(one.second), present);
        });
    }
    void at(Instant when, std::function<void()> action) { queue_.emplace(when, std::move(action)); }
    Duration latency() { return Duration(1ms) * static_cast<int>(5 + random_.below(100)); }
    ObjectKey random_key(std::uint64_t n) { return key(std::to_string(n)); }
    ObjectKey random_key(int n) { return key(std::to_string(n)); }
    std::shared_ptr<const Blob> fresh() {
        if (kind_.rough && random_.below(4) == 0) {
            const std::uint64_t n = 1 + random_.below(3);
            return std::make_shared<const Blob>(Blob{n, {n, kEqual}, nullptr});
        }
        ++last_blob_;
        return std::make_shared<const Blob>(Blob{last_blob_, {last_blob_, 7}, nullptr});
    }

    void one_call() {
        Node& node = *nodes_[random_.below(nodes_.size())];
        const CallId id{++last_call_};
        const ObjectKey where = random_key(random_.below(kind_.purges ? 60 : 6));
        const Instant deadline = now_ + Duration(1s) * static_cast<int>(1 + random_.below(90));
        switch (random_.below(8)) {
            case 0:
                call(node, BackupRead{id, where, {}, deadline});
                break;
            case 1:
                call(node, BackupRead{id, where, ETag{"none"}, kNever});
                break;
            case 2:
                call(node, Query{id, where, deadline});
                break;
            case 3:
                call(node, BackupRemove{id, where});
                break;
            case 4:
                if (!node.open.empty()) {
                    const CallId victim = node.open.begin()->first;
                    deliver(node, Cancel{victim});
                }
                break;
            default:
                call(node, BackupWrite{id, where, fresh()});
                break;
        }
    }
    template <class E>
    void call(Node& node, E event) {
        node.open.emplace(event.call, event);
        deliver(node, event);
    }

    /// The process is gone with all that it knew; another one begins with its disk.
    void crash(Node& node) {
        ++crashes;
        ++node.life;
        node.config.identity += "'";
        node.machine = RWStorageController(node.config);
        node.leadership = Leadership{};
        node.paused_until = Instant{};
        node.inbox.clear();
        node.open.clear();
        node.unanswered.clear();
        node.stalled.clear();
        node.timer = kNever;
        node.given.clear();
        deliver(node, Start{});
    }

    void pause(Node& node, Duration span) {
        node.paused_until = now_ + span;
        at(node.paused_until, [this, &node] {
            if (now_ >= node.paused_until) wake(node);
        });
    }
    /// The elector's part of a wake-up: a gate that has ended is told before anything else.
    void wake(Node& node) {
        if (node.paused_until == Instant{}) return;
        node.paused_until = Instant{};
        expire(node);
        auto inbox = std::exchange(node.inbox, {});
        for (const auto& action : inbox)
            action();
        rearm(node);
    }
    void expire(Node& node) {
        if (node.leadership.role != Role::leader || now_ < node.leadership.valid_until) return;
        node.leadership = Leadership{};
        tell(node);
    }
    void renew(Node& node) {
        if (node.paused_until != Instant{} || node.leadership.role != Role::leader) return;
        expire(node);
        if (node.leadership.role != Role::leader) return;
        node.leadership.valid_until = now_ + kValidity;
        node.leadership.renewed_sent = now_;
        tell(node);
    }

    void deliver(Node& node, Event event) {
        if (node.paused_until != Instant{}) {
            node.inbox.push_back([this, &node, event] { deliver(node, event); });
            return;
        }
        expire(node);
        Effects out;
        node.machine.step({now_, WallTime{}}, event, out);
        perform(node, out);
    }
    void tell(Node& node) {
        Effects out;
        node.machine.lead({now_, WallTime{}}, node.leadership, out);
        perform(node, out);
    }
    void rearm(Node& node) {
        const Instant next = node.machine.next_deadline();
        if (next == kNever || (node.timer <= next && node.timer > now_)) return;
        node.timer = next;
        at(next, [this, &node, next] {
            if (node.timer == next) node.timer = kNever;
            if (node.machine.next_deadline() <= now_)
                deliver(node, Timer{});
            else
                rearm(node);
        });
    }

    void perform(Node& node, const Effects& out) {
        for (const Effect& effect : out) {
            if (const auto* send = std::get_if<SendBucket>(&effect)) {
                depart(node, *send);
            } else if (const auto* resume = std::get_if<ResumeBucket>(&effect)) {
                if (const auto rest = node.stalled.extract(resume->request); !rest.empty())
                    travel(node, rest.mapped());
            } else if (const auto* abort = std::get_if<AbortBucket>(&effect)) {
                node.stalled.erase(abort->request);
                reply(node, abort->request, FakeBucket::failure(0), now_ + 1ms);
            } else if (const auto* file = std::get_if<SendFile>(&effect)) {
                depart(node, *file);
            } else if (const auto* read = std::get_if<ReadDone>(&effect)) {
                if (read->outcome == ReadOutcome::data) promises.check_given(node, *read);
                EXPECT_EQ(node.open.erase(read->call), 1U) << "answered twice or never asked";
                if (read->outcome == ReadOutcome::not_found) {
                    EXPECT_EQ(node.leadership.role, Role::leader) << "a follower answered NotFound";
                }
            } else if (const auto* query = std::get_if<QueryDone>(&effect)) {
                if (query->outcome == QueryOutcome::data) promises.check_given(node, *query);
                EXPECT_EQ(node.open.erase(query->call), 1U) << "answered twice or never asked";
            } else if (const auto* write = std::get_if<WriteDone>(&effect)) {
                promises.check_ack(node, *write);
            } else if (const auto* mark = std::get_if<Mark>(&effect)) {
                ++marks[mark->mark];
            }
        }
        if (node.machine.take_renewal_wish()) at(now_ + latency(), [this, &node] { renew(node); });
        (void)node.machine.take_give_up_wish();
        rearm(node);
    }

    /// An operation of the file store takes effect at one instant and is answered at a later one.
    void depart(Node& node, const SendFile& request) {
        const bool rough = kind_.rough && !calm_;
        const auto some = [&] {
            const auto most = random_.below(20) == 0 ? 5000U : 50U;
            return Duration(1ms) * static_cast<int>(random_.below(most));
        };
        const Instant done = now_ + 1ms + (rough ? some() : Duration{0});
        const Duration back = rough ? some() : Duration{0};
        at(done, [this, &node, request, rough, back, life = node.life] {
            if (node.life != life) return;
            FileReply reply{FileStatus::io_error, nullptr};
            const bool stores = request.verb == FileVerb::store;
            if (rough && random_.below(12) == 0) {
                if (stores && random_.below(2) == 0) reply.status = FileStatus::no_space;
                ++file_failures;
            } else {
                reply = node.perform(request);
            }
            at(now_ + back, [this, &node, request, reply, life] {
                if (node.life == life) deliver(node, FileAnswered{request.request, reply});
            });
        });
    }

    void depart(Node& node, const SendBucket& request) {
        const bool gated = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
        node.unanswered.insert(request.request);
        if (gated && !node.machine.permit(now_, request.request)) {
            BucketReply refused;
            refused.not_sent = true;
            reply(node, request.request, refused, now_);
            return;
        }
        EXPECT_TRUE(!gated || node.leadership.role == Role::leader)
            << "a follower's put was permitted";
        reply(node, request.request, FakeBucket::failure(0), now_ + request.timeout);
        if (request.stalled)
            node.stalled.emplace(request.request, request);
        else
            travel(node, request);
    }
    /// The whole of a request is on its way.
    void travel(Node& node, const SendBucket& request) {
        const bool gated = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
        const auto fate = calm_ ? 99 : random_.below(100);
        if (fate < 10) return;  // lost on the way there
        if (fate < 15) {
            reply(node, request.request, FakeBucket::failure(503, BucketCode::slow_down),
                  now_ + latency());
            return;
        }
        if (fate < 18 && gated) {
            reply(node, request.request,
                  FakeBucket::failure(409, BucketCode::conditional_request_conflict),
                  now_ + latency());
            return;
        }
        Duration there = latency();
        const bool slow_claim =
            request.key == kEpochKey && gated && !calm_ && random_.below(3) == 0;
        if (fate < 28 || slow_claim) there += Duration(1s) * static_cast<int>(random_.below(50));
        const bool answered = fate < 18 || fate >= 38;
        at(now_ + there, [this, &node, request, answered, life = node.life] {
            const auto arrive = [this, &node, request, answered, life](const auto& refused) {
                const std::size_t before = bucket_.commits.size();
                const BucketReply result = refused ? *refused : bucket_.store(request);
                if (bucket_.commits.size() > before) promises.check_commit(request, result);
                if (answered && node.life == life)
                    reply(node, request.request, result, now_ + latency());
            };
            const auto refused = bucket_.check(request);
            if (kind_.store != Kind::Store::not_atomic || !gated_verb(request)) {
                arrive(refused);
                return;
            }
            // It looks at one instant and stores at another.
            at(now_ + latency(), [arrive, refused] { arrive(refused); });
        });
    }

    static bool gated_verb(const SendBucket& request) {
        return request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    }

    void reply(Node& node, RequestId request, const BucketReply& what, Instant when) {
        at(when, [this, &node, request, what, life = node.life] {
            if (node.life != life || node.unanswered.erase(request) == 0) return;
            deliver(node, BucketAnswered{request, std::make_shared<const BucketReply>(what)});
        });
    }

    Random random_;
    Instant now_{1000s};
    std::multimap<Instant, std::function<void()>> queue_;
    std::vector<std::unique_ptr<Node>> nodes_;
    FakeBucket bucket_;
    std::uint64_t term_ = 100;
    std::uint64_t last_call_ = 0;
    std::uint64_t last_blob_ = 1000;
    Kind kind_;
    bool calm_ = false;
    bool workload_ = true;
};

}  // namespace leasehold::rig
