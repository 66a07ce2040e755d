// Shrinks a sequence that shows a difference: fewer operations, fewer at once, plainer ones.
//
// Delta debugging (Zeller, Hildebrandt 2002) over single operations: ever smaller pieces are left
// out as long as a difference remains, any difference. Each try is played on a fresh server.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "tests/conformance/play.hpp"

namespace leasehold::conformance {

template <class Op>
class Shrinker {
  public:
    using Fails = std::function<std::optional<Difference>(const Sequence<Op>&)>;
    using Simpler = std::function<std::vector<Op>(const Op&)>;

    /// At most `tries` plays.
    Shrinker(Fails fails, Simpler simpler, std::size_t tries)
        : fails_(std::move(fails)), simpler_(std::move(simpler)), left_(tries) {}

    struct Shrunk {
        Sequence<Op> sequence;
        Difference difference;
    };

    Shrunk run(Sequence<Op> sequence, Difference difference) {
        best_ = {std::move(sequence), std::move(difference)};
        cut();
        for (bool better = true; better && left_ > 0;) {
            better = drop_pieces();
            better = one_at_a_time() || better;
            better = fewer_clients() || better;
            better = plainer() || better;
        }
        return best_;
    }

  private:
    struct Placed {
        std::size_t round;
        Op op;
    };

    /// What comes after the difference shows nothing.
    void cut() { best_.sequence.resize(best_.difference.round + 1); }

    bool accept(const Sequence<Op>& sequence) {
        if (left_ == 0 || sequence.empty()) return false;
        --left_;
        auto found = fails_(sequence);
        if (!found) return false;
        best_ = {sequence, std::move(*found)};
        cut();
        return true;
    }

    [[nodiscard]] std::vector<Placed> flat() const {
        std::vector<Placed> all;
        for (std::size_t r = 0; r < best_.sequence.size(); ++r)
            for (const Op& op : best_.sequence[r])
                all.push_back({r, op});
        return all;
    }
    static Sequence<Op> rounds(const std::vector<Placed>& all) {
        Sequence<Op> sequence;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i == 0 || all[i].round != all[i - 1].round) sequence.emplace_back();
            sequence.back().push_back(all[i].op);
        }
        return sequence;
    }

    bool drop_pieces() {
        bool better = false;
        for (std::size_t size = std::max<std::size_t>(flat().size() / 2, 1); size > 0; size /= 2) {
            for (std::size_t from = 0; from < flat().size();) {
                std::vector<Placed> rest = flat();
                const std::size_t end = std::min(from + size, rest.size());
                rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(from),
                           rest.begin() + static_cast<std::ptrdiff_t>(end));
                if (accept(rounds(rest)))
                    better = true;
                else
                    from += size;
            }
        }
        return better;
    }

    bool one_at_a_time() {
        bool better = false;
        for (std::size_t r = 0; r < best_.sequence.size(); ++r) {
            if (best_.sequence[r].size() < 2) continue;
            Sequence<Op> split = best_.sequence;
            Round<Op> round = split[r];
            split[r].assign(1, round.front());
            for (std::size_t i = 1; i < round.size(); ++i)
                split.insert(split.begin() + static_cast<std::ptrdiff_t>(r + i), {round[i]});
            better = accept(split) || better;
        }
        return better;
    }

    /// All operations of one client by the first one.
    bool fewer_clients() {
        bool better = false;
        for (std::uint32_t client = 1; client < 64; ++client) {
            Sequence<Op> tried = best_.sequence;
            bool met = false;
            for (Round<Op>& round : tried)
                for (Op& op : round)
                    if (op.client == client) {
                        op.client = 0;
                        met = true;
                    }
            better = (met && accept(tried)) || better;
        }
        return better;
    }

    bool plainer() {
        bool better = false;
        for (std::size_t r = 0; r < best_.sequence.size(); ++r)
            for (std::size_t i = 0; r < best_.sequence.size() && i < best_.sequence[r].size(); ++i)
                for (const Op& simple : simpler_(best_.sequence[r][i])) {
                    Sequence<Op> tried = best_.sequence;
                    tried[r][i] = simple;
                    if (!accept(tried)) continue;
                    better = true;
                    break;
                }
        return better;
    }

    Fails fails_;
    Simpler simpler_;
    std::size_t left_;
    Shrunk best_;
};

}  // namespace leasehold::conformance
