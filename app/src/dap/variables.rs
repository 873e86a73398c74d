//! Requests about a stopped guest: stack, scopes, variables, expressions, memory, wasm text.
//!
//! # Invariants
//! - A reference names one thing of the present stop; the server forgets all of them when the guest goes on.
//!
//! Must not know: how the guest is made to run.

use super::convert;
use super::server::Server;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use stepwell_debuginfo::{ValueNode, ValueRef, VariableKind};
use stepwell_engine::api::val_from_text;
use stepwell_engine::debugger::{
    FrameDetail, FrameInfo, FunctionText, Query, QueryError, Reply, StopReason, WasmSlot, WriteTarget,
};

/// Most instructions one request gets.
const MOST_INSTRUCTIONS: usize = 10_000;
/// Most bytes of memory one request gets.
const MOST_MEMORY_LEN_BYTES: u64 = 1 << 20;

/// A part of a frame that opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Arguments,
    Locals,
    Statics,
    WasmLocals,
    Operands,
    Globals,
}

impl Scope {
    /// The raw name of wasm values in it.
    fn sigil(self) -> &'static str {
        match self {
            Scope::WasmLocals => "local",
            Scope::Operands => "stack",
            _ => "global",
        }
    }
}

/// What a variables reference stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Handle {
    /// A part of a frame.
    Scope(u32, Scope),
    /// Children of a value of a frame.
    Children(u32, ValueRef),
}

impl Server {
    pub(super) fn stack_trace(&mut self, arguments: &Value) -> Result<Value> {
        let number = |name: &str| arguments.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
        let snapshot = self.stopped()?;
        let levels = match number("levels") {
            0 => usize::MAX,
            levels => levels,
        };
        let rows = snapshot.frames.iter().skip(number("startFrame")).take(levels);
        let frames: Vec<Value> = rows.map(|row| self.stack_frame(row)).collect();
        Ok(json!({ "stackFrames": frames, "totalFrames": snapshot.frames.len() }))
    }

    fn stack_frame(&self, row: &FrameInfo) -> Value {
        let mut frame = json!({
            "id": u64::from(row.index) + 1,
            "name": if row.inlined { format!("{} (inlined)", row.function) } else { row.function.clone() },
            "line": 0,
            "column": 0,
            "instructionPointerReference": row.pc.to_string(),
        });
        match &row.source {
            Some(place) => {
                frame["source"] = self.sources.source(place);
                frame["line"] = json!(place.line);
                frame["column"] = json!(place.column);
            }
            None => frame["presentationHint"] = json!("subtle"),
        }
        frame
    }

    /// The frame a request means: the innermost if it names none.
    fn frame_index(&self, arguments: &Value) -> Result<u32> {
        let index = match arguments.get("frameId").and_then(Value::as_u64) {
            Some(id) => u32::try_from(id.saturating_sub(1))?,
            None => 0,
        };
        match self.stopped()?.frames.get(index as usize) {
            Some(_) => Ok(index),
            None => bail!("there is no such frame"),
        }
    }

    fn detail(&mut self, frame: u32) -> Result<FrameDetail> {
        if let Some(detail) = self.details.get(&frame) {
            return Ok(detail.clone());
        }
        let stop = self.stopped()?.stop;
        match self.ask(Query::Frame { stop, frame })? {
            Reply::Frame(detail) => {
                self.details.insert(frame, detail.clone());
                Ok(detail)
            }
            _ => bail!("the answer does not fit the question"),
        }
    }

    fn reference(&mut self, handle: Handle) -> u64 {
        self.handles.push(handle);
        self.handles.len() as u64
    }

