// Fuzz target: a Pod's JSON, as an object and as an event of its watch, and what it proves.
// fuzz-sources: agent/lease/pod_json.cpp agent/lease/lease_json.cpp agent/lease/micro_time.cpp
// fuzz-sources: agent/lease/strict_json.cpp agent/lease/watch_lines.cpp
// fuzz-sources: model/base/check.cpp model/protocol/pod.cpp
// fuzz-options: -max_len=16384
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/lease/pod_json.hpp"

namespace {

using namespace leasehold;

void must(bool holds) {
    if (!holds) std::abort();
}

bool printable(const std::string& id) {
    for (const char c : id)
        if (c <= ' ' || c >= '\x7f') return false;
    return id.size() <= agent::kLongestContainerId;
}

/// Whatever came: what was read holds what it promises, and proves an end of what it names alone.
void look(const PodReport& report) {
    must(report.name == "pod-0" && !report.uid.empty() && report.version != Version());
    for (const ContainerState& one : report.containers) {
        must(!one.name.empty() && printable(one.id));
        must(one.ended.has_value() == (one.phase == ContainerPhase::terminated));
        must(!one.started_at || one.phase == ContainerPhase::running);
        for (const auto& end : {one.ended, one.ended_last}) {
            if (!end) continue;
            must(printable(end->id));
            const Container holder{report.name, report.uid, end->id};
            const auto at = ended_at(report, one.name, holder);
            must(!at || (at == one.ended.value_or(ContainerEnd{}).finished_at ||
                         at == one.ended_last.value_or(ContainerEnd{}).finished_at));
            must(!at || !report.deleted);
        }
        const auto started = one.started_at.value_or(WallTime{});
        const auto own = own_container(report, one.name, report.uid, started);
        must(!own || (own->known() && one.phase == ContainerPhase::running));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const agent::PodName name{"ns", "pod-0"};
    if (const auto report = agent::decode_pod(text, name); report) look(*report);
    const auto event = agent::decode_watch_event(text);
    if (!event) return 0;
    if (const auto report = agent::pod_of_event(*event, name); report) look(*report);
    return 0;
}
