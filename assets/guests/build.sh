#!/bin/sh
# Rebuilds every sample module from the sources beside it. Run it from anywhere; name parts to build only those:
#   build.sh [list shapes values zig rust faults spin wasi nodebug wat broken compared sqlite kernels]
#
# The built modules are committed, so nothing here is needed to build, test or use Stepwell. What it needs:
#   clang 19.1.7       Debian 12: clang-19 lld-19 llvm-19 libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32
#                      libc++abi-19-dev-wasm32 wasi-libc   (list, shapes, values, faults, spin, wasi, nodebug,
#                      broken, compared)
#   zig 0.17.0         PyPI: ziglang==0.17.0                (zig, values, sqlite, kernels)
#   rustc 1.95.0       with the standard library for wasm32-wasip1; set RUSTC and RUSTFLAGS if it lies elsewhere (rust,
#                      values)
#   wabt 1.0.42        wat2wasm, wasm-strip                 (nodebug, wat, broken, spin)
#   wasm-tools 1.262   for the component                    (broken)
#   wasmtime 49.0.3    for the output that is expected      (compared)
#   python3            neutral.py and break.py
#
# No path of the machine that built them is left in the modules: sources are recorded under /stepwell/guests.
set -eu
cd "$(dirname "$0")"
here=$PWD
parts=${*:-list shapes values zig rust faults spin wasi nodebug wat broken compared sqlite kernels}

neutral_flags() { echo "-ffile-prefix-map=$here=/stepwell/guests -fdebug-compilation-dir=/stepwell/guests/$1"; }

# c DIR SOURCE OUTPUT FLAGS...: compile in DIR with clang 19
c() {
    dir=$1 source=$2 output=$3
    shift 3
    case $source in
    *.cpp) compiler="clang++-19 -fno-exceptions" ;;
    *) compiler=clang-19 ;;
    esac
    (cd "$dir" && $compiler --target=wasm32-wasi -Wall -Wextra $(neutral_flags "$dir") "$@" "$source" -o "$output")
}

zig_paths() {
    lib=$(zig env | sed -n 's/.*\.lib_dir *= *"\(.*\)".*/\1/p')
    cache=$(zig env | sed -n 's/.*\.global_cache_dir *= *"\(.*\)".*/\1/p')
    python3 neutral.py "$1" "$lib=/zig-0.17.0/lib" "$cache=/zig-cache" "$here=/stepwell/guests"
}

list() { c list list.c list.wasm -g -O0; }

shapes() {
    c shapes shapes.cpp shapes.wasm -g -O0
    c shapes shapes.cpp shapes_o2.wasm -g -O2
}

# rust_values SOURCE OUTPUT LEVEL
rust_values() {
    (cd values && ${RUSTC:-rustc} --edition 2021 --target wasm32-wasip1 -g -C opt-level="$3" -C panic=abort \
        --remap-path-prefix="$here=/stepwell/guests" ${RUSTFLAGS:-} "$1" -o "$2")
    python3 neutral.py "values/$2" "$(${RUSTC:-rustc} --print sysroot)/lib/rustlib/src/rust=/rust" \
        "${CARGO_HOME:-$HOME/.cargo}=/cargo"
}

# zig_values SOURCE OUTPUT MODE
zig_values() {
    (cd values && zig build-exe "$1" -target wasm32-wasi -lc -O "$3" -femit-bin="$2")
    rm -f "values/$2.o"
    zig_paths "values/$2"
}

# The same values from every toolchain, and in each language a program as people write them (inventory, graph, parser,
# schedule), as written and optimized: C and C++ by clang 19 (libc++ 19), C++ by zig (libc++ 22), Rust and Zig. Debug
# information of Rust's own library is left out where its rlibs have none.
values() {
    for level in 0 2; do
        c values values.c c_o$level.wasm -g -O$level
        c values inventory.c inventory_o$level.wasm -g -O$level
        c values values.cpp cpp_o$level.wasm -std=c++20 -g -O$level
        c values graph.cpp graph_o$level.wasm -std=c++20 -g -O$level
        (cd values && zig c++ -target wasm32-wasi -std=c++20 -fno-exceptions -g -O$level $(neutral_flags values) \
            values.cpp -o cpp_zig_o$level.wasm)
        zig_paths values/cpp_zig_o$level.wasm
        rust_values values.rs rust_o$level.wasm $level
        rust_values parser.rs parser_o$level.wasm $level
    done
    for mode in Debug ReleaseSafe; do
        zig_values values.zig zig_$mode.wasm $mode
        zig_values schedule.zig schedule_$mode.wasm $mode
    done
}

