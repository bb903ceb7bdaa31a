#!/usr/bin/env python3
"""What tuftool writes, python-tuf's client accepts."""

import datetime
import unittest

import support
from tuf.api import exceptions

ROLES = ("root", "targets", "snapshot", "timestamp")
EXPIRIES = [argument for role in ROLES[1:] for argument in (f"--{role}-expires", "in 4 weeks")]
TARGETS = {"manifest.json": b"{}", "dir/image é 1.img": b"image\n" * 1000, "empty": b""}


class PythonAcceptsTuftool(support.InteropTest):
    def setUp(self):
        super().setUp()
        self.root = self.directory / "root.json"
        self.images = self.directory / "images"
        for name, content in TARGETS.items():
            path = self.images / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.tuftool("root", "init", self.root)
        self.tuftool("root", "expire", self.root, "in 52 weeks")

    def generate(self, name, *options, roles=ROLES):
        """A new key, which may sign for the roles from now on: its file and its keyid."""
        path = self.directory / f"{name}.pem"
        kind, *rest = options
        of_roles = [argument for role in roles for argument in ("--role", role)]
        return path, self.tuftool("root", f"gen-{kind}-key", self.root, path, *rest, *of_roles)

    def sign_root(self, *keys, previous=None):
        cross = ["--cross-sign", previous] if previous else []
        options = [argument for key in keys for argument in ("--key", key)]
        self.tuftool("root", "sign", self.root, *options, *cross)

    def publish(self, command, *keys, options=()):
        signing = [argument for key in keys for argument in ("--key", key)]
        self.tuftool(command, "--root", self.root, *signing, "--outdir", self.repository, *options)

    def create(self, *keys):
        self.publish("create", *keys, options=["--add-targets", self.images, *EXPIRIES])

    def update(self, *keys, options=()):
        self.publish("update", *keys, options=["--metadata-url", self.repository / "metadata", *options])

    def keep_root(self):
        """A copy of root.json as it is now."""
        copy = self.directory / f"trusted-{len(list(self.directory.glob('trusted-*')))}.json"
        copy.write_bytes(self.root.read_bytes())
        return copy

    def assert_downloads(self, client, targets=None):
        for name, content in (targets or TARGETS).items():
            path = client.download_target(client.get_targetinfo(name))
            with open(path, "rb") as file:
                self.assertEqual(file.read(), content, name)

    def check_key_type(self, *options):
        key, _ = self.generate("key", *options)
        self.sign_root(key)
        self.create(key)
        self.assert_downloads(self.python_client(self.root))

    def test_rsa_2048_keys(self):
        self.check_key_type("rsa", "--bits", "2048")

    def test_rsa_3072_keys(self):
        self.check_key_type("rsa")

    def test_ed25519_keys(self):
        self.check_key_type("ed25519")

    def test_ecdsa_p256_keys(self):
        self.check_key_type("ecdsa", "--curve", "p256")

    def test_ecdsa_p384_keys(self):
        self.check_key_type("ecdsa", "--curve", "p384")

    def test_thresholds_over_keys_of_several_types(self):
        keys = [self.generate("rsa", "rsa", "--bits", "2048")[0], self.generate("ed25519", "ed25519")[0],
                self.generate("p384", "ecdsa", "--curve", "p384")[0]]  # fmt: skip
        for role, threshold in zip(ROLES, (3, 2, 2, 1), strict=True):
            self.tuftool("root", "set-threshold", self.root, role, threshold)
        self.sign_root(*keys)
        self.create(*keys)
        self.assert_downloads(self.python_client(self.root))

    def test_rotation_of_every_key_over_three_roots(self):
        online = ROLES[1:]
        root_key, root_keyid = self.generate("root-1", "ed25519", roles=["root"])
        online_key, online_keyid = self.generate("online-1", "ed25519", roles=online)
        self.sign_root(root_key)
        shipped = previous = self.keep_root()
        self.create(online_key)
        self.python_client(shipped).refresh()
        for number, kind in ((2, ["ecdsa"]), (3, ["rsa", "--bits", "2048"])):
            self.tuftool("root", "remove-key", self.root, root_keyid)
            self.tuftool("root", "remove-key", self.root, online_keyid)
            old_root_key = root_key
            root_key, root_keyid = self.generate(f"root-{number}", *kind, roles=["root"])
            online_key, online_keyid = self.generate(f"online-{number}", *kind, roles=online)
            self.tuftool("root", "bump-version", self.root)
            self.sign_root(root_key, old_root_key, previous=previous)
            previous = self.keep_root()
            # Signed anew by other keys, and with higher versions.
            old_metadata = self.repository / "metadata"
            self.repository = self.directory / f"repository-{number}"
            versions = [argument for role in online for argument in (f"--{role}-version", number)]
            self.publish("create", online_key, options=["--add-targets", self.images, *EXPIRIES, *versions])
            for path in old_metadata.glob("*.root.json"):
                (self.repository / "metadata" / path.name).write_bytes(path.read_bytes())
        client = self.python_client(shipped)
        self.assert_downloads(client)
        self.assertEqual(client._trusted_set.root.version, 3)

    def test_updates_with_the_cache_of_the_version_before(self):
        key, _ = self.generate("key", "ed25519")
        self.sign_root(key)
        self.create(key)
        self.python_client(self.root).refresh()
        more = self.directory / "more"
        more.mkdir()
        (more / "new.bin").write_bytes(b"new")
        self.update(key, options=["--add-targets", more])
        client = self.python_client(self.root)
        self.assert_downloads(client, {**TARGETS, "new.bin": b"new"})
        self.assertEqual(client._trusted_set.targets.version, 2)

    def test_custom_members_of_compressed_images_change_nothing(self):
        self.run_program("zstd", "--quiet", self.images / "dir/image é 1.img", "-o", self.images / "root.img.zst")
        key, _ = self.generate("key", "ed25519")
        self.sign_root(key)
        self.create(key)
        client = self.python_client(self.root)
        target = client.get_targetinfo("root.img.zst")
        self.assertEqual(target.custom["image"]["length"], len(TARGETS["dir/image é 1.img"]))
        client.download_target(target)

    def test_expiry_is_where_tuftool_was_told_to_put_it(self):
        key, _ = self.generate("key", "ed25519")
        self.sign_root(key)
        expiry = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=2)
        text = expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.publish(
            "create", key, options=["--add-targets", self.images, *EXPIRIES[:4], "--timestamp-expires", text]
        )  # fmt: skip
        for seconds, expired in ((-1, False), (0, True)):
            client = self.python_client(self.root)
            client._trusted_set.reference_time = expiry + datetime.timedelta(seconds=seconds)
            if expired:
                self.assertRaisesRegex(exceptions.ExpiredMetadataError, "timestamp.json", client.refresh)
            else:
                client.refresh()

    def generate_delegated(self, name, *options):
        """A new key that root gives no role: its file and its keyid."""
        scratch = self.directory / "scratch.json"
        if not scratch.exists():
            self.tuftool("root", "init", scratch)
        path = self.directory / f"{name}.pem"
        kind, *rest = options
        return path, self.tuftool("root", f"gen-{kind}-key", scratch, path, *rest)

    def delegation(self, verb, *keys, options=()):
        """Changes what targets delegates, and publishes the whole repository."""
        signing = [argument for key in keys for argument in ("--key", key)]
        self.tuftool(
            "delegation", verb, "--root", self.root, "--metadata-url", self.repository / "metadata", *signing,
            "--sign-all", "--outdir", self.repository, *options
        )  # fmt: skip

    def add_targets(self, *keys, targets):
        """Each to the role that clients who look for it come to last."""
        folder = self.directory / f"more-{len(list(self.directory.glob('more-*')))}"
        for name, content in targets.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.delegation("update-delegated-targets", *keys, options=["--add-targets", folder])

    def create_with_delegation(self, *options):
        """A repository whose targets delegates os/* to a role with a key of this kind."""
        key, _ = self.generate("key", "ed25519")
        self.sign_root(key)
        self.create(key)
        os_key, os_keyid = self.generate_delegated("os", *options)
        self.delegation("add-role", key, os_key, options=[
            "--delegated-role", "os", "--paths", "os/*", "--new-key", os_key, "--expires", "in 3 weeks"
        ])  # fmt: skip
        return key, os_key, os_keyid

    def check_delegation_to(self, *options):
        key, os_key, _ = self.create_with_delegation(*options)
        self.add_targets(key, os_key, targets={"os/image é": b"image", "readme": b"text"})
        client = self.python_client(self.root)
        self.assert_downloads(client, {**TARGETS, "os/image é": b"image", "readme": b"text"})
        self.assertIn("os/image é", client._trusted_set["os"].targets)
        self.assertIsNone(client.get_targetinfo("os/nothing"))

    def test_delegation_to_an_ed25519_key(self):
        self.check_delegation_to("ed25519")

    def test_delegation_to_an_rsa_key(self):
        self.check_delegation_to("rsa", "--bits", "2048")

    def test_delegation_to_an_ecdsa_key(self):
        self.check_delegation_to("ecdsa", "--curve", "p384")

    def test_rotation_of_a_delegated_key(self):
        key, os_key, os_keyid = self.create_with_delegation("ed25519")
        self.add_targets(key, os_key, targets={"os/image": b"image"})
        self.assert_downloads(self.python_client(self.root), {"os/image": b"image"})
        new_key, _ = self.generate_delegated("new", "ecdsa")
        role = ["--delegated-role", "os"]
        self.delegation("add-key", key, options=[*role, "--new-key", new_key])
        self.delegation("remove-key", key, new_key, options=[*role, "--keyid", os_keyid])
        client = self.python_client(self.root)
        self.assert_downloads(client, {"os/image": b"image"})
        self.assertEqual(client._trusted_set["os"].version, 3)

    def check_bins(self, *options):
        key, _ = self.generate("key", "ed25519")
        self.sign_root(key)
        self.create(key)
        bin_key, _ = self.generate_delegated("bin", "ed25519")
        self.delegation("add-bins", key, bin_key, options=[
            "--name-prefix", "bin", "--bit-length", "5", "--new-key", bin_key, "--expires", "in 3 weeks", *options
        ])  # fmt: skip
        targets = {f"file-{number}": str(number).encode() for number in range(20)}
        self.add_targets(key, bin_key, targets=targets)
        client = self.python_client(self.root)
        self.assert_downloads(client, targets)
        self.assertGreater(len(client._trusted_set), 4 + 5)  # several bins were asked

    def test_hash_bins_by_prefixes(self):
        self.check_bins("--explicit")

    def test_succinct_hash_bins(self):
        self.check_bins()


if __name__ == "__main__":
    unittest.main()
