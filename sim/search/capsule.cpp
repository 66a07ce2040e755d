#include "sim/search/capsule.hpp"

#include "reports/json_archive.hpp"

namespace leasehold::search {

using reports::Like;

template <class A>
void fields(A& a, Like<Capsule> auto& v) {
    a("program", v.program);
    a("capsule", v.version);
    a("build", v.build);
    a("name", v.name);
    a("scenario", v.scenario);
    a("seed", v.seed);
    a("digest", v.digest);
    a("outcome", v.outcome);
    a("signature", v.signature);
}

std::string capsule_text(const Capsule& capsule) {
    return reports::encode(capsule).dump(1) + "\n";
}

Result<Capsule, std::string> parse_capsule(std::string_view text) {
    if (text.empty()) return Unexpected{std::string("empty, so no capsule")};
    try {
        const reports::Json json = reports::parse_json(text);
        const auto version = json.is_object() ? json.find("capsule") : json.end();
        if (version == json.end())
            return Unexpected{std::string("no capsule: it has no field 'capsule'")};
        if (*version != kCapsuleVersion)
            return Unexpected{"a capsule of format " + version->dump() +
                              ", and this program knows format " + std::to_string(kCapsuleVersion)};
        Capsule capsule;
        reports::decode(json, capsule);
        const bool digest =
            capsule.digest.size() == 16 &&
            capsule.digest.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (!digest)
            return Unexpected{
                "its digest is damaged: expected sixteen hexadecimal digits, found '" +
                capsule.digest + "'"};
        return capsule;
    } catch (const reports::JsonError& error) {
        return Unexpected{std::string("no whole capsule: ") + error.what()};
    }
}

}  // namespace leasehold::search
