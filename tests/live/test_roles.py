"""The agent without keys: roles by web identity, by a container's service and by instance metadata.

MinIO's STS verifies tokens that an OpenID provider of the tests signs, and MinIO's S3 verifies the
credentials that came of them; they live as long as the token, so that renewals can be watched. moto
is a second STS, with IAM, and the metadata service.
"""

import os
import re
import time
from urllib.parse import urlencode
from xml.etree import ElementTree

import boto3
import pytest
from botocore.config import Config

from lab import rest
from lab.bucket_checks import SAME_CLOCK, table
from lab.processes import Process, clean_environment, free_port, wait_for
from lab.roles import REGION, Answers, Issuer, Moto, RoleMinIO

import install

STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


@pytest.fixture(scope="module")
def issuer(lab):
    made = Issuer(lab.folder / "issuer")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def store(lab, issuer):
    RoleMinIO.issuer = issuer
    made = RoleMinIO(lab.folder / "role-minio", lab.tools, lab.authority)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def moto(lab):
    made = Moto(lab.folder / "moto", install.moto())
    yield made
    made.stop()


class Alone:
    """One agent that elects nobody, with nothing but variables to find its credentials by."""

    def __init__(self, lab, name, secret, variables):
        self.folder = lab.folder / "roles" / name
        self.folder.mkdir(parents=True)
        self._program = lab.agent_program
        self._secret = self.folder / "object-store.yaml"
        self._secret.write_text(secret)
        self._environment = clean_environment(self.folder, {"POD_NAME": name, **variables})
        self._url = f"http://127.0.0.1:{free_port()}"
        self.process = None

    def _command(self, *flags):
        return [self._program, f"--bucket-config={self._secret}", f"--store-dir={self.folder}/db",
                "--write-deadline=8s", "--poll-period=2s",
                f"--listen={self._url.removeprefix('http://')}", *flags]

    def start(self):
        self.process = Process(self.folder.name, self._command(), self.folder / "agent.log",
                               self._environment)
        wait_for(lambda: rest.request("GET", self._url + "/readyz").status == 200, 20,
                 "the agent to be ready", self.process)
        return self

    def ask(self, flag):
        """(exit code, what it printed) of a command that ends by itself."""
        process = Process("agent", self._command(flag), self.folder / f"{flag.strip('-')}.log",
                          self._environment)
        code = process.wait(60)
        return code, process.log.read_text()

    def write(self, key, body=b"body"):
        answer = rest.request("PUT", f"{self._url}/v1/backup/{key}", body, timeout=30)
        return answer.json["outcome"]

    def read(self, key):
        return rest.request("GET", f"{self._url}/v1/backup/{key}", timeout=30).body

    @property
    def log(self):
        return self.process.log.read_text()

    def stop(self):
        if self.process is not None and self.process.alive:
            self.process.stop(30)


@pytest.fixture
def alone(lab):
    made = []

    def make(*arguments):
        made.append(Alone(lab, *arguments))
        return made[-1]

    yield make
    for agent in made:
        agent.stop()


def put_token(path, token):
    """As the kubelet does it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(token)
    fresh.rename(path)


def minio_secret(store, more=""):
    return ("type: S3\nconfig:\n"
            f"  bucket: {store.bucket}\n"
            f"  endpoint: {store.url.removeprefix('https://')}\n"
            f"  region: {REGION}\n{more}"
            f"  http_config: {{tls_config: {{ca_file: {store.ca}}}}}\n")


def web_identity(store, token):
    return {"AWS_ROLE_ARN": store.role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_CA_BUNDLE": str(store.ca), "AWS_ENDPOINT_URL_STS": store.url}


def stored(store, key):
    return store.client().get_object(Bucket=store.bucket, Key=key)["Body"].read()


def shows_no_secret(text, *secrets):
    """Tokens are JWTs here, and so are MinIO's session tokens."""
    assert "eyJ" not in text and "sesame" not in text
    assert not any(secret in text for secret in secrets)


