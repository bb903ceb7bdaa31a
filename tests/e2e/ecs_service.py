#!/usr/bin/env python3
"""What a container instance of Amazon ECS finds around it, on one port of this machine: the instance's
metadata, the ECS agent, and the service, which checks each request's signature (Signature Version 4).

  ecs_service.py LOG     prints its address; LOG gets a line for each request to the service

Two tasks run. Where the instance is draining, one of them ends with each look at it.
"""

import hashlib
import hmac
import http.server
import json
import re
import sys

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token=="
SESSION = "session-of-the-instance"
REGION = "eu-central-1"
ARN = f"arn:aws:ecs:{REGION}:123456789012:container-instance/demo/7"
METADATA = {
    "placement/region": REGION,
    "iam/security-credentials/": "demo-role",
    "iam/security-credentials/demo-role": json.dumps(
        {"Code": "Success", "AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": TOKEN}, indent=2
    ),
}
AUTHORIZATION = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={KEY}/(\d{{8}})/{REGION}/ecs/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


def signature(handler, body, date, names):
    """As the service computes it: of the request as it came, not of what was meant."""

    def sign(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256).digest()

    headers = "".join(f"{name}:{handler.headers[name].strip()}\n" for name in names)
    parts = [handler.command, handler.path, "", headers, ";".join(names), hashlib.sha256(body).hexdigest()]
    request = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    scope = f"{date}/{REGION}/ecs/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{handler.headers['x-amz-date']}\n{scope}\n{request}"
    key = ("AWS4" + SECRET).encode()
    for part in (date, REGION, "ecs", "aws4_request"):
        key = sign(key, part)
    return sign(key, text).hex()


class Instance(http.server.BaseHTTPRequestHandler):
    status, tasks = "ACTIVE", 2

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):  # noqa: N802
        self.answer(SESSION)

    def do_GET(self):  # noqa: N802
        if self.path == "/v1/metadata":
            self.answer(json.dumps({"Cluster": "demo", "ContainerInstanceArn": ARN, "Version": "1"}))
        elif self.headers["X-aws-ec2-metadata-token"] != SESSION:
            self.answer("", 401)
        else:
            self.answer(METADATA[self.path.removeprefix("/latest/meta-data/")])

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        found = AUTHORIZATION.fullmatch(self.headers["Authorization"] or "")
        names = found[2].split(";") if found else []
        if not found or "x-amz-security-token" not in names or found[3] != signature(self, body, found[1], names):
            self.answer('{"__type":"InvalidSignatureException"}', 400)
            return
        request, action = json.loads(body), self.headers["X-Amz-Target"].split(".")[1]
        if request["cluster"] != "demo" or request["containerInstances"] != [ARN]:
            self.answer(json.dumps({"failures": [{"reason": "MISSING"}]}, separators=(",", ":")))
            return
        Instance.status = request.get("status", Instance.status)
        print(action, Instance.status, Instance.tasks, file=log, flush=True)
        instance = {"status": Instance.status, "runningTasksCount": Instance.tasks, "pendingTasksCount": 0}
        if action == "DescribeContainerInstances" and Instance.status == "DRAINING":
            Instance.tasks = max(0, Instance.tasks - 1)
        self.answer(json.dumps({"containerInstances": [instance], "failures": []}, separators=(",", ":")))

    def log_message(self, *_):
        pass


with open(sys.argv[1], "w", encoding="utf-8") as log:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Instance)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
