// A Lease as JSON: golden texts in the form that a kube-apiserver 1.34 sends, and odd ones.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/lease/lease_json.hpp"
#include "agent/lease/micro_time.hpp"
#include "agent/lease/strict_json.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const LeaseName kName{"leasehold", "a"};

/// As the server answers a POST, with marks, a label, a finalizer and a field of the future.
const std::string kFull =
    R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"a",)"
    R"("namespace":"leasehold","uid":"5b16c828-980f-42f0-b354-0c1648d124a3",)"
    R"("resourceVersion":"202","creationTimestamp":"2026-11-22T14:27:32Z",)"
    R"("labels":{"team":"x"},"annotations":{"leasehold.dev/nonce":"00000000deadbeef",)"
    R"("leasehold.dev/acquisition":"000000000000abcd","leasehold.dev/released":"0000000000000001",)"
    R"("leasehold.dev/max-lease-seconds":"60","leasehold.dev/holder-pod":"agent-0",)"
    R"("leasehold.dev/holder-pod-uid":"pod-uid","leasehold.dev/holder-container-id":)"
    R"("containerd://1f","leasehold.dev/holder-mark":"00000000000000ff",)"
    R"("other/annotation":"kept"},)"
    R"("finalizers":["example.com/hold"],"managedFields":[{"manager":"curl","fieldsV1":{}}]},)"
    R"("spec":{"holderIdentity":"node-a","leaseDurationSeconds":15,)"
    R"("acquireTime":"2026-11-22T14:00:00.123456Z","renewTime":"2026-11-22T14:00:05.000001Z",)"
    R"("leaseTransitions":3,"strategy":"OldestEmulationVersion"},"future":{"x":[1,2.5,null]}})";

/// kFull with `change` applied to its parsed form.
template <class Change>
Result<Lease, std::string> decode_changed(Change change) {
    json value = json::parse(kFull);
    change(value);
    return decode_lease(value.dump(), kName);
}

WallTime at(const std::string& text) {
    return parse_micro_time(text).value();
}

TEST(AgentLeaseJson, ReadsEverythingThatTheServerSends) {
    const auto lease = decode_lease(kFull, kName);
    ASSERT_TRUE(lease) << lease.error();
    EXPECT_EQ(lease->version, Version(202));
    EXPECT_EQ(lease->uid, "5b16c828-980f-42f0-b354-0c1648d124a3");
    LeaseRecord expected;
    expected.holder = "node-a";
    expected.duration_seconds = 15;
    expected.transitions = 3;
    expected.acquire_time = at("2026-11-22T14:00:00.123456Z");
    expected.renew_time = at("2026-11-22T14:00:05.000001Z");
    expected.nonce = 0xdeadbeef;
    expected.acquisition = 0xabcd;
    expected.released = 1;
    expected.max_lease_seconds = 60;
    expected.container = {"agent-0", "pod-uid", "containerd://1f"};
    expected.container_mark = 0xff;
    EXPECT_EQ(lease->record, expected);
    EXPECT_EQ(json::parse(lease->extra), json::parse(R"({
        "metadata":{"creationTimestamp":"2026-11-22T14:27:32Z","labels":{"team":"x"},
                    "annotations":{"other/annotation":"kept"},"finalizers":["example.com/hold"]},
        "spec":{"strategy":"OldestEmulationVersion"},"future":{"x":[1,2.5,null]}})"));
}

TEST(AgentLeaseJson, APutEchoesEverythingWithUidAndVersion) {
    Lease lease = decode_lease(kFull, kName).value();
    lease.record.holder = "node-b";
    lease.record.nonce = 7;
    const json put = json::parse(encode_lease(lease, kName, LeaseVerb::update));
    json expected = json::parse(kFull);
    expected["metadata"].erase("managedFields");
    expected["spec"]["holderIdentity"] = "node-b";
    expected["metadata"]["annotations"]["leasehold.dev/nonce"] = "0000000000000007";
    EXPECT_EQ(put, expected);
    // What was written reads back as itself.
    EXPECT_EQ(decode_lease(put.dump(), kName).value(), lease);
}

