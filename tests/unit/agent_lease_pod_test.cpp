// A Pod as JSON: what is read of it, and that what is odd is read as nothing.
#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "agent/lease/pod_json.hpp"

namespace leasehold::agent::testing {
namespace {

using Json = nlohmann::json;

const PodName kName{"ns", "pod-0"};
// 2026-11-22T14:00:00Z
constexpr WallTime kTwo{Duration(1795356000000000000)};

/// As a kubelet of 1.37 writes it after one restart (shortened by what is not looked at).
Json pod() {
    return Json::parse(R"({
      "kind": "Pod", "apiVersion": "v1",
      "metadata": {"name": "pod-0", "namespace": "ns", "uid": "u-1", "resourceVersion": "77",
                   "labels": {"a": "b"}, "managedFields": [{"manager": "kubelet"}]},
      "spec": {"nodeName": "n", "containers": [
        {"name": "agent", "image": "i", "readinessProbe": {"periodSeconds": 2}},
        {"name": "side", "image": "i"}]},
      "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
          {"name": "agent", "ready": true, "restartCount": 1, "image": "i", "imageID": "d",
           "containerID": "containerd://bb", "started": true,
           "state": {"running": {"startedAt": "2026-11-22T14:00:00Z"}},
           "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled",
             "startedAt": "2026-11-22T13:00:00Z", "finishedAt": "2026-11-22T13:59:59Z",
             "containerID": "containerd://aa"}}},
          {"name": "side", "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
           "lastState": {}}]}})");
}

Result<PodReport, std::string> read(const Json& value) {
    return decode_pod(value.dump(), kName);
}

TEST(AgentPodJson, ReadsWhatAKubeletWrites) {
    const auto report = read(pod());
    ASSERT_TRUE(report) << report.error();
    EXPECT_EQ(report->name, "pod-0");
    EXPECT_EQ(report->uid, "u-1");
    EXPECT_EQ(report->version, Version(77));
    EXPECT_EQ(report->phase, "Running");
    EXPECT_FALSE(report->deleted);
    ASSERT_EQ(report->containers.size(), 2U);
    const ContainerState& agent = report->containers[0];
    EXPECT_EQ(agent.name, "agent");
    EXPECT_EQ(agent.id, "containerd://bb");
    EXPECT_EQ(agent.phase, ContainerPhase::running);
    EXPECT_EQ(agent.started_at, kTwo);
    EXPECT_TRUE(agent.ready);
    EXPECT_TRUE(agent.probed);
    EXPECT_FALSE(agent.ended);
    ASSERT_TRUE(agent.ended_last);
    EXPECT_EQ(agent.ended_last->id, "containerd://aa");
    EXPECT_EQ(agent.ended_last->reason, "OOMKilled");
    EXPECT_EQ(agent.ended_last->exit_code, 137);
    EXPECT_EQ(agent.ended_last->finished_at, kTwo - std::chrono::seconds(1));
    const ContainerState& side = report->containers[1];
    EXPECT_EQ(side.phase, ContainerPhase::waiting);
    EXPECT_FALSE(side.probed);
    EXPECT_FALSE(side.ended_last);
}

TEST(AgentPodJson, ReadsSidecarsAmongTheInitContainers) {
    Json value = pod();
    value["spec"]["initContainers"] =
        Json::parse(R"([{"name": "setup"}, {"name": "own", "restartPolicy": "Always",
                         "readinessProbe": {}}])");
    value["status"]["initContainerStatuses"] = Json::parse(
        R"([{"name": "setup", "containerID": "containerd://cc",
             "state": {"terminated": {"exitCode": 0, "containerID": "containerd://cc"}}},
            {"name": "own", "ready": true, "containerID": "containerd://dd",
             "state": {"running": {"startedAt": "2026-11-22T14:00:00Z"}}}])");
    const auto report = read(value);
    ASSERT_TRUE(report) << report.error();
    ASSERT_EQ(report->containers.size(), 3U) << "what has ended before the others run is none";
    EXPECT_EQ(report->containers[2].name, "own");
    EXPECT_EQ(report->containers[2].id, "containerd://dd");
    EXPECT_TRUE(report->containers[2].probed);
    value["status"]["initContainerStatuses"][1]["name"] = "agent";
    value["spec"]["initContainers"][1]["name"] = "agent";
    EXPECT_FALSE(read(value)) << "one name for two";
}

TEST(AgentPodJson, ReadsAnEnd) {
    Json value = pod();
    value["status"]["containerStatuses"][0]["state"] = Json::parse(
        R"({"terminated": {"exitCode": -1, "reason": "Error", "containerID": "cri-o://bb",
            "startedAt": null, "finishedAt": null}})");
    const auto report = read(value);
    ASSERT_TRUE(report) << report.error();
    const ContainerState& agent = report->containers[0];
    EXPECT_EQ(agent.phase, ContainerPhase::terminated);
    ASSERT_TRUE(agent.ended);
    EXPECT_EQ(agent.ended->id, "cri-o://bb");
    EXPECT_EQ(agent.ended->exit_code, -1);
    EXPECT_FALSE(agent.ended->finished_at);
    EXPECT_FALSE(agent.started_at);
}

