"""Two real S3 servers that differ where clients get hurt, and an S3 client nobody here wrote."""

import secrets
from pathlib import Path

import boto3
from botocore.config import Config

from . import rest
from .processes import Process, clean_environment, free_port, wait_for

REGION = "us-east-1"


class Store:
    """An S3 server over TLS with one bucket; ready when the constructor returns."""

    name = ""

    def __init__(self, folder, tools, authority):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.tools = tools
        self.ca = authority.ca
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.access_key = "live-" + secrets.token_hex(4)
        self.secret_key = secrets.token_hex(16)
        self.bucket = "live"
        self._certificate = authority.server(self.name)
        self.process = self.start()
        try:
            wait_for(self._ready, 60, self.name, self.process, every=0.1)
            self.client().create_bucket(Bucket=self.bucket)
        except BaseException:
            self.process.kill()
            raise

    def start(self):
        """Starts the server's process, again after a kill."""
        raise NotImplementedError

    def _ready(self):
        return rest.request("GET", self.url + "/", context=rest.trusting(self.ca)).status > 0

    def client(self, url=None):
        return boto3.client(
            "s3", endpoint_url=url or self.url, region_name=REGION, verify=str(self.ca),
            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, proxies={}, connect_timeout=5,
                          read_timeout=30, retries={"max_attempts": 4}))

    def secret(self, path, url=None, prefix=""):
        """Writes the bucket secret in the Thanos form, for the server at `url`."""
        Path(path).write_text(
            "type: S3\n"
            "config:\n"
            f"  bucket: {self.bucket}\n"
            f"  endpoint: {(url or self.url).removeprefix('https://')}\n"
            f"  region: {REGION}\n"
            f"  access_key: {self.access_key}\n"
            f"  secret_key: {self.secret_key}\n"
            "  http_config:\n"
            "    tls_config:\n"
            f"      ca_file: {self.ca}\n"
            f'prefix: "{prefix}"\n')
        Path(path).chmod(0o600)
        return path

    def variables(self, _url=None):
        """What an agent needs beside the secret."""
        return {}

    def objects(self, prefix):
        """{key: bytes} of all below `prefix`."""
        client = self.client()
        found = {}
        for page in client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                found[entry["Key"]] = client.get_object(
                    Bucket=self.bucket, Key=entry["Key"])["Body"].read()
        return found

    def stop(self):
        if self.process.alive:
            self.process.resume()
            self.process.kill()


class MinIO(Store):
    """Ignores If-Match on DELETE; keeps the connection after a 412."""

    name = "minio"

    def start(self):
        certificates = self.folder / "certs"
        certificates.mkdir(exist_ok=True)
        (certificates / "public.crt").write_bytes(self._certificate.certificate.read_bytes())
        (certificates / "private.key").write_bytes(self._certificate.key.read_bytes())
        return Process(
            self.name, [self.tools["minio"], "server", "--quiet", "--certs-dir", certificates,
                        "--address", f"127.0.0.1:{self.port}", self.folder / "data"],
            self.folder / "minio.log", clean_environment(self.folder, {
                "MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key,
                "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", **self.environment()}))

    def environment(self):
        """Further variables."""
        return {}

    def _ready(self):
        return rest.request("GET", self.url + "/minio/health/ready",
                            context=rest.trusting(self.ca)).status == 200


class Versity(Store):
    """Honours conditional DELETE; drops the connection with every 412."""

    name = "versitygw"

    def start(self):
        for part in ("data", "iam"):  # absolute paths: it changes directory to its data
            (self.folder / part).mkdir(exist_ok=True)
        return Process(
            self.name, [self.tools["versitygw"], "--port", f"127.0.0.1:{self.port}",
                        "--cert", self._certificate.certificate, "--key", self._certificate.key,
                        "--iam-dir", self.folder / "iam", "posix", self.folder / "data"],
            self.folder / "versitygw.log", clean_environment(self.folder, {
                "ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}))


STORES = {store.name: store for store in (MinIO, Versity)}
