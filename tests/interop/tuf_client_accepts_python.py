#!/usr/bin/env python3
"""What python-tuf writes, tuf-client refreshes and downloads; what it must refuse, it refuses."""

import copy
import datetime
import unittest

import support
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
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

    def add_target(self, name, content):
        self.roles["targets"].targets[name] = target = TargetFile.from_data(name, content, ["sha256", "sha512"])
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
        for child, parent, name in (("targets", "snapshot", "targets.json"), ("snapshot", "timestamp", None)):
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


if __name__ == "__main__":
    unittest.main()
