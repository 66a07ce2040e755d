// What recordings show of the bucket, put together: removals and what a LIST lacked.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "sim/verify/commits.hpp"

namespace leasehold::verify {
namespace {

using namespace std::chrono_literals;

class VerifyCommits : public ::testing::Test {
  protected:
    static TrueTime at(Duration since) { return TrueTime(since); }

    void seen(const std::string& etag, Duration when) {
        sightings.objects[{key, ETag(etag)}].first = at(when);
    }
    void removed(Duration sent, Duration answered, bool confirmed = true) {
        sightings.writes.push_back({key, {}, 1, at(sent), at(answered), confirmed});
    }
    void missed(Duration when) { sightings.vanished.emplace_back(at(when), key); }

    /// The commits, each as its date in seconds and its ETag ("" = removed), with the remover.
    std::string commits() const {
        std::string text;
        for (const ObjectCommitted& one : object_commits(sightings)) {
            const auto seconds = (one.at - TrueTime{}) / 1s;
            text += std::to_string(seconds) + ":" + one.etag.str();
            if (one.etag.empty() && one.writer != kNobody) text += std::to_string(one.writer);
            text += " ";
        }
        return text;
    }

    ObjectKey key{"k"};
    Sightings sightings;
};

TEST_F(VerifyCommits, ARemovalThatIsKnownExplainsWhatAListLacks) {
    seen("a", 1s);
    removed(10s, 12s);
    missed(11s);
    EXPECT_EQ(commits(), "1:a 12:1 ") << "it is its remover's, and once";
}

TEST_F(VerifyCommits, WhatIsWrittenAnewIsNotMissedByAListOfBefore) {
    seen("a", 1s);
    removed(10s, 11s);
    seen("b", 13s);
    missed(14s);
    EXPECT_EQ(commits(), "1:a 11:1 13:b ");
}

TEST_F(VerifyCommits, AKeyThatSomebodyElseDeletesLaterIsDeletedAgain) {
    seen("a", 1s);
    removed(10s, 11s);
    seen("b", 13s);
    missed(60s);
    EXPECT_EQ(commits(), "1:a 11:1 13:b 60: ");
}

TEST_F(VerifyCommits, EqualBytesThatWereWrittenAnewCanBeDeletedByOthers) {
    seen("a", 1s);
    removed(10s, 11s);
    sightings.writes.push_back({key, ETag("a"), 1, at(12s), at(13s), true});
    missed(60s);
    EXPECT_EQ(commits(), "1:a 11:1 13:a 60: ");
}

TEST_F(VerifyCommits, ARemovalWithoutAnAnswerIsDatedByTheListThatLackedIt) {
    seen("a", 1s);
    removed(10s, 40s, false);
    missed(15s);
    EXPECT_EQ(commits(), "1:a 15:1 ");
}

}  // namespace
}  // namespace leasehold::verify
