#!/bin/sh
# Versity S3 Gateway 1.8.0, POSIX backend: a GET beside a PUT of the same key may answer with the
# ETag of the old object and the bytes of the new one.
#
# Seen: 4 of 4,684 GETs while two clients overwrite a 4 KiB object have an ETag (the MD5 of the
# body, there) that belongs to the content before. Each single answer is well-formed: status 200,
# right length. Who keeps bytes under the ETag that came with them keeps them under a wrong name,
# until the next look shows another one. An If-None-Match with that ETag afterwards tells.
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs Go and Python 3.
set -eu
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
GOBIN="$folder/bin" go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 >install.log 2>&1 ||
    { tail -3 install.log; exit 2; }
python3 -m venv venv && venv/bin/pip -q install boto3==1.40.0 >>install.log 2>&1 ||
    { tail -3 install.log; exit 2; }
mkdir data
ROOT_ACCESS_KEY=finding ROOT_SECRET_KEY=finding-secret \
    bin/versitygw --port 127.0.0.1:17070 posix data >server.log 2>&1 &
server=$!
cat >race.py <<'EOF'
import hashlib, multiprocessing, sys, time
import boto3
from botocore.config import Config

BODIES = [bytes([n]) * 4096 for n in range(256)]

def client():
    return boto3.client("s3", endpoint_url="http://127.0.0.1:17070", region_name="us-east-1",
                        aws_access_key_id="finding", aws_secret_access_key="finding-secret",
                        config=Config(retries={"total_max_attempts": 3}))

def overwrite(over):
    s3, n = client(), 0
    while not over.is_set():
        n += 1
        s3.put_object(Bucket="bucket", Key="k", Body=BODIES[n % 256])

def look(over, gets, mixed):
    s3 = client()
    while not over.is_set():
        got = s3.get_object(Bucket="bucket", Key="k")
        body = got["Body"].read()
        gets.value += 1
        mixed.value += got["ETag"].strip('"') != hashlib.md5(body).hexdigest()

if __name__ == "__main__":
    s3 = client()
    for _ in range(50):
        try:
            s3.create_bucket(Bucket="bucket")
            break
        except Exception:
            time.sleep(0.2)
    else:
        sys.exit(2)
    s3.put_object(Bucket="bucket", Key="k", Body=BODIES[0])
    over = multiprocessing.Event()
    gets, mixed = multiprocessing.Value("Q"), multiprocessing.Value("Q")
    workers = [multiprocessing.Process(target=overwrite, args=(over,)) for _ in range(2)]
    workers.append(multiprocessing.Process(target=look, args=(over, gets, mixed)))
    for worker in workers:
        worker.start()
    end = time.monotonic() + 120
    while time.monotonic() < end and mixed.value < 5:
        time.sleep(0.2)
    over.set()
    for worker in workers:
        worker.join()
    print(f"versitygw 1.8.0: {mixed.value} of {gets.value} GETs have the ETag of another content "
          "than they brought")
    sys.exit(0 if mixed.value else 1)
EOF
venv/bin/python race.py
