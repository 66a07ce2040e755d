"""A real kube-apiserver on etcd, or on kine as k3s has it, with what the agents need in it."""

import json
import signal
import subprocess
from pathlib import Path

from . import pki, rest
from .processes import Process, clean_environment, free_port, wait_for

NAMESPACE = "leasehold"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
ACCOUNTS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
ADMIN = "admin-of-the-lab"  # a token of these servers alone, which live on loopback for minutes


class Cluster:
    """Started by the constructor, ready when it returns."""

    stored_in = "etcd"

    def __init__(self, folder, tools, authority):
        self.folder = Path(folder)
        self.tools = tools
        self.ca = authority.ca
        self.context = rest.trusting(self.ca)
        self.folder.mkdir(parents=True)
        self._certificate = authority.server("apiserver")
        pki.rsa_key(self.folder / "sa.key", self.folder / "sa.pub")
        (self.folder / "tokens.csv").write_text(f'{ADMIN},admin,admin-uid,"system:masters"\n')
        self._etcd_port = free_port()
        self._peer_port = free_port()
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.storage = self.api = None
        try:
            self.start_storage()
            self.start_api()
            self._provision()
        except BaseException:
            self.stop()
            raise

    # ---- processes ------------------------------------------------------------------------------

    @property
    def _storage_url(self):
        return f"http://127.0.0.1:{self._etcd_port}"

    def start_storage(self):
        peer = f"http://127.0.0.1:{self._peer_port}"
        self.storage = Process("etcd", [
            self.tools["etcd"], "--name=live", f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",  # nobody pulls the plug here, and disks of test machines are slow
            "--log-level=warn", f"--listen-client-urls={self._storage_url}",
            f"--advertise-client-urls={self._storage_url}", f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=live={peer}",
        ], self.folder / "etcd.log")

    def start_api(self):
        self.api = Process("kube-apiserver", [
            self.tools["kube-apiserver"], f"--etcd-servers={self._storage_url}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # a loopback address is refused as an endpoint
            f"--tls-cert-file={self._certificate.certificate}",
            f"--tls-private-key-file={self._certificate.key}",
            f"--cert-dir={self.folder}", f"--client-ca-file={self.ca}",
            f"--token-auth-file={self.folder / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            f"--service-account-key-file={self.folder / 'sa.pub'}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount",  # no controller-manager makes them here
        ], self.folder / "kube-apiserver.log")
        self.wait_ready()

    def wait_ready(self, seconds=90):
        wait_for(lambda: self.ask("GET", "/readyz").status == 200, seconds, "kube-apiserver",
                 self.api, every=0.1)

    def stop(self):
        # It holds nothing that would be lost, and SIGTERM takes a minute while a watch is open.
        for process in (self.api, self.storage):
            if process is not None and process.alive:
                process.signal(signal.SIGCONT)
                process.kill()

    # ---- requests -------------------------------------------------------------------------------

    def ask(self, method, path, body=None, token=ADMIN, timeout=10):
        return rest.request(method, self.url + path, body, {"Authorization": f"Bearer {token}"},
                            self.context, timeout)

    def must(self, method, path, body=None):
        answer = self.ask(method, path, body)
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {answer.text}"
        return answer.json

    def _provision(self):
        self.must("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        verbs = ["get", "create", "update", "watch"]
        for role, more in (("agent", []), ("elector", ["patch"])):  # several libraries patch
            self.must("POST", RBAC + "/roles", {
                "metadata": {"name": role},
                "rules": [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
                           "verbs": verbs + more},
                          {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}]})
            self.add_account(role, role)

    def add_account(self, name, role="agent"):
        """A ServiceAccount that may do to Leases what the deployed Role allows. Its token."""
        self.must("POST", ACCOUNTS, {"metadata": {"name": name}})
        self.must("POST", RBAC + "/rolebindings", {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}]})
        token = self.token(name)
        # The authorizer learns of the binding by a watch of its own.
        wait_for(lambda: self.ask("GET", LEASES + "/none", token=token).status == 404, 20,
                 f"the rights of {name}")
        return token

    def token(self, account="agent", seconds=3600):
        """A signed token of a ServiceAccount, as the kubelet would fetch it."""
        body = {"spec": {"expirationSeconds": seconds}}
        return self.must("POST", f"{ACCOUNTS}/{account}/token", body)["status"]["token"]

    def remove_account(self, name):
        """Its tokens stop working within about five seconds."""
        self.must("DELETE", f"{ACCOUNTS}/{name}")

    # ---- Leases ---------------------------------------------------------------------------------

    def lease(self, name):
        """The Lease as the server has it, or None."""
        answer = self.ask("GET", f"{LEASES}/{name}")
        return answer.json if answer.status == 200 else None

    def holder(self, name):
        lease = self.lease(name)
        return (lease or {}).get("spec", {}).get("holderIdentity") or ""

    def edit_lease(self, name, change):
        """PUTs `change(lease)` as an operator would; again on a conflict."""
        def attempt():
            lease = self.must("GET", f"{LEASES}/{name}")
            change(lease)
            return self.ask("PUT", f"{LEASES}/{name}", lease).status == 200
        wait_for(attempt, 10, f"an edit of Lease {name}")

    def make_lease(self, name):
        """Makes one that nobody has ever held."""
        self.must("POST", LEASES, {"metadata": {"name": name}, "spec": {}})

    def delete_lease(self, name):
        self.must("DELETE", f"{LEASES}/{name}")

    # ---- kubectl --------------------------------------------------------------------------------

    def kubectl(self, *arguments, token=ADMIN, namespace=None, stdin=None):
        done = subprocess.run(
            ["kubectl", f"--server={self.url}", f"--certificate-authority={self.ca}",
             f"--token={token}", f"--namespace={namespace or NAMESPACE}",
             f"--cache-dir={self.folder / 'kubectl'}", *arguments],
            capture_output=True, text=True, input=stdin, check=False, timeout=60,
            env=clean_environment(self.folder))
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def kubeconfig(self, path, server=None, token=None, certificate=None):
        """Writes a kubeconfig with a token or a client certificate."""
        user = {"token": token} if token else {
            "client-certificate": str(certificate.certificate), "client-key": str(certificate.key)}
        Path(path).write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "live",
            "clusters": [{"name": "live", "cluster": {"server": server or self.url,
                                                      "certificate-authority": str(self.ca)}}],
            "users": [{"name": "agent", "user": user}],
            "contexts": [{"name": "live", "context": {"cluster": "live", "user": "agent",
                                                      "namespace": NAMESPACE}}]}))
        Path(path).chmod(0o600)
        return path


class KineCluster(Cluster):
    """On kine with its default, SQLite in a file, over a socket of the file system: as k3s."""

    stored_in = "kine"

    @property
    def _storage_url(self):
        return f"unix://{self.folder / 'kine.sock'}"

    def start_storage(self):
        self.storage = Process("kine", [
            self.tools["kine"], f"--listen-address={self._storage_url}",
            "--metrics-bind-address=0",  # none
        ], self.folder / "kine.log", cwd=self.folder)
        wait_for((self.folder / "db" / "state.db").exists, 20, "kine", self.storage)
