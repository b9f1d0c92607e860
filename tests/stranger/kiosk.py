"""A kiosk by a stranger: written from docs/protocol.md alone, to find out whether that page is enough.

    python3 kiosk.py --key-file kiosk.key --print-key
    python3 kiosk.py --key-file kiosk.key --settings settings.json --contacts 20
    python3 kiosk.py --key-file sim.key --broker mqtt://127.0.0.1:1883 --kiosk sim-stranger --contacts 20

It seals contacts, publishes them, waits for receipts, checks the receipts' signatures, sends again what has no verdict
and prints a JSON summary; it exits 1 when anything still waits or was refused. It keeps its outbox and its place in the
chain in `<key-file>.state.json`. The third form introduces itself as a simulated kiosk instead of being registered.
"""

import argparse
import base64
import datetime
import hashlib
import hmac
import json
import os
import queue
import random
import ssl
import sys
import time
import urllib.parse
import uuid

import paho.mqtt.client as mqtt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

QUARTER_HOUR = 900
MAX_RECORD_BYTES = 24 * 1024
ZERO_HASH = "0" * 64


# Section "How bytes are written"


def to_base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_time(unix_seconds):
    moment = datetime.datetime.fromtimestamp(unix_seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def from_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# Section "Sealing: HPKE"


def hkdf_extract(salt, key):
    return hmac.new(salt or bytes(32), key, hashlib.sha256).digest()


def hkdf_expand(key, info, length):
    out, block, number = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([number]), hashlib.sha256).digest()
        out, number = out + block, number + 1
    return out[:length]


def labeled_extract(suite, salt, label, key):
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + key)


def labeled_expand(suite, key, label, info, length):
    return hkdf_expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_seal(seal_key, info, additional, plaintext, ephemeral=None):
    """Returns every step by name; `encapsulated` and `ciphertext` are what is sent."""
    kem = b"KEM" + bytes.fromhex("0020")
    suite = b"HPKE" + bytes.fromhex("002000010003")
    ephemeral = ephemeral or X25519PrivateKey.generate()
    encapsulated = ephemeral.public_key().public_bytes_raw()
    shared_point = ephemeral.exchange(X25519PublicKey.from_public_bytes(seal_key))
    eae_prk = labeled_extract(kem, b"", b"eae_prk", shared_point)
    shared_secret = labeled_expand(kem, eae_prk, b"shared_secret", encapsulated + seal_key, 32)
    psk_id_hash = labeled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(suite, b"", b"info_hash", info)
    context = b"\x00" + psk_id_hash + info_hash
    secret = labeled_extract(suite, shared_secret, b"secret", b"")
    key = labeled_expand(suite, secret, b"key", context, 32)
    base_nonce = labeled_expand(suite, secret, b"base_nonce", context, 12)
    ciphertext = ChaCha20Poly1305(key).encrypt(base_nonce, plaintext, additional)
    return {
        "encapsulated": encapsulated,
        "shared_point": shared_point,
        "eae_prk": eae_prk,
        "shared_secret": shared_secret,
        "psk_id_hash": psk_id_hash,
        "info_hash": info_hash,
        "key_schedule_context": context,
        "secret": secret,
        "key": key,
        "base_nonce": base_nonce,
        "ciphertext": ciphertext,
    }


# Section "The envelope"


def seal(plaintext, kiosk, sequence, record, previous, seal_key, signing_key, ephemeral=None):
    """Returns the envelope as a dictionary, its hash, and every step by name."""
    if len(plaintext) > MAX_RECORD_BYTES:
        raise ValueError(f"the record has {len(plaintext)} bytes")
    key_id = hashlib.sha256(seal_key).hexdigest()[:16]
    header = "\n".join(["wardvoice-envelope-1", kiosk, str(sequence), record, previous, key_id])
    steps = hpke_seal(seal_key, b"wardvoice-record-1", header.encode(), plaintext, ephemeral)
    encapsulated, ciphertext = to_base64(steps["encapsulated"]), to_base64(steps["ciphertext"])
    signing_input = "\n".join([header, encapsulated, ciphertext]).encode()
    envelope = {
        "version": 1,
        "kiosk": kiosk,
        "sequence": sequence,
        "record": record,
        "previous": previous,
        "key": key_id,
        "encapsulated": encapsulated,
        "ciphertext": ciphertext,
        "signature": to_base64(signing_key.sign(signing_input)),
    }
    steps.update(additional=header.encode(), signing_input=signing_input)
    return envelope, hashlib.sha256(signing_input).hexdigest(), steps


def record_id(unix_seconds, entropy=None):
    """A UUID of version 7 whose time is cut down to the hour."""
    milliseconds = int(unix_seconds // 3600) * 3_600_000
    data = bytearray(milliseconds.to_bytes(6, "big") + (entropy or os.urandom(10)))
    data[6] = 0x70 | data[6] & 0x0F
    data[8] = 0x80 | data[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(data)))


