"""Repositories in memory, and small changes to them: what an attacker, a broken publisher or another
implementation might serve."""

import copy
import datetime
import hashlib
import json
import random
import re

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata

NOW = datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)
LATER = "2030-01-01T00:00:00Z"


class Raw:
    """A value that is written exactly so."""

    def __init__(self, text):
        self.text = text

    def __deepcopy__(self, _):
        return self


class Again:
    """A member's name that may stand beside the same name in one object."""

    def __init__(self, name):
        self.name = name

    def __deepcopy__(self, _):
        return self


def write(node, blank=""):
    """JSON of a tree, in its own order of members."""
    if isinstance(node, Raw):
        return node.text
    if isinstance(node, dict):
        members = [
            f"{json.dumps(name.name if isinstance(name, Again) else name)}:{blank}{write(value, blank)}"
            for name, value in node.items()
        ]
        return "{" + f",{blank}".join(members) + "}"
    if isinstance(node, list):
        return "[" + f",{blank}".join(write(element, blank) for element in node) + "]"
    return json.dumps(node)


def places(node):
    """Every (container, key) in the tree."""
    found = []
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        found.append((node, key))
        if isinstance(value, (dict, list)):
            found.extend(places(value))
    return found


def without_floats(node):
    """What somebody signs who takes 1.0 for 1."""
    if isinstance(node, dict):
        return {name: without_floats(value) for name, value in node.items()}
    if isinstance(node, list):
        return [without_floats(value) for value in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node


VALUES = [
    None, True, False, 0, 1, 2, -1, 2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**63, 2**64, 10**30,
    Raw("1.0"), Raw("1e0"), Raw("-0"), Raw("0.5"), Raw("1E400"), Raw("01"), Raw("+1"), Raw("NaN"),
    Raw("Infinity"), Raw(""), Raw('"\\ud800"'), Raw('"\\u0031"'), Raw('"\x01"'), Raw("/**/1"),
    "", "1", "a", "é", "\0", "root", "targets.json", "x" * 1025, "../x", "a/b",
    [], {}, [[]], [None], {"": None}, [1, "a", {"b": [True]}], [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
]  # fmt: skip
EXPIRIES = [
    "2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z", "2026-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
    "2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.Z", "2030-01-01T00:00:00+00:00",
    "2030-01-01T00:00:00", "2030-1-1T0:0:0Z", "2030-02-29T00:00:00Z", "2028-02-29T00:00:00Z",
    "2030-01-01T23:59:60Z", "2030-01-01T24:00:00Z", "2030-01-01t00:00:00z", " 2030-01-01T00:00:00Z",
    "2030-01-01T00:00:00Z\n", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "٢٠٣٠-01-01T00:00:00Z",
]  # fmt: skip
SPEC_VERSIONS = [
    "1.0", "1.0.0", "1.0.34", "1.99.99", "1", "1.0.0.0", "2.0.0", "0.9.0", "01.0.0", "1.a", "1.0.0-rc",
    "", ".", "1.", "1..0", "1.٣", " 1.0.0", "1.0.0 ", "1.-1",
]  # fmt: skip


class Publisher:
    """One repository's keys, and its four roles as trees."""

    def __init__(self, rng):
        self.rng = rng
        self.signers = {
            "r1": self._ed25519(),
            "r2": self._ecdsa(ec.SECP256R1(), "ecdsa-sha2-nistp256"),
            "r3": self._ed25519(),
            "timestamp": self._ecdsa(ec.SECP384R1(), "ecdsa-sha2-nistp384"),
            "snapshot": CryptoSigner(rsa.generate_private_key(65537, 2048)),
            "targets": self._ed25519(),
            "role1": self._ed25519(),
            "stranger": self._ed25519(),
        }
        keys = {signer.public_key.keyid: signer.public_key.to_dict() for name, signer in
                self.signers.items() if name not in ("role1", "stranger")}  # fmt: skip
        names = {"root": ["r1", "r2", "r3"], "timestamp": ["timestamp"], "snapshot": ["snapshot"],
                 "targets": ["targets"]}  # fmt: skip
        roles = {role: {"keyids": [self.signers[name].public_key.keyid for name in of], "threshold":
                        2 if role == "root" else 1} for role, of in names.items()}  # fmt: skip
        self.base = {
            "root": self._head("root", consistent_snapshot=True, keys=keys, roles=roles),
            "timestamp": self._head("timestamp", meta={"snapshot.json": {"version": 1}}),
            "snapshot": self._head(
                "snapshot", meta={"targets.json": {"version": 1}, "role1.json": {"version": 3}, "role-1.json": {"version": 3}}
            ),
            "targets": self._head(
                "targets",
                targets={
                    "manifest.json": {"length": 2, "hashes": {"sha256": "ab" * 32, "sha512": "cd" * 64}},
                    "dir/é.img": {"length": 0, "hashes": {"sha256": "0" * 64}, "custom": {"a": [1, None]}},
                },
                delegations=self._delegations(),
            ),
            "role1": {**self._head("targets", targets={"dir2/a.bin": {"length": 1, "hashes": {"sha512": "e" * 128}}}),
                      "version": 3},
        }  # fmt: skip
        self.names = {**names, "root": ["r1", "r2"], "role1": ["role1"]}

    def _delegations(self):
        key = self.signers["role1"].public_key
        signed_by = {"keyids": [key.keyid], "threshold": 1}
        return {
            "keys": {key.keyid: copy.deepcopy(key.to_dict())},
            "roles": [
                {"name": "role1", "terminating": False, "paths": ["dir2/*", "*/[!a].img"], **signed_by},
                {"name": "b/c", "terminating": True, "path_hash_prefixes": ["0", "4a", "c"], **signed_by},
                {"name": "last", "terminating": False, "paths": ["*", "*/*/?"], **signed_by},
            ],
        }

    def succinct(self):
        """The delegations as bins: role-0 and role-1."""
        delegations = self._delegations()
        signed_by = {name: delegations["roles"][0][name] for name in ("keyids", "threshold")}
        del delegations["roles"]
        return {**delegations, "succinct_roles": {"bit_length": 1, "name_prefix": "role", **signed_by}}

    def _ed25519(self):
        return CryptoSigner(ed25519.Ed25519PrivateKey.from_private_bytes(self.rng.randbytes(32)))

    def _ecdsa(self, curve, scheme):
        private = ec.derive_private_key(self.rng.randrange(1, 2**255), curve)
        return CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), scheme=scheme))

    @staticmethod
    def _head(role, **members):
        return {"_type": role, "spec_version": "1.0.31", "version": 1, "expires": LATER, **members}

    def sign(self, payload, names):
        return [self.signers[name].sign(payload).to_dict() for name in names]


