//! Lines, frames and steps.

use super::Index;
use crate::dwarf::functions::display_name;
use crate::dwarf::lines::{Statement, narrow};
use crate::dwarf::scopes::{Call, ScopeKind, Scopes};
use crate::dwarf::units::Unit;
use crate::{CodeOffset, CodeRange, FileId, LineBinding, SourceFrame, SourceLocation};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

impl Index {
    pub fn location(&self, at: CodeOffset) -> Option<SourceLocation> {
        self.lines
            .body(&self.map, self.map.body_at(at)?)
            .location(narrow(at))
    }

    pub fn is_statement_start(&self, at: CodeOffset) -> bool {
        let body = self.map.body_at(at);
        body.is_some_and(|body| self.lines.body(&self.map, body).is_statement_start(narrow(at)))
    }

    /// Where the prologue of a body ends.
    pub fn prologue_end(&self, body: usize) -> Option<CodeOffset> {
        Some(CodeOffset(u64::from(
            self.lines.body(&self.map, body).prologue_end()?,
        )))
    }

    pub fn lines_with_code(&self, file: FileId) -> Vec<u32> {
        let mut lines: Vec<u32> = self
            .lines
            .statements(&self.map, file)
            .iter()
            .map(|statement| statement.line)
            .collect();
        lines.dedup();
        lines
    }

    pub fn binding(&self, file: FileId, wished: u32) -> Option<LineBinding> {
        let statements = self.lines.statements(&self.map, file);
        let from = statements.partition_point(|statement| statement.line < wished);
        let mut openings: HashMap<(usize, usize), Option<u32>> = HashMap::new();
        let mut lowest: HashMap<usize, Option<u32>> = HashMap::new();
        // Bodies, and whether anything in them begins at or before the wished line: of the others no line counts.
        let mut begun: HashMap<usize, bool> = HashMap::new();
        let body_of = |statement: &Statement| self.map.body_at(CodeOffset(u64::from(statement.address)));
        for group in statements
            .get(from..)?
            .chunk_by(|one, next| one.line == next.line)
        {
            let Some(&Statement { line, .. }) = group.first() else {
                continue;
            };
            let mut locations = Vec::new();
            for starts in group.chunk_by(|one, next| body_of(one) == body_of(next)) {
                let Some(body) = starts.first().and_then(body_of) else {
                    continue;
                };
                let mut begins = || {
                    let known = begun.entry(body);
                    *known.or_insert_with(|| self.begins_before(body, file, wished))
                };
                if line != wished && !begins() {
                    continue;
                }
                for place in self.places(body, starts) {
                    // A later line counts only in a function that the wished one lies in.
                    let mut opening = || {
                        let lowest = || {
                            *lowest
                                .entry(place.body)
                                .or_insert_with(|| self.lowest_line(file, place.body))
                        };
                        let opening = || {
                            self.opening_line(file, place.body, place.instance)
                                .or_else(lowest)
                        };
                        let known = openings.entry((place.body, place.instance));
                        *known.or_insert_with(opening)
                    };
                    if line == wished || opening().is_some_and(|opening| opening <= wished) {
                        locations.push(place.stop_at);
                    }
                }
            }
            if !locations.is_empty() {
                let bodies: BTreeSet<usize> = group.iter().filter_map(body_of).collect();
                for body in bodies {
                    self.add_continued(body, (file, line), &mut locations);
                }
                locations.sort_unstable();
                return Some(LineBinding {
                    file,
                    line,
                    locations,
                });
            }
        }
        None
    }