# Section "What the aggregator says: signed messages"


def verify(payload, topic, aggregator_key):
    """Returns the message; raises unless the aggregator signed it for this topic."""
    file = json.loads(payload)
    if file["version"] != 1:
        raise ValueError(f"message version {file['version']}")
    signed = f"wardvoice-signed-1\n{topic}\n{file['signed']}".encode()
    Ed25519PublicKey.from_public_bytes(aggregator_key).verify(from_base64(file["signature"]), signed)
    return json.loads(file["signed"])


# Section "When it happened: the clock"


def quarter_hour(unix_seconds):
    return int(unix_seconds // QUARTER_HOUR) * QUARTER_HOUR


def clock(wall, learnt, monotonic):
    """`learnt` is (aggregator's time, offset, monotonic time when it came) of the last trusted receipt, or None."""
    evidence = {"wall": to_time(quarter_hour(wall))}
    if learnt:
        aggregator_time, offset, then = learnt
        evidence["learnt"] = {
            "offset_s": quarter_hour(wall + offset) - quarter_hour(wall),
            "aggregator_time": to_time(quarter_hour(aggregator_time)),
        }
        if then is not None:
            now = aggregator_time + (monotonic - then)
            evidence["learnt"]["age_s"] = quarter_hour(now) - quarter_hour(aggregator_time)
    return evidence


# Section "The inpatient questionnaire"

ALWAYS = ["always", "sometimes", "no"]
COMPLETELY = ["completely", "partly", "no"]
QUESTIONS = [
    ("consistency", ALWAYS),
    ("coordination", COMPLETELY),
    ("respect", ALWAYS),
    ("dignity", ALWAYS),
    ("involvement", COMPLETELY),
    ("doctors", ALWAYS),
    ("consultant", ["yes", "no"]),
    ("nurses", ALWAYS),
    ("cleanliness", ALWAYS),
    ("pain", COMPLETELY),
    ("medicines", COMPLETELY),
    ("nights", ["0", "1-2", "3-7", "8plus"]),
    ("noise", ALWAYS),
    ("kindness", ALWAYS),
    ("friends_and_family", ["very_good", "good", "neither", "poor", "very_poor", "dont_know"]),
    ("good", None),
    ("better", None),
    ("age", ["16-35", "36-50", "51-65", "66-80", "81plus"]),
    ("sex", ["female", "male", "other"]),
    ("admission", ["planned", "emergency"]),
    ("help", ["yes", "no"]),
]
NOT_APPLICABLE = {"pain", "medicines"}
OUTCOMES_WITHOUT_RESPONSE = [
    "declined", "asleep", "unwell", "lacks_capacity", "language", "isolation", "away", "already_asked",
]


def answers(draw, stop_after):
    found = {}
    for place, (question, options) in enumerate(QUESTIONS):
        first_night = found.get("nights") == {"answered": "0"}
        if place >= stop_after or (question == "noise" and first_night):
            found[question] = "not_shown"
        elif options is None:
            found[question] = {"said": "Everybody was kind. Dziękuję! 👍"} if draw.random() < 0.2 else "declined"
        elif question in NOT_APPLICABLE and draw.random() < 0.2:
            found[question] = "not_applicable"
        elif draw.random() < 0.05:
            found[question] = "declined"
        else:
            found[question] = {"answered": draw.choice(options)}
    return found


def contact(draw, assignment):
    outcome = draw.choice(["completed"] * 6 + ["partial"] + OUTCOMES_WITHOUT_RESPONSE)
    found = {
        "ward": assignment["ward"],
        "questionnaire": assignment["questionnaire"],
        "outcome": outcome,
        "mode": draw.choice(["self", "assisted", "interview", "proxy"]),
        "language": assignment["languages"][0],
    }
    if assignment["consultants"] and draw.random() < 0.5:
        found["attribution"] = {
            "consultant": draw.choice(assignment["consultants"])["id"],
            "source": draw.choice(["patient", "volunteer"]),
        }
    if outcome in ("completed", "partial"):
        stop_after = len(QUESTIONS) if outcome == "completed" else draw.randrange(1, 10)
        found["response"] = {"answers": answers(draw, stop_after), "minutes": draw.randrange(1, 9)}
    return found


# The outbox: a file, written before anything is published


class Outbox:
    def __init__(self, path):
        self.path = path
        self.state = {"sequence": 0, "head": ZERO_HASH, "waiting": []}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.state = json.load(file)

    def append(self, record, now, kiosk, seal_key, signing_key):
        sequence = self.state["sequence"] + 1
        plaintext = json.dumps(record, ensure_ascii=False).encode()
        envelope, digest, _ = seal(
            plaintext, kiosk, sequence, record_id(now), self.state["head"], seal_key, signing_key
        )
        self.state["waiting"].append({"envelope": envelope, "hash": digest})
        self.state.update(sequence=sequence, head=digest)
        self.save()

    def settle(self, digest):
        before = len(self.state["waiting"])
        self.state["waiting"] = [one for one in self.state["waiting"] if one["hash"] != digest]
        if len(self.state["waiting"]) != before:
            self.save()

    def save(self):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)
        folder = os.open(os.path.dirname(os.path.abspath(self.path)), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


class Kiosk:
    """Connects, and takes the messages that come one after the other on the calling thread."""

    def __init__(self, broker, kiosk, assignment, signing_key, outbox, ca_file):
        self.kiosk = kiosk
        self.assignment = assignment
        self.aggregator_key = assignment and from_base64(assignment["aggregator_key"])
        self.signing_key = signing_key
        self.outbox = outbox
        self.learnt = None
        self.records = {}
        self.published = {}
        self.connected = False
        self.events = queue.Queue()
        self.summary = {"accepted": 0, "duplicate": 0, "refused": {}, "receipts": 0, "published": 0, "not_ours": 0}
        address = urllib.parse.urlparse(broker if "://" in broker else f"mqtt://{broker}")
        self.address = (address.hostname, address.port or (8883 if address.scheme == "mqtts" else 1883))
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=kiosk, clean_session=True, protocol=mqtt.MQTTv311
        )
        if address.scheme == "mqtts":
            client.tls_set(ca_certs=ca_file, cert_reqs=ssl.CERT_REQUIRED)
        client.max_inflight_messages_set(100)
        client.will_set(self.topic("status"), json.dumps(self.status(online=False)), qos=1)
        client.on_connect = lambda *_: self.events.put(("connected", None, None))
        client.on_message = lambda _client, _data, message: self.events.put(
            ("message", message.topic, message.payload)
        )
        self.client = client

    def topic(self, channel):
        return f"wardvoice/1/kiosks/{self.kiosk}/{channel}"

    def status(self, online):
        presence = "offline"
        if online:
            health = {
                "software": "stranger/1",
                "waiting": len(self.outbox.state["waiting"]),
                "last_sequence": self.outbox.state["sequence"],
            }
            if self.learnt:
                health["clock_offset_s"] = round(self.learnt[1])
            presence = {"online": health}
        return {"version": 1, "kiosk": self.kiosk, "presence": presence}

    def introduction(self):
        public = self.signing_key.public_key().public_bytes_raw()
        return {"version": 1, "kiosk": self.kiosk, "signing_key": to_base64(public)}

    def complete(self, draw, count):
        """Seals contacts into the outbox."""
        seal_key = from_base64(self.assignment["seal_key"])
        for _ in range(count):
            evidence = clock(time.time(), self.learnt, time.monotonic())
            record = {"clock": evidence, "body": {"contact": contact(draw, self.assignment)}}
            self.outbox.append(record, time.time(), self.kiosk, seal_key, self.signing_key)

    def send(self, copies, resend_after=5.0):
        """Publishes, in order, what was never published on this connection or has waited too long."""
        now = time.monotonic()
        for one in self.outbox.state["waiting"]:
            if now - self.published.get(one["hash"], float("-inf")) >= resend_after:
                for _ in range(copies):
                    self.client.publish(self.topic("records"), json.dumps(one["envelope"]), qos=1)
                self.published[one["hash"]] = now
                self.records[one["hash"]] = one["envelope"]["record"]
                self.summary["published"] += copies

    def take_receipt(self, payload, wall, monotonic):
        try:
            receipt = verify(payload, self.topic("receipts"), self.aggregator_key)
        except (InvalidSignature, ValueError, KeyError, TypeError):
            self.summary["not_ours"] += 1
            return
        self.summary["receipts"] += 1
        waiting = {one["hash"] for one in self.outbox.state["waiting"]}
        for verdict in receipt["verdicts"]:
            digest, decision = verdict["envelope"], verdict["decision"]
            if digest not in self.records or verdict.get("record") != self.records[digest]:
                continue
            if digest in waiting and monotonic - self.published.get(digest, float("-inf")) < 60:
                aggregator_time = from_time(receipt["aggregator_time"])
                self.learnt = (aggregator_time, aggregator_time - wall, monotonic)
            if decision in ("accepted", "duplicate"):
                self.summary[decision] += 1
                self.outbox.settle(digest)
            else:
                refusal = decision["refused"]
                reasons = self.summary["refused"]
                reasons[refusal["reason"]] = reasons.get(refusal["reason"], 0) + 1
                print(f"refused {verdict['sequence']}: {refusal['detail']}", file=sys.stderr)
                if refusal["kept"]:
                    self.outbox.settle(digest)

    def take_assignment(self, payload, topic):
        key = self.aggregator_key
        if key is None and self.kiosk.startswith("sim-"):
            # A simulated kiosk, and only one, trusts the key in the first assignment it gets.
            key = from_base64(json.loads(json.loads(payload)["signed"])["aggregator_key"])
        try:
            assignment = verify(payload, topic, key)
        except (InvalidSignature, ValueError, KeyError, TypeError):
            self.summary["not_ours"] += 1
            return
        if assignment["kiosk"] == self.kiosk:
            self.assignment, self.aggregator_key = assignment, key

    def take_event(self):
        try:
            kind, topic, payload = self.events.get(timeout=0.5)
        except queue.Empty:
            return
        if kind == "connected":
            self.connected = True
            self.published.clear()
            self.client.subscribe([(self.topic("receipts"), 1), (self.topic("assignment"), 1)])
            self.client.publish(self.topic("status"), json.dumps(self.status(online=True)), qos=1)
        elif topic == self.topic("receipts") and self.aggregator_key:
            self.take_receipt(payload, time.time(), time.monotonic())
        elif topic == self.topic("assignment"):
            self.take_assignment(payload, topic)

    def answered(self):
        verdicts = self.summary["accepted"] + self.summary["duplicate"] + sum(self.summary["refused"].values())
        return not self.outbox.state["waiting"] and verdicts >= self.summary["published"]

    def run(self, draw, contacts, copies, deadline):
        self.client.connect(*self.address, keepalive=30)
        self.client.loop_start()
        end, introduced = time.monotonic() + deadline, float("-inf")
        while not self.assignment and time.monotonic() < end:
            if self.connected and time.monotonic() - introduced > 2:
                self.client.publish(self.topic("introduction"), json.dumps(self.introduction()), qos=1)
                introduced = time.monotonic()
            self.take_event()
        if not self.assignment:
            raise SystemExit("no assignment came")
        self.complete(draw, contacts)
        while time.monotonic() < end and not (self.connected and self.answered()):
            if self.connected:
                self.send(copies)
            self.take_event()
        goodbye = self.client.publish(self.topic("status"), json.dumps(self.status(online=False)), qos=1)
        goodbye.wait_for_publish(timeout=5)
        self.client.disconnect()
        self.client.loop_stop()
        return {
            "kiosk": self.kiosk,
            "last_sequence": self.outbox.state["sequence"],
            "waiting": len(self.outbox.state["waiting"]),
            "clock_offset_s": None if self.learnt is None else round(self.learnt[1], 3),
            **self.summary,
        }