TEST(AgentLeaseJson, ACreationNamesNeitherUidNorVersion) {
    Lease lease;
    lease.version = Version(5);  // of a predecessor
    lease.uid = "old";
    lease.record.holder = "me";
    lease.record.duration_seconds = 15;
    lease.record.renew_time = WallTime(1'700'000'000'123'456'789ns);
    lease.record.nonce = ~std::uint64_t{0} - 1;
    EXPECT_EQ(
        encode_lease(lease, kName, LeaseVerb::create),
        R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"annotations":)"
        R"({"leasehold.dev/nonce":"fffffffffffffffe"},"name":"a","namespace":"leasehold"},"spec":)"
        R"({"holderIdentity":"me","leaseDurationSeconds":15,"leaseTransitions":0,)"
        R"("renewTime":"2023-11-14T22:13:20.123456Z"}})");
}

TEST(AgentLeaseJson, AReleasedRecordHasAnEmptyHolder) {
    Lease lease = decode_lease(kFull, kName).value();
    lease.record.holder.clear();
    lease.record.duration_seconds = 1;
    const json put = json::parse(encode_lease(lease, kName, LeaseVerb::update));
    EXPECT_EQ(put["spec"]["holderIdentity"], "");
    EXPECT_EQ(put["spec"]["leaseDurationSeconds"], 1);
}

TEST(AgentLeaseJson, AMarkThatEndedIsNotWritten) {
    Lease lease = decode_lease(kFull, kName).value();
    lease.record.released = 0;
    lease.record.max_lease_seconds = 0;
    lease.record.container = {};
    lease.record.container_mark = 0;
    const json put = json::parse(encode_lease(lease, kName, LeaseVerb::update));
    EXPECT_FALSE(put["metadata"]["annotations"].contains("leasehold.dev/released"));
    EXPECT_FALSE(put["metadata"]["annotations"].contains("leasehold.dev/max-lease-seconds"));
    for (const char* part : {"pod", "pod-uid", "container-id", "mark"})
        EXPECT_FALSE(
            put["metadata"]["annotations"].contains("leasehold.dev/holder-" + std::string(part)));
}

TEST(AgentLeaseJson, APutWithoutUidOrVersionIsNeverMade) {
    Lease lease = decode_lease(kFull, kName).value();
    lease.uid.clear();
    EXPECT_THROW((void)encode_lease(lease, kName, LeaseVerb::update), CheckFailure);
    lease.uid = "x";
    lease.version = Version();
    EXPECT_THROW((void)encode_lease(lease, kName, LeaseVerb::update), CheckFailure);
}

TEST(AgentLeaseJson, AbsentNullAndEmptyHoldersAreOne) {
    for (const char* holder : {"absent", "null", "\"\""}) {
        const auto lease = decode_changed([&](json& value) {
            value["spec"].erase("holderIdentity");
            if (holder[0] != 'a') value["spec"]["holderIdentity"] = json::parse(holder);
        });
        ASSERT_TRUE(lease) << holder << lease.error();
        EXPECT_EQ(lease->record.holder, "") << holder;
    }
}

TEST(AgentLeaseJson, AllOfTheSpecIsOptional) {
    for (const char* spec : {"absent", "null", "{}"}) {
        const auto lease = decode_changed([&](json& value) {
            value.erase("spec");
            if (spec[0] != 'a') value["spec"] = json::parse(spec);
            value["metadata"].erase("annotations");
        });
        ASSERT_TRUE(lease) << spec << lease.error();
        EXPECT_EQ(lease->record, LeaseRecord{}) << spec;
        const json put = json::parse(encode_lease(*lease, kName, LeaseVerb::update));
        // 0 s is no duration for the server.
        EXPECT_EQ(put["spec"], json::parse(R"({"holderIdentity":"","leaseTransitions":0})"));
        EXPECT_FALSE(put["metadata"].contains("annotations"));
    }
}

TEST(AgentLeaseJson, KindAndNamespaceMayBeAbsent) {
    EXPECT_TRUE(decode_changed([](json& value) {
        value.erase("kind");
        value.erase("apiVersion");
        value["metadata"].erase("namespace");
    }));
}

