#!/usr/bin/env python3
"""The shop whose API the example calls: server.py PORT_FILE. Listens on a free port of the loopback address, which it writes to
PORT_FILE, and prints what it was asked when it is terminated.

Tokens are good for six calls. The first price of tea is late to come: 503. /down is down."""

import base64
import http.server
import json
import os
import pathlib
import signal
import sys
import threading

PAGES = {"": (["tea", "mate", "cocoa"], "p2"), "p2": (["coffee", "chai", "rooibos"], "p3"), "p3": (["matcha"], None)}
CENTS = {"tea": 250, "mate": 310, "cocoa": 420, "coffee": 380, "chai": 290, "rooibos": 270, "matcha": 650}
CALLS_A_TOKEN = 6


class Shop:
    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = 0
        self.uses = 0
        self.refused = 0
        self.busy = 0
        self.late = {"tea"}
        self.down = 0

    def token(self):
        with self.lock:
            self.tokens += 1
            self.uses = 0
            return f"token-{self.tokens}"

    def is_good(self, token):
        with self.lock:
            known = token == f"Bearer token-{self.tokens}"
            self.uses += known
            good = known and self.uses <= CALLS_A_TOKEN
            self.refused += not good
            return good

    def price(self, sku):
        with self.lock:
            if sku in self.late:
                self.late.remove(sku)
                self.busy += 1
                return None
        return CENTS.get(sku)


SHOP = Shop()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # the caller has cut it

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def quote(self, sku, words):
        cents = SHOP.price(sku)
        if cents is None:
            return self.answer(503, {"error": "try again"})
        self.answer(200, words(cents))

    def do_GET(self):
        if self.path.startswith("/down"):
            with SHOP.lock:
                SHOP.down += 1
            return self.answer(500, {"error": "down"})
        if not SHOP.is_good(self.headers.get("Authorization")):
            return self.answer(401, {"error": "token"})
        if self.path.startswith("/catalog"):
            skus, following = PAGES[self.path.partition("?after=")[2]]
            return self.answer(200, {"skus": skus, "next": following})
        if self.path.startswith("/v1/prices/"):
            return self.quote(self.path.rpartition("/")[2], lambda cents: {"price": {"cents": cents}})
        self.answer(404, {"error": "no such path"})

    def do_POST(self):
        text = self.body()
        if self.path == "/token":
            wanted = f"{os.environ['SHOP_ID']}:{os.environ['SHOP_SECRET']}"
            given = base64.b64decode(self.headers.get("Authorization", "").partition(" ")[2]).decode()
            return self.answer(200, {"access_token": SHOP.token(), "expires_in": 3600}) if given == wanted else self.answer(401, {})
        if not SHOP.is_good(self.headers.get("Authorization")):
            return self.answer(401, {"error": "token"})
        if self.path == "/v2/prices":
            return self.quote(json.loads(text)["sku"], lambda cents: {"cents": cents})
        self.answer(404, {"error": "no such path"})

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    # Whole, or not there.
    port_file = pathlib.Path(sys.argv[1])
    written = port_file.with_suffix(".new")
    written.write_text(str(server.server_address[1]), encoding="utf-8")
    written.rename(port_file)
    server.serve_forever(poll_interval=0.05)
    print(f"tokens given: {SHOP.tokens}")
    print(f"calls refused for their token: {SHOP.refused}")
    print(f"calls answered 503: {SHOP.busy}")
    print(f"calls of what is down: {SHOP.down}")


if __name__ == "__main__":
    main()