def load_key(path):
    """The signing key: 32 secret bytes as base64url in a file of mode 0600; made when it is missing."""
    if not os.path.exists(path):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(to_base64(os.urandom(32)) + "\n")
    with open(path, encoding="ascii") as file:
        return Ed25519PrivateKey.from_private_bytes(from_base64(file.read().strip()))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--key-file", required=True)
    arguments.add_argument("--print-key", action="store_true", help="print the public key and end")
    arguments.add_argument("--settings", help="what `wardvoice-aggregator kiosk add` printed")
    arguments.add_argument("--broker", help="where a simulated kiosk introduces itself")
    arguments.add_argument("--kiosk", help="the id of a simulated kiosk, sim-…")
    arguments.add_argument("--contacts", type=int, default=10)
    arguments.add_argument("--copies", type=int, default=1, help="how often to publish each envelope at once")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--deadline", type=float, default=30.0, help="seconds until giving up")
    arguments.add_argument("--ca-file", help="certificates to trust for mqtts://")
    options = arguments.parse_args()
    signing_key = load_key(options.key_file)
    if options.print_key:
        print(to_base64(signing_key.public_key().public_bytes_raw()))
        return 0
    if options.settings:
        with open(options.settings, encoding="utf-8") as file:
            settings = json.load(file)
        broker, assignment = options.broker or settings["broker"], settings["assignment"]
        kiosk_id = assignment["kiosk"]
    elif options.broker and options.kiosk:
        broker, kiosk_id, assignment = options.broker, options.kiosk, None
    else:
        arguments.error("give --settings, or --broker and --kiosk")
    outbox = Outbox(options.key_file + ".state.json")
    kiosk = Kiosk(broker, kiosk_id, assignment, signing_key, outbox, options.ca_file)
    summary = kiosk.run(random.Random(options.seed), options.contacts, options.copies, options.deadline)
    print(json.dumps(summary))
    return 0 if summary["waiting"] == 0 and not summary["refused"] else 1


if __name__ == "__main__":
    sys.exit(main())
