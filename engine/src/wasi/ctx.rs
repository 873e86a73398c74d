//! What one guest may use of the outside world, and the builder that grants it.
//!
//! # Invariants
//! - Nothing is granted by default: no arguments, no variables, no files, an empty input, output thrown away.
//! - Preopened directories have the descriptors from 3 on, in the order they were given.
//!
//! Must not know: how a call is decoded.

use super::abi::rights;
use super::clock::Clocks;
use super::fd::{Directory, Entry, FdTable, Object};
use super::poll::PollResume;
use super::stdio::{Input, Output, Waiter};
use crate::runtime::host::Interrupt;
use cap_std::fs::Dir;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Why a [`WasiCtx`] cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum WasiError {
    /// An argument contains a NUL byte, which would end it early in the guest.
    #[error("argument {index} contains a NUL byte: {text:?}")]
    NulInArgument {
        /// Its index.
        index: usize,
        /// Its text, as far as it is text.
        text: String,
    },
    /// An environment variable contains a NUL byte.
    #[error("environment variable {name:?} contains a NUL byte")]
    NulInVariable {
        /// Its name, as far as it is text.
        name: String,
    },
    /// An environment variable's name is empty or contains `=`.
    #[error("not a name of an environment variable: {name:?}")]
    VariableName {
        /// The name, as far as it is text.
        name: String,
    },
    /// Arguments or environment would not fit the guest's address space.
    #[error("arguments and environment are too long for a 32-bit guest")]
    TooLong,
    /// A directory cannot be opened.
    #[error("directory {}: {message}", path.display())]
    Directory {
        /// The host path.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The guest's name of a directory contains a NUL byte.
    #[error("guest name of directory {} contains a NUL byte", path.display())]
    NulInDirectoryName {
        /// The host path.
        path: PathBuf,
    },
}

/// The world of one guest. Made by [`WasiCtx::builder`], used up by [`host_funcs`](super::host_funcs).
pub struct WasiCtx {
    pub(super) args: Strings,
    pub(super) env: Strings,
    pub(super) fds: FdTable,
    pub(super) waiter: Waiter,
    pub(super) clocks: Clocks,
    pub(super) poll_resume: Option<PollResume>,
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx")
            .field("args", &self.args)
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}

impl WasiCtx {
    /// A builder that grants nothing yet.
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::default()
    }
}

/// NUL-terminated strings, as `args_get` and `environ_get` hand them over.
#[derive(Debug)]
pub(super) struct Strings {
    /// Each with its NUL.
    pub list: Vec<Vec<u8>>,
    pub len_bytes: u32,
}

impl Strings {
    fn new(strings: Vec<Vec<u8>>) -> Result<Strings, WasiError> {
        let mut len_bytes = 0u32;
        let mut list = Vec::with_capacity(strings.len());
        for mut string in strings {
            string.push(0);
            let len = u32::try_from(string.len()).map_err(|_| WasiError::TooLong)?;
            len_bytes = len_bytes.checked_add(len).ok_or(WasiError::TooLong)?;
            list.push(string);
        }
        Ok(Strings { list, len_bytes })
    }

    pub fn count(&self) -> u32 {
        // Each is at least one byte long, and `len_bytes` is a u32.
        u32::try_from(self.list.len()).unwrap_or(u32::MAX)
    }
}

/// Grants a guest what it may use.
#[derive(Default)]
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    dirs: Vec<PreopenedDir>,
    stdin: Option<Input>,
    stdout: Option<Output>,
    stderr: Option<Output>,
    interrupt: Interrupt,
    on_input_wait: Option<Box<dyn FnMut() + Send>>,
}

impl fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxBuilder")
            .field("args", &self.args)
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct PreopenedDir {
    host: PathBuf,
    guest: Vec<u8>,
    read_only: bool,
}

impl WasiCtxBuilder {
    /// Adds an argument. The first one is the program's name.
    pub fn arg(mut self, arg: impl Into<Vec<u8>>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<Vec<u8>>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable; a later one of the same name replaces it.
    pub fn env(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.env.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.env.push((name, value)),
        }
        self
    }

