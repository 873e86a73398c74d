//! Line tables, both ways: rows by address, per function body, and rows by file.
//!
//! # Invariants
//! - All line programs run once, at parse. Rows keep the addresses the tables give; a body's rows are moved
//!   forward to operators when that body is first asked about, and then kept.
//! - Sequences that overlap one before them are dropped.
//! - Row addresses ascend. A row that covers no operator does not exist.

use super::line_program::{NamedFile, PATH_LIMIT, PathRoom, Program, Sequence, join};
use super::units::Units;
use crate::sections::{ModuleMap, Reader};
use crate::{CodeOffset, Diagnostic, FileId, SourceFile, SourceLocation};
use gimli::Reader as _;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Rows that are kept of all programs together.
const ROW_LIMIT: usize = 16 << 20;
/// Stands for a file that is not known.
const NO_FILE: FileId = FileId(u32::MAX);

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
    /// By the positions of rows, whether one is a bare jump of a line that has other code in the body.
    bare: Vec<bool>,
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
        let mut effective = self.effective(0);
        let ends = self.rows.iter().skip(1).map(|next| next.address);
        let rows = self.rows.iter().zip(ends.chain([self.end]));
        rows.filter_map(move |(row, end)| {
            if row.line != 0 {
                effective = Some(row);
            }
            Some((row.address, end, effective?.location()))
        })
    }

    /// Where the prologue ends: the row that says so, else the second line of the body, else its only row.
    pub fn prologue_end(&self) -> Option<u32> {
        if let Some(row) = self.rows.iter().find(|row| row.prologue_end) {
            return Some(row.address);
        }
        let lines = self.statements().filter(|&(_, bare)| !bare);
        let mut lines = lines.map(|(row, _)| row.address);
        let first = lines.next()?;
        Some(lines.next().unwrap_or(first))
    }

    /// The rows at which a statement of a line starts, each with whether it is a bare jump of a line that has other
    /// code.
    fn statements(&self) -> impl Iterator<Item = (&Row, bool)> {
        let rows = self.rows.iter().zip(&self.bare);
        let rows = rows.map(|(row, &bare)| (row, bare));
        rows.filter(|(row, _)| row.is_stmt && row.line != 0)
    }

    /// Marks the rows that are nothing but a jump, where their line has other code.
    ///
    /// Compilers give the jump past a branch the line that the branch ends with: who stops there stands in code that
    /// does not run. So no step stops there, and no breakpoint, unless an inlined call has nothing else of the line. A
    /// jump that is all its line has (`continue`) is a statement like others.
    fn mark_bare_jumps(&mut self, operators: &[u32], jumps: &[bool]) {
        let end = self.end;
        let ends = self.rows.iter().skip(1).map(|row| row.address).chain([end]);
        self.bare = (self.rows.iter().zip(ends))
            .map(|(row, end)| {
                let first = operators.partition_point(|&operator| operator < row.address);
                let last = operators.partition_point(|&operator| operator < end);
                jumps
                    .get(first..last)
                    .is_some_and(|jumps| jumps.iter().all(|&jump| jump))
            })
            .collect();
        let with_code: HashSet<(FileId, u32)> = (self.rows.iter().zip(&self.bare))
            .filter(|(row, bare)| row.is_stmt && !**bare)
            .map(|(row, _)| (row.file, row.line))
            .collect();
        for (row, bare) in self.rows.iter().zip(&mut self.bare) {
            *bare &= with_code.contains(&(row.file, row.line));
        }
    }

    /// Whether a row that a step may stop at starts here.
    pub fn is_statement_start(&self, at: u32) -> bool {
        let row = (self.rows.binary_search_by_key(&at, |row| row.address).ok())
            .and_then(|position| self.rows.get(position));
        row.is_some_and(|row| row.is_stmt && row.line != 0) && !self.is_bare(at)
    }

    /// Whether the row that starts here is a bare jump of a line that has other code.
    pub fn is_bare(&self, at: u32) -> bool {
        let position = self.rows.binary_search_by_key(&at, |row| row.address);
        let bare = position.ok().and_then(|position| self.bare.get(position));
        bare.copied().unwrap_or(false)
    }
}

/// A place at which a statement starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Statement {
    pub line: u32,
    pub address: u32,
}

/// The statements of a file, ascending.
pub(crate) type Statements = Arc<[Statement]>;

