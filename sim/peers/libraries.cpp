#include "sim/peers/libraries.hpp"

#include "model/base/check.hpp"

namespace leasehold::sim {

Peer make_peer(Library library, bool release, const PeerStart& start) {
    switch (library) {
        case Library::fabric8:
            return Peer(Fabric8Elector(start.identity, release, start.seed));
        case Library::official_java:
            return Peer(OfficialJavaElector(start.identity, release, start.seed));
        case Library::python:
            return Peer(PythonElector(start.identity));
        case Library::kubert:
            return Peer(KubertElector(start.identity, release));
        case Library::kube_leader_election:
            return Peer(KubeLeaderElectionElector(start.identity, release));
    }
    check_failed("known library", __FILE__, __LINE__, "");
}

}  // namespace leasehold::sim
