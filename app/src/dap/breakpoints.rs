//! Breakpoint requests: each replaces what the same request set before.
//!
//! Must not know: variables, stops.

use super::convert;
use super::server::Server;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use stepwell_debuginfo::ModuleOffset;
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, BreakpointState, Command, Event, HitRule, StopRule,
};

/// How long binding may take before a breakpoint is told as pending.
const BIND_TIMEOUT: Duration = Duration::from_secs(10);

/// Keys of what is no source file; a path never begins like this.
const FUNCTIONS: &str = "\0functions";
const INSTRUCTIONS: &str = "\0instructions";

impl Server {
    pub(super) fn set_breakpoints(&mut self, arguments: &Value) -> Result<Value> {
        let path = (arguments.get("source").and_then(|source| source.get("path")))
            .and_then(Value::as_str)
            .context("the source has no path")?;
        let recorded = self.sources.recorded(path);
        let specs = wishes(arguments, |wish| {
            let line = wish.get("line").and_then(Value::as_u64)?;
            Some(BreakpointSpec::Line {
                path: recorded.clone(),
                line: u32::try_from(line).ok()?,
            })
        })?;
        self.replace(path, specs)
    }

    pub(super) fn set_function_breakpoints(&mut self, arguments: &Value) -> Result<Value> {
        let specs = wishes(arguments, |wish| {
            Some(BreakpointSpec::Function {
                name: wish.get("name")?.as_str()?.to_string(),
            })
        })?;
        self.replace(FUNCTIONS, specs)
    }

    pub(super) fn set_instruction_breakpoints(&mut self, arguments: &Value) -> Result<Value> {
        let specs = wishes(arguments, |wish| {
            let reference = wish.get("instructionReference")?.as_str()?;
            let offset = wish.get("offset").and_then(Value::as_i64).unwrap_or(0);
            Some(BreakpointSpec::Offset {
                offset: ModuleOffset(convert::address(reference, offset).ok()?),
            })
        })?;
        self.replace(INSTRUCTIONS, specs)
    }

    /// Removes what `key` had and sets these.
    fn replace(&mut self, key: &str, specs: Vec<(BreakpointSpec, StopRule)>) -> Result<Value> {
        for id in self.breakpoints_of.remove(key).unwrap_or_default() {
            self.breakpoints.remove(&id);
            self.send(Command::RemoveBreakpoint { id });
        }
        let mut ids = Vec::new();
        for (spec, rule) in specs {
            let id = BreakpointId(self.next_breakpoint);
            self.next_breakpoint = self.next_breakpoint.saturating_add(1);
            ids.push(id);
            let enabled = true;
            self.send(Command::SetBreakpoint {
                id,
                spec,
                enabled,
                rule,
            });
        }
        let deadline = Instant::now() + BIND_TIMEOUT;
        while ids.iter().any(|id| !self.breakpoints.contains_key(id)) {
            match self.next_event(deadline) {
                // Told by the response, and not as a change.
                Ok(Event::BreakpointChanged(state)) if ids.contains(&state.id) => {
                    self.breakpoints.insert(state.id, state);
                }
                Ok(other) => self.on_event(other)?,
                // No state yet: pending, and a change will tell.
                Err(_) => break,
            }
        }
        let told: Vec<Value> = (ids.iter())
            .map(|id| match self.breakpoints.get(id) {
                Some(state) => convert::breakpoint(state, &self.sources),
                None => json!({ "id": id.0, "verified": false, "message": "not bound yet" }),
            })
            .collect();
        self.breakpoints_of.insert(key.to_string(), ids);
        Ok(json!({ "breakpoints": told }))
    }

    /// A breakpoint stands otherwise than before.
    pub(super) fn breakpoint_changed(&mut self, state: BreakpointState) -> Result<()> {
        let ours = self.breakpoints_of.values().flatten().any(|id| *id == state.id);
        let same = self.breakpoints.get(&state.id) == Some(&state);
        if !ours || same {
            return Ok(());
        }
        let breakpoint = convert::breakpoint(&state, &self.sources);
        self.breakpoints.insert(state.id, state);
        self.event(
            "breakpoint",
            json!({ "reason": "changed", "breakpoint": breakpoint }),
        )
    }
}

/// The breakpoints asked for.
fn wishes(
    arguments: &Value,
    spec: impl Fn(&Value) -> Option<BreakpointSpec>,
) -> Result<Vec<(BreakpointSpec, StopRule)>> {
    let list = arguments.get("breakpoints").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|wish| {
            let spec = spec(wish).with_context(|| format!("not a breakpoint: {wish}"))?;
            Ok((spec, rule(wish)?))
        })
        .collect()
}

/// When a breakpoint stops, or what it says instead.
fn rule(wish: &Value) -> Result<StopRule> {
    let text = |name: &str| {
        let text = wish.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_string)
    };
    let hits = match text("hitCondition") {
        Some(text) => Some(
            HitRule::parse(&text)
                .with_context(|| format!("{text:?} is no count of hits: write 3, >= 3, <= 3 or % 3"))?,
        ),
        None => None,
    };
    Ok(StopRule {
        condition: text("condition"),
        hits,
        log: text("logMessage"),
    })
}
