//! Source files for the window, looked for and read on a thread of their own: a recorded path may lead anywhere, to
//! a slow disk or a network that is gone.
//!
//! # Invariants
//! - Nothing here waits for a file, except in pictures and tests, which must not depend on how fast a disk is.
//! - Orders and answers keep their order, so that the newest reading of a file is the one that stays.
//!
//! Must not know: panes.

use super::widgets::syntax;
use crate::source_cache::{Lookup, SourceCache, SourceText};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use stepwell_debuginfo::{Language, SourceFile, SourceState};

/// A source file, with what is worked out once for showing it.
#[derive(Debug)]
pub struct Prepared {
    /// Its text.
    pub text: Arc<SourceText>,
    /// Whether each line begins inside a comment.
    pub comments: Vec<bool>,
    /// Its widest line, in characters.
    pub columns: usize,
}

impl Prepared {
    fn new(text: Arc<SourceText>, language: Language) -> Prepared {
        let widths = text.lines.iter().map(|line| {
            let tabs = line.bytes().filter(|byte| *byte == b'\t').count();
            line.chars().count().saturating_add(tabs * 3)
        });
        Prepared {
            columns: widths.max().unwrap_or_default(),
            comments: syntax::comment_starts(&text.lines, language),
            text,
        }
    }
}

/// What is known of a file.
#[derive(Clone, Debug)]
pub enum Known {
    /// It is being looked for.
    Reading,
    /// It was found.
    Found(Arc<Prepared>),
    /// It was not; the paths tried.
    Missing(Arc<[PathBuf]>),
}

#[derive(Debug)]
enum Order {
    Read(String),
    /// Whether the file is there, and is what was compiled.
    State(SourceFile),
    /// What the debug info says of its files.
    Learn(Vec<SourceFile>),
    /// The text that the debug info holds of a file.
    Embed(String, Arc<str>),
    AddRoot(PathBuf),
    Reload,
}

/// What came of an order.
#[derive(Debug)]
enum News {
    File(String, Known),
    State(String, SourceState),
    /// Recorded prefixes and the folders that stand for them.
    Map(Vec<(String, PathBuf)>),
}

/// Who reads.
#[derive(Debug)]
enum Reader {
    /// Whoever asks.
    Here(SourceCache),
    /// A thread, which ends when this goes.
    Elsewhere {
        orders: mpsc::Sender<Order>,
        answers: mpsc::Receiver<News>,
    },
}

/// The source files of a session.
#[derive(Debug)]
pub struct Sources {
    reader: Reader,
    files: HashMap<String, Known>,
    /// `None` while it is being looked at.
    states: HashMap<String, Option<SourceState>>,
    map: Vec<(String, PathBuf)>,
    generation: u64,
}

impl Sources {
    /// Files of no session.
    pub fn none() -> Sources {
        Sources::at_once(SourceCache::default())
    }

    /// Files that are read when they are asked for: for pictures and tests.
    pub fn at_once(cache: SourceCache) -> Sources {
        let map = cache.map().to_vec();
        Sources::with(Reader::Here(cache), map)
    }

    /// Files that a thread reads; `wake` is called when one has come.
    pub fn by_thread(mut cache: SourceCache, wake: impl Fn() + Send + 'static) -> Sources {
        let map = cache.map().to_vec();
        let (orders, taken) = mpsc::channel();
        let (told, answers) = mpsc::channel();
        std::thread::spawn(move || {
            while let Ok(order) = taken.recv() {
                if let Some(answer) = carry_out(&mut cache, order) {
                    if told.send(answer).is_err() {
                        return;
                    }
                    wake();
                }
            }
        });
        Sources::with(Reader::Elsewhere { orders, answers }, map)
    }

    fn with(reader: Reader, map: Vec<(String, PathBuf)>) -> Sources {
        Sources {
            reader,
            files: HashMap::new(),
            states: HashMap::new(),
            map,
            generation: 0,
        }
    }

    /// What is known of a file by its recorded path; asked for the first time, it begins to be read.
    pub fn get(&mut self, recorded: &str) -> Known {
        if let Some(known) = self.files.get(recorded) {
            return known.clone();
        }
        self.files.insert(recorded.to_owned(), Known::Reading);
        self.order(Order::Read(recorded.to_owned()));
        self.files.get(recorded).cloned().unwrap_or(Known::Reading)
    }

    /// Whether a file is there and is what was compiled; `None` until that is known.
    pub fn state(&mut self, file: &SourceFile) -> Option<SourceState> {
        if !self.states.contains_key(&file.path) {
            self.states.insert(file.path.clone(), None);
            self.order(Order::State(file.clone()));
        }
        self.states.get(&file.path).copied().flatten()
    }

    /// Changes whenever a file may be found that was not before, or the other way round.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Recorded prefixes and the folders that stand for them: those given, and those learned since.
    pub fn map(&self) -> &[(String, PathBuf)] {
        &self.map
    }

    /// Learns what the debug info says of its files.
    pub fn learn(&mut self, files: &[SourceFile]) {
        self.order(Order::Learn(files.to_vec()));
        self.files.clear();
        self.look_again();
    }

