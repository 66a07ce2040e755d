// What Helm 3 and 4 make of values files and --set flags (tests/helm/table.json, their own
// answers), and what we do.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/values.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::config {
namespace {

using nlohmann::json;

std::map<std::string, std::string> by_name(
    const std::vector<std::pair<std::string, std::vector<std::string>>>& reasons) {
    std::map<std::string, std::string> all;
    for (const auto& [why, names] : reasons)
        for (const std::string& name : names)
            all.emplace(name, why);
    return all;
}

/// Refused though Helm takes it and a group could live with what it makes of it; and why.
const std::map<std::string, std::string>& stricter() {
    static const std::map<std::string, std::string> all = by_name({
        {"a text is true to the chart, and nobody who writes this means it",
         {R"(--set kubecostDeployment.leaderFollower.enabled="true")",
          R"(--set kubecostDeployment.leaderFollower.enabled=enabled)",
          R"(--set kubecostDeployment.leaderFollower.enabled=no)",
          R"(--set kubecostDeployment.leaderFollower.enabled=off)",
          R"(--set kubecostModel.etl="true")",
          R"(--set kubecostModel.etl=enabled)",
          R"(--set kubecostModel.etl=no)",
          R"(--set kubecostModel.etl=off)",
          R"(--set kubecostModel.etlFileStoreEnabled="true")",
          R"(--set kubecostModel.etlFileStoreEnabled=enabled)",
          R"(--set kubecostModel.etlFileStoreEnabled=no)",
          R"(--set kubecostModel.etlFileStoreEnabled=off)",
          R"(--set-string kubecostDeployment.leaderFollower.enabled=0)",
          R"(--set-string kubecostDeployment.leaderFollower.enabled=false)",
          R"(enabled: "false")",
          R"(enabled: enabled)",
          R"(etl: "false")",
          R"(etl: enabled)",
          R"(etlFileStoreEnabled: "false")",
          R"(etlFileStoreEnabled: enabled)"}},
        {"a list is no switch and no name",
         {R"(--set kubecostDeployment.leaderFollower.enabled={true})",
          R"(--set kubecostModel.etl={true})", R"(--set kubecostModel.etlFileStoreEnabled={true})",
          R"(--set kubecostModel.etlBucketConfigSecret={a})", R"(etlBucketConfigSecret: [a])"}},
        {"Kubernetes refuses such a name of a Secret",
         {R"(--set kubecostModel.etlBucketConfigSecret=A_B)",
          R"(--set kubecostModel.etlBucketConfigSecret=a/b)",
          R"(etlBucketConfigSecret: My_Secret)"}},
        {"of a key given twice Helm drops the first in silence", {R"(a duplicate inside of ours)"}},
        {"Helm 3 drops the second document and Helm 4 merges it", {R"(a second document)"}},
        {"a slip that Helm takes for nothing", {R"(--set a[0=1)", R"(--set-json a=)"}},
    });
    return all;
}

/// Taken, and not as Helm takes it; and why.
const std::map<std::string, std::string>& otherwise() {
    static const std::map<std::string, std::string> all = by_name({
        {"null gives the default back, and the chart fails or backs nothing up",
         {R"(--set kubecostModel.etl=null)", R"(--set kubecostModel.etlFileStoreEnabled=null)",
          R"(etl: )", R"(etl: ~)", R"(etlFileStoreEnabled: )", R"(etlFileStoreEnabled: ~)"}},
        {"the name is not used: the chart mounts the Secret",
         {R"(etlBucketConfigSecret: 0123)", R"(etlBucketConfigSecret: 1e3)",
          R"(etlBucketConfigSecret: yes)"}},
        {"a null for a key, in a section that is not ours", {R"(keys of all kinds)"}},
    });
    return all;
}

class HelmTable : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_.write("true", "true");
        folder_.write("three", "3");
        folder_.write("secret", "bucket");
    }
    std::string in_folder(std::string text) {
        for (auto at = text.find("FOLDER"); at != std::string::npos; at = text.find("FOLDER"))
            text.replace(at, 6, folder_.path());
        return text;
    }
    ValueSources sources_of(const json& one) {
        ValueSources sources;
        for (const json& text : one.value("files", json::array()))
            sources.files.push_back(
                folder_.write("values" + std::to_string(sources.files.size()), text));
        for (const json& flag : one.value("flags", json::array())) {
            const std::string name = flag[0];
            const std::string text = in_folder(flag[1]);
            (name == "--set"           ? sources.sets
             : name == "--set-string"  ? sources.strings
             : name == "--set-json"    ? sources.jsons
             : name == "--set-literal" ? sources.literals
                                       : sources.from_files)
                .push_back(text);
        }
        return sources;
    }

    test::OwnFolder folder_;
};

/// The chart itself, or what any group would die of, refuses these values.
bool nobody_could_live_with(const json& seen) {
    const bool group = seen["leaderFollower"];
    const std::int64_t replicas = seen["replicas"];
    if (replicas < 1 || replicas > static_cast<std::int64_t>(kReplicasMax)) return true;
    if (!group) return replicas > 1;
    return !seen["fileStore"].get<bool>() || seen["secret"] == "" || replicas <= 1;
}

json seen_by(const ValuesSpec& values) {
    return {{"replicas", values.replicas},
            {"leaderFollower", values.leader_follower},
            {"etl", values.etl},
            {"fileStore", values.file_store},
            {"secret", values.bucket_secret}};
}

TEST_F(HelmTable, WhatHelmTakesWeTakeAlikeOrRefuseForAReason) {
    std::ifstream in("tests/helm/table.json");
    const json table = json::parse(in);
    ASSERT_GE(table.size(), 300U);
    std::set<std::string> used;
    std::size_t alike = 0;
    for (const json& one : table) {
        const std::string name = one["name"];
        const bool taken = one["helm3"].contains("seen") || one["helm4"].contains("seen");
        json ours;
        std::string refusal;
        try {
            ours = seen_by(read_values(nullptr, sources_of(one)));
        } catch (const InputError& error) {
            refusal = presentable(error.diagnostic).to_string();
        }
        if (ours.is_null()) {
            EXPECT_FALSE(refusal.empty());
            if (!taken) continue;
            const json& helm = one["helm4"].contains("seen") ? one["helm4"] : one["helm3"];
            if (nobody_could_live_with(helm["seen"])) continue;
            used.insert(name);
            EXPECT_TRUE(stricter().contains(name)) << name << ": " << refusal << "\n" << helm;
        } else if (one["helm3"].value("seen", json()) == ours ||
                   one["helm4"].value("seen", json()) == ours) {
            ++alike;
        } else {
            used.insert(name);
            EXPECT_TRUE(otherwise().contains(name)) << name << ": " << ours << "\n" << one.dump();
        }
    }
    EXPECT_GE(alike, 130U);
    for (const auto& [name, why] : stricter())
        EXPECT_TRUE(used.contains(name)) << name << " is not refused, or Helm refuses it as well";
    for (const auto& [name, why] : otherwise())
        EXPECT_TRUE(used.contains(name)) << name << " is taken as Helm takes it";
}

}  // namespace
}  // namespace leasehold::config
