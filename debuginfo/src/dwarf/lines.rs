//! Line tables, both ways: rows by address, per function body, and rows by file.
//!
//! # Invariants
//! - All line programs run once, at parse, within a budget. Rows keep the addresses the tables give; a body's
//!   rows are moved forward to operators when that body is first asked about, and then kept.
//! - A sequence is believed only if a function body contains its start. Sequences that overlap one before them
//!   are dropped.
//! - Row addresses ascend. A row that covers no operator does not exist.

use super::units::{Unit, Units};
use crate::sections::{ModuleMap, Reader};
use crate::{CodeOffset, Diagnostic, FileId, Language, SourceFile, SourceLocation};
use gimli::{LineInstruction, LineRow};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Rows that are kept of all programs together.
const ROW_LIMIT: usize = 8 << 20;
/// Instructions that are run of all programs together.
const INSTRUCTION_LIMIT: usize = 64 << 20;
/// Bytes of file tables that are read of all programs together.
const HEADER_LIMIT: usize = 256 << 20;

/// One row. Line 0 says that the code from here belongs to no line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub address: u32,
    pub file: FileId,
    pub line: u32,
    pub column: u16,
    pub is_stmt: bool,
    pub prologue_end: bool,
}

impl Row {
    fn location(&self) -> SourceLocation {
        SourceLocation {
            file: self.file,
            line: self.line,
            column: u32::from(self.column),
        }
    }
}

/// The rows of one function body, on operators.
#[derive(Debug, Default)]
pub(crate) struct BodyLines {
    pub rows: Vec<Row>,
    end: u32,
}

impl BodyLines {
    /// Position of the row in force at `at`; the first one for addresses before it.
    fn position(&self, at: u32) -> Option<usize> {
        let after = self.rows.partition_point(|row| row.address <= at);
        (!self.rows.is_empty()).then(|| after.saturating_sub(1))
    }

    /// The row whose line counts at position `at`: itself, or the nearest before it (else after it) that has a
    /// line.
    fn effective(&self, at: usize) -> Option<&Row> {
        let before = self.rows.get(..=at)?.iter().rev().find(|row| row.line != 0);
        before.or_else(|| self.rows.get(at..)?.iter().find(|row| row.line != 0))
    }

    /// The place of an address.
    pub fn location(&self, at: u32) -> Option<SourceLocation> {
        Some(self.effective(self.position(at)?)?.location())
    }

    /// Each row's range of addresses and the place that counts for it.
    pub fn ranges(&self) -> impl Iterator<Item = (u32, u32, SourceLocation)> {
        (0..self.rows.len()).filter_map(|at| {
            let start = self.rows.get(at)?.address;
            let end = self
                .rows
                .get(at.saturating_add(1))
                .map_or(self.end, |next| next.address);
            Some((start, end, self.effective(at)?.location()))
        })
    }

    /// Where the prologue ends: the row that says so, else the second line of the body, else its only row.
    pub fn prologue_end(&self) -> Option<u32> {
        if let Some(row) = self.rows.iter().find(|row| row.prologue_end) {
            return Some(row.address);
        }
        let mut lines = self.rows.iter().filter(|row| row.line != 0 && row.is_stmt);
        let first = lines.next()?;
        Some(lines.next().unwrap_or(first).address)
    }

    /// Whether a row that a step may stop at starts here.
    pub fn is_statement_start(&self, at: u32) -> bool {
        let row = self
            .rows
            .binary_search_by_key(&at, |row| row.address)
            .ok()
            .and_then(|at| self.rows.get(at));
        row.is_some_and(|row| row.is_stmt && row.line != 0)
    }
}

/// Lines at which a statement starts, each with the number of a body it starts in.
pub(crate) type Statements = Arc<[(u32, u32)]>;

