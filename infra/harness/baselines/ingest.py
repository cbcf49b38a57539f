"""The ingest core of Waybill's webhook as one writes it in Python: the baseline of `cargo xtask bench`.

    python ingest.py INPUT RUNS

INPUT is a JSON file with signed 10 KB orders, keys, and what Waybill makes of each order. Every order is taken in
once and compared; then RUNS orders are timed. The last line printed is JSON with the figures and the sealed values.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from datetime import datetime
from decimal import Decimal

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PICKUP = {"pickup", "localpickup", "storepickup", "instorepickup"}


def text(value):
    """A trimmed text, or None where there is none."""
    if value is None:
        return None
    return str(value).strip() or None


def key(kind, thing):
    """A channel's key: the number at the end of the global id, which no JSON tool has rounded."""
    prefix = f"gid://shopify/{kind}/"
    gid = text(thing.get("admin_graphql_api_id"))
    found = gid[len(prefix):] if gid and gid.startswith(prefix) else text(thing.get("id"))
    if not found or not found.isdigit():
        raise ValueError("id")
    return found


def when(value):
    found = text(value)
    return datetime.fromisoformat(found) if found else None


def money(value):
    return Decimal(value).quantize(Decimal("0.01"))


def joined(person):
    return " ".join(part for part in (text(person.get("first_name")), text(person.get("last_name"))) if part) or None


def collected(order):
    def says(value):
        return "".join(c for c in str(value or "").lower() if c.isascii() and c.isalnum()) in PICKUP

    return any(says(line.get(name)) for line in order.get("shipping_lines") or () for name in ("delivery_category", "code", "source"))


def line(item):
    current = item.get("current_quantity")
    return {
        "channel_line": key("LineItem", item),
        "sku": text(item.get("sku")),
        "quantity": int(item["quantity"] if current is None else current),
        "ships": item.get("requires_shipping") is not False,
        "grams": int(item.get("grams") or 0),
        "price": str(money(item["price_set"]["shop_money"]["amount"])),
    }


def normalise(order):
    """An order without its person, its recipient, and its buyer's e-mail."""
    lines = sorted((line(item) for item in order["line_items"]), key=lambda l: (len(l["channel_line"]), l["channel_line"]))
    customer = order.get("customer") or {}
    email, contact = text(order.get("email")), text(order.get("contact_email"))
    address = order.get("shipping_address") or {}
    street = [part for part in (text(address.get("address1")), text(address.get("address2"))) if part]
    country = (text(address.get("country_code")) or "").upper()
    recipient = destination = None
    if street and country:
        postcode = text(address.get("zip"))
        area = ""
        for letter in postcode or "":
            if not (letter.isascii() and letter.isalpha()):
                break
            area += letter.upper()
        destination = {"country": country, "postcode_area": area if country == "GB" and 1 <= len(area) <= 2 else None}
        recipient = {
            "n": text(address.get("name")) or joined(address),
            "o": text(address.get("company")),
            "l": street,
            "c": text(address.get("city")),
            "r": text(address.get("province")),
            "p": postcode,
            "k": country,
            "t": text(address.get("phone")) or text(order.get("phone")) or text(customer.get("phone")),
            "e": contact or email,
            "g": text(order.get("note")),
        }
    elif collected(order):
        name = joined(customer)
        recipient = {"n": name} if name else None
    if not any(l["ships"] and l["quantity"] > 0 for l in lines):
        recipient = None
    total = (order.get("current_total_price_set") or order["total_price_set"])["shop_money"]
    incoming = {
        "channel": "shopify",
        "id": key("Order", order),
        "name": text(order.get("name")),
        "version": when(order["updated_at"]).isoformat(),
        "placed_at": when(order["created_at"]).isoformat(),
        "cancelled_at": text(order.get("cancelled_at")) and when(order["cancelled_at"]).isoformat(),
        "test": bool(order.get("test")),
        "pickup": collected(order) and destination is None,
        "destination": destination,
        "lines": lines,
        "total": [str(money(total["amount"])), total["currency_code"].upper()],
    }
    return incoming, recipient, email or contact or text(customer.get("email"))


class Ingest:
    """What a warm function holds."""

    def __init__(self, setup):
        self.secret = setup["secret"].encode()
        self.index_key = bytes.fromhex(setup["index_key"])
        self.data_key = bytes.fromhex(setup["data_key"])
        self.merchant, self.connection, self.needs = setup["merchant"], setup["connection"], setup["needs"]

    def digest(self, domain, *parts):
        """A keyed digest of parts, each preceded by its length."""
        mac = hmac.new(self.index_key, digestmod=hashlib.sha256)
        for part in (domain, *parts):
            part = part.encode()
            mac.update(len(part).to_bytes(8, "big") + part)
        return mac.hexdigest()

    def __call__(self, body, signature):
        expected = hmac.new(self.secret, body, hashlib.sha256).digest()
        if not hmac.compare_digest(expected, base64.b64decode(signature, validate=True)):
            raise ValueError("signature")
        incoming, recipient, email = normalise(json.loads(body))
        order = "ord_" + self.digest("order", self.connection, incoming["id"])[:32]
        lines = ["lin_" + self.digest("line", order, l["channel_line"])[:12] for l in incoming["lines"]]
        buyer = self.digest("buyer", self.connection, email.strip().lower())[:32] if email else None
        if recipient:
            dropped = set() if self.needs["carrier_notifications"] else {"t", "e"}
            dropped |= set() if self.needs["gift_notes"] else {"g"}
            recipient = {name: value for name, value in recipient.items() if value and name not in dropped}
        content = json.dumps(incoming, sort_keys=True, separators=(",", ":"))
        layout = json.dumps(recipient, ensure_ascii=False, separators=(",", ":"))
        digest = self.digest("content", content, layout)[:32]
        nonce = os.urandom(12)
        bound = f"{self.merchant}|{order}|recipient|1".encode()
        sealed = nonce + AESGCM(self.data_key).encrypt(nonce, layout.encode(), bound)
        return {"order": order, "lines": lines, "buyer": buyer, "digest": digest, "sealed": sealed}


def check(ingest, taken, expected):
    sealed = taken["sealed"]
    bound = f"{ingest.merchant}|{taken['order']}|recipient|1".encode()
    opened = json.loads(AESGCM(ingest.data_key).decrypt(sealed[:12], sealed[12:], bound))
    found = {"order": taken["order"], "lines": taken["lines"], "buyer": taken["buyer"], "recipient": opened}
    for name, value in expected.items():
        if found[name] != value:
            sys.exit(f"ingest.py: `{name}` of an order is not what Waybill makes of it")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        setup = json.load(file)
    runs = int(sys.argv[2])
    ingest = Ingest(setup)
    orders = [(order["body"].encode(), order["signature"]) for order in setup["orders"]]
    taken = [ingest(*order) for order in orders]
    for one, order in zip(taken, setup["orders"]):
        check(ingest, one, order["expected"])
    each = []
    for n in range(-runs // 10, runs):
        body, signature = orders[n % len(orders)]
        start = time.perf_counter_ns()
        ingest(body, signature)
        if n >= 0:
            each.append(time.perf_counter_ns() - start)
    each.sort()
    print(json.dumps({
        "p50_us": each[len(each) // 2] / 1e3,
        "p99_us": each[len(each) * 99 // 100] / 1e3,
        "per_second": len(each) / (sum(each) / 1e9),
        "sealed": [one["sealed"].hex() for one in taken],
    }))


main()
