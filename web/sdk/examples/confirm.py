"""Confirms a payment with Python 3.9 or newer, without a dependency.

    PAYGATE_URL=http://127.0.0.1:8080 PAYGATE_SECRET_KEY=... python3 confirm.py

Send the SDK's successUrl to http://localhost:3000/success.
"""

import base64
import json
import os
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAYGATE_URL = os.environ.get("PAYGATE_URL", "http://127.0.0.1:8080")
SECRET_KEY = os.environ["PAYGATE_SECRET_KEY"]
PORT = int(os.environ.get("PORT", "3000"))

# What your shop knows about its orders. Never take the amount from the address of the page.
ORDERS = json.loads(os.environ.get("ORDERS", '{"demo-1": 15000}'))

# The same payment is being confirmed at this moment: by this call, sent before, or by another.
UNDER_WAY = ("IDEMPOTENCY_KEY_IN_USE", "CONFIRM_IN_PROGRESS")


class Refused(Exception):
    """What the server said: code, message, outcome."""

    def __init__(self, error):
        super().__init__(error["code"])
        self.error = error


def confirm(payment_key, order_id, amount):
    """Charges the card and returns the payment."""
    request = urllib.request.Request(
        f"{PAYGATE_URL}/api/v1/p/merchant/confirm",
        data=json.dumps({"paymentKey": payment_key, "orderId": order_id, "amount": amount}).encode(),
        headers={
            "Authorization": "Basic " + base64.b64encode(f"{SECRET_KEY}:".encode()).decode(),
            "Content-Type": "application/json",
            # The same key for the same payment: however often this is sent, it is charged once.
            "Idempotency-Key": f"confirm-{payment_key}",
        },
    )
    for _ in range(20):
        wait = 3
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as refused:
            after = refused.headers.get("Retry-After", "")
            wait = int(after) if after.isdigit() else wait
            error = error_of(refused)
            # Not known yet, or busy: the same call is sent again. Everything else is final.
            if refused.code < 500 and refused.code != 429 and error["code"] not in UNDER_WAY:
                raise Refused(error) from None
        except (OSError, HTTPException, ValueError) as lost:
            error = {"code": "NETWORK_ERROR", "outcome": "unknown", "message": str(lost)}
        time.sleep(wait)
    raise Refused(error)


def error_of(refused):
    """What the server said; something in front of it may have answered in its place."""
    try:
        error = json.load(refused)["error"]
        return {"code": error["code"], "outcome": error["outcome"], "message": error["message"]}
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        return {"code": "NETWORK_ERROR", "outcome": "unknown", "message": str(refused)}


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        order_id = query.get("orderId", "")
        if url.path != "/success" or order_id not in ORDERS:
            return self.answer(404, {"code": "NO_SUCH_ORDER"})
        try:
            self.answer(200, confirm(query.get("paymentKey", ""), order_id, ORDERS[order_id]))
        except Refused as refused:
            self.answer(402, refused.error)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.end_headers()
        self.wfile.write(json.dumps(body, ensure_ascii=False).encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Shop)
    print(f"http://localhost:{server.server_port}/success", flush=True)
    server.serve_forever()
