#!/usr/bin/env python3
"""What tuf-client's `download` does, with python-tuf's client: a refresh, the look-up of one target, and
its download unless it is there.

    bench_ngclient.py TRUSTED_ROOT METADATA_DIR METADATA_URL TARGETS_URL TARGET_DIR TARGET
"""

import pathlib
import sys

from tuf.ngclient import Updater


def main():
    trusted_root, metadata_dir, metadata_url, targets_url, target_dir, name = sys.argv[1:]
    for directory in (metadata_dir, target_dir):
        pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    root = pathlib.Path(trusted_root).read_bytes()
    updater = Updater(metadata_dir, metadata_url, target_dir, targets_url, bootstrap=root)
    updater.refresh()
    info = updater.get_targetinfo(name)
    if info is None:
        sys.exit(f"{name}: nobody lists it")
    if updater.find_cached_target(info) is None:
        updater.download_target(info)


if __name__ == "__main__":
    main()
