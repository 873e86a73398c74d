//! Running one line-number program: its rows in sequences, and the files it names.
//!
//! # Invariants
//! - Programs know nothing of each other but the room that the paths of all have, so that they can run side by side.
//!   Files are numbered within one.
//! - Rows and instructions are no more than the program has bytes.
//! - A sequence is believed only if a function body contains its start.

use super::lines::Row;
use super::units::{Unit, string};
use crate::sections::{ModuleMap, Reader};
use crate::{FileId, Language};
use gimli::{LineInstruction, LineRow, Reader as _};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that the paths of all files may have together, also those that were there already: making them takes as long.
pub(crate) const PATH_LIMIT: usize = 64 << 20;
/// Bytes of embedded text that are taken of one file.
const TEXT_LIMIT: usize = 32 << 20;

/// The room for paths. A few bytes of the input can name a long folder again and again, in every unit.
#[derive(Debug)]
pub(crate) struct PathRoom(AtomicUsize);

impl Default for PathRoom {
    fn default() -> PathRoom {
        PathRoom(AtomicUsize::new(PATH_LIMIT))
    }
}

impl PathRoom {
    /// Takes room for a path; `None` if there is none: then there is none for those after it, either.
    fn take(&self, bytes: usize) -> Option<()> {
        let less = |left: usize| Some(left.saturating_sub(bytes));
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        before.is_ok_and(|left| left >= bytes && left > 0).then_some(())
    }

    fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// Rows with ascending addresses, closed by a row of line 0.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub start: u32,
    pub end: u32,
    /// Its rows among those of its program.
    pub rows: Range<usize>,
}

/// A file as a program names it.
#[derive(Clone, Debug)]
pub(crate) struct NamedFile {
    pub path: String,
    pub language: Language,
    /// Checksum of the text it was compiled from.
    pub md5: Option<[u8; 16]>,
    /// The text itself.
    pub text: Option<Reader>,
}

/// What came of one program.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// Rows; their files are positions in `files`.
    pub rows: Vec<Row>,
    pub sequences: Vec<Sequence>,
    pub files: Vec<NamedFile>,
    /// The program's own file numbers to positions in `files`.
    pub known: HashMap<u64, FileId>,
    /// Those of its file numbers that have no file: rows ask for one again and again.
    unknown: HashSet<u64>,
    by_path: HashMap<String, FileId>,
    /// What the program calls its files, for inlined calls that name some without rows.
    header: Option<Header>,
    /// Why rows are missing.
    pub error: Option<String>,
}

type Header = gimli::LineProgramHeader<Reader>;

/// Runs the line program of a unit.
pub(crate) fn run(unit: &Unit, map: &ModuleMap, room: &PathRoom) -> Program {
    let mut program = Program::default();
    let Some(offset) = unit.lines else {
        return program;
    };
    let lines = &unit.dwarf.sections.debug_line;
    let address_size = unit.dwarf.header.address_size();
    match lines.program(offset, address_size, None, None) {
        Ok(incomplete) => {
            program.header = Some(incomplete.header().clone());
            let ran = Running {
                unit,
                map,
                room,
                program: &mut program,
                first: 0,
            }
            .run(incomplete);
            if let Err(error) = ran {
                program.error = Some(error);
            }
        }
        Err(error) => program.error = Some(error.to_string()),
    }
    program.rows.shrink_to_fit();
    program
}

impl Program {
    /// Looks up the files that inlined calls name.
    pub fn name_files(&mut self, unit: &Unit, indices: impl IntoIterator<Item = u64>, room: &PathRoom) {
        if let Some(header) = self.header.take() {
            for index in indices {
                self.file(unit, &header, index, room);
            }
        }
    }

    /// Numbers a file, unless it has a number; `None` if there is no room for its path.
    pub fn add_file(&mut self, file: NamedFile, room: &PathRoom) -> Option<FileId> {
        room.take(file.path.len())?;
        self.numbered(file)
    }

    fn numbered(&mut self, file: NamedFile) -> Option<FileId> {
        if let Some(&known) = self.by_path.get(&file.path) {
            return Some(known);
        }
        let id = FileId(u32::try_from(self.files.len()).ok()?);
        self.by_path.insert(file.path.clone(), id);
        self.files.push(file);
        Some(id)
    }

    fn file(&mut self, unit: &Unit, header: &Header, index: u64, room: &PathRoom) -> Option<FileId> {
        if let Some(&file) = self.known.get(&index) {
            return Some(file);
        }
        if self.unknown.contains(&index) {
            return None;
        }
        let file = room.is_left().then(|| self.named(unit, header, index, room));
        let file = file.flatten();
        if !room.is_left() {
            let error = || "the paths of all files are too long together".to_string();
            self.error.get_or_insert_with(error);
        }
        if let Some(file) = file {
            self.known.insert(index, file);
        } else {
            self.unknown.insert(index);
        }
        file
    }

