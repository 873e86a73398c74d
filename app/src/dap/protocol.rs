//! Messages of the protocol and their framing: a `Content-Length` header, a blank line, JSON.
//!
//! # Invariants
//! - A broken message is an error in words, never a panic or an allocation of whatever size it claims.
//! - Messages that go out are numbered in the order they are written.
//!
//! Must not know: what the messages mean.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, Read, Write};

/// Longest message taken in.
const MAX_LEN_BYTES: usize = 16 << 20;
/// Longest header line taken in.
const MAX_HEADER_LEN_BYTES: u64 = 4096;

/// The next message; `None` at the end of the stream.
pub fn read(input: &mut impl BufRead) -> Result<Option<Value>> {
    let mut len_bytes = None;
    loop {
        let mut line = String::new();
        let read = input.by_ref().take(MAX_HEADER_LEN_BYTES).read_line(&mut line)?;
        if read == 0 && len_bytes.is_none() {
            return Ok(None);
        }
        if !line.ends_with('\n') {
            bail!("a message header is cut off");
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            let value: usize = value.trim().parse().context("Content-Length is not a number")?;
            len_bytes = Some(value);
        }
    }
    let Some(len_bytes) = len_bytes else {
        bail!("a message has no Content-Length");
    };
    if len_bytes > MAX_LEN_BYTES {
        bail!("a message of {len_bytes} bytes is too long");
    }
    let mut body = vec![0; len_bytes];
    input.read_exact(&mut body).context("a message is cut off")?;
    Ok(Some(
        serde_json::from_slice(&body).context("a message is not JSON")?,
    ))
}

/// Where messages go out.
pub struct Outbox<W> {
    out: W,
    seq: u64,
}

impl<W: Write> Outbox<W> {
    /// An outbox that writes to `out`.
    pub fn new(out: W) -> Outbox<W> {
        Outbox { out, seq: 0 }
    }

    /// Sends an event.
    pub fn event(&mut self, event: &str, body: Value) -> Result<()> {
        self.send(json!({ "type": "event", "event": event, "body": body }))
    }

    /// Answers a request.
    pub fn response(&mut self, request: &Request, result: Result<Value>) -> Result<()> {
        let mut message = json!({
            "type": "response",
            "request_seq": request.seq,
            "command": request.command,
            "success": result.is_ok(),
        });
        match result {
            Ok(Value::Null) => {}
            Ok(body) => message["body"] = body,
            Err(error) => {
                let text: Vec<String> = error.chain().map(ToString::to_string).collect();
                let text = text.join(": ");
                message["message"] = json!(text);
                message["body"] = json!({
                    "error": { "id": 1, "format": text.replace('{', "(").replace('}', ")"), "showUser": true }
                });
            }
        }
        self.send(message)
    }

    fn send(&mut self, mut message: Value) -> Result<()> {
        self.seq += 1;
        message["seq"] = json!(self.seq);
        let body = message.to_string();
        write!(self.out, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.out.flush()?)
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number.
    pub seq: u64,
    /// What is asked.
    pub command: String,
    /// With what.
    pub arguments: Value,
}

impl Request {
    /// A request from a message; `None` if it is another kind of message.
    pub fn from_message(mut message: Value) -> Option<Request> {
        if message.get("type")?.as_str()? != "request" {
            return None;
        }
        Some(Request {
            seq: message.get("seq")?.as_u64()?,
            command: message.get("command")?.as_str()?.to_string(),
            arguments: message
                .get_mut("arguments")
                .map(Value::take)
                .unwrap_or(Value::Null),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_one_after_the_other() {
        let mut input: &[u8] = b"Content-Length: 2\r\nX: y\r\n\r\n{}content-length:4\n\nnull";
        assert_eq!(read(&mut input).ok(), Some(Some(json!({}))));
        assert_eq!(read(&mut input).ok(), Some(Some(Value::Null)));
        assert_eq!(read(&mut input).ok(), Some(None));
    }

    #[test]
    fn broken_messages_are_refused() {
        for text in [
            "Content-Length: 99999999999\r\n\r\n",
            "Content-Length: x\r\n\r\n",
            "Content-Length: 10\r\n\r\n{}",
            "Content-Length: 2\r\n",
            "\r\n",
            "Content-Length: 2\r\n\r\n{]",
        ] {
            assert!(read(&mut text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut bytes = Vec::new();
        let mut outbox = Outbox::new(&mut bytes);
        outbox.event("output", json!({ "output": "ä" })).expect("written");
        let message = read(&mut bytes.as_slice()).expect("reads").expect("a message");
        assert_eq!(message["seq"], 1);
        assert_eq!(message["body"]["output"], "ä");
    }
}
