#!/bin/sh
# Azurite 3.35.0: List Blobs is in the order of UTF-16 code units, not of bytes or code points.
#
# A name with a character beyond U+FFFF (an emoji: surrogates from U+D800 on) comes before one with a
# character of U+E000 to U+FFFF (a full-width letter). S3 and Google list by the bytes of UTF-8, where
# it comes after. Azure documents "alphabetical order". Who merges two sorted lists, or takes a name
# that is passed over for a blob that is gone, meets names out of order.
#
# And a GET of a missing blob with an If-Match is 412, where Azure says 404 (its issue 2751).
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs npm, node, Python 3.
set -eu
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund azurite@3.35.0 >install.log 2>&1 ||
    { tail -3 install.log; exit 2; }
AZURITE_ACCOUNTS=finding:bm8gc2VjcmV0 node node_modules/azurite/dist/src/blob/main.js \
    --blobPort 17074 --inMemoryPersistence --disableTelemetry --silent >server.log 2>&1 &
server=$!
cat >ask.py <<'EOF'
import base64, email.utils, hashlib, hmac, re, sys, time, urllib.error, urllib.parse, urllib.request

def ask(verb, path, query=None, body=None, more=None):
    query, more = query or {}, dict(more or {})
    more |= {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    standard = ["", "", str(len(body)) if body else "", "", more.get("content-type", ""), "", "",
                more.get("if-match", ""), "", "", ""]
    named = "".join(f"{n}:{v}\n" for n, v in sorted(more.items()) if n.startswith("x-ms-"))
    resource = f"/finding/finding{path}" + "".join(f"\n{n}:{v}" for n, v in sorted(query.items()))
    text = "\n".join([verb, *standard]) + "\n" + named + resource
    mac = hmac.new(b"no secret", text.encode(), hashlib.sha256).digest()
    more["Authorization"] = "SharedKey finding:" + base64.b64encode(mac).decode()
    url = f"http://127.0.0.1:17074/finding{path}?" + urllib.parse.urlencode(query)
    request = urllib.request.Request(url.rstrip("?"), body, more, method=verb)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers

for _ in range(100):
    try:
        if ask("PUT", "/names", {"restype": "container"})[0] == 201:
            break
    except OSError:
        pass
    time.sleep(0.2)
else:
    sys.exit(2)
for name in ("\U0001F600", "\uFF21", "a"):
    status, _, headers = ask("PUT", "/names/" + urllib.parse.quote(name), None, b"x", {
        "x-ms-blob-type": "BlockBlob", "content-type": "text/plain"})
    if status != 201:
        sys.exit(2)
page = ask("GET", "/names", {"restype": "container", "comp": "list"})[1]
names = re.findall("<Name>(.*?)</Name>", page)
missing = ask("GET", "/names/missing", None, None, {"if-match": headers["ETag"]})[0]
print("List Blobs:", " ".join(f"U+{ord(name):04X}" for name in names),
      f"- by UTF-8: {names == sorted(names, key=lambda n: n.encode())}; GET of what is missing with "
      f"If-Match: {missing}")
sys.exit(0 if [ord(n) for n in names] == [0x61, 0x1F600, 0xFF21] and missing == 412 else 1)
EOF
python3 ask.py