    /// Makes the path of a file, and numbers it.
    fn named(&mut self, unit: &Unit, header: &Header, index: u64, room: &PathRoom) -> Option<FileId> {
        let entry = header.file(index)?;
        let name = string(&unit.dwarf, entry.path_name())?;
        let directory = entry
            .directory(header)
            .and_then(|directory| string(&unit.dwarf, directory))
            .unwrap_or_default();
        // Also where the path turns out to be known, or short, making it takes this long.
        let parts = [&unit.summary.directory, &directory, &name];
        room.take(parts.iter().map(|part| part.len()).sum())?;
        let path = join(&join(&unit.summary.directory, &directory), &name);
        let language = unit.summary.language.of_file(&path);
        let md5 = header
            .file_has_md5()
            .then(|| *entry.md5())
            .filter(|md5| *md5 != [0; 16]);
        let text = entry.source().and_then(|source| {
            let mut text = unit.dwarf.sections.attr_string(&unit.dwarf, source).ok()?;
            text.truncate(text.len().min(TEXT_LIMIT)).ok()?;
            // An empty text says that there is none.
            (!text.is_empty()).then_some(text)
        });
        self.numbered(NamedFile {
            path,
            language,
            md5,
            text,
        })
    }

    /// Ends the sequence of the rows from `first`, at `end` or where the function of its last row ends.
    pub fn close(&mut self, map: &ModuleMap, first: usize, end: Option<u32>) {
        let rows = self.rows.get(first..).unwrap_or(&[]);
        let (Some(start), Some(last)) = (rows.first().copied(), rows.last().copied()) else {
            return;
        };
        let of_function = || {
            let after = map
                .bodies
                .partition_point(|body| body.end <= u64::from(last.address));
            map.bodies
                .get(after)
                .and_then(|body| u32::try_from(body.end).ok())
        };
        let end = end
            .filter(|&end| end >= last.address)
            .or_else(of_function)
            .unwrap_or(last.address);
        self.rows.push(Row {
            address: end,
            line: 0,
            column: 0,
            is_stmt: false,
            prologue_end: false,
            ..last
        });
        self.sequences.push(Sequence {
            start: start.address,
            end,
            rows: first..self.rows.len(),
        });
    }
}

/// A program while it runs.
struct Running<'a> {
    unit: &'a Unit,
    map: &'a ModuleMap,
    room: &'a PathRoom,
    program: &'a mut Program,
    /// First row of the open sequence.
    first: usize,
}

impl Running<'_> {
    fn run(mut self, mut program: gimli::IncompleteLineProgram<Reader>) -> Result<(), String> {
        let header = program.header().clone();
        let mut instructions = header.instructions();
        let mut state = LineRow::new(&header);
        // Rows after an address that no function has are skipped up to the next address.
        let mut dead = true;
        loop {
            let instruction = match instructions.next_instruction(&header) {
                Ok(Some(instruction)) => instruction,
                Ok(None) => break,
                Err(error) => {
                    self.close(None);
                    return Err(error.to_string());
                }
            };
            match instruction {
                LineInstruction::SetAddress(address) => {
                    dead = !alive(self.map, self.unit.dwarf.placed(address));
                    if address < state.address() {
                        // Unsorted: what follows is a sequence of its own.
                        self.close(None);
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
                self.close(u32::try_from(self.unit.dwarf.placed(state.address())).ok());
                dead = true;
            } else if !dead && !self.is_stale(&state) {
                let file = self
                    .program
                    .file(self.unit, &header, state.file_index(), self.room);
                let line = state
                    .line()
                    .map_or(0, |line| u32::try_from(line.get()).unwrap_or(0));
                let column = match state.column() {
                    gimli::ColumnType::LeftEdge => 0,
                    // What is too far out is not said.
                    gimli::ColumnType::Column(column) => u16::try_from(column.get()).unwrap_or(0),
                };
                if let Ok(address) = u32::try_from(self.unit.dwarf.placed(state.address())) {
                    self.program.rows.push(Row {
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
        self.close(None);
        Ok(())
    }

    fn close(&mut self, end: Option<u32>) {
        self.program.close(self.map, self.first, end);
        self.first = self.program.rows.len();
    }

    /// Whether the state lies before the rows there are (it wrapped around).
    fn is_stale(&self, state: &LineRow) -> bool {
        let rows = self.program.rows.get(self.first..).unwrap_or(&[]);
        rows.last()
            .is_some_and(|last| self.unit.dwarf.placed(state.address()) < u64::from(last.address))
    }
}

/// Whether a function body, or its header, is at `address`.
pub(crate) fn alive(map: &ModuleMap, address: u64) -> bool {
    let after = map.bodies.partition_point(|body| body.end <= address);
    // A body's size field takes five bytes at most.
    map.bodies
        .get(after)
        .is_some_and(|body| address > 0 && body.start <= address.saturating_add(5))
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

/// `path` seen from `directory`; `.` and `..` resolved.
pub(crate) fn join(directory: &str, path: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_share_the_room_for_paths() {
        let room = PathRoom::default();
        let add = |program: &mut Program, number: usize, len: usize| {
            let file = NamedFile {
                path: format!("{number}{}", "x".repeat(len - number.to_string().len())),
                language: Language::C,
                md5: None,
                text: None,
            };
            program.add_file(file, &room)
        };
        let (mut one, mut other) = (Program::default(), Program::default());
        assert!((0..40).all(|number| add(&mut one, number, 1 << 20).is_some()));
        let found = (0..40).map(|number| add(&mut other, number, 1 << 20).is_some());
        assert_eq!(found.filter(|&found| found).count(), 24);
        // Where something had no room nothing has, so that no path is made in vain.
        assert_eq!(add(&mut one, 0, 10), None);
        assert!(!room.is_left());
    }

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
}
