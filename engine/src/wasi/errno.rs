//! Error numbers of WASI preview 1, and how host errors become them.
//!
//! # Invariants
//! - The numbers are the specification's. Host error codes turn into them here and nowhere else.
//!
//! Must not know: which call failed.

use rustix::io::Errno as Host;
use std::io;

macro_rules! errnos {
    ($($doc:literal $name:ident = $number:literal $(= $host:ident)?;)*) => {
        /// An error number of WASI preview 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = $doc] $name = $number,)*
        }

        /// The host's error codes that have a counterpart.
        const TABLE: &[(Host, Errno)] = &[$($((Host::$host, Errno::$name),)?)*];
    };
}

errnos! {
    "No error." Success = 0;
    "Argument list too long." TooBig = 1 = TOOBIG;
    "Permission denied." Acces = 2 = ACCESS;
    "Address in use." AddrInUse = 3 = ADDRINUSE;
    "Address not available." AddrNotAvail = 4 = ADDRNOTAVAIL;
    "Address family not supported." AfNoSupport = 5 = AFNOSUPPORT;
    "Resource unavailable, try again." Again = 6 = AGAIN;
    "Connection already in progress." Already = 7 = ALREADY;
    "Bad file descriptor." Badf = 8 = BADF;
    "Bad message." BadMsg = 9 = BADMSG;
    "Device or resource busy." Busy = 10 = BUSY;
    "Operation canceled." Canceled = 11 = CANCELED;
    "No child processes." Child = 12 = CHILD;
    "Connection aborted." ConnAborted = 13 = CONNABORTED;
    "Connection refused." ConnRefused = 14 = CONNREFUSED;
    "Connection reset." ConnReset = 15 = CONNRESET;
    "Resource deadlock would occur." Deadlk = 16 = DEADLK;
    "Destination address required." DestAddrReq = 17 = DESTADDRREQ;
    "Argument out of domain of function." Dom = 18 = DOM;
    "Quota exceeded." Dquot = 19 = DQUOT;
    "File exists." Exist = 20 = EXIST;
    "Bad address." Fault = 21 = FAULT;
    "File too large." Fbig = 22 = FBIG;
    "Host is unreachable." HostUnreach = 23 = HOSTUNREACH;
    "Identifier removed." Idrm = 24 = IDRM;
    "Illegal byte sequence." Ilseq = 25 = ILSEQ;
    "Operation in progress." InProgress = 26 = INPROGRESS;
    "Interrupted function." Intr = 27 = INTR;
    "Invalid argument." Inval = 28 = INVAL;
    "I/O error." Io = 29 = IO;
    "Socket is connected." IsConn = 30 = ISCONN;
    "Is a directory." IsDir = 31 = ISDIR;
    "Too many levels of symbolic links." Loop = 32 = LOOP;
    "Too many open file descriptors." Mfile = 33 = MFILE;
    "Too many links." Mlink = 34 = MLINK;
    "Message too large." MsgSize = 35 = MSGSIZE;
    "Multihop attempted." MultiHop = 36 = MULTIHOP;
    "Name too long." NameTooLong = 37 = NAMETOOLONG;
    "Network is down." NetDown = 38 = NETDOWN;
    "Connection aborted by network." NetReset = 39 = NETRESET;
    "Network unreachable." NetUnreach = 40 = NETUNREACH;
    "Too many files open in system." Nfile = 41 = NFILE;
    "No buffer space available." NoBufs = 42 = NOBUFS;
    "No such device." NoDev = 43 = NODEV;
    "No such file or directory." NoEnt = 44 = NOENT;
    "Executable file format error." NoExec = 45 = NOEXEC;
    "No locks available." NoLck = 46 = NOLCK;
    "Link severed." NoLink = 47 = NOLINK;
    "Not enough space in memory." NoMem = 48 = NOMEM;
    "No message of the desired type." NoMsg = 49 = NOMSG;
    "Protocol not available." NoProtoOpt = 50 = NOPROTOOPT;
    "No space left on device." NoSpc = 51 = NOSPC;
    "Function not supported." NoSys = 52 = NOSYS;
    "The socket is not connected." NotConn = 53 = NOTCONN;
    "Not a directory." NotDir = 54 = NOTDIR;
    "Directory not empty." NotEmpty = 55 = NOTEMPTY;
    "State not recoverable." NotRecoverable = 56 = NOTRECOVERABLE;
    "Not a socket." NotSock = 57 = NOTSOCK;
    "Not supported." NotSup = 58 = NOTSUP;
    "Inappropriate I/O control operation." NoTty = 59 = NOTTY;
    "No such device or address." Nxio = 60 = NXIO;
    "Value too large to be stored in data type." Overflow = 61 = OVERFLOW;
    "Previous owner died." OwnerDead = 62 = OWNERDEAD;
    "Operation not permitted." Perm = 63 = PERM;
    "Broken pipe." Pipe = 64 = PIPE;
    "Protocol error." Proto = 65 = PROTO;
    "Protocol not supported." ProtoNoSupport = 66 = PROTONOSUPPORT;
    "Protocol wrong type for socket." Prototype = 67 = PROTOTYPE;
    "Result too large." Range = 68 = RANGE;
    "Read-only file system." Rofs = 69 = ROFS;
    "Invalid seek." Spipe = 70 = SPIPE;
    "No such process." Srch = 71 = SRCH;
    "Stale file handle." Stale = 72 = STALE;
    "Connection timed out." TimedOut = 73 = TIMEDOUT;
    "Text file busy." TxtBsy = 74 = TXTBSY;
    "Cross-device link." Xdev = 75 = XDEV;
    "Capabilities insufficient." NotCapable = 76;
}