def test_web_identity_writes_and_reads(lab, issuer, store, alone):
    """Catches a request or a session token that a real STS or S3 refuses."""
    token = lab.folder / "web-token"
    put_token(token, issuer.token(600))
    agent = alone("web", minio_secret(store, "  aws_sdk_auth: true\n"), web_identity(store, token))
    code, text = agent.ask("--check-config")
    assert code == 0
    assert f"credentials: web identity of {store.role} (token {token}, STS {store.url})" in text
    code, text = agent.ask("--check-bucket")
    print(text)
    assert code == 0
    agent.start()
    assert agent.write("etl/web", b"by a role") == "Committed"
    assert stored(store, "etl/web") == b"by a role"
    assert agent.read("etl/web") == b"by a role"
    assert "new credentials (web identity, good for " in agent.log
    shows_no_secret(agent.log)


def test_short_lives_are_renewed_and_an_outage_is_told_and_survived(lab, issuer, store, alone):
    """Credentials of twelve seconds, for forty: catches a token that is read once, renewals that
    come late, and an agent that does not come back when tokens do."""
    token = lab.folder / "short-token"
    put_token(token, issuer.token(12))
    agent = alone("short", minio_secret(store), web_identity(store, token)).start()
    began = time.monotonic()
    writes = 0
    while time.monotonic() < began + 40:
        put_token(token, issuer.token(12))
        assert agent.write(f"etl/short-{writes}") == "Committed", agent.log
        writes += 1
        time.sleep(0.5)
    renewals = agent.log.count("new credentials (web identity")
    print(f"{writes} writes, all Committed; {renewals} credentials of 12 s in 40 s")
    assert 5 <= renewals <= 12, agent.log
    assert " works again" not in agent.log and "fails" not in agent.log, agent.log

    put_token(token, issuer.token(-30))  # nobody replaces it any more
    wait_for(lambda: "credentials stay as they were" in agent.log, 15, "a renewal that fails")
    assert agent.write("etl/short-old") == "Committed", "the old ones live on"
    time.sleep(13)
    assert agent.write("etl/short-dead") == "Failed"
    assert ("PUT etl/short-dead: no credentials: web identity of " in agent.log
            and "answered 400 InvalidParameterValue: Token is expired" in agent.log), agent.log
    assert agent.log.count("no credentials: ") <= 4, f"told again and again\n{agent.log}"
    put_token(token, issuer.token(600))
    wait_for(lambda: agent.write("etl/short-again") == "Committed", 75, "writes after the outage")
    shows_no_secret(agent.log)


def test_container_credentials(lab, issuer, store, alone):
    """EKS Pod Identity in small: a service on loopback that wants the token of a file. Catches a
    token that is not sent as it is, or not read anew."""
    token = lab.folder / "pod-token"
    put_token(token, "sesame-1\n")
    wanted = ["sesame-1"]

    def credentials(headers):
        if headers.get("Authorization") != wanted[0]:
            return 401, {"code": "InvalidToken", "message": "not the token of this pod"}
        answer = rest.request("POST", store.url + "/", urlencode({
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": store.role,
            "RoleSessionName": "pod", "WebIdentityToken": issuer.token(8)}),
            {"Content-Type": "application/x-www-form-urlencoded"},
            context=rest.trusting(store.ca))
        found = {part.tag.removeprefix(STS): part.text
                 for part in ElementTree.fromstring(answer.body).find(f".//{STS}Credentials")}
        return 200, {"AccessKeyId": found["AccessKeyId"], "Token": found["SessionToken"],
                     "SecretAccessKey": found["SecretAccessKey"], "AccountId": "1",
                     "Expiration": found["Expiration"]}

    service = Answers({"/v1/credentials": credentials})
    try:
        agent = alone("pod", minio_secret(store), {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service.url}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}).start()
        assert agent.write("etl/pod") == "Committed"
        assert stored(store, "etl/pod") == b"body"
        wanted[0] = "sesame-2"
        put_token(token, "sesame-2\n")
        end = time.monotonic() + 12
        while time.monotonic() < end:
            assert agent.write("etl/pod") == "Committed", agent.log
            time.sleep(0.5)
        print(f"{len(service.asked)} requests to the service")
        assert len(service.asked) >= 3
        wanted[0] = "sesame-3"
        wait_for(lambda: agent.write("etl/pod") == "Failed", 40, "the end of the last credentials")
        assert "answered 401 InvalidToken: not the token of this pod" in agent.log, agent.log
        shows_no_secret(agent.log)
    finally:
        service.stop()


