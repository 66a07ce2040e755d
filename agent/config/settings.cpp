#include "agent/config/settings.hpp"

namespace leasehold::agent {
namespace {

using enum SettingKind;
using enum Serves;

constexpr std::string_view kWhat = "What to do";
constexpr std::string_view kWho = "Who runs";
constexpr std::string_view kElection = "Election";
constexpr std::string_view kApi = "Kubernetes API (in a pod: its service account)";
constexpr std::string_view kBucket = "Bucket and local files";
constexpr std::string_view kHttp = "HTTP";
constexpr std::string_view kProcess = "Process";

constexpr std::array kSettings{
    Setting{"check-config", "", "", "validate, print what is in force, touch nothing", kWhat,
            toggle},
    Setting{"check-bucket", "", "", "try what the bucket does, print it, end with 0 or 69", kWhat,
            toggle},
    Setting{"remove-tombstones", "", "",
            "delete what removed keys left in the bucket, with HA off and all replicas ended",
            kWhat, toggle},
    Setting{"standalone", "", "", "leader/follower off, no cluster; needs --bucket-dir", kWhat,
            toggle},
    Setting{"values", "", "FILE", "Helm values file, or A,B (repeatable, later wins)", kWhat, list,
            both},
    Setting{"set", "", "KEY=VALUE", "a Helm value, a.b=c (repeatable, after all files)", kWhat,
            list, both},
    Setting{"set-json", "", "KEY=JSON", "the same in JSON, or a whole object (before --set)", kWhat,
            list, both},
    Setting{"set-string", "", "KEY=VALUE", "the same, always a text (after --set)", kWhat, list,
            both},
    Setting{"set-file", "", "KEY=FILE", "the same, its text from a file (after --set-string)",
            kWhat, list, both},
    Setting{"set-literal", "", "KEY=VALUE", "the same, its text as it stands (last)", kWhat, list,
            both},

    Setting{"leader-follower", "LEADER_FOLLOWER_ENABLED", "", "elect one writer among the replicas",
            kWho, toggle},
    Setting{"replicas", "", "N", "how many there are; with 1 nobody elects", kWho},
    Setting{"pod-name", "POD_NAME", "NAME", "this replica's name (default: the host's name)", kWho},
    Setting{"pod-uid", "POD_UID", "UID", "of this replica's Pod, for --believe-ended-holder", kWho},
    Setting{"pod-namespace", "POD_NAMESPACE", "NAME",
            "of the replicas' Pods (default: the Lease's)", kWho},
    Setting{"container-name", "", "NAME", "of the agent in its Pod (default agent)", kWho},
    Setting{"namespace", "KUBECOST_NAMESPACE", "NAME", "of the Lease (default: the pod's own)",
            kWho, text, both},
    Setting{"lease-name", "", "NAME",
            "of the Lease (default: RELEASE_NAME, or leasehold, and -etl-leader)", kWho, text,
            both},

    Setting{"profile", "", "NAME",
            "default (15s/auto/2s), client-go (15s/10s/2s) or fast (5s/auto/1s)", kElection},
    Setting{"lease-duration", "", "DURATION", "whole seconds (default 15s)", kElection},
    Setting{"renew-deadline", "", "DURATION",
            "how long a renewal counts (default auto: the longest that is safe)", kElection},
    Setting{"retry-period", "", "DURATION", "between renewals, and between tries (default 2s)",
            kElection},
    Setting{"drift", "", "RATE", "bound on the error of any replica's clock (default 0.2%)",
            kElection},
    Setting{"longest-lease", "", "DURATION",
            "the longest that is believed of a record, the same everywhere (default 10m)",
            kElection},
    Setting{"max-lease-duration", "", "DURATION",
            "the longest lease-duration in use while it changes (default: the own)", kElection},
    Setting{"client-go-peers", "", "", "client-go electors contend for the same Lease", kElection,
            toggle},
    Setting{"believe-ended-holder", "", "",
            "take over at once from a holder whose container has ended (default false)", kElection,
            toggle},
    Setting{"leader-events", "", "", "Kubernetes Events at changes of leader (default true)",
            kElection, toggle},

    Setting{"kubeconfig", "", "FILE", "instead of the service account", kApi, text, both},
    Setting{"context", "", "NAME", "of --kubeconfig (default: its current one)", kApi, text, both},
    Setting{"api-server", "", "URL", "instead of the service account: https://HOST[:PORT]", kApi,
            text, both},
    Setting{"api-ca-file", "", "FILE", "trusted for --api-server (default: the system's roots)",
            kApi, text, both},
    Setting{"api-token-file", "", "FILE", "bearer token for --api-server", kApi, text, both},

    Setting{"bucket-config", "ETL_BUCKET_CONFIG", "FILE", "object-store.yaml, in Thanos' form",
            kBucket, text, both},
    Setting{"bucket-dir", "", "DIR", "a directory as the bucket", kBucket, text, both},
    Setting{"prefix", "", "TEXT", "of the tracked keys (default etl/)", kBucket, text, both},
    Setting{"object-format", "", "NAME", "fenced or plain (default fenced)", kBucket},
    Setting{"preconditions", "", "NAME",
            "probe, or notAtomic: the store checks first and stores later (default probe)",
            kBucket},
    Setting{"poll-period", "", "DURATION", "of a follower's passes, at least 1s (default 30s)",
            kBucket},
    Setting{"write-deadline", "", "DURATION", "from acceptance to acknowledgement (default 2m)",
            kBucket},
    Setting{"largest-request-age", "", "DURATION",
            "how late an abandoned PUT may land (default 1m)", kBucket},
    Setting{"store-dir", "ETL_PATH_PREFIX", "DIR",
            "the local files' root, above etl/bingen (default /var/configs/db)", kBucket},

    Setting{"listen", "", "ADDR:PORT",
            "an IP address; port 0 takes a free one (default "
            "127.0.0.1:9003)",
            kHttp},
    Setting{"listen-token-file", "", "FILE", "bearer token that callers must show", kHttp},
    Setting{"tls-certificate", "", "FILE", "PEM, with --tls-key: serve HTTPS", kHttp},
    Setting{"tls-key", "", "FILE", "PEM", kHttp},
    Setting{"insecure-listen", "", "", "serve others without token or TLS", kHttp, toggle},
    Setting{"body-limit", "", "SIZE", "largest body of a PUT (default 1GiB)", kHttp},
    Setting{"query-deadline", "", "DURATION", "of GET /v1/query (default 2s)", kHttp},

    Setting{"stop-deadline", "", "DURATION", "from SIGTERM to the end (default 25s)", kProcess},
    Setting{"record", "", "FILE", "write the history, for leasehold verify", kProcess, text, both},
    Setting{"record-poll", "", "DURATION", "of the bucket (default 200ms)", kProcess, text,
            record_world},
    Setting{"log", "", "FORMAT", "text or json (default text)", kProcess, text, both},
    Setting{"log-level", "", "LEVEL", "trace, debug, info, warn, error or off (default info)",
            kProcess, text, both},
};

}  // namespace

std::span<const Setting> all_settings() {
    return kSettings;
}

}  // namespace leasehold::agent