AS_READ = "signed as python-tuf reads it"


def payload_of(rng, text, signed, done):
    """What the publisher signs: the canonical form as well as it can be had."""
    try:
        tree = without_floats(json.loads(text)["signed"])
        payload = encode_canonical(tree).encode()
    except Exception:
        payload = encode_canonical(signed).encode()
    if done and rng.random() < 0.2:
        try:
            payload = Metadata.from_bytes(text.encode()).signed_bytes
            done.append(AS_READ)
        except Exception:
            pass  # it cannot read it
    return payload


# Changes of the tree that is then signed. Each returns what it did, or nothing where it does not fit.


def change_value(rng, tree):
    container, key = rng.choice(places(tree))
    value = rng.choice(VALUES)
    container[key] = copy.deepcopy(value)
    return f"{key!s:.20} = {write(value)[:40]}"


def remove_member(rng, tree):
    container, key = rng.choice(places(tree))
    del container[key]
    return f"without {key!s:.20}"


def repeat_member(rng, tree):
    container, key = rng.choice([p for p in places(tree) if isinstance(p[0], dict)])
    same = rng.random() < 0.3
    container[Again(key)] = copy.deepcopy(container[key] if same else rng.choice(VALUES))
    return f"{key!s:.20} twice"


def add_member(rng, tree):
    container, _ = rng.choice([p for p in places(tree) if isinstance(p[0], dict)])
    name = rng.choice(["x", "", "é", "custom", "hashes", "length", "version", "delegations", "😀", "\uffff"])
    container[name] = copy.deepcopy(rng.choice(VALUES))
    return f"with {name!r}"