def moto_secret(moto):
    return ("type: S3\nconfig:\n  bucket: live\n"
            f"  endpoint: {moto.url.removeprefix('http://')}\n  insecure: true\n"
            f"  region: {REGION}\n")


def moto_client(moto, service):
    return boto3.client(service, endpoint_url=moto.url, region_name=REGION,
                        aws_access_key_id="root", aws_secret_access_key="root",
                        config=Config(s3={"addressing_style": "path"}, proxies={}))


def test_instance_metadata_of_moto(moto, alone):
    """Catches a metadata session that is not version 2's, and a path that is none."""
    s3 = moto_client(moto, "s3")
    s3.create_bucket(Bucket="live")
    agent = alone("instance", moto_secret(moto),
                  {"AWS_EC2_METADATA_SERVICE_ENDPOINT": moto.url + "/"}).start()
    assert agent.write("etl/instance", b"by a machine") == "Committed"
    assert s3.get_object(Bucket="live", Key="etl/instance")["Body"].read() == b"by a machine"
    assert "new credentials (instance role default-role, good for " in agent.log
    shows_no_secret(agent.log, "test-secret-key", "test-session-token", "fake-imdsv2-token")
    asked = [line for line in moto.process.log.read_text().splitlines() if "/latest/" in line]
    print("\n".join(asked))
    assert len(asked) == 3 and "PUT /latest/api/token" in asked[0]


def test_check_bucket_of_moto(moto, alone):
    """Catches a table that says of moto what another does."""
    moto_client(moto, "s3").create_bucket(Bucket="checked")
    secret = ("type: S3\nconfig:\n  bucket: checked\n"
              f"  endpoint: {moto.url.removeprefix('http://')}\n  insecure: true\n"
              f"  region: {REGION}\n  access_key: any\n  secret_key: any\n")
    code, said = alone("moto-check", secret, {}).ask("--check-bucket")
    found = table(said)
    assert found.pop("LIST").startswith("works, no objects")
    assert re.fullmatch(SAME_CLOCK + ", at most 15m allowed by S3", found.pop("clock")), said
    # moto checks and stores apart, now and then between two others: the table says what was seen.
    for one in ("If-Match", "If-None-Match"):
        assert found.pop(f"two PUTs at once, {one}").startswith(("one won, in", "both stored in"))
    assert code == 0 and found == {
        "address": f"{moto.url}/checked/ (the bucket in the path)", "region": REGION,
        "GET of a key that is not there": "404 NoSuchKey", "PUT": "stored",
        "GET": "what was stored", "If-None-Match on PUT": "honoured",
        "If-Match on PUT": "honoured",
        "a PUT that stalls while another wins": "refused", "If-Match on DELETE": "honoured",
        "DELETE": "works"}, said


def test_web_identity_of_moto_with_signatures(lab, moto, alone):
    """A second STS, before an IAM that verifies who signed: catches what MinIO alone lets pass.
    The last test of moto: from here on it wants every request signed."""
    iam = moto_client(moto, "iam")
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%s,"Resource":"*"}]}'
    role = iam.create_role(RoleName="backups", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.put_role_policy(RoleName="backups", PolicyName="s3", PolicyDocument=policy % '"s3:*"')
    token = lab.folder / "moto-token"
    put_token(token, "sesame")
    agent = alone("moto", moto_secret(moto), {
        "AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL_STS": moto.url}).start()
    assert agent.write("etl/moto") == "Committed"
    moto.demand_signatures()
    assert agent.write("etl/moto-signed") == "Committed", agent.log
    assert "new credentials (web identity, good for " in agent.log
    keys = alone("keys", moto_secret(moto), {"AWS_ACCESS_KEY_ID": "A" * 20,
                                             "AWS_SECRET_ACCESS_KEY": "s"}).start()
    assert keys.write("etl/moto-unknown") == "Failed", "moto does verify"
    shows_no_secret(agent.log)