zig_part() {
    (cd zig && zig build-exe stack.zig -target wasm32-wasi -lc -O Debug -femit-bin=stack.wasm)
    rm -f zig/stack.wasm.o
    zig_paths zig/stack.wasm
}

rust() {
    (cd rust && ${RUSTC:-rustc} --edition 2021 --target wasm32-wasip1 -g -C opt-level=0 -C panic=abort \
        --remap-path-prefix="$here=/stepwell/guests" ${RUSTFLAGS:-} bank.rs -o bank.wasm)
}

faults() {
    for source in faults/*.c; do
        name=$(basename "$source" .c)
        level=-O0
        # At -O0 every function keeps a frame in linear memory; this one is to end in the engine's own guard.
        if [ "$name" = recursion ]; then level=-O1; fi
        c faults "$name.c" "$name.wasm" -g $level
    done
}

spin() {
    for source in spin/*.c; do c spin "$(basename "$source")" "$(basename "$source" .c).wasm" -g -O0; done
    for name in tight tree_calls; do wat2wasm --debug-names "spin/$name.wat" -o "spin/$name.wasm"; done
}

wasi() { for source in wasi/*.c; do c wasi "$(basename "$source")" "$(basename "$source" .c).wasm" -g -O0; done; }

nodebug() {
    c nodebug queens.c names.wasm -O1 -Wl,--strip-debug
    wasm-strip nodebug/names.wasm -o nodebug/stripped.wasm
}

wat() { for source in wat/*.wat; do wat2wasm --debug-names "$source" -o "${source%.wat}.wasm"; done; }

broken() {
    wat2wasm broken/unknown_import.wat -o broken/unknown_import.wasm
    wat2wasm broken/no_start.wat -o broken/no_start.wasm
    wat2wasm --no-check broken/invalid_type.wat -o broken/invalid_type.wasm
    wasm-tools parse broken/component.wat -o broken/component.wasm
    python3 break.py list/list.wasm broken
}

# What each prints on another engine is what it has to print here. The sign of a NaN that arithmetic makes is left open by
# the specification; here it is always positive, so it is there, too.
other_engine() { wasmtime run -W nan-canonicalization=y "$@"; }

compared() {
    for source in compared/*.c; do
        name=$(basename "$source" .c)
        c compared "$name.c" "$name.wasm" -Os -Wl,--strip-all
    done
    for name in numbers integers; do other_engine compared/$name.wasm >compared/$name.out; done
    root=$(mktemp -d)
    other_engine --dir "$root::/" compared/folders.wasm >compared/folders.out
    rm -r "$root"
    other_engine --env HOME=/home/guest --env 'EQUALS=a=b' compared/streams.wasm 77 'a b' '' --dir -x \
        <compared/streams.in >compared/streams.out || [ $? = 77 ]
}

# zig cc would add checks for undefined behaviour, and with them sqlite3VdbeExec passes the 50,000 locals that engines allow.
sqlite() {
    (cd sqlite && zig cc -target wasm32-wasi -g -O0 -fno-sanitize=undefined $(neutral_flags sqlite) \
        -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_DEFAULT_MEMSTATUS=0 \
        -DSQLITE_TEMP_STORE=3 sqlite3.c main.c -o sqlite.wasm)
    zig_paths sqlite/sqlite.wasm
}

# What engine/benches runs: optimized without debug info, and two as a person debugs them.
kernels() {
    for source in kernels/*.c; do
        name=$(basename "$source" .c)
        (cd kernels && zig cc -target wasm32-wasi -std=gnu11 -fno-sanitize=undefined -O2 -s "$name.c" -lm -o "$name.wasm")
    done
    for name in bcinterp json; do
        (cd kernels && zig cc -target wasm32-wasi -std=gnu11 -fno-sanitize=undefined -g -O0 $(neutral_flags kernels) \
            "$name.c" -lm -o "$name-dbg.wasm")
        zig_paths "kernels/$name-dbg.wasm"
    done
}

for part in $parts; do
    echo "$part"
    case $part in
    zig) zig_part ;;
    *) "$part" ;;
    esac
done
find . -name '*.wasm' -exec chmod 644 {} +