    /// The first of the statements of a line in each block, of a function and of each call inlined there, that has one. A
    /// bare jump of a line that has other code is one only where its own call, or the function, has nothing else of the line.
    fn places(&self, body: usize, statements: &[Statement]) -> Vec<Place> {
        let rows = self.lines.body(&self.map, body);
        let scopes = self.scopes(body);
        // By instance and block, and whether they are bare jumps.
        let mut first: BTreeMap<(usize, usize, bool), u32> = BTreeMap::new();
        for &Statement { address, .. } in statements {
            let around = |scopes: &Arc<Scopes>| (scopes.instance(address), scopes.innermost(address));
            let (instance, block) = scopes.as_ref().map_or((0, 0), around);
            let known = first
                .entry((instance, block, rows.is_bare(address)))
                .or_insert(address);
            *known = address.min(*known);
        }
        let plain: HashSet<usize> = (first.keys())
            .filter_map(|&(instance, _, bare)| (!bare).then_some(instance))
            .collect();
        first.retain(|(instance, _, bare), _| !*bare || !plain.contains(instance));
        let opening = rows.rows.first().map(|row| row.address);
        let place = |((instance, ..), address): ((usize, usize, bool), u32)| {
            let opens = instance == 0 && opening == Some(address);
            let address = CodeOffset(u64::from(address));
            let stop_at = if opens {
                self.prologue_end(body).unwrap_or(address)
            } else {
                address
            };
            Place {
                body,
                instance,
                stop_at,
            }
        };
        first.into_iter().map(place).collect()
    }

    /// Adds where calls inlined in a body go on with a line of which they have no statement: a row that follows one of the
    /// same line is none, though it belongs to another call.
    fn add_continued(&self, body: usize, (file, line): (FileId, u32), locations: &mut Vec<CodeOffset>) {
        let Some(scopes) = self.scopes(body) else { return };
        let rows = self.lines.body(&self.map, body);
        let of_line = || {
            let rows = rows.rows.iter();
            rows.filter(|row| (row.file, row.line) == (file, line))
        };
        let mut known: HashSet<usize> = of_line()
            .filter(|row| row.is_stmt)
            .map(|row| scopes.instance(row.address))
            .collect();
        for row in of_line().filter(|row| !row.is_stmt && !rows.is_bare(row.address)) {
            if known.insert(scopes.instance(row.address)) {
                locations.push(CodeOffset(u64::from(row.address)));
            }
        }
    }

    /// The first row with a line in the inlined call that begins at an address, in what follows it there without a gap.
    pub fn first_line_in(&self, begins: CodeOffset) -> Option<CodeOffset> {
        let body = self.map.body_at(begins)?;
        let scopes = self.scopes(body)?;
        let rows = self.lines.body(&self.map, body);
        let begins = narrow(begins);
        let instance = scopes.scopes.get(scopes.instance(begins))?;
        let range = instance
            .ranges
            .iter()
            .find(|&&(start, end)| start <= begins && begins < end);
        let &(_, end) = range?;
        let from = rows.rows.partition_point(|row| row.address < begins);
        let mut inside = rows.rows.get(from..)?.iter().take_while(|row| row.address < end);
        let row = inside.find(|row| row.line != 0)?;
        Some(CodeOffset(u64::from(row.address)))
    }

    /// Whether a body, or a call inlined there, may begin at or before a line of a file.
    fn begins_before(&self, body: usize, file: FileId, line: u32) -> bool {
        let scopes = self.scopes(body);
        let scopes = scopes.as_ref().map_or(&[][..], |scopes| &scopes.scopes);
        let inlined = |&instance: &usize| {
            let kind = scopes.get(instance).map(|scope| scope.kind);
            instance == 0 || kind == Some(ScopeKind::Inlined)
        };
        let mut lowest = None;
        let mut instances = (0..scopes.len().max(1)).filter(inlined);
        instances.any(|instance| {
            let opening = self.opening_line(file, body, instance);
            let lowest = || *lowest.get_or_insert_with(|| self.lowest_line(file, body));
            opening.or_else(lowest).is_some_and(|opening| opening <= line)
        })
    }

