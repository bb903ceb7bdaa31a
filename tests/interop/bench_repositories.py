#!/usr/bin/env python3
"""Repositories to measure clients with, written with python-tuf.

    bench_repositories.py DIRECTORY

DIRECTORY/NAME has the folders metadata and targets, and the file looked-up, the name of the target that
is wanted. Of the targets only that one is there.
  usual    the four roles, 100 targets
  targets  the four roles, 100,000 targets: a targets.json of about 20 MB
  bins     the same targets in 16,384 delegated roles by hash, as PEP 458 has them
"""

import datetime
import hashlib
import pathlib
import sys

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
)  # fmt: skip
from tuf.api.serialization.json import JSONSerializer

EXPIRES = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
SIGNER = CryptoSigner.generate_ed25519()
BINS = 16384
PREFIX_DIGITS = 4


def target_names(count):
    return [f"packages/main/{number % 100:02}/package-{number:06}_1.0.0-1_amd64.img" for number in range(count)]


def content_of(name):
    return name.encode()


def described(name):
    content = content_of(name)
    digest = hashlib.sha256(content).hexdigest()
    custom = {"custom": {"built": "2026-01-01T00:00:00Z", "publisher": "bench"}}
    return TargetFile(len(content), {"sha256": digest}, name, custom)


def signed_bytes(signed):
    metadata = Metadata(signed)
    metadata.sign(SIGNER)
    return metadata.to_bytes(JSONSerializer(compact=True))


def hash_bins(names):
    """The bins by name, each with its prefixes and its targets."""
    prefixes = 16**PREFIX_DIGITS // BINS
    bins = []
    for first in range(0, 16**PREFIX_DIGITS, prefixes):
        covered = [f"{number:0{PREFIX_DIGITS}x}" for number in range(first, first + prefixes)]
        bins.append((f"{covered[0]}-{covered[-1]}", covered, Targets(expires=EXPIRES)))
    for name in names:
        number = int(hashlib.sha256(name.encode()).hexdigest()[:PREFIX_DIGITS], 16)
        bins[number // prefixes][2].targets[name] = described(name)
    return bins


def delegate(targets, bins):
    key = SIGNER.public_key
    roles = {name: DelegatedRole(name, [key.keyid], 1, True, path_hash_prefixes=prefixes)
             for name, prefixes, _ in bins}  # fmt: skip
    targets.delegations = Delegations({key.keyid: key}, roles)


def make(directory, target_count, with_bins=False):
    metadata, names = directory / "metadata", target_names(target_count)
    metadata.mkdir(parents=True)
    snapshot, targets = Snapshot(expires=EXPIRES, meta={}), Targets(expires=EXPIRES)

    def publish(role, signed):
        data = signed_bytes(signed)
        (metadata / f"1.{role}.json").write_bytes(data)
        return MetaFile.from_data(1, data, ["sha256"])

    if with_bins:
        bins = hash_bins(names)
        delegate(targets, bins)
        for role, _, signed in bins:
            snapshot.meta[f"{role}.json"] = publish(role, signed)
    else:
        targets.targets = {name: described(name) for name in names}
    snapshot.meta["targets.json"] = publish("targets", targets)
    listed = publish("snapshot", snapshot)
    (metadata / "timestamp.json").write_bytes(signed_bytes(Timestamp(expires=EXPIRES, snapshot_meta=listed)))
    root = Root(expires=EXPIRES, consistent_snapshot=True)
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(SIGNER.public_key, role)
    publish("root", root)

    looked_up = names[len(names) // 2]
    for path in described(looked_up).get_prefixed_paths():
        file = directory / "targets" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content_of(looked_up))
    (directory / "looked-up").write_text(looked_up)


def main():
    directory = pathlib.Path(sys.argv[1])
    make(directory / "usual", 100)
    make(directory / "targets", 100_000)
    make(directory / "bins", 100_000, with_bins=True)


if __name__ == "__main__":
    main()