impl Errno {
    /// Its number.
    pub fn number(self) -> u16 {
        self as u16
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        if let Some(host) = Host::from_io_error(&error) {
            return TABLE
                .iter()
                .find(|(h, _)| *h == host)
                .map_or(Errno::Io, |(_, errno)| *errno);
        }
        // Errors without a code were made by a library: by cap-std for an attempt to leave the sandbox
        // (permission denied), by the standard library for the rest.
        match error.kind() {
            io::ErrorKind::NotFound => Errno::NoEnt,
            io::ErrorKind::PermissionDenied => Errno::Perm,
            io::ErrorKind::AlreadyExists => Errno::Exist,
            io::ErrorKind::WouldBlock => Errno::Again,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Errno::Inval,
            io::ErrorKind::BrokenPipe => Errno::Pipe,
            io::ErrorKind::Unsupported => Errno::NotSup,
            io::ErrorKind::OutOfMemory => Errno::NoMem,
            io::ErrorKind::Interrupted => Errno::Intr,
            io::ErrorKind::NotADirectory => Errno::NotDir,
            io::ErrorKind::IsADirectory => Errno::IsDir,
            _ => Errno::Io,
        }
    }
}

impl From<Host> for Errno {
    fn from(error: Host) -> Errno {
        Errno::from(io::Error::from(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_specification_s() {
        let known = [
            (Errno::Success, 0),
            (Errno::Acces, 2),
            (Errno::Again, 6),
            (Errno::Badf, 8),
            (Errno::Exist, 20),
            (Errno::Fault, 21),
            (Errno::Inval, 28),
            (Errno::IsDir, 31),
            (Errno::Loop, 32),
            (Errno::NoEnt, 44),
            (Errno::NoSys, 52),
            (Errno::NotDir, 54),
            (Errno::NotEmpty, 55),
            (Errno::NotSock, 57),
            (Errno::NotSup, 58),
            (Errno::Perm, 63),
            (Errno::Spipe, 70),
            (Errno::Xdev, 75),
            (Errno::NotCapable, 76),
        ];
        for (errno, number) in known {
            assert_eq!(errno.number(), number, "{errno:?}");
        }
    }

    #[test]
    fn host_errors_convert() {
        assert_eq!(Errno::from(Host::NOTEMPTY), Errno::NotEmpty);
        assert_eq!(
            Errno::from(io::Error::from_raw_os_error(Host::LOOP.raw_os_error())),
            Errno::Loop
        );
        assert_eq!(
            Errno::from(io::Error::new(io::ErrorKind::PermissionDenied, "escape")),
            Errno::Perm
        );
        assert_eq!(Errno::from(io::Error::other("?")), Errno::Io);
    }
}