def repeat_element(rng, tree):
    arrays = [value for container, key in places(tree) if isinstance(value := container[key], list) and value]
    if not arrays:
        return None
    array = rng.choice(arrays)
    array.append(copy.deepcopy(rng.choice(array)))
    return "an element twice"


def change_expiry(rng, tree):
    tree["expires"] = rng.choice(EXPIRIES)
    return f"expires {tree['expires']!r}"


def change_spec_version(rng, tree):
    tree["spec_version"] = rng.choice(SPEC_VERSIONS)
    return f"spec_version {tree['spec_version']!r}"


def change_type(rng, tree):
    tree["_type"] = rng.choice(["root", "timestamp", "snapshot", "targets", "Root", "mirrors", "", "root\0"])
    return f"_type {tree['_type']!r}"


def change_version(rng, tree):
    tree["version"] = rng.choice([0, 1, 2, 3, -1, 2**53 - 1, 2**53, 2**64, Raw("2.0"), Raw("2e0"), "2", True])
    return f"version {write(tree['version'])}"


def change_threshold(rng, tree):
    if "roles" not in tree:
        return None
    role = rng.choice(list(tree["roles"]))
    tree["roles"][role]["threshold"] = rng.choice([0, -1, 1, 2, 3, 4, 2**53, Raw("1.0"), "1", True, None])
    return f"threshold of {role} {write(tree['roles'][role]['threshold'])}"


def change_key(rng, tree):
    if "keys" not in tree:
        return None
    keyid = rng.choice(list(tree["keys"]))
    key = tree["keys"][keyid]
    what = rng.randrange(6)
    if what == 0:
        key["scheme"] = rng.choice(["ed25519", "rsassa-pss-sha256", "rsa-pkcs1v15-sha256", "x", ""])
    elif what == 1:
        key["keytype"] = rng.choice(["ed25519", "rsa", "ecdsa", "ecdsa-sha2-nistp256", "x"])
    elif what == 2:
        public = key["keyval"]["public"]
        key["keyval"]["public"] = rng.choice([public.upper(), public + "\n", public + "x", " " + public, ""])
    elif what == 3:  # the same key under another name, listed beside it
        other = "0" * 64
        tree["keys"][other] = copy.deepcopy(key)
        for role in tree["roles"].values():
            if keyid in role["keyids"]:
                role["keyids"].append(other)
    elif what == 4:
        tree["keys"]["another name"] = tree["keys"].pop(keyid)
    else:
        del tree["keys"][keyid]
    return f"key change {what}"


def change_listing(rng, tree):
    if "meta" not in tree:
        return None
    name = rng.choice(list(tree["meta"]) or ["snapshot.json"])
    listed = tree["meta"].setdefault(name, {"version": 1})
    if not isinstance(listed, dict):
        return None
    what = rng.choice(["version", "length", "hashes"])
    listed[what] = copy.deepcopy(rng.choice([0, 1, 2, 2**53, -1, None, {}, {"sha256": "00"}, {"md5": "00"}, "1"]))
    return f"{name} {what} {write(listed[what])}"


def change_target(rng, tree):
    if not tree.get("targets"):
        return None
    name = rng.choice(list(tree["targets"]))
    target = tree["targets"][name]
    what = rng.randrange(4)
    if what == 0:
        target["hashes"] = copy.deepcopy(rng.choice([{}, {"md5": "00"}, {"sha256": 1}, {"sha256": "zz"}, {"sha3-256": "0"}]))
    elif what == 1:
        target["length"] = rng.choice([0, -1, 2**53, Raw("2.0"), None, "2"])
    elif what == 2:
        target["custom"] = copy.deepcopy(rng.choice([None, [], "x", {}, {"a": Raw("1.5")}, 1]))
    else:
        tree["targets"][rng.choice(["", "/", "..", "a//b", "\0", "n" * 1025, "\n"])] = target
    return f"target change {what}"


