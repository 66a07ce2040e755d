#include "agent/lease/pod_json.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "agent/lease/lease_json.hpp"
#include "agent/lease/micro_time.hpp"
#include "agent/lease/strict_json.hpp"

namespace leasehold::agent {
namespace {

using Json = nlohmann::json;

[[noreturn]] void wrong(std::string_view key, const char* expected) {
    throw JsonError(std::string(key) + ": expected " + expected);
}

/// Null is absence, as the API server has it.
const Json* member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr) return {};
    if (!value->is_string()) wrong(key, "a text");
    return value->get<std::string>();
}

std::string named(const Json& object, const char* key) {
    std::string text = text_at(object, key);
    if (text.empty()) wrong(key, "a name");
    return text;
}

const Json* object_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value != nullptr && !value->is_object()) wrong(key, "an object");
    return value;
}

const Json* list_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) wrong(key, "a list");
    if (value->size() > kMostContainers) wrong(key, "fewer containers");
    for (const Json& one : *value)
        if (!one.is_object()) wrong(key, "a list of objects");
    return value;
}

std::optional<WallTime> time_at(const Json& object, const char* key) {
    const std::string text = text_at(object, key);
    if (text.empty()) return std::nullopt;
    const std::optional<WallTime> time = parse_time(text);
    if (!time) wrong(key, "a time in whole seconds");
    return time;
}

/// It goes into an annotation of ours, and is compared byte by byte.
std::string id_at(const Json& object, const char* key) {
    std::string id = text_at(object, key);
    const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
    if (id.size() > kLongestContainerId || !std::all_of(id.begin(), id.end(), printable))
        wrong(key, "a runtime's name of a container");
    return id;
}

std::int32_t exit_code(const Json& end) {
    const Json* const value = member(end, "exitCode");
    if (value == nullptr) return 0;
    if (!value->is_number_integer()) wrong("exitCode", "a whole number");
    // Beyond 63 bits it is unsigned, and get() would wrap.
    const auto number = value->is_number_unsigned() && value->get<std::uint64_t>() >> 31 != 0
                            ? std::numeric_limits<std::int64_t>::max()
                            : value->get<std::int64_t>();
    if (number < std::numeric_limits<std::int32_t>::min() ||
        number > std::numeric_limits<std::int32_t>::max())
        wrong("exitCode", "a whole number of 32 bits");
    return static_cast<std::int32_t>(number);
}

ContainerEnd end_in(const Json& terminated) {
    ContainerEnd end;
    end.id = id_at(terminated, "containerID");
    end.reason = text_at(terminated, "reason");
    end.exit_code = exit_code(terminated);
    end.finished_at = time_at(terminated, "finishedAt");
    return end;
}

/// A state is one of three; none at all is the third one's default.
void take_state(const Json& state, ContainerState& container) {
    const Json* const waiting = object_at(state, "waiting");
    const Json* const running = object_at(state, "running");
    const Json* const terminated = object_at(state, "terminated");
    if ((waiting != nullptr) + (running != nullptr) + (terminated != nullptr) > 1)
        wrong("state", "one of waiting, running and terminated");
    if (running != nullptr) {
        container.phase = ContainerPhase::running;
        container.started_at = time_at(*running, "startedAt");
    } else if (terminated != nullptr) {
        container.phase = ContainerPhase::terminated;
        container.ended = end_in(*terminated);
    }
}

ContainerState container_in(const Json& value, const std::set<std::string>& probed) {
    ContainerState container;
    container.name = named(value, "name");
    container.id = id_at(value, "containerID");
    container.probed = probed.contains(container.name);
    if (const Json* const ready = member(value, "ready"); ready != nullptr) {
        if (!ready->is_boolean()) wrong("ready", "true or false");
        container.ready = ready->get<bool>();
    }
    if (const Json* const state = object_at(value, "state"); state != nullptr)
        take_state(*state, container);
    if (const Json* const last = object_at(value, "lastState"); last != nullptr)
        if (const Json* const end = object_at(*last, "terminated"); end != nullptr)
            container.ended_last = end_in(*end);
    return container;
}