/// The line tables of a module.
#[derive(Debug)]
pub(crate) struct Lines {
    /// All files that have code or hold an inlined call.
    pub files: Vec<SourceFile>,
    rows: Vec<Row>,
    /// File numbers of each unit (by its position) to files.
    unit_files: Vec<Arc<HashMap<u64, FileId>>>,
    bodies: Vec<OnceLock<Arc<BodyLines>>>,
    bodies_of_file: Vec<Vec<u32>>,
    statements: Vec<OnceLock<Statements>>,
}

impl Lines {
    /// Runs all line programs.
    pub fn read(map: &ModuleMap, units: &Units, diagnostics: &mut Vec<Diagnostic>) -> Lines {
        let mut reading = Reading {
            map,
            units,
            files: Files::default(),
            sequences: Vec::new(),
            rows_left: ROW_LIMIT,
            instructions_left: INSTRUCTION_LIMIT,
            header_bytes_left: HEADER_LIMIT,
        };
        let mut seen = HashMap::new();
        let mut unit_files: Vec<Arc<HashMap<u64, FileId>>> = Vec::with_capacity(units.units.len());
        for unit in &units.units {
            unit_files.push(reading.unit(unit, &unit_files, &mut seen, diagnostics));
        }
        let Reading {
            mut files,
            mut sequences,
            ..
        } = reading;
        sequences.sort_by_key(|sequence| sequence.start);
        let whole = whole_bodies(&sequences, map);
        let mut rows: Vec<Row> = Vec::new();
        let mut end = 0;
        let mut dropped = 0usize;
        for (index, sequence) in sequences.into_iter().enumerate() {
            let other = whole
                .get(&body_after(map, sequence.start))
                .filter(|&&(of, _, _)| of != index);
            if other.is_some_and(|&(_, start, end)| sequence.start < end && start < sequence.end) {
                continue;
            }
            if sequence.start < end {
                dropped = dropped.saturating_add(1);
                continue;
            }
            end = sequence.end;
            rows.extend(sequence.rows);
        }
        if rows.is_empty() && units.units.iter().any(|unit| unit.lines.is_some()) {
            files = Files::default();
            unit_files.clear();
            let message =
                "No line belongs to any function: a tool that rewrote the code has dropped the lines.";
            diagnostics.push(problem(0, message.to_string()));
        }
        if dropped > 0 {
            diagnostics.push(problem(
                0,
                format!("{dropped} line sequences overlap others and are not used."),
            ));
        }
        let files = files.files;
        let mut lines = Lines {
            bodies: map.bodies.iter().map(|_| OnceLock::new()).collect(),
            bodies_of_file: vec![Vec::new(); files.len()],
            statements: files.iter().map(|_| OnceLock::new()).collect(),
            files,
            rows,
            unit_files,
        };
        lines.assign_bodies(map);
        lines
    }

    fn assign_bodies(&mut self, map: &ModuleMap) {
        for body in 0..map.bodies.len() {
            let Some(id) = u32::try_from(body).ok() else {
                return;
            };
            for row in rows_of(&self.rows, map, body) {
                let Some(bodies) = self.bodies_of_file.get_mut(row.file.0 as usize) else {
                    continue;
                };
                if row.line != 0 && bodies.last() != Some(&id) {
                    bodies.push(id);
                }
            }
        }
    }