    /// Takes the text of a file that the debug info holds, for one that was found nowhere else.
    pub fn embed(&mut self, recorded: &str, text: &str) {
        self.files.insert(recorded.to_owned(), Known::Reading);
        self.order(Order::Embed(recorded.to_owned(), text.into()));
        self.look_again();
    }

    fn look_again(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.states.clear();
    }

    /// A file's text, if it has been read.
    pub fn text(&mut self, recorded: &str) -> Option<Arc<SourceText>> {
        match self.get(recorded) {
            Known::Found(file) => Some(Arc::clone(&file.text)),
            Known::Reading | Known::Missing(_) => None,
        }
    }

    /// Takes in what has been read. `true` if anything was.
    pub fn take_in(&mut self) -> bool {
        let Reader::Elsewhere { answers, .. } = &self.reader else {
            return false;
        };
        let came: Vec<_> = answers.try_iter().collect();
        let any = !came.is_empty();
        for news in came {
            self.hear(news);
        }
        any
    }

    fn hear(&mut self, news: News) {
        match news {
            News::File(recorded, known) => {
                self.files.insert(recorded, known);
            }
            News::State(recorded, state) => {
                self.states.insert(recorded, Some(state));
            }
            News::Map(map) => self.map = map,
        }
    }

    /// Whether nothing is being read.
    pub fn is_settled(&self) -> bool {
        let reading = self.files.values().any(|known| matches!(known, Known::Reading));
        !reading && self.states.values().all(Option::is_some)
    }

    /// Searches this folder as well, before the others, for what was missing.
    pub fn add_root(&mut self, folder: PathBuf) {
        self.order(Order::AddRoot(folder));
        self.files.retain(|_, known| !matches!(known, Known::Missing(_)));
        self.look_again();
    }

    /// Reads everything anew.
    pub fn reload(&mut self) {
        self.order(Order::Reload);
        self.files.clear();
        self.look_again();
    }

    /// Has an order carried out.
    fn order(&mut self, order: Order) {
        match &mut self.reader {
            Reader::Here(cache) => {
                if let Some(news) = carry_out(cache, order) {
                    self.hear(news);
                }
            }
            Reader::Elsewhere { orders, .. } => {
                // A thread that has gone reads nothing more, and its files stay unread.
                let _ = orders.send(order);
            }
        }
    }
}

fn carry_out(cache: &mut SourceCache, order: Order) -> Option<News> {
    match order {
        Order::Read(recorded) => Some(file(cache, recorded)),
        Order::State(file) => {
            let state = cache.state(&file);
            Some(News::State(file.path, state))
        }
        Order::Learn(files) => {
            cache.learn(&files);
            None
        }
        Order::Embed(recorded, text) => {
            cache.embed(&recorded, &text);
            Some(file(cache, recorded))
        }
        Order::AddRoot(folder) => {
            cache.add_root(folder);
            Some(News::Map(cache.map().to_vec()))
        }
        Order::Reload => {
            cache.reload();
            None
        }
    }
}

fn file(cache: &mut SourceCache, recorded: String) -> News {
    let known = match cache.get(&recorded) {
        Lookup::Found(text) => {
            let language = Language::Other.of_file(&recorded);
            Known::Found(Arc::new(Prepared::new(Arc::clone(text), language)))
        }
        Lookup::Missing { tried } => Known::Missing(tried.as_slice().into()),
    };
    News::File(recorded, known)
}

/// The files of a module read from `module`, and those of the bundled sample; `map` tells where trees lie.
pub fn cache_for(module: Option<&Path>, map: &[(String, PathBuf)]) -> SourceCache {
    SourceCache::new(module)
        .with_map(map)
        .with_bundled(crate::launch::SAMPLE_SOURCES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_thread_reads_finds_later_and_reads_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.c");
        let recorded = "/nowhere/a.c";
        let (woken, wakes) = mpsc::channel();
        let mut sources = Sources::by_thread(SourceCache::default(), move || {
            woken.send(()).ok();
        });
        let settled = |sources: &mut Sources| {
            assert!(matches!(sources.get(recorded), Known::Reading));
            assert!(!sources.is_settled());
            let mut came = false;
            while !sources.is_settled() {
                // What came with an earlier wake may have been taken in with it.
                wakes.recv_timeout(Duration::from_secs(60)).expect("an answer");
                came |= sources.take_in();
            }
            assert!(came, "it settled without news");
            sources.text(recorded).map(|text| text.lines.clone())
        };
        assert_eq!(settled(&mut sources), None);
        assert!(matches!(sources.get(recorded), Known::Missing(tried) if !tried.is_empty()));
        std::fs::write(&file, "old\n").expect("written");
        sources.add_root(folder.path().to_path_buf());
        assert_eq!(settled(&mut sources), Some(vec!["old".to_owned()]));
        assert!(sources.map().iter().any(|(from, _)| from.starts_with("/nowhere")));
        std::fs::write(&file, "new\n").expect("written");
        sources.reload();
        assert_eq!(settled(&mut sources), Some(vec!["new".to_owned()]));
        assert!(!sources.take_in());
    }
}