    pub(super) fn scopes(&mut self, arguments: &Value) -> Result<Value> {
        let frame = self.frame_index(arguments)?;
        let detail = self.detail(frame)?;
        let is_argument = |node: &ValueNode| node.kind == Some(VariableKind::Parameter);
        let arguments = detail.variables.iter().filter(|node| is_argument(node)).count();
        let locals = detail.variables.len() - arguments;
        let rows = [
            ("Arguments", Scope::Arguments, arguments, "arguments"),
            ("Locals", Scope::Locals, locals, "locals"),
            ("Statics", Scope::Statics, detail.statics.len(), ""),
            ("Wasm locals", Scope::WasmLocals, detail.locals.len(), "registers"),
            (
                "Operand stack",
                Scope::Operands,
                detail.operands.len(),
                "registers",
            ),
        ];
        let mut scopes = Vec::new();
        for (name, scope, count, hint) in rows {
            if count == 0 && scope != Scope::Locals && scope != Scope::Operands {
                continue;
            }
            let mut entry = json!({
                "name": name,
                "variablesReference": self.reference(Handle::Scope(frame, scope)),
                "namedVariables": count,
                "expensive": scope == Scope::Statics,
            });
            if !hint.is_empty() {
                entry["presentationHint"] = json!(hint);
            }
            scopes.push(entry);
        }
        if self
            .module
            .as_ref()
            .is_some_and(|module| !module.globals.is_empty())
        {
            let reference = self.reference(Handle::Scope(frame, Scope::Globals));
            scopes.push(json!({ "name": "Globals", "variablesReference": reference, "expensive": true }));
        }
        Ok(json!({ "scopes": scopes }))
    }

    fn handle(&self, arguments: &Value) -> Result<Handle> {
        let reference = arguments.get("variablesReference").and_then(Value::as_u64);
        let handle = reference
            .and_then(|reference| usize::try_from(reference).ok()?.checked_sub(1))
            .and_then(|index| self.handles.get(index));
        handle
            .cloned()
            .context("the guest has moved on since this was shown")
    }

    pub(super) fn variables(&mut self, arguments: &Value) -> Result<Value> {
        let variables = match self.handle(arguments)? {
            Handle::Children(frame, value) => {
                let stop = self.stopped()?.stop;
                match self.ask(Query::Children { stop, frame, value })? {
                    Reply::Children(nodes) => self.nodes(frame, nodes),
                    _ => bail!("the answer does not fit the question"),
                }
            }
            Handle::Scope(frame, scope @ (Scope::Arguments | Scope::Locals)) => {
                let nodes = self.detail(frame)?.variables.into_iter();
                let nodes = nodes.filter(|node| {
                    (node.kind == Some(VariableKind::Parameter)) == (scope == Scope::Arguments)
                });
                self.nodes(frame, nodes.collect())
            }
            Handle::Scope(frame, Scope::Statics) => {
                let nodes = self.detail(frame)?.statics;
                self.nodes(frame, nodes)
            }
            Handle::Scope(frame, scope) => {
                let slots = self.slots(frame, scope)?;
                slots
                    .iter()
                    .map(|slot| convert::slot(slot, scope.sigil()))
                    .collect()
            }
        };
        // The whole list is at hand; a page of it is what was asked for.
        let number = |name: &str| arguments.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
        let count = match number("count") {
            0 => usize::MAX,
            count => count,
        };
        let page: Vec<Value> = variables.into_iter().skip(number("start")).take(count).collect();
        Ok(json!({ "variables": page }))
    }

    /// The wasm values of a scope.
    fn slots(&mut self, frame: u32, scope: Scope) -> Result<Vec<WasmSlot>> {
        match scope {
            Scope::WasmLocals => Ok(self.detail(frame)?.locals),
            Scope::Operands => Ok(self.detail(frame)?.operands),
            Scope::Globals => {
                let stop = self.stopped()?.stop;
                match self.ask(Query::Globals { stop })? {
                    Reply::Globals(globals) => Ok(globals),
                    _ => bail!("the answer does not fit the question"),
                }
            }
            Scope::Arguments | Scope::Locals | Scope::Statics => bail!("these are no wasm values"),
        }
    }

    fn nodes(&mut self, frame: u32, nodes: Vec<ValueNode>) -> Vec<Value> {
        nodes.into_iter().map(|node| self.node(frame, &node)).collect()
    }

    fn node(&mut self, frame: u32, node: &ValueNode) -> Value {
        let reference = match &node.expand {
            Some(value) => self.reference(Handle::Children(frame, value.clone())),
            None => 0,
        };
        convert::variable(node, reference)
    }

