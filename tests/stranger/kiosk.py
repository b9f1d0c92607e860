#!/usr/bin/env python3
"""A kiosk in another language, written from docs/protocol.md alone.

It introduces itself as a simulated kiosk, takes the key it may trust from the assignment, seals a chain of records,
sends each twice, and keeps every record until a signed receipt names it by id and hash. It prints one JSON object
and exits 1 when a receipt is missing, unsigned or not what the page promises.

    kiosk.py --broker 127.0.0.1:1883 --kiosk sim-stranger --records 20
"""

import argparse
import base64
import datetime
import hashlib
import hmac
import json
import os
import queue
import sys
import time
import uuid

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PATIENCE_S = 30


def to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
HPKE_SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0003))


def extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + material, hashlib.sha256).digest()


def expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    block, output, count = b"", b"", 1
    while len(output) < length:
        block = hmac.new(key, block + info + bytes([count]), hashlib.sha256).digest()
        output, count = output + block, count + 1
    return output[:length]


def hpke_seal(public: bytes, info: bytes, additional: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    ephemeral = x25519.X25519PrivateKey.generate()
    encapsulated = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = ephemeral.exchange(x25519.X25519PublicKey.from_public_bytes(public))
    prk = extract(KEM_SUITE, b"", b"eae_prk", shared)
    secret = expand(KEM_SUITE, prk, b"shared_secret", encapsulated + public, 32)
    context = b"\0" + extract(HPKE_SUITE, b"", b"psk_id_hash", b"") + extract(HPKE_SUITE, b"", b"info_hash", info)
    secret = extract(HPKE_SUITE, secret, b"secret", b"")
    key = expand(HPKE_SUITE, secret, b"key", context, 32)
    nonce = expand(HPKE_SUITE, secret, b"base_nonce", context, 12)
    return encapsulated, ChaCha20Poly1305(key).encrypt(nonce, plaintext, additional)


class Kiosk:
    """One kiosk: its key, its chain, and the records that no receipt has settled yet."""

    def __init__(self, kiosk: str, host: str, port: int):
        self.kiosk = kiosk
        self.signing_key = ed25519.Ed25519PrivateKey.generate()
        self.previous = "0" * 64
        self.sequence = 0
        self.waiting: dict[str, tuple[str, str]] = {}
        self.decisions: list = []
        self.messages: queue.Queue = queue.Queue()
        self.subscribed: queue.Queue = queue.Queue()
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=kiosk, protocol=mqtt.MQTTv311, clean_session=True
        )
        self.client.on_message = lambda client, data, message: self.messages.put((message.topic, message.payload))
        self.client.on_subscribe = lambda client, data, packet, codes, properties: self.subscribed.put(codes)
        self.client.on_connect = lambda client, data, flags, code, properties: client.subscribe(
            [(self.topic("assignment"), 1), (self.topic("receipts"), 1)]
        )
        self.client.connect(host, port)
        self.client.loop_start()
        codes = self.subscribed.get(timeout=PATIENCE_S)
        if any(code.value > 2 for code in codes):
            raise SystemExit(f"the broker refused a subscription: {codes}")

    def topic(self, channel: str) -> str:
        return f"wardvoice/1/kiosks/{self.kiosk}/{channel}"

    def introduce(self) -> None:
        public = self.signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        introduction = {"version": 1, "kiosk": self.kiosk, "signing_key": to_base64(public)}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.client.publish(self.topic("introduction"), json.dumps(introduction), qos=1)
            try:
                topic, payload = self.messages.get(timeout=2)
            except queue.Empty:
                continue
            if topic == self.topic("assignment"):
                self.assignment = json.loads(json.loads(payload)["signed"])
                self.aggregator_key = ed25519.Ed25519PublicKey.from_public_bytes(
                    from_base64(self.assignment["aggregator_key"])
                )
                self.read_signed(topic, payload)
                self.say_hello()
                return
        raise SystemExit("no assignment came")

    def say_hello(self) -> None:
        health = {"software": "stranger", "waiting": 0, "last_sequence": 0}
        status = {"version": 1, "kiosk": self.kiosk, "presence": {"online": health}}
        self.client.publish(self.topic("status"), json.dumps(status), qos=1)

    def read_signed(self, topic: str, payload: bytes) -> dict:
        message = json.loads(payload)
        signed_bytes = f"wardvoice-signed-1\n{topic}\n{message['signed']}".encode()
        self.aggregator_key.verify(from_base64(message["signature"]), signed_bytes)
        return json.loads(message["signed"])

    def seal(self, record: dict) -> tuple[str, str]:
        """Seals a record as the next of the chain and returns the envelope's hash and its JSON."""
        public = from_base64(self.assignment["seal_key"])
        key = hashlib.sha256(public).hexdigest()[:16]
        self.sequence += 1
        record_id = record_uuid()
        header = "\n".join(
            ["wardvoice-envelope-1", self.kiosk, str(self.sequence), record_id, self.previous, key]
        )
        plaintext = json.dumps(record).encode()
        encapsulated, ciphertext = hpke_seal(public, b"wardvoice-record-1", header.encode(), plaintext)
        signing_input = "\n".join([header, to_base64(encapsulated), to_base64(ciphertext)]).encode()
        envelope = {
            "version": 1,
            "kiosk": self.kiosk,
            "sequence": self.sequence,
            "record": record_id,
            "previous": self.previous,
            "key": key,
            "encapsulated": to_base64(encapsulated),
            "ciphertext": to_base64(ciphertext),
            "signature": to_base64(self.signing_key.sign(signing_input)),
        }
        self.previous = hashlib.sha256(signing_input).hexdigest()
        self.waiting[self.previous] = (record_id, json.dumps(envelope))
        return self.previous, self.waiting[self.previous][1]

    def settle(self, expected: int) -> None:
        """Reads receipts until so many verdicts have come; deletes only what a signed verdict names."""
        deadline = time.monotonic() + PATIENCE_S
        verdicts = 0
        while verdicts < expected:
            try:
                topic, payload = self.messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise SystemExit(f"{verdicts} of {expected} verdicts came") from None
            if topic != self.topic("receipts"):
                continue
            receipt = self.read_signed(topic, payload)
            for verdict in receipt["verdicts"]:
                verdicts += 1
                self.decisions.append(verdict["decision"])
                record_id, _ = self.waiting.get(verdict["envelope"], (verdict.get("record"), ""))
                if verdict["record"] != record_id:
                    raise SystemExit(f"a verdict names {verdict['record']}, the envelope holds {record_id}")
                if verdict["decision"] in ("accepted", "duplicate"):
                    self.waiting.pop(verdict["envelope"], None)