    /// Whether any function has lines.
    pub fn any(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The rows of a body.
    pub fn body(&self, map: &ModuleMap, body: usize) -> Arc<BodyLines> {
        let Some(slot) = self.bodies.get(body) else {
            return Arc::default();
        };
        slot.get_or_init(|| Arc::new(snap(rows_of(&self.rows, map, body), map, body)))
            .clone()
    }

    /// The lines of a file at which a statement starts, each with every body it starts in; ascending.
    pub fn statements(&self, map: &ModuleMap, file: FileId) -> Statements {
        let Some(slot) = self.statements.get(file.0 as usize) else {
            return Arc::from([]);
        };
        slot.get_or_init(|| {
            let mut statements: Vec<(u32, u32)> = Vec::new();
            for &id in self
                .bodies_of_file
                .get(file.0 as usize)
                .map_or(&[][..], Vec::as_slice)
            {
                let body = self.body(map, id as usize);
                let rows = body
                    .rows
                    .iter()
                    .filter(|row| row.file == file && row.is_stmt && row.line != 0);
                statements.extend(rows.map(|row| (row.line, id)));
            }
            statements.sort_unstable();
            statements.dedup();
            statements.into()
        })
        .clone()
    }

    /// The file that number `index` names in the unit at position `unit`.
    pub fn file_of_unit(&self, unit: usize, index: u64) -> Option<FileId> {
        self.unit_files.get(unit)?.get(&index).copied()
    }
}

/// Position of the body that `address` lies in or before.
fn body_after(map: &ModuleMap, address: u32) -> usize {
    map.bodies.partition_point(|body| body.end <= u64::from(address))
}

/// For each body, the first sequence (position, start, end) that runs to its end.
///
/// The linker keeps one copy of an inline function, and points the debug information of all copies at it; only
/// the copy that was kept ends where the body does.
fn whole_bodies(sequences: &[Sequence], map: &ModuleMap) -> HashMap<usize, (usize, u32, u32)> {
    let mut whole = HashMap::new();
    for (index, sequence) in sequences.iter().enumerate() {
        let body = body_after(map, sequence.start);
        if map
            .bodies
            .get(body)
            .is_some_and(|body| body.end == u64::from(sequence.end))
        {
            whole.entry(body).or_insert((index, sequence.start, sequence.end));
        }
    }
    whole
}

/// The raw rows that belong to a body: from the end of the body before it (rows can lie on its header).
fn rows_of<'a>(rows: &'a [Row], map: &ModuleMap, body: usize) -> &'a [Row] {
    let before = body
        .checked_sub(1)
        .and_then(|before| map.bodies.get(before))
        .map_or(0, |before| before.end);
    let Some(this) = map.bodies.get(body) else {
        return &[];
    };
    let start = rows.partition_point(|row| u64::from(row.address) < before);
    let end = rows.partition_point(|row| u64::from(row.address) < this.end);
    rows.get(start..end).unwrap_or(&[])
}

/// Moves rows forward to operators; of several on one operator the last counts.
fn snap(raw: &[Row], map: &ModuleMap, body: usize) -> BodyLines {
    let end = map
        .bodies
        .get(body)
        .and_then(|body| u32::try_from(body.end).ok())
        .unwrap_or(u32::MAX);
    let mut lines = BodyLines {
        rows: Vec::with_capacity(raw.len()),
        end,
    };
    if raw.is_empty() {
        return lines;
    }
    let operators = map.operators(body);
    for row in raw {
        let next = operators.partition_point(|&operator| operator < row.address);
        let Some(&address) = operators.get(next) else {
            break;
        };
        let mut row = Row { address, ..*row };
        match lines.rows.last_mut() {
            Some(last) if last.address == address => {
                if (last.file, last.line) == (row.file, row.line) {
                    row.is_stmt |= last.is_stmt;
                    row.prologue_end |= last.prologue_end;
                }
                *last = row;
            }
            _ => lines.rows.push(row),
        }
    }
    // The end of the function before it is not a row of this one.
    if lines.rows.iter().all(|row| row.line == 0) {
        lines.rows.clear();
    }
    lines
}

/// Rows with ascending addresses, closed by a row of line 0.
struct Sequence {
    start: u32,
    end: u32,
    rows: Vec<Row>,
}

#[derive(Default)]
struct Files {
    files: Vec<SourceFile>,
    by_path: HashMap<String, FileId>,
}

impl Files {
    fn id(&mut self, path: String, language: Language) -> FileId {
        let next = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        *self.by_path.entry(path).or_insert_with_key(|path| {
            self.files.push(SourceFile {
                id: next,
                path: path.clone(),
                language,
            });
            next
        })
    }
}

