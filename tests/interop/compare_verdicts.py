#!/usr/bin/env python3
"""The same metadata through python-tuf and through tough (verdicts.cc): tough never accepts what
python-tuf rejects, and where both accept, both understand the same. The known differences are listed
here by name, with their reasons, in both directions; any other one fails.

    compare_verdicts.py [--seed N] [--cases N] [--seconds N]
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

import mutations
from securesystemslib.formats import encode_canonical
from tuf.api.exceptions import RepositoryError
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType
from tuf.api import exceptions
from tuf.api.metadata import DelegatedRole

# The known differences: name, what the one that rejects says, what then stands in the case's name or in
# its files, and why tough is right.
ACCEPTED_BY_TOUGH_ALONE = [
    ("fraction of seconds", r"time data '[^']*\.\d+Z' does not match", "",
     "repositories made by awslabs/tough have them; the fraction counts as cut off"),
    ("key of unknown type or scheme", r"Unsupported public key", "",
     "TUF 4.2 lets clients ignore such a key, and one publisher's new key must not stop old clients"),
    ("role that root does not define", r"Role names must be the top-level|'pop'|as an integer",
     r'"targets": ?\{"keyids": ?\[[^\]]*\], ?"threshold": ?\d+\}, ?"',
     "TUF 4.3: other role names are ignored, whatever they hold, as unknown members are"),
    ("unknown hash algorithm beside a known one", r"Unsupported algorithm|unsupported hash type", "",
     "every known hash is verified; one that is not known cannot be"),
    ("other file in timestamp's meta", r"timestamp was signed by 0/1 keys",
     r'"snapshot.json": ?\{"version": ?\d+(, ?"length": ?\d+, ?"hashes": ?\{[^{}]*\})?\}, ?"',
     "python-tuf drops it before it verifies; it belongs to the signed bytes like any unknown member"),
    ("absent terminating", r"KeyError: 'terminating'", r"change 2|without terminating",
     "TUF 4.5 has the example of a client that takes it for false, and awslabs/tough does"),
]  # fmt: skip
ACCEPTED_BY_PYTHON_ALONE = [
    ("name twice in one object", r"occurs twice in one object", "",
     "readers differ in which of the two they take"),
    ("number that is none in JSON, or too large", r"not valid JSON|number -0|integer of 64 bits",
     r"NaN|Infinity|-0|1E400|\d{20}", "readers differ in what they take it for"),
    ("lone surrogate outside of the signed part", r"not valid JSON", r"\\ud800", "it is not Unicode"),
    ("depth", r"nested deeper than 32", r"\[{32}", "recursion is bounded"),
    ("NUL in a name", r"with a NUL", r"\\u0000", "other programs take it for the name's end"),
    ("long name", r"1025 bytes, at most 1024", "", "names are bounded"),
    ("truth value, float or large number for an integer", r"not an integer from", "",
     "True is 1 in python only; above 2^53 - 1 readers differ"),
    ("digits of other scripts", r"is no version", r"\\u0663", "python's isdigit() knows more than 0 to 9"),
    ("white space in hexadecimal", r"hexadecimal digit", r'": ?" |\\n"', "python's fromhex() skips it"),
    ("something around PEM", r"not one PEM block", r"key change 2", "another key could hide there"),
    ("keyid that is no string", r"keyid: not a string", "", "a name is a string"),
    ("custom that is no object", r"custom: not an object", "custom", "TUF 4.5: an object"),
    ("what is no array of strings", r"(keyids|paths|path_hash_prefixes): not an array", "",
     "TUF 4.3, 4.5; python-tuf takes whatever it can iterate over"),
    ("terminating that is no truth value", r"terminating: neither", "", "TUF 4.5"),
    ("consistent_snapshot that is no truth value", r"consistent_snapshot: neither", "", "TUF 4.3"),
    ("time in another spelling", r"is not a time of the form", mutations.AS_READ,
     "python's strptime() takes lower case, other scripts' digits and missing zeros"),
    ("null for spec_version", r"spec_version: not a string", mutations.AS_READ, "python-tuf takes a default"),
    ("signature over what python-tuf read", r"wrong signature", mutations.AS_READ,
     "python-tuf verifies what it serialised again from its types, not what it received"),
]  # fmt: skip


def innermost(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


def known_hashes(hashes):
    return {name: value for name, value in hashes.items() if name in ("sha256", "sha512")}


def file_view(file):
    view = {"version": file.version}
    if file.length is not None:
        view["length"] = file.length
    if file.hashes is not None:
        view["hashes"] = known_hashes(file.hashes)
    return view


def target_view(target):
    view = {"length": target.length, "hashes": known_hashes(target.hashes)}
    if "custom" in target.unrecognized_fields:
        view["custom"] = target.unrecognized_fields["custom"]
    return view


PATHS = ["manifest.json", "dir/é.img", "dir2/a.bin", "1/2/3"]


def delegations_view(delegations):
    """Who is asked for each of some paths."""
    view = {}
    for path in PATHS:
        view[path] = []
        for name, terminating in delegations.get_roles_for_target(path):
            view[path].append(name)
            if terminating:
                break
    return view


def targets_view(targets):
    view = {**head(targets), "targets": {name: target_view(file) for name, file in targets.targets.items()}}
    if targets.delegations is not None:
        view["delegations"] = delegations_view(targets.delegations)
    return view


def head(signed):
    return {"version": signed.version, "expires": signed.expires.strftime("%Y-%m-%dT%H:%M:%SZ")}


def view_of(trusted):
    roles = {name: {"keyids": role.keyids, "threshold": role.threshold}
             for name, role in trusted.root.roles.items()}  # fmt: skip
    return {
        "root": {**head(trusted.root), "consistent_snapshot": bool(trusted.root.consistent_snapshot), **roles},
        "timestamp": {**head(trusted.timestamp), "snapshot": file_view(trusted.timestamp.snapshot_meta)},
        "snapshot": {**head(trusted.snapshot),
                     "meta": {name: file_view(file) for name, file in trusted.snapshot.meta.items()}},
        **{name: targets_view(trusted[name]) for name in ("targets", "role1", "role-1") if name in trusted},
    }  # fmt: skip


def take(trusted, step, data):
    """As python-tuf's own client does it."""
    if step == "root":
        trusted.update_root(data)
    elif step == "old-timestamp":
        try:
            trusted.update_timestamp(data)
        except RepositoryError:
            pass
    elif step == "timestamp":
        try:
            trusted.update_timestamp(data)
        except exceptions.EqualVersionNumberError:
            pass
    elif step == "old-snapshot":
        try:
            trusted.update_snapshot(data, trusted=True)
            return True
        except RepositoryError:
            pass
    elif step == "snapshot":
        trusted.update_snapshot(data)
    elif step == "targets":
        trusted.update_targets(data)
    else:
        trusted.update_delegated_targets(data, step, "targets")
    return False