PATTERNS = ["", "*", "**", "*/*", "?", "[", "[!", "[]]", "[a-z]*", "[!a-z]*/*", "{a,b}", "dir2/a.bin", "/*", "*/", "\\*", "\0",
            "é", "x" * 1025, "*a" * 300]  # fmt: skip


def change_delegation(rng, tree):
    delegations = tree.get("delegations")
    if not delegations:
        return None
    if "succinct_roles" in delegations:
        bins = delegations["succinct_roles"]
        name = rng.choice(["bit_length", "name_prefix", "threshold", "keyids"])
        bins[name] = copy.deepcopy(rng.choice([0, 1, 2, 5, 32, 33, -1, "role", "", "r" * 1025, [], None, True, Raw("1.0")]))
        return f"succinct {name} {write(bins[name]):.20}"
    role = rng.choice(delegations["roles"])
    what = rng.randrange(7)
    if what == 0:
        role["name"] = rng.choice(["role1", "b/c", "", "root", "targets", "../x", "é", "\0", "n" * 1025, 1, None])
    elif what == 1:
        role["terminating"] = rng.choice([True, False, True, 1, 0, None, "true"])
    elif what == 2:
        role.pop("terminating")
    elif what == 3:
        role[rng.choice(["paths", "path_hash_prefixes"])] = copy.deepcopy(rng.choice([[], ["*"], ["0", "f"], "a", [1], None, {}]))
    elif what == 4:
        delegations["roles"].insert(rng.randrange(3), delegations["roles"].pop())
    elif what == 5:
        role.pop("path_hash_prefixes", None)
        role["paths"] = [rng.choice(PATTERNS) for _ in range(rng.randrange(1, 4))]
    else:
        role["threshold"] = rng.choice([0, 1, 2, -1, "1", None, Raw("1.0")])
    return f"delegation change {what}"


TREE_CHANGES = [
    change_delegation, change_delegation, change_value, change_value, change_value, remove_member, repeat_member, add_member, repeat_element,
    change_expiry, change_spec_version, change_type, change_version, change_threshold, change_key,
    change_listing, change_target,
]  # fmt: skip


# Changes of the whole document, after it was signed.


def signature_twice(rng, document):
    document["signatures"].append(copy.deepcopy(rng.choice(document["signatures"])))
    return "a signature twice"


def signature_by_other_name(rng, document):
    document["signatures"].append({**rng.choice(document["signatures"]), "keyid": rng.choice(["", "0" * 64, "é", "\0"])})
    return "a signature under another keyid"


def signature_value(rng, document):
    signature = rng.choice(document["signatures"])
    sig = signature["sig"]
    signature["sig"] = copy.deepcopy(rng.choice(
        ["", sig.upper(), sig + "00", sig[:-2], sig[:-1], "zz" + sig[2:], " " + sig, sig + "\n", None, 1, "00" * 5000]
    ))  # fmt: skip
    return "another sig"


def signature_missing(rng, document):
    del document["signatures"][rng.randrange(len(document["signatures"]))]
    return "one signature less"


def signature_added(rng, document):
    document["signatures"].append(copy.deepcopy(rng.choice(
        [{}, None, {"keyid": "x"}, {"sig": "00"}, {"keyid": "x", "sig": "00"}, {"keyid": 1, "sig": "00"},
         {"keyid": "x", "sig": "00", "extra": 1.5}, []]
    )))  # fmt: skip
    return "one signature more"


def document_value(rng, document):
    container, key = rng.choice([(document, "signatures"), *places(document["signatures"])])
    container[key] = copy.deepcopy(rng.choice(VALUES))
    return f"unsigned {key!s:.20}"


def document_member(rng, document):
    document[rng.choice(["x", "", "é"])] = copy.deepcopy(rng.choice(VALUES))
    return "an unsigned member more"


DOCUMENT_CHANGES = [
    signature_twice, signature_by_other_name, signature_value, signature_missing, signature_added,
    document_value, document_member,
]  # fmt: skip


# Changes of the bytes, after signing. Lengths of signatures vary, and rng.randrange() would take more or
# fewer random bits for another length: place() takes the same, so that a seed stands for its cases.


def place(rng, size):
    return int(rng.random() * size)


def flip_byte(rng, text):
    at = place(rng, len(text))
    return text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]


