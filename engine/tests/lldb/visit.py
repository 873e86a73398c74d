"""What LLDB shows of a guest at given places, one JSON object a place.

LLDB runs this in its own Python (`command script import`). `STEPWELL_VISIT` names a file with the order: the module,
a port for wasmtime's gdb server, the file to write to, and the places: offset in the module, source file, line.

The names of a path are what both debuggers can agree on: base classes and unnamed members by their number, `&` for a
pointer's address, `*` for the step to another pointer and nothing for that to anything else, `?` for the alternative
that a variant part holds, the members of which stand where they would without it.
"""

import json
import os
import pty
import re
import subprocess
import threading
import time

import lldb

# The same limits as in `ours.rs`.
DEPTH = 10
ELEMENTS = 16
LEAVES = 600
ROWS = 4

debugger = lldb.debugger
order = json.load(open(os.environ["STEPWELL_VISIT"], encoding="utf-8"))


def told(command):
    """What a command says."""
    answer = lldb.SBCommandReturnObject()
    debugger.GetCommandInterpreter().HandleCommand(command, answer)
    return (answer.Succeeded(), answer.GetOutput() + answer.GetError())


def serve():
    """Wasmtime with its server. Standard output is a terminal, as it is with us: a guest does other things without one,
    which can be seen in what it leaves on its stack."""
    terminal, end = pty.openpty()
    command = ["wasmtime", "run", "-g", str(order["port"]), order["module"]]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.DEVNULL)
    os.close(end)

    def drain():
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:
            pass  # The guest is gone.

    threading.Thread(target=drain, daemon=True).start()
    return server


def connect():
    """The target; the server needs time to compile."""
    debugger.SetAsync(False)
    # Members as they are: no summaries, no synthetic children, no guess at a class by its virtual table.
    told("settings set target.enable-synthetic-value false")
    told("settings set target.prefer-dynamic-value no-dynamic-values")
    said = ""
    for _ in range(120):
        done, said = told(f"process connect --plugin wasm connect://127.0.0.1:{order['port']}")
        if done:
            return debugger.GetSelectedTarget()
        time.sleep(0.5)
    raise RuntimeError(said)


def number(value, kind):
    """An integer of up to eight bytes, which bit-fields are too."""
    if kind.GetTypeFlags() & lldb.eTypeIsSigned:
        return value.GetValueAsSigned()
    # LLDB gives a value that is held by a wider wasm local with all its bits.
    return value.GetValueAsUnsigned() & ((1 << 8 * min(kind.GetByteSize(), 8)) - 1)


def scalar(value, kind):
    """A leaf's value: what it is, and how it is written."""
    flags = kind.GetTypeFlags()
    error = value.GetError()
    if error.Fail():
        return ["absent", str(error.GetCString())]
    text = value.GetValue()
    if text is None:
        return ["absent", "no value"]
    if flags & lldb.eTypeIsEnumeration:
        return ["enumerator", str(number(value, kind.GetEnumerationIntegerType())), text]
    if flags & lldb.eTypeIsComplex:
        return ["text", text]
    if flags & lldb.eTypeIsFloat and kind.GetByteSize() in (4, 8):
        data = value.GetData()
        fault = lldb.SBError()
        raw = data.ReadRawData(fault, 0, kind.GetByteSize())
        return ["float", str(int.from_bytes(raw, "little")), str(kind.GetByteSize())]
    if flags & (lldb.eTypeIsFloat | lldb.eTypeIsVector) or kind.GetByteSize() > 8:
        return ["text", text]
    if kind.GetTypeClass() == lldb.eTypeClassBuiltin:
        return ["number", str(number(value, kind))]
    return ["text", text]