TEST(AgentLeaseJson, LongAndForeignTextsAreKept) {
    const std::string holder = std::string(835, 'h') + "a\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd";
    const auto lease =
        decode_changed([&](json& value) { value["spec"]["holderIdentity"] = holder; });
    EXPECT_EQ(lease->record.holder, holder);
    const json put = json::parse(encode_lease(*lease, kName, LeaseVerb::update));
    EXPECT_EQ(put["spec"]["holderIdentity"], holder);
}

TEST(AgentLeaseJson, AMarkThatSomebodySpoiltIsNotAbsent) {
    for (const char* mark : {"", "0", "xyz", "12 ", "0x12", "-1", "11112222333344445"}) {
        const auto lease = decode_changed([&](json& value) {
            value["metadata"]["annotations"]["leasehold.dev/nonce"] = mark;
            value["metadata"]["annotations"]["leasehold.dev/max-lease-seconds"] = mark;
        });
        ASSERT_TRUE(lease) << mark << lease.error();
        EXPECT_EQ(lease->record.nonce, kForeignMark) << mark;
    }
}

TEST(AgentLeaseJson, RefusesWhatNoServerSends) {
    using Change = void (*)(json&);
    const std::vector<std::pair<std::string, Change>> bad{
        {"kind: expected Lease", [](json& v) { v["kind"] = "Pod"; }},
        {"kind: expected a text", [](json& v) { v["kind"] = 5; }},
        {"apiVersion: expected coordination.k8s.io/v1", [](json& v) { v["apiVersion"] = "v1"; }},
        {"metadata: expected an object", [](json& v) { v["metadata"] = "x"; }},
        {"metadata.name: expected the Lease asked for", [](json& v) { v.erase("metadata"); }},
        {"metadata.name: expected the Lease asked for",
         [](json& v) { v["metadata"]["name"] = "b"; }},
        {"metadata.namespace: expected the namespace asked for",
         [](json& v) { v["metadata"]["namespace"] = "b"; }},
        {"metadata.uid: expected a text", [](json& v) { v["metadata"]["uid"] = ""; }},
        {"resourceVersion: expected a text", [](json& v) { v["metadata"]["resourceVersion"] = 1; }},
        {"metadata.resourceVersion: expected a decimal number in quotes",
         [](json& v) { v["metadata"]["resourceVersion"] = "0"; }},
        {"metadata.resourceVersion: expected a decimal number in quotes",
         [](json& v) { v["metadata"]["resourceVersion"] = "12x"; }},
        {"metadata.resourceVersion: expected a decimal number in quotes",
         [](json& v) { v["metadata"]["resourceVersion"] = "18446744073709551616"; }},
        {"metadata.resourceVersion: expected a decimal number in quotes",
         [](json& v) { v["metadata"].erase("resourceVersion"); }},
        {"annotations: expected an object", [](json& v) { v["metadata"]["annotations"] = "x"; }},
        {"leasehold.dev/nonce: expected a text",
         [](json& v) { v["metadata"]["annotations"]["leasehold.dev/nonce"] = 7; }},
        {"spec: expected an object", [](json& v) { v["spec"] = json::array(); }},
        {"holderIdentity: expected a text", [](json& v) { v["spec"]["holderIdentity"] = 5; }},
        {"leaseDurationSeconds: expected a whole number of 31 bits",
         [](json& v) { v["spec"]["leaseDurationSeconds"] = 15.0; }},
        {"leaseDurationSeconds: expected a whole number of 31 bits",
         [](json& v) { v["spec"]["leaseDurationSeconds"] = -1; }},
        {"leaseDurationSeconds: expected a whole number of 31 bits",
         [](json& v) { v["spec"]["leaseDurationSeconds"] = 2147483648; }},
        {"leaseDurationSeconds: expected a whole number of 31 bits",
         [](json& v) { v["spec"]["leaseDurationSeconds"] = 18446744073709551615U; }},
        {"leaseDurationSeconds: expected a whole number of 31 bits",
         [](json& v) { v["spec"]["leaseDurationSeconds"] = "15"; }},
        {"leaseTransitions: expected a whole number of 31 bits",
         [](json& v) { v["spec"]["leaseTransitions"] = -1; }},
        {"renewTime: expected a time with six digits of a second",
         [](json& v) { v["spec"]["renewTime"] = "2026-11-22T14:00:00Z"; }},
        {"renewTime: expected a text", [](json& v) { v["spec"]["renewTime"] = 1700000000; }},
    };
    for (const auto& [message, change] : bad) {
        const auto lease = decode_changed(change);
        ASSERT_FALSE(lease) << message;
        EXPECT_EQ(lease.error(), message);
    }
}