def insert_bytes(rng, text):
    at = place(rng, len(text) + 1)
    piece = rng.choice([b" ", b"\n", b",", b"\0", b"0", b"\xff", b"\xef\xbb\xbf", b"//", b"}", b"\x0c"])
    return text[:at] + piece + text[at:]


def cut_bytes(rng, text):
    at = place(rng, len(text))
    return text[:at] + text[at + rng.randrange(1, 9) :]


def put_around(rng, text):
    return rng.choice([b"\xef\xbb\xbf", b" \n", b"", b"[", b"\xa0", b"\0"]) + text + rng.choice(
        [b"\n", b" ", b"x", b"\0", b"{}", b"", b"]", b"\0{}"])  # fmt: skip


def escape_letter(rng, text):
    """The same text with one letter spelled as an escape: no change at all, rightly read."""
    letters = [match.start() for match in re.finditer(rb"[a-z]", text)]
    at = letters[place(rng, len(letters))]
    return text[:at] + b"\\u%04x" % text[at] + text[at + 1 :]


def space_out(rng, text):
    blank = rng.choice([b" ", b"\t", b"\r\n"])
    return re.sub(rb"([:,])", lambda match: match[1] + blank, text)


BYTE_CHANGES = [flip_byte, insert_bytes, cut_bytes, put_around, escape_letter, space_out]


class CaseMaker:
    """Makes one case after another: steps, and what was done to them."""

    def __init__(self, rng):
        self.rng = rng
        self.publisher = Publisher(rng)

    def make(self):
        rng = self.rng
        trees = {role: copy.deepcopy(tree) for role, tree in self.publisher.base.items()}
        steps = [("trusted", self._publish("root", trees["root"]))]
        target = rng.choice(["trusted", "root", "timestamp", "snapshot", "targets", "targets", "role1", "nothing"])
        done = []
        if target == "trusted":
            steps = [("trusted", self._publish("root", trees["root"], done))]
        elif target == "root" or rng.random() < 0.2:
            trees["root"]["version"] = 2
            self._rotate(trees["root"])
            steps.append(("root", self._publish("root", trees["root"], done if target == "root" else None)))
        cached = self._cache(trees) if rng.random() < 0.4 else {}
        lists = rng.random() < 0.6
        versions = {role: trees[role]["version"] for role in ("targets", "snapshot")}
        if not cached and rng.random() < 0.1:
            versions[rng.choice(["targets", "snapshot"])] += 1
        delegated = "role1"
        if rng.random() < 0.3:
            delegated = "role-1"
            trees["targets"]["delegations"] = self.publisher.succinct()
        role1 = self._publish("role1", trees["role1"], done if target == "role1" else None)
        if f"{delegated}.json" in trees["snapshot"]["meta"]:
            self._list(trees["snapshot"], f"{delegated}.json", 3, role1, lists)
        targets = self._publish("targets", trees["targets"], done if target == "targets" else None)
        self._list(trees["snapshot"], "targets.json", versions["targets"], targets, lists)
        snapshot = self._publish("snapshot", trees["snapshot"], done if target == "snapshot" else None)
        self._list(trees["timestamp"], "snapshot.json", versions["snapshot"], snapshot, lists)
        timestamp = self._publish("timestamp", trees["timestamp"], done if target == "timestamp" else None)
        for role, data in (("timestamp", timestamp), ("snapshot", snapshot), ("targets", targets)):
            if role in cached:
                steps.append((f"old-{role}", cached[role]))
            steps.append((role, data))
        if target == "role1" or rng.random() < 0.5:
            steps.append((delegated, role1))
        return steps, f"{target}: {'; '.join(done)}"

    def _rotate(self, root):
        if self.rng.random() < 0.5:
            keyid = self.publisher.signers["r3"].public_key.keyid
            root["roles"]["root"]["keyids"].remove(keyid)
            del root["keys"][keyid]

    def _cache(self, trees):
        """Older files of the client's own, and newer versions in the repository."""
        rng = self.rng
        old_snapshot, old_timestamp = copy.deepcopy(trees["snapshot"]), copy.deepcopy(trees["timestamp"])
        for old in (old_snapshot, old_timestamp):
            old["version"] = rng.choice([1, 1, 3, 5])
            old["expires"] = rng.choice([LATER, LATER, "2026-01-01T00:00:00Z"])
        old_snapshot["meta"]["role1.json"]["version"] = rng.choice([2, 3, 3, 4])
        old_timestamp["meta"]["snapshot.json"]["version"] = old_snapshot["version"]
        for role in ("snapshot", "timestamp"):
            # Never that of the old one: with trusted=True python-tuf does not look at the hashes of a
            # cached snapshot, and takes another file of the same version for the listed one.
            trees[role]["version"] = rng.choice([2, 6, 6])
        if rng.random() < 0.1:
            del trees["snapshot"]["meta"]["role1.json"]
        return {"timestamp": self._publish("timestamp", old_timestamp),
                "snapshot": self._publish("snapshot", old_snapshot)}  # fmt: skip

    @staticmethod
    def _list(parent, name, version, data, lists):
        listed = parent["meta"][name] = {"version": version}
        if lists:
            listed["length"] = len(data)
            listed["hashes"] = {"sha256": hashlib.sha256(data).hexdigest()}

    def _publish(self, role, tree, done=None):
        """Signs `tree` and writes it; with a list `done`, changes something on the way."""
        rng = self.rng
        names = list(self.publisher.names[role])
        original = copy.deepcopy(tree)
        stage = None if done is None else rng.choice(["tree", "tree", "tree", "document", "bytes", "signers"])
        if stage == "tree":
            for change in rng.choices(TREE_CHANGES, k=rng.choice([1, 1, 1, 2])):
                try:
                    done.append(change(rng, tree) or "nothing")
                except (KeyError, TypeError, AttributeError, IndexError, ValueError):
                    done.append("nothing")  # the first change took away what the second needs
        elif stage == "signers":
            names = rng.choice([names[:1], names + ["stranger"], ["stranger"], names[::-1], ["targets"], ["r1", "r3"], []])
            done.append(f"signed by {names}")
        blank = rng.choice(["", "", " "])
        text = write({"signatures": [], "signed": tree}, blank)
        signatures = self.publisher.sign(payload_of(rng, text, original, done), dict.fromkeys(names))
        document = {"signatures": signatures, "signed": tree}
        if stage == "document":
            done.append(rng.choice(DOCUMENT_CHANGES)(rng, document))
        data = write(document, blank).encode("utf-8", "surrogatepass")
        if stage == "bytes":
            change = rng.choice(BYTE_CHANGES)
            done.append(change.__name__)
            data = change(rng, data)
        return data