/// The line tables of a module.
#[derive(Debug)]
pub(crate) struct Lines {
    /// All files that have code or hold an inlined call.
    pub files: Vec<SourceFile>,
    rows: Vec<Row>,
    /// File numbers of each unit (by its position) to files.
    unit_files: Vec<HashMap<u64, FileId>>,
    /// Texts of files that the debug info holds.
    texts: HashMap<FileId, Reader>,
    bodies: Vec<OnceLock<Arc<BodyLines>>>,
    bodies_of_file: Vec<Vec<u32>>,
    statements: Vec<OnceLock<Statements>>,
}

impl Lines {
    /// Puts together what all programs gave, in the order of their units.
    pub fn assemble(
        map: &ModuleMap,
        units: &Units,
        mut programs: Vec<Program>,
        room: &PathRoom,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Lines {
        for (unit, program) in units.units.iter().zip(&mut programs) {
            program.name_files(unit, unit.call_files.iter().copied(), room);
            if let (Some(error), Some(offset)) = (&program.error, unit.lines) {
                let message = format!("Lines of {} are missing: {error}.", unit.summary.name);
                diagnostics.push(problem(offset.0, message));
            }
        }
        let mut files = Files {
            files: Vec::new(),
            texts: HashMap::new(),
            by_path: HashMap::new(),
            bytes_left: PATH_LIMIT,
        };
        let mut sequences: Vec<(usize, Sequence)> = Vec::new();
        let mut numbers: Vec<Vec<FileId>> = Vec::with_capacity(programs.len());
        for (position, program) in programs.iter_mut().enumerate() {
            let own = std::mem::take(&mut program.files).into_iter();
            numbers.push(own.map(|file| files.id(file)).collect());
            let own = std::mem::take(&mut program.sequences).into_iter();
            sequences.extend(own.map(|sequence| (position, sequence)));
        }
        sequences.sort_by_key(|(_, sequence)| sequence.start);
        let whole = whole_bodies(&sequences, map);
        // Grown by and by it would take twice the room for a moment.
        let most: usize = programs.iter().map(|program| program.rows.len()).sum();
        let mut rows: Vec<Row> = Vec::with_capacity(most.min(ROW_LIMIT));
        let mut end = 0;
        let mut dropped = 0usize;
        for (index, (program, sequence)) in sequences.iter().enumerate() {
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
            let (Some(numbers), Some(program)) = (numbers.get(*program), programs.get(*program)) else {
                continue;
            };
            for row in program.rows.get(sequence.rows.clone()).unwrap_or(&[]) {
                if rows.len() >= ROW_LIMIT {
                    break;
                }
                let file = numbers.get(row.file.0 as usize).copied().unwrap_or(NO_FILE);
                let line = if file == NO_FILE { 0 } else { row.line };
                rows.push(Row { file, line, ..*row });
            }
        }
        rows.shrink_to_fit();
        if rows.is_empty() && units.units.iter().any(|unit| unit.lines.is_some()) {
            files.files.clear();
            numbers.clear();
        }
        if dropped > 0 {
            diagnostics.push(problem(
                0,
                format!("{dropped} line sequences overlap others and are not used."),
            ));
        }
        let global = |numbers: &Vec<FileId>, own: FileId| {
            let file = numbers.get(own.0 as usize).copied();
            file.filter(|&file| file != NO_FILE)
        };
        let unit_files = programs
            .iter()
            .zip(&numbers)
            .map(|(program, numbers)| {
                let known = program.known.iter();
                known
                    .filter_map(|(&index, &own)| Some((index, global(numbers, own)?)))
                    .collect()
            })
            .collect();
        let Files { files, texts, .. } = files;
        let mut lines = Lines {
            bodies: map.bodies.iter().map(|_| OnceLock::new()).collect(),
            bodies_of_file: vec![Vec::new(); files.len()],
            statements: files.iter().map(|_| OnceLock::new()).collect(),
            files,
            texts,
            rows,
            unit_files,
        };
        lines.assign_bodies(map);
        lines
    }

    /// Of the rows of some functions, how many there are and how many lie between operators.
    pub fn off_operators(&self, map: &ModuleMap, sample: usize) -> (usize, usize) {
        let with_rows: Vec<usize> = (0..map.bodies.len())
            .filter(|&body| !rows_of(&self.rows, map, body).is_empty())
            .collect();
        let step = with_rows.len().div_ceil(sample.max(1)).max(1);
        let (mut count, mut off) = (0usize, 0usize);
        for &body in with_rows.iter().step_by(step) {
            let operators = map.operators(body);
            let Some(&first) = operators.first() else { continue };
            // Rows before the first operator lie on the header, as some compilers put them.
            for row in rows_of(&self.rows, map, body)
                .iter()
                .filter(|row| row.address >= first)
            {
                count = count.saturating_add(1);
                if operators.binary_search(&row.address).is_err() {
                    off = off.saturating_add(1);
                }
            }
        }
        (count, off)
    }

    /// The text of a file that the debug info itself holds.
    pub fn text(&self, file: FileId) -> Option<String> {
        let text = self.texts.get(&file)?;
        Some(text.to_string_lossy().ok()?.into_owned())
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

    /// Where statements of a file start.
    pub fn statements(&self, map: &ModuleMap, file: FileId) -> Statements {
        let Some(slot) = self.statements.get(file.0 as usize) else {
            return Arc::from([]);
        };
        slot.get_or_init(|| {
            let mut statements: Vec<Statement> = Vec::new();
            for &id in self
                .bodies_of_file
                .get(file.0 as usize)
                .map_or(&[][..], Vec::as_slice)
            {
                // Of most bodies nothing else will be asked, so their rows are not kept.
                let known = self.bodies.get(id as usize).and_then(OnceLock::get);
                let body = known.cloned().unwrap_or_else(|| {
                    let raw = rows_of(&self.rows, map, id as usize);
                    Arc::new(snap(raw, map, id as usize))
                });
                let rows = body.statements().filter(|(row, _)| row.file == file);
                statements.extend(rows.map(|(row, _)| Statement {
                    line: row.line,
                    address: row.address,
                }));
            }
            statements.sort_unstable();
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
fn whole_bodies(sequences: &[(usize, Sequence)], map: &ModuleMap) -> HashMap<usize, (usize, u32, u32)> {
    let mut whole = HashMap::new();
    for (index, (_, sequence)) in sequences.iter().enumerate() {
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
        bare: Vec::new(),
        end,
    };
    if raw.is_empty() {
        return lines;
    }
    let (operators, jumps) = map.operators_and_jumps(body);
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
    lines.mark_bare_jumps(&operators, &jumps);
    // The end of the function before it is not a row of this one.
    if lines.rows.iter().all(|row| row.line == 0) {
        lines.rows.clear();
        lines.bare.clear();
    }
    lines
}

/// All files, numbered across programs.
struct Files {
    files: Vec<SourceFile>,
    texts: HashMap<FileId, Reader>,
    by_path: HashMap<String, FileId>,
    bytes_left: usize,
}

impl Files {
    /// The number of a file, given if its path is new; [`NO_FILE`] if there is no room for more.
    fn id(&mut self, file: NamedFile) -> FileId {
        let known = self.by_path.get(&file.path).copied();
        let id = known.unwrap_or_else(|| {
            let left = self.bytes_left.checked_sub(file.path.len());
            let id = u32::try_from(self.files.len()).map_or(NO_FILE, FileId);
            let Some(left) = left.filter(|_| id != NO_FILE) else {
                return NO_FILE;
            };
            self.bytes_left = left;
            self.files.push(SourceFile {
                id,
                path: file.path.clone(),
                language: file.language,
                md5: None,
                embedded: false,
            });
            self.by_path.insert(file.path, id);
            id
        });
        if let Some(known) = self.files.get_mut(id.0 as usize) {
            known.md5 = known.md5.or(file.md5);
            if let Some(text) = file.text {
                known.embedded = true;
                self.texts.entry(id).or_insert(text);
            }
        }
        id
    }
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
    fn matches_by_whole_components() {
        let files: Vec<SourceFile> = ["/a/src/main.c", "/b/src/main.c", "/b/main.c", "/b/domain.c"]
            .iter()
            .enumerate()
            .map(|(id, path)| SourceFile {
                id: FileId(id as u32),
                path: path.to_string(),
                language: crate::Language::C,
                md5: None,
                embedded: false,
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

    #[test]
    fn a_bare_jump_is_no_statement_of_a_line_with_code() {
        let row = |address, line| Row {
            address,
            file: FileId(0),
            line,
            column: 0,
            is_stmt: true,
            prologue_end: false,
        };
        let mut lines = BodyLines {
            rows: vec![row(1, 5), row(4, 9), row(6, 7), row(8, 9), row(10, 8)],
            bare: Vec::new(),
            end: 12,
        };
        let operators = [1, 2, 4, 6, 7, 8, 9, 10];
        let jumps = [false, true, true, false, true, false, false, true];
        lines.mark_bare_jumps(&operators, &jumps);
        let bare: Vec<bool> = lines.statements().map(|(_, bare)| bare).collect();
        // Line 9 has code at 8; a jump is all that line 8 has.
        assert_eq!(bare, [false, true, false, false, false]);
        let steps = [1, 4, 6, 8, 10].map(|at| lines.is_statement_start(at));
        assert_eq!(steps, [true, false, true, true, true]);
    }
}
