#!/usr/bin/env python3
"""What python-tuf writes, tuf-client refreshes and downloads; what it must refuse, it refuses."""

import copy
import datetime
import hashlib
import unittest

import support
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import (
    DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, SuccinctRoles, TargetFile, Targets, Timestamp
)  # fmt: skip
from tuf.api.serialization.json import JSONSerializer

ROLES = ("root", "timestamp", "snapshot", "targets")
CONTENT = {"manifest.json": b"{}", "dir/image é 1.img": b"image\n" * 1000, "empty": b""}


def in_days(days):
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.replace(microsecond=0) + datetime.timedelta(days=days)


def rsa_pss(scheme):
    private = rsa.generate_private_key(65537, 2048)
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), scheme=scheme))


def ecdsa(curve, scheme, keytype="ecdsa"):
    private = ec.generate_private_key(curve)
    key = SSlibKey.from_crypto(private.public_key(), scheme=scheme)
    key.keytype = keytype
    return CryptoSigner(private, key)


class Publisher:
    """A repository written with python-tuf's Metadata API."""

    def __init__(self, directory, consistent_snapshot=True, indented=False):
        self.metadata_dir, self.targets_dir = directory / "metadata", directory / "targets"
        for path in (self.metadata_dir, self.targets_dir):
            path.mkdir(parents=True)
        self.serializer = JSONSerializer(compact=not indented)
        self.signers = {role: [] for role in ROLES}
        self.roles = {
            "root": Root(expires=in_days(365), consistent_snapshot=consistent_snapshot),
            "timestamp": Timestamp(expires=in_days(1)),
            "snapshot": Snapshot(expires=in_days(7)),
            "targets": Targets(expires=in_days(30)),
        }

    def add_key(self, signer, *roles):
        for role in roles or ROLES:
            self.roles["root"].add_key(signer.public_key, role)
            self.signers[role].append(signer)

    def set_threshold(self, role, threshold):
        self.roles["root"].roles[role].threshold = threshold

    def delegate(self, delegator, signers, roles=(), succinct=None, threshold=1):
        """Roles by name, each as the arguments of a DelegatedRole; or (bit length, prefix) of bins."""
        keys = {signer.public_key.keyid: signer.public_key for signer in signers}
        if succinct:
            bins = SuccinctRoles(list(keys), threshold, *succinct)
            self.roles[delegator].delegations = Delegations(keys, succinct_roles=bins)
            names = list(bins.get_roles())
        else:
            described = {name: DelegatedRole(name, list(keys), threshold, *rest) for name, *rest in roles}
            self.roles[delegator].delegations = Delegations(keys, described)
            names = list(described)
        for name in names:
            self.roles[name] = Targets(expires=in_days(30))
            self.signers[name] = list(signers)

    def add_target(self, name, content, role="targets"):
        self.roles[role].targets[name] = target = TargetFile.from_data(name, content, ["sha256", "sha512"])
        consistent = self.roles["root"].consistent_snapshot
        for path in target.get_prefixed_paths() if consistent else [name]:
            file = self.targets_dir / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _write(self, role, signers, versioned):
        metadata = Metadata(copy.deepcopy(self.roles[role]))
        for signer in signers:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes(self.serializer)
        prefix = f"{metadata.signed.version}." if versioned else ""
        (self.metadata_dir / f"{prefix}{role}.json").write_bytes(data)
        return data

    def publish_root(self, also_signed_by=()):
        return self._write("root", [*self.signers["root"], *also_signed_by], versioned=True)

    def publish(self):
        consistent = self.roles["root"].consistent_snapshot
        delegated = [(role, "snapshot", f"{role}.json") for role in self.roles if role not in ROLES]
        for child, parent, name in (
            *delegated, ("targets", "snapshot", "targets.json"), ("snapshot", "timestamp", None)
        ):  # fmt: skip
            data = self._write(child, self.signers[child], consistent)
            listed = MetaFile.from_data(self.roles[child].version, data, ["sha256", "sha512"])
            if name:
                self.roles[parent].meta[name] = listed
            else:
                self.roles[parent].snapshot_meta = listed
        self._write("timestamp", self.signers["timestamp"], versioned=False)

    def bump(self, *roles):
        for role in roles:
            self.roles[role].version += 1


