//! A guest without code: a byte vector for memory, and calls of the host functions by name.

use std::collections::HashMap;
use stepwell_engine::runtime::host::{GuestMemory, HostCall, HostError, HostFunc};
use stepwell_engine::types::{Val, ValType};
use stepwell_engine::wasi::{WasiCtx, WasiCtxBuilder, host_funcs};

/// Error numbers, written down again from the specification.
pub mod errno {
    pub const AGAIN: u16 = 6;
    pub const BADF: u16 = 8;
    pub const EXIST: u16 = 20;
    pub const FAULT: u16 = 21;
    pub const ILSEQ: u16 = 25;
    pub const INVAL: u16 = 28;
    pub const ISDIR: u16 = 31;
    pub const LOOP: u16 = 32;
    pub const NAMETOOLONG: u16 = 37;
    pub const NOENT: u16 = 44;
    pub const NOTDIR: u16 = 54;
    pub const NOTEMPTY: u16 = 55;
    pub const NOTSOCK: u16 = 57;
    pub const NOTSUP: u16 = 58;
    pub const PERM: u16 = 63;
    pub const PIPE: u16 = 64;
    pub const SPIPE: u16 = 70;
    pub const NOTCAPABLE: u16 = 76;
}

pub const READ: i64 = 1 << 1;
pub const WRITE: i64 = 1 << 6;
pub const CREAT: i64 = 1;
pub const DIRECTORY: i64 = 2;
pub const EXCL: i64 = 4;
pub const TRUNC: i64 = 8;
pub const APPEND: i64 = 1;
pub const NONBLOCK: i64 = 4;

/// The size of the memory; an address just outside is one that must fault.
pub const MEMORY_LEN: usize = 64 << 10;
/// Where the helpers put paths, iovecs, results and data.
const PATH: u32 = 0x100;
const SECOND_PATH: u32 = 0x1100;
const IOVEC: u32 = 0x2100;
const RESULT: u32 = 0x2200;
const DATA: u32 = 0x4000;

pub struct Guest {
    pub memory: Vec<u8>,
    pub written: Vec<std::ops::Range<usize>>,
    functions: HashMap<String, HostFunc>,
}

impl Guest {
    pub fn new(builder: WasiCtxBuilder) -> Guest {
        let functions = host_funcs(builder.build().expect("a valid context"));
        Guest {
            memory: vec![0; MEMORY_LEN],
            written: Vec::new(),
            functions: functions.into_iter().map(|f| (f.field.clone(), f)).collect(),
        }
    }

    /// A guest that has the directory `host` as descriptor 3.
    pub fn with_dir(host: &std::path::Path) -> Guest {
        Guest::new(WasiCtx::builder().preopened_dir(host, "/"))
    }

    /// Calls a function. Each argument is converted to its parameter's type.
    pub fn try_call(&mut self, name: &str, args: &[i64]) -> Result<u16, HostError> {
        let function = self
            .functions
            .get_mut(name)
            .unwrap_or_else(|| panic!("no function {name}"));
        assert_eq!(function.ty.params.len(), args.len(), "{name}");
        let args: Vec<Val> = (function.ty.params.iter().zip(args))
            .map(|(ty, &arg)| {
                if *ty == ValType::I64 {
                    Val::I64(arg)
                } else {
                    Val::I32(arg as i32)
                }
            })
            .collect();
        let mut results = vec![Val::I32(0); function.ty.results.len()];
        let mut call = HostCall {
            args: &args,
            results: &mut results,
            memory: Some(GuestMemory::new(&mut self.memory, &mut self.written)),
        };
        (function.code)(&mut call)?;
        match results.first() {
            Some(Val::I32(number)) => Ok(*number as u16),
            _ => Ok(0),
        }
    }

    /// Calls a function that answers an error number.
    pub fn call(&mut self, name: &str, args: &[i64]) -> Result<(), u16> {
        match self.try_call(name, args).expect("the call returns") {
            0 => Ok(()),
            number => Err(number),
        }
    }

    pub fn put(&mut self, address: u32, bytes: &[u8]) {
        self.memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub fn put_u32s(&mut self, address: u32, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(address, &bytes);
    }

    pub fn bytes(&self, address: u32, len: u32) -> Vec<u8> {
        self.memory[address as usize..][..len as usize].to_vec()
    }

    pub fn u16(&self, address: u32) -> u16 {
        u16::from_le_bytes(self.bytes(address, 2).try_into().expect("2 bytes"))
    }

    pub fn u32(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.bytes(address, 4).try_into().expect("4 bytes"))
    }

