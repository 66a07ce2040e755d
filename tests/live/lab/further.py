"""S3 servers that are compared with their profiles: rclone, moto, S3Proxy and Adobe's S3Mock."""

import os
from pathlib import Path

import boto3
from botocore.config import Config
import install

from . import rest
from .processes import Process, clean_environment, free_port, wait_for
from .stores import REGION

ACCESS, SECRET = "further", "further-secret"
JAVA = ("s3mock", "s3proxy")


def asked_for(name):
    """Those that need Java are started when $LEASEHOLD_STORES names them."""
    return name not in JAVA or name in os.environ.get("LEASEHOLD_STORES", "").split(",")


def _rclone(folder, tools, port):
    (folder / "data").mkdir()
    return [tools["rclone-s3"], "serve", "s3", "--auth-key", f"{ACCESS},{SECRET}", "--addr",
            f"127.0.0.1:{port}", folder / "data"]


def _moto(_folder, _tools, port):
    return [*install.moto(), "-H", "127.0.0.1", "-p", port]


def _s3proxy(folder, _tools, port):
    settings = folder / "s3proxy.conf"
    # In memory; on files, of two PUTs at once the ETag of one may stand beside the other's bytes.
    settings.write_text(f"s3proxy.authorization=aws-v2-or-v4\n"
                        f"s3proxy.endpoint=http://127.0.0.1:{port}\n"
                        f"s3proxy.identity={ACCESS}\ns3proxy.credential={SECRET}\n"
                        f"jclouds.provider=transient-nio2\n"
                        f"jclouds.filesystem.basedir={folder}\n")
    return ["java", "-Xmx256m", "-jar", install.jar("s3proxy"), "--properties", settings]


def _s3mock(folder, _tools, port):
    return ["java", "-Xmx256m", f"-Djava.io.tmpdir={folder}", "-jar", install.jar("s3mock"),
            f"--com.adobe.testing.s3mock.httpPort={port}", f"--server.port={free_port()}",
            "--server.address=127.0.0.1"]


COMMANDS = {"rclone": _rclone, "moto": _moto, "s3proxy": _s3proxy, "s3mock": _s3mock}


class Further:
    """One of them over HTTP with one bucket; ready when the constructor returns."""

    bucket = "live"

    def __init__(self, name, folder, tools):
        folder = Path(folder)
        folder.mkdir(parents=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(name, COMMANDS[name](folder, tools, port), folder / f"{name}.log",
                               clean_environment(folder))
        try:
            wait_for(lambda: rest.request("GET", self.url + "/").status > 0, 60, name,
                     self.process, every=0.1)
            boto3.client("s3", endpoint_url=self.url, region_name=REGION, aws_access_key_id=ACCESS,
                         aws_secret_access_key=SECRET,
                         config=Config(s3={"addressing_style": "path"}, proxies={})
                         ).create_bucket(Bucket=self.bucket)
        except BaseException:
            self.process.kill()
            raise

    def secret(self, path):
        """Writes the bucket secret in the Thanos form."""
        path.write_text("type: S3\nconfig:\n"
                        f"  bucket: {self.bucket}\n"
                        f"  endpoint: {self.url.removeprefix('http://')}\n"
                        f"  region: {REGION}\n  insecure: true\n"
                        f"  access_key: {ACCESS}\n  secret_key: {SECRET}\n")
        path.chmod(0o600)
        return path

    def stop(self):
        self.process.kill()


__all__ = ["COMMANDS", "Further", "asked_for"]
