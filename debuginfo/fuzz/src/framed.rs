//! Custom sections of a file of the wasm container format as plain text-like parts, without lengths: a mutation that makes
//! one longer leaves the others whole.
//!
//! A part is [`MARK`], the name of its section, a line end, and all bytes up to the next mark.

/// What begins a part. Seeds that have it inside are cut there.
pub const MARK: &[u8] = b"\xf5\xf6";

/// The parts of an input.
pub fn parts(mut data: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    let find = |data: &[u8]| data.windows(MARK.len()).position(|bytes| bytes == MARK);
    while let Some(start) = find(data) {
        data = &data[start + MARK.len()..];
        let part = &data[..find(data).unwrap_or(data.len())];
        let name_end = part.iter().position(|&byte| byte == b'\n').unwrap_or(part.len());
        let content = part.get(name_end + 1..).unwrap_or(&[]);
        found.push((&part[..name_end], content));
    }
    found
}

/// `base` with the custom sections of an input, of those `allowed`, in place of its own.
pub fn framed(base: &[u8], data: &[u8], allowed: &[&str]) -> Vec<u8> {
    let mut parts = parts(data);
    parts.retain(|(name, _)| allowed.iter().any(|allowed| allowed.as_bytes() == *name));
    let replaced = |name: &[u8]| parts.iter().any(|(own, _)| *own == name);
    let mut file = without(base, replaced);
    for (name, content) in &parts {
        custom(&mut file, name, content);
    }
    file
}

/// `base` with one name of a function, the first.
pub fn with_function_name(base: &[u8], name: &str) -> Vec<u8> {
    let mut naming = vec![1, 0];
    length(&mut naming, name.len());
    naming.extend(name.as_bytes());
    let mut section = vec![1];
    length(&mut section, naming.len());
    section.extend(naming);
    let mut file = without(base, |_| true);
    custom(&mut file, b"name", &section);
    file
}

/// The input that stands for a file's own sections, of those `allowed`.
pub fn seed(file: &[u8], allowed: &[&str]) -> Vec<u8> {
    let mut seed = Vec::new();
    for (section, whole) in sections(file) {
        let Some((name, content)) = section else { continue };
        let _ = whole;
        if allowed.iter().any(|allowed| allowed.as_bytes() == name) {
            seed.extend(MARK);
            seed.extend(name);
            seed.push(b'\n');
            seed.extend(content);
        }
    }
    seed
}

fn without(file: &[u8], left_out: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut kept = file[..8].to_vec();
    for (section, whole) in sections(file) {
        if !section.is_some_and(|(name, _)| left_out(name)) {
            kept.extend(whole);
        }
    }
    kept
}

/// Name and content of a custom section.
type Custom<'a> = (&'a [u8], &'a [u8]);

/// The sections of a sound file: of a custom one its name and content; the whole of each.
fn sections(file: &[u8]) -> Vec<(Option<Custom<'_>>, &[u8])> {
    let mut found = Vec::new();
    let mut rest = &file[8..];
    while let Some((&id, body)) = rest.split_first() {
        let (len, body) = number(body);
        let (content, after) = body.split_at(len);
        let section = (id == 0).then(|| {
            let (len, named) = number(content);
            named.split_at(len)
        });
        found.push((section, &rest[..rest.len() - after.len()]));
        rest = after;
    }
    found
}

fn custom(file: &mut Vec<u8>, name: &[u8], content: &[u8]) {
    let mut body = Vec::new();
    length(&mut body, name.len());
    body.extend(name);
    body.extend(content);
    file.push(0);
    length(file, body.len());
    file.extend(body);
}

/// Writes a number as LEB128.
pub fn length(out: &mut Vec<u8>, mut len: usize) {
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).expect("an end");
    let value = (bytes[..=end].iter().rev()).fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    (value, &bytes[end + 1..])
}