    pub(super) fn set_variable(&mut self, arguments: &Value) -> Result<Value> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let Handle::Scope(frame, scope) = self.handle(arguments)? else {
            bail!("only wasm locals, operands and globals can be written");
        };
        if matches!(scope, Scope::Arguments | Scope::Locals | Scope::Statics) {
            bail!("only wasm locals, operands and globals can be written");
        }
        let slots = self.slots(frame, scope)?;
        let slot = (slots.iter())
            .find(|slot| convert::slot_name(slot, scope.sigil()) == text("name"))
            .with_context(|| format!("there is no {:?}", text("name")))?;
        let val = val_from_text(slot.ty, text("value"))?;
        let bits = val.bits();
        let index = slot.index;
        let target = match scope {
            Scope::WasmLocals => WriteTarget::Local { index, bits },
            Scope::Operands => WriteTarget::Operand { index, bits },
            _ => WriteTarget::Global { index, bits },
        };
        self.write(frame, target)?;
        Ok(json!({ "value": val.to_string(), "type": slot.ty.to_string() }))
    }

    fn write(&mut self, frame: u32, target: WriteTarget) -> Result<()> {
        let stop = self.stopped()?.stop;
        // What was read before may be otherwise now.
        self.details.clear();
        match self.ask(Query::Write { stop, frame, target })? {
            Reply::Written => Ok(()),
            _ => bail!("the answer does not fit the question"),
        }
    }

    pub(super) fn evaluate(&mut self, arguments: &Value) -> Result<Value> {
        let expression = arguments.get("expression").and_then(Value::as_str);
        let expression = expression.context("the expression is missing")?.to_string();
        let context = arguments.get("context").and_then(Value::as_str);
        if self.snapshot.is_none() && context == Some("repl") && self.feed_input(&expression) {
            return Ok(json!({ "result": "", "variablesReference": 0 }));
        }
        let frame = self.frame_index(arguments)?;
        let stop = self.stopped()?.stop;
        let query = Query::Evaluate {
            stop,
            frame,
            expression: expression.clone(),
        };
        let answer = match self.ask(query) {
            // In the console there is room to point at the place.
            Err(error) => match error.downcast::<QueryError>() {
                Ok(QueryError::Expression(error)) if context == Some("repl") => {
                    bail!("{}\n{expression}\n{}", error.message, error.caret())
                }
                Ok(error) => return Err(error.into()),
                Err(error) => return Err(error),
            },
            Ok(answer) => answer,
        };
        let Reply::Value(node) = answer else {
            bail!("the answer does not fit the question");
        };
        let variable = self.node(frame, &node);
        let mut answer = json!({
            "result": variable["value"],
            "type": variable["type"],
            "variablesReference": variable["variablesReference"],
        });
        if let Some(reference) = variable.get("memoryReference") {
            answer["memoryReference"] = reference.clone();
        }
        Ok(answer)
    }

    pub(super) fn read_memory(&mut self, arguments: &Value) -> Result<Value> {
        let address = memory_address(arguments)?;
        let wanted = arguments.get("count").and_then(Value::as_u64).unwrap_or(0);
        let query = Query::Memory {
            stop: self.stopped()?.stop,
            memory: 0,
            address,
            len_bytes: wanted.min(MOST_MEMORY_LEN_BYTES),
        };
        let Reply::Memory(answer) = self.ask(query)? else {
            bail!("the answer does not fit the question");
        };
        Ok(json!({
            "address": format!("0x{address:x}"),
            "data": convert::base64(&answer.bytes),
            "unreadableBytes": wanted.saturating_sub(answer.bytes.len() as u64),
        }))
    }

    pub(super) fn write_memory(&mut self, arguments: &Value) -> Result<Value> {
        let address = memory_address(arguments)?;
        let data = arguments.get("data").and_then(Value::as_str).unwrap_or_default();
        let bytes = convert::from_base64(data)?;
        let written = bytes.len();
        let target = WriteTarget::Memory {
            memory: 0,
            address,
            bytes,
        };
        self.write(0, target)?;
        Ok(json!({ "bytesWritten": written }))
    }

    pub(super) fn exception_info(&mut self) -> Result<Value> {
        let StopReason::Trap(trap) = &self.stopped()?.reason else {
            bail!("the guest has not trapped");
        };
        Ok(json!({
            "exceptionId": trap.kind.to_string(),
            "description": trap.message,
            "breakMode": "always",
            "details": {
                "message": trap.message,
                "typeName": trap.kind.to_string(),
                "stackTrace": format!("{}\n{}", trap.instruction, trap.explanation.join("\n")),
            },
        }))
    }

    /// Wasm text as an editor's disassembly: exactly as many rows as it asks for.
    pub(super) fn disassemble(&mut self, arguments: &Value) -> Result<Value> {
        let address = memory_address(arguments)?;
        let first = (arguments.get("instructionOffset").and_then(Value::as_i64)).unwrap_or(0);
        let count = arguments
            .get("instructionCount")
            .and_then(Value::as_u64)
            .unwrap_or(0) as usize;
        let count = count.min(MOST_INSTRUCTIONS);
        let module = self.module.as_ref().context("nothing has been launched")?;
        let bodies: Vec<(u32, u64, u64)> = (module.functions.iter())
            .filter(|function| !function.imported)
            .map(|function| (function.index, function.body.0.0, function.body.1))
            .collect();
        let here = bodies.partition_point(|(_, start, _)| *start <= address);
        let mut rows: Vec<Value> = Vec::new();
        let mut position = 0i64;
        if let Some(index) = here.checked_sub(1)
            && let Some((func, start, len)) = bodies.get(index)
            && address < start.saturating_add(*len)
        {
            rows = self.instructions(*func)?;
            position = rows.iter().filter(|row| offset_of(row) < Some(address)).count() as i64;
            // Functions before and behind, until the rows asked for are there.
            let mut before = index;
            while position.saturating_add(first) < 0 && rows.len() < MOST_INSTRUCTIONS {
                let Some((func, ..)) = before.checked_sub(1).and_then(|index| bodies.get(index)) else {
                    break;
                };
                before -= 1;
                let mut longer = self.instructions(*func)?;
                position = position.saturating_add(longer.len() as i64);
                longer.append(&mut rows);
                rows = longer;
            }
            for (func, ..) in bodies.iter().skip(index + 1) {
                let end = position.saturating_add(first).saturating_add(count as i64);
                if rows.len() as i64 >= end || rows.len() >= 2 * MOST_INSTRUCTIONS {
                    break;
                }
                rows.append(&mut self.instructions(*func)?);
            }
        }
        let start = position.saturating_add(first);
        let told: Vec<Value> = (0..count as i64)
            .map(|row| {
                let row = usize::try_from(start.saturating_add(row)).ok();
                let row = row.and_then(|row| rows.get(row)).cloned();
                row.unwrap_or_else(
                    || json!({ "address": "0x0", "instruction": "", "presentationHint": "invalid" }),
                )
            })
            .collect();
        Ok(json!({ "instructions": told }))
    }

    /// The text of a source that the debug info holds.
    pub(super) fn source(&mut self, arguments: &Value) -> Result<Value> {
        let reference = arguments.get("sourceReference").and_then(Value::as_u64);
        let Some(file) = reference.and_then(convert::Sources::referred) else {
            bail!("there is no source to read");
        };
        match self.ask(Query::EmbeddedSource { file })? {
            Reply::Source(content) => Ok(json!({ "content": content })),
            _ => bail!("the answer does not fit the question"),
        }
    }

    /// The instructions of a function, as rows of a disassembly.
    fn instructions(&mut self, func: u32) -> Result<Vec<Value>> {
        let Reply::WasmText(FunctionText { name, rows, .. }) = self.ask(Query::WasmText { func })? else {
            bail!("the answer does not fit the question");
        };
        let mut rows: Vec<Value> = (rows.iter())
            .filter_map(|row| {
                let indent = "  ".repeat(row.indent as usize);
                Some(json!({
                    "address": row.offset?.to_string(),
                    "instruction": format!("{indent}{}", row.text),
                }))
            })
            .collect();
        if let Some(row) = rows.first_mut() {
            row["symbol"] = json!(name);
        }
        Ok(rows)
    }
}

/// The address of a disassembly's row.
fn offset_of(row: &Value) -> Option<u64> {
    convert::address(row.get("address")?.as_str()?, 0).ok()
}

fn memory_address(arguments: &Value) -> Result<u64> {
    let reference = arguments.get("memoryReference").and_then(Value::as_str);
    let offset = arguments.get("offset").and_then(Value::as_i64).unwrap_or(0);
    convert::address(reference.context("memoryReference is missing")?, offset)
}