struct Reading<'a> {
    map: &'a ModuleMap,
    units: &'a Units,
    files: Files,
    sequences: Vec<Sequence>,
    rows_left: usize,
    instructions_left: usize,
    header_bytes_left: usize,
}

type Header = gimli::LineProgramHeader<Reader>;

impl Reading<'_> {
    /// Reads the program of one unit and returns its file numbers; a program that several units share is read
    /// once (`seen`: its offset to the unit that read it).
    fn unit(
        &mut self,
        unit: &Unit,
        done: &[Arc<HashMap<u64, FileId>>],
        seen: &mut HashMap<usize, usize>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Arc<HashMap<u64, FileId>> {
        let Some(gimli::DebugLineOffset(offset)) = unit.lines else {
            return Arc::default();
        };
        if let Some(files) = seen.get(&offset).and_then(|&first| done.get(first)) {
            return files.clone();
        }
        seen.insert(offset, done.len());
        let mut known = HashMap::new();
        let mut missing = |error: String| {
            let message = format!("Lines of {} are missing: {error}.", unit.summary.name);
            diagnostics.push(problem(offset, message));
        };
        let lines = &self.units.dwarf.debug_line;
        let address_size = unit.dwarf.header.address_size();
        let program = match lines.program(gimli::DebugLineOffset(offset), address_size, None, None) {
            Ok(program) => program,
            Err(error) => {
                missing(error.to_string());
                return Arc::new(known);
            }
        };
        self.header_bytes_left = self
            .header_bytes_left
            .saturating_sub(program.header().header_length());
        if self.header_bytes_left == 0 {
            missing("the file tables are too large".to_string());
            return Arc::new(known);
        }
        if let Err(error) = self.run(unit, program.clone(), &mut known) {
            missing(error);
        }
        let mut wanted: Vec<u64> = unit.call_files.iter().copied().collect();
        wanted.sort_unstable();
        for index in wanted {
            self.file(unit, program.header(), index, &mut known);
        }
        Arc::new(known)
    }

    fn run(
        &mut self,
        unit: &Unit,
        mut program: gimli::IncompleteLineProgram<Reader>,
        known: &mut HashMap<u64, FileId>,
    ) -> Result<(), String> {
        let header = program.header().clone();
        let mut instructions = header.instructions();
        let mut state = LineRow::new(&header);
        let mut rows: Vec<Row> = Vec::new();
        // Rows after an address that no function has are skipped up to the next address.
        let mut dead = true;
        loop {
            let instruction = match instructions.next_instruction(&header) {
                Ok(Some(instruction)) => instruction,
                Ok(None) => break,
                Err(error) => {
                    self.close(&mut rows, None);
                    return Err(error.to_string());
                }
            };
            self.instructions_left = self.instructions_left.saturating_sub(1);
            if self.instructions_left == 0 || self.rows_left == 0 {
                self.close(&mut rows, None);
                return Err("there are too many rows".to_string());
            }
            match instruction {
                LineInstruction::SetAddress(address) => {
                    dead = !self.alive(address);
                    if address < state.address() {
                        // Unsorted: what follows is a sequence of its own.
                        self.close(&mut rows, None);
                        state = restart(&state, &header, &mut program);
                    }
                    if dead {
                        continue;
                    }
                }
                LineInstruction::AdvanceLine(i64::MIN) => {
                    return Err("a line number is out of range".to_string());
                }
                _ => {}
            }
            if !state
                .execute(instruction, &mut program)
                .map_err(|error| error.to_string())?
            {
                continue;
            }
            if state.end_sequence() {
                self.close(&mut rows, u32::try_from(state.address()).ok());
                dead = true;
            } else if !dead && !state_is_stale(&state, &rows) {
                let file = self.file(unit, &header, state.file_index(), known);
                let line = state
                    .line()
                    .map_or(0, |line| u32::try_from(line.get()).unwrap_or(0));
                let column = match state.column() {
                    gimli::ColumnType::LeftEdge => 0,
                    gimli::ColumnType::Column(column) => u16::try_from(column.get()).unwrap_or(u16::MAX),
                };
                if let Ok(address) = u32::try_from(state.address()) {
                    self.rows_left = self.rows_left.saturating_sub(1);
                    rows.push(Row {
                        address,
                        file: file.unwrap_or(FileId(u32::MAX)),
                        line: if file.is_some() { line } else { 0 },
                        column,
                        is_stmt: state.is_stmt(),
                        prologue_end: state.prologue_end(),
                    });
                }
            }
            state.reset(&header);
        }
        self.close(&mut rows, None);
        Ok(())
    }

    /// Whether a function body, or its header, is at `address`.
    fn alive(&self, address: u64) -> bool {
        let after = self.map.bodies.partition_point(|body| body.end <= address);
        // A body's size field takes five bytes at most.
        self.map
            .bodies
            .get(after)
            .is_some_and(|body| address > 0 && body.start <= address.saturating_add(5))
    }

    /// Ends the sequence in `rows`, at `end` or where the function of its last row ends.
    fn close(&mut self, rows: &mut Vec<Row>, end: Option<u32>) {
        let rows = std::mem::take(rows);
        let (Some(first), Some(last)) = (rows.first().copied(), rows.last().copied()) else {
            return;
        };
        let of_function = || {
            let after = self
                .map
                .bodies
                .partition_point(|body| body.end <= u64::from(last.address));
            self.map
                .bodies
                .get(after)
                .and_then(|body| u32::try_from(body.end).ok())
        };
        let end = end
            .filter(|&end| end >= last.address)
            .or_else(of_function)
            .unwrap_or(last.address);
        let mut rows = rows;
        rows.push(Row {
            address: end,
            line: 0,
            column: 0,
            is_stmt: false,
            prologue_end: false,
            ..last
        });
        self.sequences.push(Sequence {
            start: first.address,
            end,
            rows,
        });
    }

    fn file(
        &mut self,
        unit: &Unit,
        header: &Header,
        index: u64,
        known: &mut HashMap<u64, FileId>,
    ) -> Option<FileId> {
        if let Some(&file) = known.get(&index) {
            return Some(file);
        }
        let entry = header.file(index)?;
        let name = self.units.string(&unit.dwarf, entry.path_name())?;
        let directory = entry
            .directory(header)
            .and_then(|directory| self.units.string(&unit.dwarf, directory))
            .unwrap_or_default();
        let path = join(&join(&unit.summary.directory, &directory), &name);
        let language = language_of_file(&path, unit.summary.language);
        let file = self.files.id(path, language);
        known.insert(index, file);
        Some(file)
    }
}

