"""Listens where Galaxy's web server would, and says how much it was sent and how it was asked: run on a head."""

from __future__ import annotations

import http.server
import json
import os
import socketserver

SOCKET = "/run/metapipe/galaxy.sock"


class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self) -> str:
        return "nginx"

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        words = json.dumps({"bytes": len(body), "proto": self.headers["X-Forwarded-Proto"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)


if __name__ == "__main__":
    os.makedirs(os.path.dirname(SOCKET), exist_ok=True)
    with socketserver.UnixStreamServer(SOCKET, Handler) as server:
        os.chmod(SOCKET, 0o666)
        server.serve_forever()