    pub fn u64(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().expect("8 bytes"))
    }

    /// Puts a path and gives its address and length.
    pub fn path(&mut self, path: impl AsRef<[u8]>) -> [i64; 2] {
        self.put(PATH, path.as_ref());
        [i64::from(PATH), path.as_ref().len() as i64]
    }

    pub fn second_path(&mut self, path: impl AsRef<[u8]>) -> [i64; 2] {
        self.put(SECOND_PATH, path.as_ref());
        [i64::from(SECOND_PATH), path.as_ref().len() as i64]
    }

    /// `path_open` in directory `dir`, not following links.
    pub fn open(&mut self, dir: u32, path: &str, oflags: i64, rights: i64, fdflags: i64) -> Result<u32, u16> {
        self.open_with(dir, 0, path, oflags, rights, fdflags)
    }

    pub fn open_with(
        &mut self,
        dir: u32,
        lookup: i64,
        path: &str,
        oflags: i64,
        rights: i64,
        fdflags: i64,
    ) -> Result<u32, u16> {
        let [at, len] = self.path(path);
        let result = i64::from(RESULT);
        self.call(
            "path_open",
            &[
                i64::from(dir),
                lookup,
                at,
                len,
                oflags,
                rights,
                0,
                fdflags,
                result,
            ],
        )?;
        Ok(self.u32(RESULT))
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, u16> {
        self.put(DATA, bytes);
        self.put_u32s(IOVEC, &[DATA, bytes.len() as u32]);
        self.call(
            "fd_write",
            &[i64::from(fd), i64::from(IOVEC), 1, i64::from(RESULT)],
        )?;
        Ok(self.u32(RESULT))
    }

    pub fn read(&mut self, fd: u32, len: u32) -> Result<Vec<u8>, u16> {
        self.put_u32s(IOVEC, &[DATA, len]);
        self.call(
            "fd_read",
            &[i64::from(fd), i64::from(IOVEC), 1, i64::from(RESULT)],
        )?;
        Ok(self.bytes(DATA, self.u32(RESULT)))
    }

    pub fn seek(&mut self, fd: u32, offset: i64, whence: i64) -> Result<u64, u16> {
        self.call("fd_seek", &[i64::from(fd), offset, whence, i64::from(RESULT)])?;
        Ok(self.u64(RESULT))
    }

    pub fn close(&mut self, fd: u32) -> Result<(), u16> {
        self.call("fd_close", &[i64::from(fd)])
    }

    /// `filestat` of a path: file type and size.
    pub fn stat(&mut self, dir: u32, follow: bool, path: &str) -> Result<(u8, u64), u16> {
        let [at, len] = self.path(path);
        self.call(
            "path_filestat_get",
            &[i64::from(dir), i64::from(follow), at, len, i64::from(DATA)],
        )?;
        Ok((self.bytes(DATA + 16, 1)[0], self.u64(DATA + 32)))
    }

    /// A call that takes a directory and a path.
    pub fn path_call(&mut self, name: &str, dir: u32, path: &str) -> Result<(), u16> {
        let [at, len] = self.path(path);
        self.call(name, &[i64::from(dir), at, len])
    }

    pub fn rename(&mut self, from_dir: u32, from: &str, to_dir: u32, to: &str) -> Result<(), u16> {
        let ([a, b], [c, d]) = (self.path(from), self.second_path(to));
        self.call(
            "path_rename",
            &[i64::from(from_dir), a, b, i64::from(to_dir), c, d],
        )
    }

    pub fn symlink(&mut self, content: &str, dir: u32, path: &str) -> Result<(), u16> {
        let ([a, b], [c, d]) = (self.path(content), self.second_path(path));
        self.call("path_symlink", &[a, b, i64::from(dir), c, d])
    }

    pub fn link(&mut self, from_dir: u32, from: &str, to_dir: u32, to: &str) -> Result<(), u16> {
        let ([a, b], [c, d]) = (self.path(from), self.second_path(to));
        self.call(
            "path_link",
            &[i64::from(from_dir), 0, a, b, i64::from(to_dir), c, d],
        )
    }

    pub fn readlink(&mut self, dir: u32, path: &str, room: u32) -> Result<Vec<u8>, u16> {
        let [at, len] = self.path(path);
        self.call(
            "path_readlink",
            &[
                i64::from(dir),
                at,
                len,
                i64::from(DATA),
                i64::from(room),
                i64::from(RESULT),
            ],
        )?;
        Ok(self.bytes(DATA, self.u32(RESULT)))
    }

    /// `fd_readdir` once: the bytes it gave.
    pub fn readdir(&mut self, fd: u32, room: u32, cookie: u64) -> Result<Vec<u8>, u16> {
        self.call(
            "fd_readdir",
            &[
                i64::from(fd),
                i64::from(DATA),
                i64::from(room),
                cookie as i64,
                i64::from(RESULT),
            ],
        )?;
        Ok(self.bytes(DATA, self.u32(RESULT)))
    }
}
