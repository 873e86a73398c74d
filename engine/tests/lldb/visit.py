"""What LLDB shows of a guest at given places, one JSON object a place.

LLDB runs this in its own Python (`command script import`). `STEPWELL_VISIT` names a file with the order: the module,
a port for wasmtime's gdb server, the file to write to, and the places: offset in the module, source file, line, and
how many bytes the guest has printed when it is there: at another time its variables are others.

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
import tty

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


class Printed:
    """What comes from the guest; only how much is of interest."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.count = 0
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        try:
            while piece := os.read(self.terminal, 4096):
                self.count += len(piece)
        except OSError:
            pass  # The guest is gone.

    def when_still(self, wanted):
        """How much it is, now that the guest stands. Nothing tells that the terminal holds no more of it, so the count
        has to stay for a while, and for longer if it is not what is wanted."""
        before = -1
        for _ in range(10):
            if before == self.count == wanted:
                break
            before = self.count
            time.sleep(0.05)
        return self.count


def serve():
    """Wasmtime with its server. Standard output is a terminal, as it is with us: a guest does other things without one,
    which can be seen in what it leaves on its stack."""
    terminal, end = pty.openpty()
    # Bytes are to come as they are written.
    tty.setraw(end)
    command = ["wasmtime", "run", "-g", str(order["port"]), order["module"]]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.DEVNULL)
    os.close(end)
    return server, Printed(terminal)


def connect():
    """The target; the server needs time to compile."""
    debugger.SetAsync(False)
    # Members as they are: no summaries, no synthetic children, no guess at a class by its virtual table.
    told("settings set target.enable-synthetic-value false")
    told("settings set target.prefer-dynamic-value no-dynamic-values")
    told('settings set frame-format "<line {${line.number}}>\\n"')
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

    def discriminant(self, part, alternative):
        """The number that tells which alternative a variant part holds. LLDB declares it as a bit-field of as many bits
        as it lies bytes from the start of the part, so that one elsewhere than there has to be read by hand."""
        declared = alternative.GetType().GetFieldAtIndex(0)
        if declared.GetName() != "$discr$" or not declared.IsBitfield():
            return alternative.GetChildMemberWithName("$discr$").GetValueAsUnsigned()
        fault = lldb.SBError()
        size = declared.GetType().GetByteSize()
        raw = part.GetData().ReadRawData(fault, declared.GetBitfieldSizeInBits(), size)
        return int.from_bytes(raw, "little") if fault.Success() else None

    def variant(self, path, part):
        """The alternative that a variant part holds."""
        chosen = None
        for index in range(part.GetNumChildren()):
            alternative = part.GetChildAtIndex(index)
            wanted = alternative.GetName()[len("$variant$"):]
            if wanted == "":
                chosen = chosen or alternative
            elif int(wanted) == self.discriminant(part, alternative):
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


def ahead(value, frame):
    """Whether a variable is declared further down than where its function is."""
    declared, now = value.GetDeclaration(), frame.GetLineEntry()
    same = declared.GetFileSpec().fullpath == now.GetFileSpec().fullpath
    return same and declared.GetLine() > now.GetLine() > 0


def shown(thread):
    """All leaves of the inner frames, and the variables of which the life has yet to begin. Has to come before `rows`,
    see there."""
    found, unborn, functions = [], [], set()
    for row in range(ROWS):
        frame = thread.GetFrameAtIndex(row)
        if not frame.IsValid():
            break
        # Nothing that LLDB reads of wasm sets the frames of one function apart: asked for one it gives some other.
        if frame.GetFunctionName() in functions:
            continue
        if frame.GetFrameID() != row:
            raise RuntimeError(f"asked for row {row}, given {frame.GetFrameID()}")
        functions.add(frame.GetFunctionName())
        for value in variables(frame):
            leaves = Leaves()
            path = f"{row}/{value.GetName()}" if row else value.GetName()
            leaves.value([path], value)
            found += leaves.found
            if ahead(value, frame):
                unborn.append(path)
    return found, unborn


def rows(thread):
    """The call stack. Once LLDB has unwound it, a frame of a function that recurses is given for another of them, which
    is then right but for the line. That is taken from what the user sees."""
    _, listed = told("thread backtrace --unfiltered")
    found = []
    for index, line in enumerate(re.findall(r"<line (\d*)>", listed)):
        frame = thread.GetFrameAtIndex(index)
        name = frame.GetDisplayFunctionName() or ""
        found.append({"function": name, "inlined": frame.IsInlined(), "line": int(line or 0)})
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
    waiting, wanted = {}, {}
    for place in order["places"]:
        wanted[place["offset"]] = place["printed"]
        waiting[place["offset"]] = target.BreakpointCreateByAddress(base + place["offset"])
    while waiting:
        process.Continue()
        if process.GetState() != lldb.eStateStopped:
            break
        thread = process.GetSelectedThread()
        offset = thread.GetFrameAtIndex(0).GetPC() - base
        if offset not in waiting:
            continue
        count = printed.when_still(wanted[offset])
        if count >= wanted[offset]:
            target.BreakpointDelete(waiting.pop(offset).GetID())
        if count != wanted[offset]:
            print(f"{offset:#x}: after {count} bytes, not {wanted[offset]}")
            continue
        record = {"offset": offset, "printed": count, "bound": bound[offset]}
        record["leaves"], record["unborn"] = shown(thread)
        record["frames"] = rows(thread)
        out.write(json.dumps(record) + "\n")
        out.flush()
    out.close()


wasmtime, printed = serve()
try:
    visit()
finally:
    wasmtime.kill()
