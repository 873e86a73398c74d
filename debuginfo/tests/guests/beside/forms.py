"""Makes forms.wasm: the location of each local of forms.c in a form that compilers write rarely.

    clang --target=wasm32 -O0 -gdwarf-5 -fdebug-compilation-dir=/build -S forms.c -o forms.s
    python3 forms.py < forms.s > edited.s
    clang --target=wasm32 -c edited.s -o forms.o && wasm-ld --no-entry --export=forms forms.o -o forms.wasm
"""
import re
import sys

# Offsets of DIEs in the unit, as the comments of forms.s give them.
FIRST_VARIABLE, LONG_LONG = 0x4F, 0x9D
LOCATIONS = [
    [0xA3, 3, 0xED, 0, 0, 0x9F],  # entry_kept: entry_value(local 0), stack_value; nothing writes local 0
    [0xA3, 3, 0xED, 0, 5, 0x9F],  # entry_lost: entry_value(local 5), stack_value; it is written
    [0x9E, 4, 0x78, 0x56, 0x34, 0x12],  # implicit_value
    [0xED, 0, 0, 0x9F, 0x93, 4, 0x91, 24, 0x93, 4],  # pieces: local 0, then the memory at fbreg 24
    [0xA0, FIRST_VARIABLE, 0, 0, 0, 0],  # implicit_pointer to the first variable
    [0x99, FIRST_VARIABLE, 0, 0, 0],  # called: call4 of the first variable's location
    [0x08, 8, 0x9B],  # thread: const1u 8, form_tls_address
]

lines = sys.stdin.read().split("\n")
out, at, locations, grown = [], 0, iter(LOCATIONS), 0
while at < len(lines):
    out.append(lines[at])
    # The body of a variable's DIE: its length, and two bytes of DW_OP_fbreg.
    if re.search(r"Abbrev \[5\] .* DW_TAG_variable", lines[at]):
        location = next(locations)
        out += [f"\t.int8 {byte}" for byte in [len(location), *location]]
        grown += len(location) - 2
        at += 3
    at += 1
text = "\n".join(out)
print(re.sub(rf"\.int32\t{LONG_LONG}\b", f".int32\t{LONG_LONG + grown}", text))
