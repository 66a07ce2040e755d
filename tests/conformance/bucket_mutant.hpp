// A simulated bucket with one planted bug, in the place of a real server.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "model/base/random.hpp"
#include "tests/conformance/sim_bucket.hpp"

namespace leasehold::conformance {

enum class BucketBug : std::uint8_t {
    none,
    if_none_match_ignored,
    if_match_ignored,
    if_match_of_missing_is_412,
    known_version_sent_again,
    list_includes_its_start,
    list_reversed,
    list_beyond_its_prefix,
    list_is_old,
    last_page_said_to_go_on,
    size_without_the_header,
    delete_of_missing_is_404,
    delete_ignores_its_tag,
    tag_of_each_write,
    metadata_lost,
    plus_is_a_space,
    race_has_two_winners,
    refused_put_lands,
    delete_checks_too_early,
    folder_gone_under_a_put,
    put_into_a_gone_folder_lands,
    etag_before_the_bytes,
    etag_after_the_bytes
};
inline constexpr std::array<std::string_view, 23> kBucketBugs{
    "none",
    "if-none-match-ignored",
    "if-match-ignored",
    "if-match-of-missing-is-412",
    "known-version-sent-again",
    "list-includes-its-start",
    "list-reversed",
    "list-beyond-its-prefix",
    "list-is-old",
    "last-page-said-to-go-on",
    "size-without-the-header",
    "delete-of-missing-is-404",
    "delete-ignores-its-tag",
    "tag-of-each-write",
    "metadata-lost",
    "plus-is-a-space",
    "race-has-two-winners",          // only among operations sent at once
    "refused-put-lands",             // likewise: answered 412, and written
    "delete-checks-too-early",       // likewise: a put may come between its check and its removal
    "folder-gone-under-a-put",       // likewise: refused for a removal in its folder
    "put-into-a-gone-folder-lands",  // likewise, and written
    "etag-before-the-bytes",         // likewise: a GET has the ETag of before, and later bytes
    "etag-after-the-bytes"};         // likewise, the other way round

class MutantBucket : public BucketServer {
  public:
    MutantBucket(BucketBug bug, const sim::BucketSpec& spec, std::uint64_t seed)
        : bug_(bug), random_(seed), server_(spec) {}

    void fresh() override;
    /// In a seeded order.
    std::vector<BucketReply> perform(std::span<const BucketCall> calls) override;

  private:
    std::vector<BucketReply> in_some_order(std::span<const BucketCall> calls);
    BucketReply one(BucketCall call, bool at_once);
    BucketReply gone(const BucketCall& call);
    /// What a GET would see now, whatever its client knows.
    [[nodiscard]] BucketReply look(const BucketCall& call) const;
    /// `reply`, of a GET, or one made of what was there before and after the others of its round.
    [[nodiscard]] BucketReply mixed(const BucketCall& call, const BucketReply& before,
                                    const BucketReply& reply) const;
    [[nodiscard]] bool passes_now(const BucketCall& call) const;
    [[nodiscard]] bool loses_its_folder(const BucketCall& call,
                                        std::span<const BucketCall> calls) const;
    void spoil(BucketCall& call, bool at_once) const;
    void spoil(const BucketCall& call, BucketReply& reply, bool at_once);
    void spoil_page(const BucketCall& call, ListPage& page) const;

    BucketBug bug_;
    Random random_;
    SimBucket server_;
    std::map<ObjectKey, ListPagePtr> pages_;  // by prefix
    std::uint64_t writes_ = 0;
};

}  // namespace leasehold::conformance