TEST(AgentLeaseJson, RefusesDuplicatesDepthAndBadText) {
    const auto error = [](const std::string& text) {
        const auto lease = decode_lease(text, kName);
        return lease ? "" : lease.error();
    };
    EXPECT_EQ(error(R"({"metadata":{"name":"a"},"metadata":{}})"), "a duplicate key");
    EXPECT_EQ(error(R"({"spec":{"x":1,"\u0078":2}})"), "a duplicate key");
    EXPECT_EQ(error(std::string(100'000, '[')), "nested too deeply");
    EXPECT_EQ(error(""), "not JSON at byte 1");
    EXPECT_EQ(error(kFull.substr(0, 100)), "not JSON at byte 101");
    EXPECT_EQ(error(kFull + "x"), "not JSON at byte " + std::to_string(kFull.size() + 1));
    EXPECT_EQ(error("[]"), "expected an object");
    EXPECT_EQ(error("{\"a\":\"\xff\"}"), "not JSON at byte 7");
    EXPECT_EQ(error(R"({"a":"\ud800"})").substr(0, 16), "not JSON at byte");
    EXPECT_EQ(error(R"({"a":1e999})"), "a number that is out of range");
}

TEST(AgentMicroTime, HasExactlySixDigits) {
    EXPECT_EQ(format_micro_time(at("2026-11-22T14:00:00.123456Z")), "2026-11-22T14:00:00.123456Z");
    EXPECT_EQ(format_micro_time(WallTime(0ns)), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_micro_time(WallTime(999ns)), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_micro_time(WallTime(-1ns)), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(format_micro_time(at("1969-11-22T14:00:00.000007Z")), "1969-11-22T14:00:00.000007Z");
    EXPECT_EQ(at("1970-01-01T00:00:01.000002Z"), WallTime(1'000'002us));
    EXPECT_EQ(at("2024-02-29T00:00:00.000000Z") - at("2024-02-28T00:00:00.000000Z"), 24h);
}

TEST(AgentMicroTime, AnOffsetIsTakenOff) {
    EXPECT_EQ(at("2026-11-22T16:00:00.123456+02:00"), at("2026-11-22T14:00:00.123456Z"));
    EXPECT_EQ(at("2026-11-22T08:30:00.123456-05:30"), at("2026-11-22T14:00:00.123456Z"));
}

TEST(AgentMicroTime, YearsOutOfRangeBecomeTheNearest) {
    EXPECT_EQ(format_micro_time(at("9999-12-31T23:59:59.999999Z")), "2200-12-31T23:59:59.000000Z");
    EXPECT_EQ(format_micro_time(at("0001-01-01T00:00:00.000000Z")), "1700-01-01T00:00:00.000000Z");
}

TEST(AgentMicroTime, RefusesWhatTheServerRefuses) {
    for (const char* text : {"", "yesterday", "2026-11-22T14:00:00Z", "2026-11-22T14:00:00.123Z",
                             "2026-11-22T14:00:00.123456789Z", "2026-11-22t14:00:00.123456z",
                             "2026-11-22T14:00:00.123456", "2026-11-22 14:00:00.123456Z",
                             "2026-02-30T14:00:00.123456Z", "2026-13-22T14:00:00.123456Z",
                             "2026-11-22T24:00:00.123456Z", "2026-11-22T14:60:00.123456Z",
                             "2026-11-22T14:00:60.123456Z", "2026-11-22T14:00:00.123456+02",
                             "2026-11-22T14:00:00.123456+24:00", "2026-11-22T14:00:00.123456Z ",
                             "-026-11-22T14:00:00.123456Z", "2026-11-22T14:00:00,123456Z"})
        EXPECT_FALSE(parse_micro_time(text)) << text;
}

}  // namespace
}  // namespace leasehold::agent