    /// The line in `file` at which the function of an inlined call, or of a body, is declared.
    fn opening_line(&self, file: FileId, body: usize, instance: usize) -> Option<u32> {
        let scopes = self.scopes(body)?;
        let die = scopes.scopes.get(instance)?.die;
        let (unit, value) = self.units.inherited(die, gimli::DW_AT_decl_line)?;
        let (_, index) = self.units.inherited(die, gimli::DW_AT_decl_file)?;
        let line = u32::try_from(value.udata_value()?).ok()?;
        let index = match index {
            gimli::AttributeValue::FileIndex(index) => index,
            other => other.udata_value()?,
        };
        (self.file_of(unit, index) == Some(file)).then_some(line)
    }

    /// The lowest line of a file that a body has code of.
    fn lowest_line(&self, file: FileId, body: usize) -> Option<u32> {
        let rows = self.lines.body(&self.map, body);
        let lines = rows.rows.iter().filter(|row| row.file == file && row.line != 0);
        lines.map(|row| row.line).min()
    }

    fn file_of(&self, unit: &Unit, index: u64) -> Option<FileId> {
        self.lines.file_of_unit(unit.files_of, index)
    }

    pub fn step_ranges(&self, at: CodeOffset) -> Vec<CodeRange> {
        let Some(body) = self.map.body_at(at) else {
            return Vec::new();
        };
        let rows = self.lines.body(&self.map, body);
        let Some(here) = rows.location(narrow(at)) else {
            return Vec::new();
        };
        let scopes = self.scopes(body);
        let instance = |at: u32| scopes.as_ref().map_or(0, |scopes| scopes.instance(at));
        let ours = instance(narrow(at));
        let mut ranges: Vec<CodeRange> = Vec::new();
        for (start, end, place) in rows.ranges() {
            // The row around `at` counts whatever instance its start is in.
            let around = start <= narrow(at) && narrow(at) < end;
            if (place.file, place.line) != (here.file, here.line) || !(around || instance(start) == ours) {
                continue;
            }
            let range = CodeRange {
                start: CodeOffset(u64::from(start)),
                end: CodeOffset(u64::from(end)),
            };
            match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges
    }

    pub fn frames(&self, at: CodeOffset) -> Vec<SourceFrame> {
        let Some(body) = self.map.body_at(at) else {
            return vec![SourceFrame {
                function: at.to_string(),
                location: None,
                inlined: false,
            }];
        };
        let physical = self.function_name(self.map.func_index(body));
        let mut location = self.location(at);
        let mut frames = Vec::new();
        if let Some(scopes) = self.scopes(body) {
            for instance in scopes.instances(narrow(at)) {
                let Some(scope) = scopes.scopes.get(instance) else {
                    continue;
                };
                if scope.kind != ScopeKind::Inlined {
                    continue;
                }
                let function = display_name(&self.units, scope.die).unwrap_or_else(|| "?".to_string());
                frames.push(SourceFrame {
                    function,
                    location,
                    inlined: true,
                });
                location = scope
                    .call
                    .and_then(|call| self.call_location(&scopes, instance, call));
            }
        }
        frames.push(SourceFrame {
            function: physical,
            location,
            inlined: false,
        });
        frames
    }

    fn call_location(&self, scopes: &Scopes, instance: usize, call: Call) -> Option<SourceLocation> {
        let unit = self.units.unit_of(scopes.scopes.get(instance)?.die)?;
        let file = self.file_of(unit, call.file)?;
        (call.line != 0).then_some(SourceLocation {
            file,
            line: call.line,
            column: call.column,
        })
    }

    pub fn inline_ranges(&self, at: CodeOffset, inline_depth: usize) -> Vec<CodeRange> {
        let found = || {
            let scopes = self.scopes(self.map.body_at(at)?)?;
            let instance = scopes.instances(narrow(at)).get(inline_depth).copied()?;
            let ranges = scopes.scopes.get(instance)?.ranges.iter();
            let widen = |at: u32| CodeOffset(u64::from(at));
            Some(
                ranges
                    .map(|&(start, end)| CodeRange {
                        start: widen(start),
                        end: widen(end),
                    })
                    .collect(),
            )
        };
        found().unwrap_or_default()
    }
}

/// One place that a line has code in.
struct Place {
    body: usize,
    instance: usize,
    stop_at: CodeOffset,
}