class TufClientAcceptsPython(support.InteropTest):
    def make(self, *signers, **options):
        publisher = Publisher(self.repository, **options)
        for signer in signers:
            publisher.add_key(signer)
        return publisher

    def ship(self, publisher):
        """Publishes everything; our client starts from the root as it is now."""
        for name, content in CONTENT.items():
            publisher.add_target(name, content)
        shipped = self.directory / "shipped.json"
        shipped.write_bytes(publisher.publish_root())
        publisher.publish()
        self.tuf_client("init", shipped)

    def assert_downloads(self):
        self.download(*CONTENT)
        saved = {str(path.relative_to(self.directory / "our-targets")): path.read_bytes()
                 for path in (self.directory / "our-targets").rglob("*") if path.is_file()}  # fmt: skip
        self.assertEqual(sorted(saved.values()), sorted(CONTENT.values()))

    def check_key_type(self, signer):
        self.ship(self.make(signer))
        self.assert_downloads()

    def test_ed25519_keys(self):
        self.check_key_type(CryptoSigner.generate_ed25519())

    def test_rsa_pss_sha256_keys(self):
        self.check_key_type(rsa_pss("rsassa-pss-sha256"))

    def test_rsa_pss_sha384_keys(self):
        self.check_key_type(rsa_pss("rsassa-pss-sha384"))

    def test_rsa_pss_sha512_keys(self):
        self.check_key_type(rsa_pss("rsassa-pss-sha512"))

    def test_ecdsa_p256_keys(self):
        self.check_key_type(ecdsa(ec.SECP256R1(), "ecdsa-sha2-nistp256"))

    def test_ecdsa_p384_keys(self):
        self.check_key_type(ecdsa(ec.SECP384R1(), "ecdsa-sha2-nistp384"))

    def test_ecdsa_keys_by_the_name_of_their_scheme(self):
        self.check_key_type(ecdsa(ec.SECP256R1(), "ecdsa-sha2-nistp256", keytype="ecdsa-sha2-nistp256"))

    def test_indented_files_without_consistent_snapshots(self):
        self.ship(self.make(CryptoSigner.generate_ed25519(), consistent_snapshot=False, indented=True))
        self.assert_downloads()

    def test_thresholds_over_keys_of_several_types(self):
        publisher = self.make(CryptoSigner.generate_ed25519(), rsa_pss("rsassa-pss-sha256"),
                              ecdsa(ec.SECP384R1(), "ecdsa-sha2-nistp384"))  # fmt: skip
        for role, threshold in zip(ROLES, (3, 2, 1, 2), strict=True):
            publisher.set_threshold(role, threshold)
        self.ship(publisher)
        self.assert_downloads()

    def test_a_threshold_that_is_not_met(self):
        publisher = self.make(CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa())
        publisher.set_threshold("targets", 2)
        publisher.signers["targets"].pop()
        self.ship(publisher)
        self.assertIn("threshold 2 not met", self.tuf_client("refresh", succeeds=False))

    def test_rotation_of_every_key_over_three_roots(self):
        publisher = self.make(CryptoSigner.generate_ed25519())
        self.ship(publisher)
        self.tuf_client("refresh")
        for signer in (CryptoSigner.generate_ecdsa(), rsa_pss("rsassa-pss-sha256")):
            old = publisher.signers["root"]
            for role in ROLES:
                for key in publisher.signers[role]:
                    publisher.roles["root"].revoke_key(key.public_key.keyid, role)
                publisher.signers[role] = []
            publisher.add_key(signer)
            publisher.bump("root")
            publisher.publish_root(also_signed_by=old)
        publisher.bump("timestamp", "snapshot", "targets")
        publisher.publish()
        self.assert_downloads()

    def test_updates_with_the_cache_of_the_version_before(self):
        publisher = self.make(CryptoSigner.generate_ed25519())
        self.ship(publisher)
        self.assert_downloads()
        publisher.add_target("manifest.json", b"[]")
        publisher.bump("timestamp", "snapshot", "targets")
        publisher.publish()
        self.download("manifest.json")
        self.assertEqual((self.directory / "our-targets/manifest.json").read_bytes(), b"[]")

    def test_a_rollback_of_each_role_is_refused(self):
        for role in ROLES[1:]:
            with self.subTest(role):
                self.setUp()
                publisher = self.make(CryptoSigner.generate_ed25519())
                publisher.bump("timestamp", "snapshot", "targets")
                self.ship(publisher)
                self.tuf_client("refresh")
                publisher.bump("timestamp", "snapshot", "targets")
                publisher.roles[role].version = 1
                publisher.publish()
                self.assertIn("below the trusted", self.tuf_client("refresh", succeeds=False))

    def test_each_expired_role_is_refused(self):
        for role in ROLES:
            with self.subTest(role):
                self.setUp()
                publisher = self.make(CryptoSigner.generate_ed25519())
                publisher.roles[role].expires = in_days(-1)
                self.ship(publisher)
                message = self.tuf_client("refresh", succeeds=False)
                self.assertIn("expired", message)
                self.assertIn(role, message)

    def check_delegations(self, targets, **options):
        """Our client has each of `targets`, by the role that lists it."""
        publisher = self.make(CryptoSigner.generate_ed25519())
        publisher.delegate("targets", **options)
        for name, role in targets.items():
            publisher.add_target(name, name.encode(), role)
        self.ship(publisher)
        self.download(*targets)
        for name in targets:
            self.assertEqual((self.directory / "our-targets" / name).read_bytes(), name.encode())
        return publisher

    def check_delegated_key_type(self, signer):
        self.check_delegations({"a/file": "a"}, signers=[signer], roles=[("a", True, ["a/*"])])

    def test_delegation_to_an_ed25519_key(self):
        self.check_delegated_key_type(CryptoSigner.generate_ed25519())

    def test_delegation_to_an_rsa_key(self):
        self.check_delegated_key_type(rsa_pss("rsassa-pss-sha256"))

    def test_delegation_to_an_ecdsa_key(self):
        self.check_delegated_key_type(ecdsa(ec.SECP384R1(), "ecdsa-sha2-nistp384"))

    def test_delegation_to_several_keys(self):
        signers = [CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa(), rsa_pss("rsassa-pss-sha512")]
        self.check_delegations({"file": "a"}, signers=signers, roles=[("a", False, ["*"])], threshold=3)

    def test_delegations_by_patterns(self):
        targets = {"a/é-1.img": "a b", "b/x": "é", "b/y": "é", "c": "rest", "[c]": "rest"}
        roles = [("a b", False, ["a/*-[0-9].img"]), ("é", True, ["b/?"]), ("rest", False, ["*"])]
        publisher = self.check_delegations(targets, signers=[CryptoSigner.generate_ed25519()], roles=roles)
        publisher.add_target("b/hidden", b"listed by a role that may not", "rest")
        publisher.bump("rest", "timestamp", "snapshot")
        publisher.publish()
        self.assertIn("no metadata lists it", self.download("b/hidden", succeeds=False))

    def test_delegations_of_delegations(self):
        signer = CryptoSigner.generate_ed25519()
        publisher = self.make(CryptoSigner.generate_ed25519())
        publisher.delegate("targets", [signer], [("a", False, ["a/*"]), ("b", False, ["*/*"])])
        publisher.delegate("a", [signer], [("a-1", True, ["*/1*"]), ("a-2", False, ["*/*"])])
        publisher.add_target("a/1", b"of a-1", "a-1")
        publisher.add_target("a/2", b"of a-2", "a-2")
        publisher.add_target("a/10", b"behind a terminating role", "b")
        self.ship(publisher)
        self.download("a/1", "a/2")
        self.assertIn("no metadata lists it", self.download("a/10", succeeds=False))

    def test_hash_bins_by_prefixes(self):
        bins = [(f"{digit:x}", True, None, [f"{digit:x}"]) for digit in range(16)]
        names = [f"dir/file-{number}" for number in range(20)]
        self.check_delegations({name: hashlib.sha256(name.encode()).hexdigest()[0] for name in names},
                               signers=[CryptoSigner.generate_ed25519()], roles=bins)  # fmt: skip

    def test_succinct_hash_bins(self):
        for bits in (1, 5, 8):
            with self.subTest(bits):
                self.setUp()
                succinct = SuccinctRoles([], 1, bits, "bin")
                names = [f"dir/file-{number}" for number in range(20)]
                self.check_delegations({name: succinct.get_role_for_target(name) for name in names},
                                       signers=[CryptoSigner.generate_ed25519()], succinct=(bits, "bin"))  # fmt: skip

    def test_rotation_of_a_delegated_key(self):
        publisher = self.check_delegations({"file": "a"}, signers=[CryptoSigner.generate_ed25519()],
                                           roles=[("a", False, ["*"])])  # fmt: skip
        new = CryptoSigner.generate_ecdsa()
        publisher.roles["targets"].delegations = Delegations(
            {new.public_key.keyid: new.public_key}, {"a": DelegatedRole("a", [new.public_key.keyid], 1, False, ["*"])}
        )  # fmt: skip
        publisher.bump("targets", "snapshot", "timestamp")
        publisher.publish()
        publisher.add_target("file", b"new", "a")
        self.assertIn("threshold 1 not met", self.download("file", succeeds=False))
        publisher.signers["a"] = [new]
        publisher.bump("a", "snapshot", "timestamp")
        publisher.publish()
        self.download("file")
        self.assertEqual((self.directory / "our-targets/file").read_bytes(), b"new")

    def test_a_rollback_of_a_delegated_role_is_refused(self):
        publisher = self.make(CryptoSigner.generate_ed25519())
        publisher.delegate("targets", [CryptoSigner.generate_ed25519()], [("a", False, ["*"])])
        publisher.bump("a", "a")
        self.ship(publisher)
        self.tuf_client("refresh")
        publisher.roles["a"].version = 2
        publisher.bump("snapshot", "timestamp")
        publisher.publish()
        self.assertIn("below the trusted", self.tuf_client("refresh", succeeds=False))


if __name__ == "__main__":
    unittest.main()
