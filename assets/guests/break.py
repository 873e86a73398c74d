#!/usr/bin/env python3
"""break.py MODULE DIRECTORY: from a good module with DWARF make the damaged ones in DIRECTORY.

The damage to debug information leaves the code alone, so those modules must still run.
"""
import pathlib
import sys

good = pathlib.Path(sys.argv[1]).read_bytes()
out = pathlib.Path(sys.argv[2])


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def custom_section(name):
    """Where the contents of the named custom section begin and end."""
    at = 8
    while at < len(good):
        kind = good[at]
        size, body = leb(good, at + 1)
        if kind == 0:
            length, start = leb(good, body)
            if good[start : start + length].decode() == name:
                return start + length, body + size
        at = body + size
    sys.exit(f"no section {name}")


def damaged(section, change):
    start, end = custom_section(section)
    contents = bytearray(good[start:end])
    change(contents)
    assert len(contents) == end - start
    return good[:start] + bytes(contents) + good[end:]


def scatter(contents):
    """Overwrite every 97th byte from the middle on: the beginning still reads."""
    for at in range(len(contents) // 2, len(contents), 97):
        contents[at] ^= 0xFF


def huge_length(contents):
    """The first unit says that it is almost 4 GiB long."""
    contents[0:4] = b"\xef\xff\xff\xff"


def fill(value):
    def change(contents):
        contents[:] = bytes([value]) * len(contents)

    return change


(out / "not_wasm.wasm").write_bytes(b"This is a text and not a WebAssembly module.\n")
(out / "empty.wasm").write_bytes(b"")
(out / "truncated.wasm").write_bytes(good[:5000])
(out / "wrong_version.wasm").write_bytes(b"\0asm\x02\0\0\0" + good[8:])
(out / "dwarf_info.wasm").write_bytes(damaged(".debug_info", scatter))
(out / "dwarf_info_length.wasm").write_bytes(damaged(".debug_info", huge_length))
(out / "dwarf_line.wasm").write_bytes(damaged(".debug_line", scatter))
(out / "dwarf_line_length.wasm").write_bytes(damaged(".debug_line", huge_length))
(out / "dwarf_abbrev.wasm").write_bytes(damaged(".debug_abbrev", fill(0xFF)))
(out / "dwarf_str.wasm").write_bytes(damaged(".debug_str", fill(0xC3)))
