// The stream of a watch: any split of it gives the same events, and nonsense ends it.
#include <gtest/gtest.h>

#include "agent/lease/watch_stream.hpp"

namespace leasehold::agent {
namespace {

const LeaseName kName{"leasehold", "w"};

std::string lease_text(const std::string& version) {
    return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"w",)"
           R"("namespace":"leasehold","uid":"u","resourceVersion":")" +
           version + R"("},"spec":{"holderIdentity":"h","leaseDurationSeconds":15}})";
}

std::string event_text(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

const std::string kBookmark = R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":)"
                              R"({"resourceVersion":"243"},"spec":{}})";

std::string to_text(const std::vector<WatchNews>& news) {
    std::string text;
    for (const WatchNews& item : news) {
        switch (item.kind) {
            case WatchKind::seen:
                text += "seen " + std::to_string(item.lease->version.value()) + " " +
                        item.lease->record.holder;
                break;
            case WatchKind::deleted:
                text += "deleted " + std::to_string(item.version.value());
                break;
            case WatchKind::bookmark:
                text += "bookmark " + std::to_string(item.version.value());
                break;
            case WatchKind::ended:
                text += "ended: " + item.why;
                break;
        }
        text += "\n";
    }
    return text;
}

std::string take_all(const std::string& stream) {
    WatchStream watch(kName);
    return to_text(watch.take(stream));
}

const std::string kStream =
    event_text("ADDED", lease_text("238")) + event_text("MODIFIED", lease_text("239")) + "\r\n" +
    event_text("BOOKMARK", kBookmark) + event_text("DELETED", lease_text("244"));
const std::string kEvents = "seen 238 h\nseen 239 h\nbookmark 243\ndeleted 244\n";

TEST(AgentWatchStream, GivesTheEventsOfWholeLines) {
    EXPECT_EQ(take_all(kStream), kEvents);
    EXPECT_EQ(take_all(kStream.substr(0, kStream.size() - 1)),
              "seen 238 h\nseen 239 h\nbookmark 243\n");
}

TEST(AgentWatchStream, AnySplitGivesTheSame) {
    for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
        WatchStream watch(kName);
        std::string text = to_text(watch.take(kStream.substr(0, cut)));
        text += to_text(watch.take(kStream.substr(cut)));
        ASSERT_EQ(text, kEvents) << cut;
    }
    WatchStream watch(kName);
    std::string text;
    for (const char c : kStream)
        text += to_text(watch.take({&c, 1}));
    EXPECT_EQ(text, kEvents);
}

TEST(AgentWatchStream, AnErrorEventEndsIt) {
    const std::string expired =
        R"x({"kind":"Status","message":"too old resource version: 1 (2324)","code":410})x";
    WatchStream watch(kName);
    EXPECT_EQ(to_text(watch.take(event_text("ERROR", expired) + kStream)),
              "ended: too old resource version: 1 (2324)\n");
    EXPECT_TRUE(watch.ended());
    EXPECT_EQ(to_text(watch.take(kStream)), "");
    EXPECT_EQ(take_all(event_text("ERROR", "{}")), "ended: an error event\n");
}

TEST(AgentWatchStream, NonsenseEndsIt) {
    EXPECT_EQ(take_all("<html>\n"), "ended: an event that is not JSON at byte 1\n");
    EXPECT_EQ(take_all("7\n"), "ended: an event that is no object\n");
    EXPECT_EQ(take_all("{\"type\":\"ADDED\"}\n"), "ended: an event without type or object\n");
    EXPECT_EQ(take_all("{\"object\":{}}\n"), "ended: an event without type or object\n");
    EXPECT_EQ(take_all("{\"type\":1,\"object\":{}}\n"), "ended: an event without type or object\n");
    EXPECT_EQ(take_all(event_text("MOVED", "{}")), "ended: an event of an unknown type\n");
    EXPECT_EQ(take_all(event_text("ADDED", "[]")), "ended: an event's expected an object\n");
    EXPECT_EQ(take_all(event_text("DELETED", "{}")),
              "ended: an event's metadata.name: expected the Lease asked for\n");
    EXPECT_EQ(take_all(event_text("BOOKMARK", "{}")), "ended: an event without metadata\n");
    EXPECT_EQ(take_all(event_text("BOOKMARK", "{\"metadata\":[]}")),
              "ended: an event's metadata: expected an object\n");
    EXPECT_EQ(take_all(event_text("BOOKMARK", "{\"metadata\":{}}")),
              "ended: an event's metadata.resourceVersion: expected a decimal number in quotes\n");
    EXPECT_EQ(take_all("{\"type\":\"ADDED\",\"type\":\"ADDED\"}\n"),
              "ended: an event that is a duplicate key\n");
}

TEST(AgentWatchStream, AGiantLineEndsItBeforeItIsKept) {
    const std::string piece(100'000, ' ');
    WatchStream watch(kName);
    std::string text;
    for (std::size_t sent = 0; sent <= WatchStream::kLongestLine; sent += piece.size())
        text += to_text(watch.take(piece));
    EXPECT_EQ(text, "ended: a line longer than 1048576 bytes\n");
    EXPECT_TRUE(watch.ended());
    // As long as that is fine.
    WatchStream other(kName);
    const std::string event = event_text("ADDED", lease_text("1"));
    const std::string padding(WatchStream::kLongestLine - event.size() + 1, ' ');
    EXPECT_EQ(to_text(other.take(padding + event)), "seen 1 h\n");
}

}  // namespace
}  // namespace leasehold::agent
