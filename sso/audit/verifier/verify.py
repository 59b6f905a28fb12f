#!/usr/bin/env python3
"""Verify evidence of an sso-hub audit log: no network, no database, nothing but Python's standard library.

    python3 verify.py FILE --key 'NAME+ID+KEY' [--key ...]

FILE is a bundle (.zip) or a receipt (.tlog-proof). The key is the log's verifier key: get it from somebody whom you
trust, not from the bundle. With a witness's key too, every checkpoint must bear its cosignature. Ends with 0 when
everything holds, with 1 when something does not.

What is checked: the log's signature over the manifest and each checkpoint (C2SP signed-note, Ed25519 of RFC 8032), the
cosignatures of witnesses whose keys are given (C2SP tlog-cosignature), each file's digest, every byte of the archive,
that each entry stands in the signed tree (RFC 9162 2.1.1), and that each disclosed part is what its entry committed to.
"""

import argparse
import base64
import hashlib
import json
import sys
import zlib

DASH, PROOF_HEADER, RANGE_HEADER = "\u2014", "c2sp.org/tlog-proof@v1", "sso-hub/range-proof@v1"


class Wrong(Exception):
    """Something does not hold."""


# ---------------------------------------------------------------- Ed25519 (RFC 8032 5.1), verification only

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def recover_x(y, odd):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and odd):
        raise Wrong("a point is not on the curve")
    return P - x if (x & 1) != odd else x


