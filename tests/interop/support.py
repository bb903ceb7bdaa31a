"""What the tests of this folder share: our programs, python-tuf's client, and a folder for each test."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

BUILD_DIR = pathlib.Path(os.environ["UPDOG_BUILD_DIR"])
TUFTOOL = BUILD_DIR / "tough/tuftool/tuftool"
TUF_CLIENT = BUILD_DIR / "tough/tuf-client"


class FileFetcher(FetcherInterface):
    """file URLs, a missing file being HTTP's 404."""

    def _fetch(self, url):
        try:
            yield pathlib.Path(url.removeprefix("file://")).read_bytes()
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"{url}: not found", 404) from error


class InteropTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="interop-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.repository = self.directory / "repository"

    def run_program(self, program, *arguments, succeeds=True):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
        command = " ".join(map(str, arguments))
        self.assertEqual(done.returncode == 0, succeeds, f"{command}\n{done.stdout}{done.stderr}")
        return done

    def tuftool(self, *arguments):
        return self.run_program(TUFTOOL, *arguments).stdout.strip()

    def python_client(self, trusted_root, cache="python-cache"):
        """python-tuf's client, as if its root.json had been shipped with it."""
        for name in (cache, "python-targets"):
            (self.directory / name).mkdir(exist_ok=True)
        return Updater(
            metadata_dir=str(self.directory / cache),
            metadata_base_url=f"file://{self.repository}/metadata/",
            target_dir=str(self.directory / "python-targets"),
            target_base_url=f"file://{self.repository}/targets/",
            fetcher=FileFetcher(),
            bootstrap=pathlib.Path(trusted_root).read_bytes(),
        )

    def tuf_client(self, *arguments, succeeds=True):
        """Our client; its standard error."""
        return self.run_program(
            TUF_CLIENT, "--metadata-dir", self.directory / "our-cache", "--metadata-url",
            f"file://{self.repository}/metadata", *arguments, succeeds=succeeds
        ).stderr  # fmt: skip

    def download(self, *names, succeeds=True):
        wanted = [argument for name in names for argument in ("--target-name", name)]
        return self.tuf_client(
            *wanted, "--target-base-url", f"file://{self.repository}/targets", "--target-dir",
            self.directory / "our-targets", "download", succeeds=succeeds
        )  # fmt: skip