def globs(rng, count):
    """Patterns, each with a path."""
    for _ in range(count):
        pattern = "".join(rng.choices("ab*?[]!-/é^\\", k=rng.randrange(9)))
        yield pattern, "".join(rng.choices("aab]-é/[!^\n", k=rng.randrange(7)))


def json_texts(rng, count):
    """JSON texts by themselves, mostly broken ones."""
    pieces = ['{', '}', '[', ']', ':', ',', '"a"', '"b"', '"\\u0061"', '"é"', '"\\n"', '"\\ud83d\\ude00"', '"\\ud83d"', '0',
              '1', '-1', '-0', '1.0', '1e0', '9007199254740993', '18446744073709551615', '18446744073709551616', 'true',
              'null', ' ', '\n', '"\x7f"', '"\\"\\\\\\/"', '01', '\x0b', '"\\u0000"']  # fmt: skip
    for _ in range(count):
        if rng.random() < 0.5:
            tree = {"a": copy.deepcopy(rng.choice(VALUES)), "b": [copy.deepcopy(rng.choice(VALUES))], "😀": 1, "\uffff": 2}
            rng.choice([change_value, remove_member, repeat_member, add_member])(rng, tree)
            text = write(tree, rng.choice(["", " "])).encode("utf-8", "surrogatepass")
            yield rng.choice(BYTE_CHANGES[:4])(rng, text) if rng.random() < 0.3 else text
        else:
            yield "".join(rng.choices(pieces, k=rng.randrange(1, 8))).encode()