def judge(steps):
    try:
        step = "trusted"
        trusted = TrustedMetadataSet(steps[0][1], EnvelopeType.METADATA)
        trusted.reference_time = mutations.NOW
        current = False
        for step, data in steps[1:]:
            if step != "snapshot" or not current:
                current = take(trusted, step, data)
        return {"view": view_of(trusted)}
    except Exception as error:  # whatever it is: python-tuf does not accept
        return {"refused": step, "why": innermost(error)}


def judge_json(text):
    try:
        return {"canonical": encode_canonical(json.loads(text.decode("utf-8"))).encode("utf-8").hex()}
    except Exception as error:
        return {"refused": "json", "why": innermost(error)}


def judge_glob(pattern, path):
    return {"matches": DelegatedRole._is_target_in_pathpattern(path, pattern)}


def ask_tough(lines):
    program = os.path.join(os.environ["UPDOG_BUILD_DIR"], "tests/interop/verdicts")
    done = subprocess.run([program], input="".join(lines), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"verdicts ended with status {done.returncode}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def differing_parts(ours, theirs, place=""):
    """Where two views are not the same."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = sorted({*ours, *theirs})
        return [part for name in names
                for part in differing_parts(ours.get(name), theirs.get(name), f"{place}/{name}")]  # fmt: skip
    same = json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)
    return [] if same else [f"{place}: {json.dumps(ours)} and {json.dumps(theirs)}"]


def name_of_difference(known, why, case):
    for name, message, content, _ in known:
        if re.search(message, why) and re.search(content, case):
            return name
    return None


def compare(ours, theirs, case):
    """The kind of the outcome, and whether it is allowed; `case` is its name and its bytes."""
    if "refused" in ours and "refused" in theirs:
        return "both reject", True
    if "refused" in theirs:
        name = name_of_difference(ACCEPTED_BY_TOUGH_ALONE, theirs["why"], case)
        return f"tough alone accepts: {name or theirs['why']}", name is not None
    if "refused" in ours:
        name = name_of_difference(ACCEPTED_BY_PYTHON_ALONE, ours["why"], case)
        return f"python-tuf alone accepts: {name or ours['why']}", name is not None
    different = differing_parts(ours, theirs)
    return ("both accept", True) if not different else (f"both accept, but read {'; '.join(different)}", False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="default: any")
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=25, help="stop making cases after this time")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)

    rng = random.Random(arguments.seed)
    maker = mutations.CaseMaker(rng)
    seconds = int(mutations.NOW.timestamp())
    lines, theirs, labels, cases = [], [], [], []
    end = time.monotonic() + arguments.seconds
    while len(lines) < arguments.cases and time.monotonic() < end:
        steps, label = maker.make()
        lines.append(f"{seconds} {' '.join(f'{step}:{data.hex()}' for step, data in steps)}\n")
        theirs.append(judge(steps))
        labels.append(label)
        cases.append("\n".join([label, *(data.decode(errors="replace") for _, data in steps)]))
    for text in mutations.json_texts(rng, arguments.cases):
        lines.append(f"json:{text.hex()}\n")
        theirs.append(judge_json(text))
        labels.append(f"JSON {text!r:.100}")
        cases.append("")
    for pattern, path in mutations.globs(rng, arguments.cases):
        lines.append(f"glob:{pattern.encode().hex()} {path.encode().hex()}\n")
        theirs.append(judge_glob(pattern, path))
        labels.append(f"glob {pattern!r} {path!r}")
        cases.append("")

    counts = collections.Counter()
    wrong = []
    for number, (ours, their) in enumerate(zip(ask_tough(lines), theirs, strict=True)):
        kind, allowed = compare(ours, their, cases[number])
        group = next((name for name in ("JSON texts", "globs") if labels[number].startswith(name[:4])), "cases")
        if group == "JSON texts" and "refused" in ours:  # leniency of python's reader is nobody's concern
            kind, allowed = "rejected by tough", True
        counts[f"{group}, {kind}"] += 1
        if not allowed:
            wrong.append((number, kind))

    for kind, count in sorted(counts.items()):
        print(f"{count:6} {kind}")
    directory = pathlib.Path(os.environ["UPDOG_BUILD_DIR"], "tests/interop/different")
    for number, kind in wrong[:20]:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{arguments.seed}-{number}"
        path.write_text(lines[number])
        print(f"\n{path}\n  {labels[number]}\n  {kind:.500}")
    # Cases that all end at the first check would compare nothing.
    accepted = counts["cases, both accept"]
    if accepted * 10 < counts.total() - 2 * arguments.cases:
        sys.exit(f"only {accepted} cases were accepted by both")
    if wrong:
        sys.exit(f"{len(wrong)} cases differ")


if __name__ == "__main__":
    main()