class Leaves:
    """The leaves of one variable."""

    def __init__(self):
        self.found = []

    def add(self, path, what):
        self.found.append([".".join(path)] + what)

    def pointer(self, path, value, kind):
        """A pointer, and what it points to."""
        error = value.GetError()
        if error.Fail():
            return self.add(path + ["&"], ["absent", str(error.GetCString())])
        target = kind.GetPointeeType().GetCanonicalType()
        address = value.GetValueAsUnsigned()
        if target.GetTypeClass() == lldb.eTypeClassFunction:
            return self.add(path + ["&"], ["function", str(address)])
        self.add(path + ["&"], ["pointer", str(address)])
        # Text is one leaf with us.
        text = target.GetUnqualifiedType().GetName() == "char"
        if address == 0 or target.GetByteSize() == 0 or text:
            return
        through = path + ["*"] if target.IsPointerType() else path
        self.value(through, value.Dereference())

    def variant(self, path, part):
        """The alternative that a variant part holds."""
        chosen = None
        for index in range(part.GetNumChildren()):
            alternative = part.GetChildAtIndex(index)
            wanted = alternative.GetName()[len("$variant$"):]
            if wanted == "":
                chosen = chosen or alternative
            elif int(wanted) == alternative.GetChildMemberWithName("$discr$").GetValueAsUnsigned():
                chosen = alternative
        if chosen is None:
            return
        name = re.search(r"::(\w+)\$Variant$", chosen.GetTypeName())
        if name:
            self.add(path + ["?"], ["variant", name.group(1)])
        self.members(path, chosen.GetChildMemberWithName("value"))

    def members(self, path, value):
        """Those of a record. What has no leaves has no number."""
        kind = value.GetType().GetCanonicalType()
        bases, unnamed = 0, 0
        base_count = kind.GetNumberOfDirectBaseClasses()
        base_names = [kind.GetDirectBaseClassAtIndex(i).GetName() for i in range(base_count)]
        for index in range(value.GetNumChildren()):
            child = value.GetChildAtIndex(index)
            name = child.GetName()
            before = len(self.found)
            if name == "$variants$":
                self.variant(path, child)
            elif name in base_names and index < base_count:
                self.value(path + [f"base{bases}"], child)
                bases += len(self.found) > before
            elif not name and child.GetType().GetCanonicalType().GetTypeClass() == lldb.eTypeClassBuiltin:
                # A gap between bit-fields.
                continue
            elif not name:
                self.value(path + [f"unnamed{unnamed}"], child)
                unnamed += len(self.found) > before
            else:
                # A field of a Rust tuple, a variable that a closure captured.
                self.value(path + [re.sub(r"^(__(?=\d+$)|_ref__)", "", name)], child)

    def value(self, path, value):
        """Anything."""
        if sum(part != "*" for part in path) > DEPTH or len(self.found) >= LEAVES:
            return
        kind = value.GetType().GetCanonicalType()
        flags = kind.GetTypeFlags()
        sort = kind.GetTypeClass()
        if sort == lldb.eTypeClassReference:
            target = value.Dereference()
            if value.GetError().Success() and target.IsValid():
                self.value(path, target)
            else:
                self.add(path, ["absent", str(value.GetError().GetCString())])
        elif sort == lldb.eTypeClassPointer:
            self.pointer(path, value, kind)
        elif sort == lldb.eTypeClassMemberPointer:
            known = value.GetValue() is not None
            self.add(path + ["&"], ["member", value.GetValue()] if known else ["absent", "no value"])
        elif kind.GetBasicType() == lldb.eBasicTypeNullPtr:
            self.add(path + ["&"], ["pointer", "0"])
        elif sort in (lldb.eTypeClassArray, lldb.eTypeClassVector):
            for index in range(min(value.GetNumChildren(), ELEMENTS)):
                self.value(path + [f"[{index}]"], value.GetChildAtIndex(index))
        elif sort in (lldb.eTypeClassStruct, lldb.eTypeClassClass, lldb.eTypeClassUnion):
            self.members(path, value)
        else:
            self.add(path, scalar(value, kind))


def variables(frame):
    """Those in scope; of two with one name the inner."""
    found, named = [], set()
    block, outermost = frame.GetBlock(), frame.GetFrameBlock()
    while block.IsValid():
        for value in block.GetVariables(frame, True, True, True, lldb.eNoDynamicValues):
            name = value.GetName()
            # The lengths of arrays have variables that the compiler made.
            if not name or name in named or name.startswith("__vla_expr") or not value.IsInScope():
                continue
            named.add(name)
            found.append(value)
        if block == outermost:
            break
        block = block.GetParent()
    return found


def shown(thread):
    """All leaves of the inner frames."""
    found, functions = [], set()
    for row in range(min(thread.GetNumFrames(), ROWS)):
        frame = thread.GetFrameAtIndex(row)
        # LLDB takes all frames of one function for the innermost of them.
        if frame.GetFunctionName() in functions:
            continue
        functions.add(frame.GetFunctionName())
        for value in variables(frame):
            leaves = Leaves()
            leaves.value([f"{row}/{value.GetName()}" if row else value.GetName()], value)
            found += leaves.found
    return found


def rows(thread, base):
    """The call stack."""
    found = []
    for index in range(thread.GetNumFrames()):
        frame = thread.GetFrameAtIndex(index)
        entry = frame.GetLineEntry()
        found.append(
            {
                "function": frame.GetDisplayFunctionName() or "",
                "inlined": frame.IsInlined(),
                "line": entry.GetLine() if entry.IsValid() else 0,
                "offset": frame.GetPC() - base,
            }
        )
    return found


def visit():
    target = connect()
    process = target.GetProcess()
    # The code of a module lies where its file does.
    base = target.GetModuleAtIndex(0).GetObjectFileHeaderAddress().GetLoadAddress(target)
    out = open(order["out"], "w", encoding="utf-8")
    bound = {}
    for place in order["places"]:
        by_line = target.BreakpointCreateByLocation(place["file"], place["line"])
        locations = [by_line.GetLocationAtIndex(i) for i in range(by_line.GetNumLocations())]
        bound[place["offset"]] = [at.GetLoadAddress() - base for at in locations]
        target.BreakpointDelete(by_line.GetID())
    waiting = {}
    for place in order["places"]:
        waiting[place["offset"]] = target.BreakpointCreateByAddress(base + place["offset"])
    while waiting:
        process.Continue()
        if process.GetState() != lldb.eStateStopped:
            break
        thread = process.GetSelectedThread()
        stack = rows(thread, base)
        offset = stack[0]["offset"]
        reached = waiting.pop(offset, None)
        if reached is None:
            continue
        target.BreakpointDelete(reached.GetID())
        record = {"offset": offset, "bound": bound[offset], "frames": stack, "leaves": shown(thread)}
        out.write(json.dumps(record) + "\n")
        out.flush()
    out.close()


wasmtime = serve()
try:
    visit()
finally:
    wasmtime.kill()
