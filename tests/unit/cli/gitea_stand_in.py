"""Gitea's API on loopback as far as one repository's files, deploy keys and webhooks go; the real one is in the lab.

Written from the Swagger description of Gitea 1.25: repository, branches, contents, keys, hooks, hooks/{id}/tests.
"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "a-token-of-this-account"
NAME = "team/shop"


class GiteaStandIn:
    """One user, one repository. `keys` and `hooks` are what it has, `tested` the hooks that were asked for a test;
    `files` are texts by path. `is_full` refuses another webhook."""

    def __init__(self):
        self.keys, self.hooks, self.tested = {}, {}, []
        self.files = {}
        self.is_full = False
        host = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self):
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                if self.headers.get("authorization", "").split()[-1:] != [TOKEN]:
                    status, answer = 401, {"message": "token is required"}
                else:
                    status, answer = host.answer(self.command, self.path.partition("?")[0], body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815  the names that http.server calls

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method, path, body):
        """Give status and content of an answer."""
        match path.removeprefix("/api/v1/").split("/"):
            case ["user"]:
                return 200, {"id": 1, "login": "someone", "full_name": "Some One"}
            case ["repos", "team", "shop"]:
                return 200, {
                    "full_name": NAME, "default_branch": "trunk", "private": True, "permissions": {"admin": True},
                    "ssh_url": f"git@127.0.0.1:{NAME}.git", "clone_url": f"{self.address}/{NAME}.git",
                }  # fmt: skip
            case ["repos", "team", "shop", "branches"]:
                return 200, [{"name": name, "commit": {"id": "a" * 40}} for name in ("next", "trunk")]
            case ["repos", "team", "shop", "contents", *parts]:
                return self._contents("/".join(parts).strip("/"))
            case ["repos", "team", "shop", "hooks"] if method == "POST" and self.is_full:
                return 422, {"message": "too many webhooks"}
            case ["repos", "team", "shop", ("keys" | "hooks") as kind, *rest]:
                return self._things(getattr(self, kind), method, rest, body)
        return 404, {"message": "there is nothing"}

    def _contents(self, path):
        if path in self.files:
            content = base64.b64encode(self.files[path].encode()).decode()
            return 200, {"content": content, "encoding": "base64", "size": len(self.files[path])}
        beginning = f"{path}/" if path else ""
        below = [each.removeprefix(beginning) for each in self.files if each.startswith(beginning)]
        found = {name.partition("/")[0]: "dir" if "/" in name else "file" for name in below}
        if not found:
            return 404, {"message": "there is nothing"}
        return 200, [{"path": f"{beginning}{name}", "type": kind} for name, kind in found.items()]

    def _things(self, things, method, rest, body):
        if rest and int(rest[0]) not in things:
            return 404, {"message": "there is nothing"}
        match method, rest:
            case "GET", []:
                return 200, list(things.values())
            case "POST", []:
                number = len(things) + 1
                things[number] = {"id": number, **body}
                return 201, things[number]
            case "POST", [number, "tests"]:
                self.tested.append(int(number))
                return 204, None
            case "PATCH", [number]:
                things[int(number)] |= body
                return 200, things[int(number)]
            case "DELETE", [number]:
                del things[int(number)]
                return 204, None
        return 405, {"message": "no"}