/// Whether the state lies before the rows there are (it wrapped around).
fn state_is_stale(state: &LineRow, rows: &[Row]) -> bool {
    rows.last()
        .is_some_and(|last| state.address() < u64::from(last.address))
}

/// A fresh state with the file, line, column and statement flag of `old`, at address 0.
fn restart(old: &LineRow, header: &Header, program: &mut gimli::IncompleteLineProgram<Reader>) -> LineRow {
    let mut row = LineRow::new(header);
    let column = match old.column() {
        gimli::ColumnType::LeftEdge => 0,
        gimli::ColumnType::Column(column) => column.get(),
    };
    let line = old
        .line()
        .and_then(|line| i64::try_from(line.get()).ok())
        .unwrap_or(0);
    let mut steps = vec![
        LineInstruction::SetFile(old.file_index()),
        LineInstruction::SetColumn(column),
        LineInstruction::AdvanceLine(line.saturating_sub(1)),
    ];
    if old.is_stmt() != row.is_stmt() {
        steps.push(LineInstruction::NegateStatement);
    }
    for step in steps {
        // None of these can fail; if one did, the row would only keep its start value.
        let _ = row.execute(step, program);
    }
    row
}

/// A unit's language, unless the file's ending says better (Zig and C++ units include C headers).
fn language_of_file(path: &str, unit: Language) -> Language {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "c" => Language::C,
        "rs" => Language::Rust,
        "zig" => Language::Zig,
        "cpp" | "cc" | "cxx" | "hpp" | "hh" | "hxx" => Language::Cpp,
        _ => unit,
    }
}