def add(one, other):
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(point, number):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def point_of(encoded):
    number = int.from_bytes(encoded, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if y >= P:
        raise Wrong("a point is not on the curve")
    x = recover_x(y, odd)
    return x, y, 1, x * y % P


def ed25519_holds(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or s >= L:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(hashed, "little") % L
    base = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)
    left = multiply(base, s)
    right = add(point_of(signature[:32]), multiply(point_of(public), k))
    same_x = (left[0] * right[2] - right[0] * left[2]) % P == 0
    return same_x and (left[1] * right[2] - right[1] * left[2]) % P == 0


# ---------------------------------------------------------------- signed notes and checkpoints (C2SP)


def decoded(text):
    value = base64.b64decode(text.encode())
    if base64.b64encode(value).decode() != text:
        raise Wrong("not base64")
    return value


def decimal(text):
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or text != str(int(text)):
        raise Wrong("not a number")
    return int(text)


def key_of(text):
    name, key_id, encoded = (text.strip().split("+", 2) + ["", ""])[:3]
    whole = decoded(encoded)
    if whole[:1] not in (b"\x01", b"\x04") or len(whole) != 33:
        raise Wrong("not an Ed25519 key of a log or of a witness")
    known = hashlib.sha256(name.encode() + b"\n" + whole).digest()[:4]
    if known.hex() != key_id:
        raise Wrong("the id of the key does not fit it")
    return name, known, whole[1:], whole[0]


def signed_text(note, keys):
    """Return the text of a note that one of the keys signed, and that key's name."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Wrong("not a signed note")
    text += "\n"
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != DASH:
            raise Wrong("not a signature line")
        signature = decoded(parts[2])
        for name, key_id, public, kind in keys:
            if kind == 1 and parts[1] == name and signature[:4] == key_id:
                if not ed25519_holds(public, text.encode(), signature[4:]):
                    raise Wrong("the signature of " + name + " does not hold")
                return text, name
    raise Wrong("not signed by a key that was given")


def require_cosignature(note, name, key_id, public):
    text, _, lines = note.rpartition("\n\n")
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        signature = decoded(parts[2]) if len(parts) == 3 and parts[0] == DASH else b""
        if signature[:4] == key_id and parts[1] == name:
            seconds = int.from_bytes(signature[4:12], "big")
            message = "cosignature/v1\ntime %d\n%s\n" % (seconds, text)
            if not ed25519_holds(public, message.encode(), signature[12:]):
                raise Wrong("the cosignature of " + name + " does not hold")
            return
    raise Wrong("not cosigned by " + name)


def checkpoint_of(note, keys):
    text, name = signed_text(note, keys)
    for witness, key_id, public, kind in keys:
        if kind == 4:
            require_cosignature(note, witness, key_id, public)
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != name:
        raise Wrong("not a checkpoint of the log that signed it")
    return name, decimal(lines[1]), decoded(lines[2])


# ---------------------------------------------------------------- the tree (RFC 9162 2.1.1)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def includes(bodies, begin, size, proof, root):
    """Whether entries stand side by side in a tree, from an index on; `proof` is what stands beside them."""
    end, rest = begin + len(bodies), iter(proof)

    def climbed(low, high):
        if high - low == 1:
            return sha256(b"\x00", bodies[low - begin])
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        if end <= middle:
            return sha256(b"\x01", climbed(low, middle), next(rest, b""))
        if begin >= middle:
            right = climbed(middle, high)
            return sha256(b"\x01", next(rest, b""), right)
        return sha256(b"\x01", climbed(low, middle), climbed(middle, high))

    return begin < end <= size and climbed(0, size) == root and next(rest, None) is None


def proven(text, keys, bodies=None, header=PROOF_HEADER):
    """Return the entries of a proof and the index of the first; `bodies` are they where the proof has none."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != header:
        raise Wrong("not a receipt, nor a proof of a range")
    if lines and lines[0].startswith("extra "):
        extra = [decoded(lines.pop(0)[6:])]
        if bodies is not None and bodies != extra:
            raise Wrong("the receipt is of another entry")
        bodies = extra
    word, _, number = lines.pop(0).partition(" ") if lines else ("", "", "")
    if word != "index" or not bodies:
        raise Wrong("the receipt names no index, or no entry")
    _, size, root = checkpoint_of(note, keys)
    if not includes(bodies, decimal(number), size, [decoded(line) for line in lines], root):
        raise Wrong("entry " + number + " does not stand in the signed log")
    return bodies, int(number)


def check_groups(body, groups):
    committed = json.loads(body).get("groups", {})
    for name, group in groups.items():
        salt, content = decoded(group["salt"]), group["content"].encode()
        digest = sha256(b"sso group\x00", name.encode(), b"\x00", salt, content)
        if committed.get(name) != base64.b64encode(digest).decode():
            raise Wrong("the part " + name + " of an entry is not the one that was logged")


# ---------------------------------------------------------------- the archive


def number(value, size):
    return value.to_bytes(size, "little")


def archive_of(files):
    """Return the one archive that these files make: stored, in order, without times."""
    local, central, place = [], [], 0
    for name, content in files.items():
        encoded = name.encode()
        common = number(20, 2) + number(0x800, 2) + number(0, 2) + number(0, 2) + number(0x21, 2)
        common += number(zlib.crc32(content), 4) + number(len(content), 4) * 2 + number(len(encoded), 2)
        central.append(b"PK\x01\x02" + number(20, 2) + common + bytes(12) + number(place, 4) + encoded)
        local += [b"PK\x03\x04" + common + bytes(2) + encoded, content]
        place += 30 + len(encoded) + len(content)
    end = b"PK\x05\x06" + bytes(4) + number(len(files), 2) * 2 + number(sum(map(len, central)), 4)
    return b"".join([*local, *central, end, number(place, 4), bytes(2)])


def files_of(archive):
    """Return the files of an archive, whose every byte is the one that it must be."""
    files, at = {}, 0
    while archive[at : at + 4] == b"PK\x03\x04":
        size = int.from_bytes(archive[at + 18 : at + 22], "little")
        begin = at + 30
        end = begin + int.from_bytes(archive[at + 26 : at + 28], "little")
        try:
            files[archive[begin:end].decode()] = archive[end : end + size]
        except UnicodeDecodeError:
            raise Wrong("the archive is damaged") from None
        at = end + size
    if archive_of(files) != archive:
        raise Wrong("the archive is damaged")
    return files


def verify_bundle(archive, keys):
    files = files_of(archive)
    if "manifest.txt" not in files:
        raise Wrong("the bundle has no manifest")
    text, name = signed_text(files["manifest.txt"].decode("utf-8", "replace"), keys)
    manifest = json.loads(text)
    listed = manifest["files"]
    if {*listed, "manifest.txt"} != set(files):
        raise Wrong("the bundle's files are not those of its manifest")
    for file, digest in listed.items():
        if hashlib.sha256(files[file]).hexdigest() != digest:
            raise Wrong(file + " is not what was sealed")
    events = [json.loads(line) for line in files["events.jsonl"].decode().splitlines()]
    bodies = [event["body"].encode() for event in events]
    proofs = [("proofs/" + json.loads(body)["id"] + ".tlog-proof", [body], PROOF_HEADER) for body in bodies]
    if "proofs/range.txt" in files:
        proofs = [("proofs/range.txt", bodies, RANGE_HEADER)]
    for file, some, header in proofs:
        proven(files[file].decode(), keys, some, header)
    if files["checkpoint.txt"] not in [files[file].partition(b"\n\n")[2] for file, _, _ in proofs]:
        raise Wrong("the checkpoint is that of no entry")
    for event, body in zip(events, bodies):
        check_groups(body, event["groups"])
    if len(events) != manifest["entries"]:
        raise Wrong("the bundle has more or fewer entries than were sealed")
    return "%d entries of the log %s, sealed at %s" % (len(events), name, manifest["sealed_at"])


def verify_receipt(content, keys):
    [body], index = proven(content.decode("utf-8", "replace"), keys)
    entry = json.loads(body)
    return "entry %d of the log: %s at %s (%s)" % (index, entry["event"], entry["time"], entry["id"])


def main():
    parser = argparse.ArgumentParser(description="Verify evidence of an audit log.")
    parser.add_argument("file")
    parser.add_argument("--key", action="append", required=True, help="verifier key of the log, of a witness")
    asked = parser.parse_args()
    try:
        keys = [key_of(text) for text in asked.key]
        with open(asked.file, "rb") as opened:
            content = opened.read()
        print("ok: " + (verify_bundle if content[:2] == b"PK" else verify_receipt)(content, keys))
    except (Wrong, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print("WRONG: " + (str(error) if isinstance(error, (Wrong, OSError)) else "malformed"))
        sys.exit(1)


if __name__ == "__main__":
    main()