    /// Grants a directory of the host under the name `guest`.
    pub fn preopened_dir(mut self, host: impl AsRef<Path>, guest: impl Into<Vec<u8>>) -> Self {
        self.dirs.push(PreopenedDir {
            host: host.as_ref().to_path_buf(),
            guest: guest.into(),
            read_only: false,
        });
        self
    }

    /// Grants a directory of the host for reading only.
    pub fn preopened_dir_read_only(mut self, host: impl AsRef<Path>, guest: impl Into<Vec<u8>>) -> Self {
        self.dirs.push(PreopenedDir {
            host: host.as_ref().to_path_buf(),
            guest: guest.into(),
            read_only: true,
        });
        self
    }

    /// Sets standard input.
    pub fn stdin(mut self, input: Input) -> Self {
        self.stdin = Some(input);
        self
    }

    /// Sets standard output.
    pub fn stdout(mut self, output: Output) -> Self {
        self.stdout = Some(output);
        self
    }

    /// Sets standard error.
    pub fn stderr(mut self, output: Output) -> Self {
        self.stderr = Some(output);
        self
    }

    /// The flag that makes a waiting call return with
    /// [`HostError::Interrupted`](crate::runtime::host::HostError::Interrupted).
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Called each time the guest begins to wait for input (again after an interruption).
    pub fn on_input_wait(mut self, hook: impl FnMut() + Send + 'static) -> Self {
        self.on_input_wait = Some(Box::new(hook));
        self
    }

    /// Opens the directories and checks the rest.
    pub fn build(self) -> Result<WasiCtx, WasiError> {
        for (index, arg) in self.args.iter().enumerate() {
            if arg.contains(&0) {
                return Err(WasiError::NulInArgument {
                    index,
                    text: lossy(arg),
                });
            }
        }
        let mut variables = Vec::with_capacity(self.env.len());
        for (name, value) in self.env {
            if name.contains(&0) || value.contains(&0) {
                return Err(WasiError::NulInVariable { name: lossy(&name) });
            }
            if name.is_empty() || name.contains(&b'=') {
                return Err(WasiError::VariableName { name: lossy(&name) });
            }
            variables.push([name.as_slice(), b"=", value.as_slice()].concat());
        }
        let mut fds = FdTable::new();
        fds.push(Entry::new(
            Object::Input(self.stdin.unwrap_or_else(Input::empty)),
            rights::STDIN,
            0,
        ));
        for output in [self.stdout, self.stderr] {
            let output = output.unwrap_or_else(Output::discard);
            fds.push(Entry::new(Object::Output(output), rights::STDOUT, 0));
        }
        for dir in self.dirs {
            fds.push(open_preopened(dir)?);
        }
        Ok(WasiCtx {
            args: Strings::new(self.args)?,
            env: Strings::new(variables)?,
            fds,
            waiter: Waiter {
                interrupt: self.interrupt,
                on_input_wait: self.on_input_wait,
            },
            clocks: Clocks::new(),
            poll_resume: None,
        })
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn open_preopened(dir: PreopenedDir) -> Result<Entry, WasiError> {
    let PreopenedDir {
        host: path,
        guest,
        read_only,
    } = dir;
    if guest.contains(&0) {
        return Err(WasiError::NulInDirectoryName { path });
    }
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.is_dir(), file)));
    let file = match opened {
        Ok((true, file)) => file,
        Ok((false, _)) => {
            return Err(WasiError::Directory {
                path,
                message: "not a directory".into(),
            });
        }
        Err(error) => {
            return Err(WasiError::Directory {
                path,
                message: error.to_string(),
            });
        }
    };
    let allowed = if read_only { !rights::CHANGING } else { !0 };
    let mut entry = Entry::new(
        Object::Dir(Directory::new(Dir::from_std_file(file))),
        rights::DIRECTORY & allowed,
        (rights::DIRECTORY | rights::FILE) & allowed,
    );
    entry.preopened_as = Some(guest);
    Ok(entry)
}