/// `path` seen from `directory`; `.` and `..` resolved.
fn join(directory: &str, path: &str) -> String {
    let bytes = path.as_bytes();
    let drive = bytes.get(1) == Some(&b':') && bytes.first().is_some_and(u8::is_ascii_alphabetic);
    let absolute = path.starts_with(['/', '\\']) || drive;
    let whole = if absolute || directory.is_empty() {
        path.to_string()
    } else {
        format!("{directory}/{path}")
    };
    let rooted = whole.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    format!("{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}

fn problem(offset: usize, message: String) -> Diagnostic {
    Diagnostic {
        section: ".debug_line".to_string(),
        offset: Some(offset as u64),
        message,
    }
}

/// Files whose path ends in `path`, best first; an exact match wins alone.
pub(crate) fn files_matching(files: &[SourceFile], path: &str) -> Vec<FileId> {
    let wanted = join("", &path.replace('\\', "/"));
    if let Some(file) = files.iter().find(|file| file.path == wanted) {
        return vec![file.id];
    }
    let common = |file: &SourceFile| {
        let pairs = file.path.rsplit('/').zip(wanted.rsplit('/'));
        pairs.take_while(|(ours, theirs)| ours == theirs).count()
    };
    let mut found: Vec<(usize, FileId)> = files
        .iter()
        .map(|file| (common(file), file.id))
        .filter(|&(common, _)| common > 0)
        .collect();
    let best = found.iter().map(|&(common, _)| common).max().unwrap_or(0);
    // With a directory in the wish, a file that shares less of it than another is not meant.
    if wanted.contains('/') {
        found.retain(|&(common, _)| common == best);
    }
    found.sort_by_key(|&(common, id)| (std::cmp::Reverse(common), id));
    found.into_iter().map(|(_, id)| id).collect()
}

/// An address as rows keep it.
pub(crate) fn narrow(at: CodeOffset) -> u32 {
    u32::try_from(at.0).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_resolves() {
        for (directory, path, joined) in [
            ("/a/b", "c.c", "/a/b/c.c"),
            ("/a/b", "../c.c", "/a/c.c"),
            ("/a", "/x/./y.c", "/x/y.c"),
            ("./build", "./x/y.c", "build/x/y.c"),
            (".", "../y.c", "../y.c"),
            ("/", "../../y.c", "/y.c"),
            ("/a", "C:/x.c", "C:/x.c"),
        ] {
            assert_eq!(join(directory, path), joined);
        }
    }

    #[test]
    fn matches_by_whole_components() {
        let files: Vec<SourceFile> = ["/a/src/main.c", "/b/src/main.c", "/b/main.c", "/b/domain.c"]
            .iter()
            .enumerate()
            .map(|(id, path)| SourceFile {
                id: FileId(id as u32),
                path: path.to_string(),
                language: Language::C,
            })
            .collect();
        let matching = |path: &str| {
            files_matching(&files, path)
                .iter()
                .map(|id| id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(matching("main.c"), [0, 1, 2]);
        assert_eq!(matching("src/main.c"), [0, 1]);
        assert_eq!(matching("b/src/main.c"), [1]);
        assert_eq!(matching("/b/main.c"), [2]);
        assert_eq!(matching("/home/me/b/src/main.c"), [1]);
        assert!(matching("in.c").is_empty());
    }
}
