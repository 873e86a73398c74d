#!/usr/bin/env python3
"""neutral.py MODULE FROM=TO...: replace path prefixes recorded in a built module by neutral ones.

zig builds its C library by itself, without our -ffile-prefix-map, so its paths are put right afterwards. The
replacement keeps the length (TO is padded with slashes), so no offset in the module changes.
"""
import sys

path, pairs = sys.argv[1], [arg.split("=", 1) for arg in sys.argv[2:]]
data = open(path, "rb").read()
for old, new in sorted(pairs, key=lambda pair: -len(pair[0])):
    old, new = old.encode(), new.encode()
    if len(new) > len(old):
        sys.exit(f"{path}: {new!r} is longer than {old!r}")
    data = data.replace(old, new.ljust(len(old), b"/"))
open(path, "wb").write(data)