def record_uuid() -> str:
    """A UUID of version 7 whose time is cut down to the hour."""
    hour_ms = int(time.time()) // 3600 * 3_600_000
    number = hour_ms << 80 | 0x7 << 76 | int.from_bytes(os.urandom(2), "big") % (1 << 12) << 64
    number |= 0b10 << 62 | int.from_bytes(os.urandom(8), "big") >> 2
    return str(uuid.UUID(int=number))


def quarter_hour() -> str:
    seconds = int(time.time()) // 900 * 900
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def contact(assignment: dict) -> dict:
    """A completed interview: the answers are the page's example."""
    answered = {
        "consistency": "always", "coordination": "partly", "respect": "always", "dignity": "sometimes",
        "involvement": "completely", "doctors": "always", "consultant": "yes", "cleanliness": "always",
        "medicines": "partly", "nights": "1-2", "noise": "no", "kindness": "always",
        "friends_and_family": "very_good", "age": "66-80", "sex": "female", "help": "no",
    }
    answers: dict = {question: {"answered": option} for question, option in answered.items()}
    answers |= {"nurses": "declined", "pain": "not_applicable", "good": {"said": "The tea was hot."}}
    answers |= {"better": "declined", "admission": "not_shown"}
    return {
        "ward": assignment["ward"],
        "questionnaire": assignment["questionnaire"],
        "outcome": "completed",
        "mode": "assisted",
        "language": assignment["languages"][0],
        "response": {"answers": answers, "minutes": 4},
    }


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--broker", required=True, metavar="HOST:PORT")
    arguments.add_argument("--kiosk", default="sim-stranger")
    arguments.add_argument("--records", type=int, default=20)
    options = arguments.parse_args()
    host, port = options.broker.rsplit(":", 1)
    kiosk = Kiosk(options.kiosk, host, int(port))
    kiosk.introduce()
    for _ in range(options.records):
        record = {"clock": {"wall": quarter_hour()}, "body": {"contact": contact(kiosk.assignment)}}
        _, envelope = kiosk.seal(record)
        # Twice: a copy must be accepted too and change nothing.
        kiosk.client.publish(kiosk.topic("records"), envelope, qos=1)
        kiosk.client.publish(kiosk.topic("records"), envelope, qos=1)
    kiosk.settle(2 * options.records)
    kiosk.client.disconnect()
    kiosk.client.loop_stop()
    refused = [decision for decision in kiosk.decisions if isinstance(decision, dict)]
    report = {
        "sent": options.records,
        "waiting": len(kiosk.waiting),
        "accepted": kiosk.decisions.count("accepted"),
        "duplicate": kiosk.decisions.count("duplicate"),
        "refused": refused,
        "ward": kiosk.assignment["ward"],
    }
    print(json.dumps(report))
    return 0 if not kiosk.waiting and not refused else 1


if __name__ == "__main__":
    sys.exit(main())