TEST(AgentPodJson, ReadsAPodThatNoKubeletHasTouched) {
    Json value = pod();
    value.erase("status");
    value.erase("spec");
    auto report = read(value);
    ASSERT_TRUE(report) << report.error();
    EXPECT_TRUE(report->containers.empty());
    value["status"] = {{"phase", "Pending"}, {"containerStatuses", nullptr}};
    report = read(value);
    ASSERT_TRUE(report) << report.error();
    EXPECT_EQ(report->phase, "Pending");
}

TEST(AgentPodJson, WhatIsOddIsNothing) {
    const std::string status = "/status/containerStatuses/0";
    const std::vector<std::pair<std::string, Json>> odd{
        {"/kind", "Lease"},
        {"/apiVersion", "v2"},
        {"/metadata", 1},
        {"/metadata/name", "pod-1"},
        {"/metadata/namespace", "other"},
        {"/metadata/namespace", nullptr},
        {"/metadata/uid", ""},
        {"/metadata/uid", 7},
        {"/metadata/resourceVersion", "0"},
        {"/metadata/resourceVersion", 77},
        {"/spec", Json::array()},
        {"/spec/containers/0", "agent"},
        {"/spec/containers/0/name", nullptr},
        {"/spec/containers/0/readinessProbe", true},
        {"/status", "Running"},
        {"/status/phase", 1},
        {"/status/containerStatuses", Json::object()},
        {status, nullptr},
        {status + "/name", ""},
        {status + "/name", "side"},  // twice
        {status + "/ready", "true"},
        {status + "/containerID", 5},
        {status + "/containerID", "containerd://b b"},
        {status + "/containerID", "containerd://\xc3\xa9"},
        {status + "/containerID", std::string(kLongestContainerId + 1, 'b')},
        {status + "/state", "running"},
        {status + "/state/terminated", Json::object()},  // beside running
        {status + "/state/running", Json::array()},
        {status + "/state/running/startedAt", "yesterday"},
        {status + "/state/running/startedAt", "2026-11-22T14:00:00.123456Z"},
        {status + "/state/running/startedAt", 1795356000},
        {status + "/state/running/startedAt", "2026-02-30T00:00:00Z"},
        {status + "/lastState", Json::array()},
        {status + "/lastState/terminated", "x"},
        {status + "/lastState/terminated/containerID", Json::array()},
        {status + "/lastState/terminated/reason", 1},
        {status + "/lastState/terminated/finishedAt", "2026-11-22"},
        {status + "/lastState/terminated/exitCode", 137.0},
        {status + "/lastState/terminated/exitCode", 2147483648},
        {status + "/lastState/terminated/exitCode", 18446744073709551615U},
    };
    for (const auto& [pointer, other] : odd) {
        Json value = pod();
        value[Json::json_pointer(pointer)] = other;
        const auto report = read(value);
        EXPECT_FALSE(report) << pointer << " = " << other;
        if (report) continue;
        EXPECT_EQ(report.error().find('\n'), std::string::npos);
    }
    for (const char* text : {"", "null", "[]", "1", "{", R"({"metadata":{},"metadata":{}})"})
        EXPECT_FALSE(decode_pod(text, kName)) << text;
    Json many = pod();
    for (std::size_t i = 0; i < kMostContainers; ++i)
        many["status"]["containerStatuses"].push_back({{"name", "c" + std::to_string(i)}});
    EXPECT_FALSE(read(many));
}

TEST(AgentPodJson, AnEventOfItsWatch) {
    const std::string object = pod().dump();
    const auto event = [&](const std::string& type, const std::string& of) {
        auto decoded = decode_watch_event(R"({"type":")" + type + R"(","object":)" + of + "}");
        EXPECT_TRUE(decoded);
        return pod_of_event(*decoded, kName);
    };
    for (const char* type : {"ADDED", "MODIFIED"}) {
        const auto report = event(type, object);
        ASSERT_TRUE(report) << report.error();
        EXPECT_FALSE(report->deleted);
    }
    const auto deleted = event("DELETED", object);
    ASSERT_TRUE(deleted);
    EXPECT_TRUE(deleted->deleted) << "whatever its last status says";
    for (const char* type : {"ERROR", "BOOKMARK", "ENDED"})
        EXPECT_FALSE(event(type, object));
    EXPECT_FALSE(event("ADDED", R"({"kind":"Status","code":410})"));
    EXPECT_FALSE(event("MODIFIED", "[]"));
}

}  // namespace
}  // namespace leasehold::agent::testing