/// Of a spec's containers.
struct Specified {
    std::set<std::string> probed;    ///< have a readinessProbe
    std::set<std::string> sidecars;  ///< of initContainers, those that run beside the others
};

Specified specified_in(const Json& value) {
    Specified names;
    const Json* const spec = object_at(value, "spec");
    if (spec == nullptr) return names;
    for (const char* const list : {"containers", "initContainers"}) {
        const Json* const containers = list_at(*spec, list);
        if (containers == nullptr) continue;
        for (const Json& one : *containers) {
            if (object_at(one, "readinessProbe") != nullptr)
                names.probed.insert(named(one, "name"));
            if (text_at(one, "restartPolicy") == "Always")
                names.sidecars.insert(named(one, "name"));
        }
    }
    return names;
}

void take_statuses(const Json& status, const char* key, const Specified& specified,
                   PodReport& pod) {
    const Json* const containers = list_at(status, key);
    if (containers == nullptr) return;
    const bool init = std::string_view(key) == "initContainerStatuses";
    for (const Json& one : *containers) {
        ContainerState container = container_in(one, specified.probed);
        // Any other has ended before the first container of the Pod runs.
        if (init && !specified.sidecars.contains(container.name)) continue;
        for (const ContainerState& other : pod.containers)
            if (other.name == container.name) wrong(key, "each container once");
        pod.containers.push_back(std::move(container));
    }
}

PodReport pod_in(const Json& value, const PodName& name) {
    if (!value.is_object()) throw JsonError("expected an object");
    if (const std::string kind = text_at(value, "kind"); !kind.empty() && kind != "Pod")
        wrong("kind", "Pod");
    if (const std::string api = text_at(value, "apiVersion"); !api.empty() && api != "v1")
        wrong("apiVersion", "v1");
    const Json* const metadata = object_at(value, "metadata");
    if (metadata == nullptr) wrong("metadata", "an object");
    PodReport pod;
    pod.name = text_at(*metadata, "name");
    if (pod.name != name.name) wrong("metadata.name", "the Pod asked for");
    if (text_at(*metadata, "namespace") != name.namespace_name)
        wrong("metadata.namespace", "the namespace asked for");
    pod.uid = named(*metadata, "uid");
    const Result<Version, std::string> version = decode_version(*metadata);
    if (!version) throw JsonError(version.error());
    pod.version = *version;
    const Json* const status = object_at(value, "status");
    if (status == nullptr) return pod;
    pod.phase = text_at(*status, "phase");
    const Specified specified = specified_in(value);
    take_statuses(*status, "containerStatuses", specified, pod);
    take_statuses(*status, "initContainerStatuses", specified, pod);
    return pod;
}

}  // namespace

Result<PodReport, std::string> decode_pod(std::string_view text, const PodName& name) {
    try {
        return pod_in(parse_json(text), name);
    } catch (const JsonError& error) {
        return Unexpected{std::string(error.what())};
    }
}

Result<PodReport, std::string> pod_from_json(const Json& value, const PodName& name) {
    try {
        return pod_in(value, name);
    } catch (const JsonError& error) {
        return Unexpected{std::string(error.what())};
    }
}

Result<PodReport, std::string> pod_of_event(const WatchEvent& event, const PodName& name) {
    const bool deleted = event.type == "DELETED";
    if (!deleted && event.type != "ADDED" && event.type != "MODIFIED")
        return Unexpected{
            std::string(event.type == "ERROR" ? "an error event" : "an event of an unknown type")};
    Result<PodReport, std::string> pod = pod_from_json(event.object, name);
    if (!pod) return Unexpected{"an event's " + pod.error()};
    pod->deleted = deleted;
    return pod;
}

}  // namespace leasehold::agent
