//! A server on this machine that answers each request as it is told to, or gives files by their paths.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Properly, ranges included.
    Whole,
    /// Properly, but the connection ends after this many bytes of the body.
    BreakAfter(usize),
    /// Properly, but nothing more comes after this many bytes.
    StallAfter(usize),
    /// All of the file, whatever range was asked for.
    IgnoreRange,
    /// From now on the file is this one, with another tag.
    Changed(Vec<u8>),
    /// With a content length that is this much too large.
    AnnounceMore(usize),
    /// With a content length that is this much too small.
    AnnounceLess(usize),
    /// With a header that calls the bytes gzip-encoded, as some servers do for archives.
    CalledGzip,
    /// To another path.
    Redirect(&'static str),
    /// With this status and a body that explains it.
    Status(u16),
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// First byte asked for.
    pub(crate) range: Option<usize>,
    pub(crate) if_range: Option<String>,
}

struct State {
    /// Files by path, each answered properly whenever it is asked for; other paths are not found.
    files: Option<BTreeMap<String, Vec<u8>>>,
    body: Vec<u8>,
    tag: &'static str,
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

/// Runs until the test ends.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Serves this file under every path; when the replies are used up, connections are closed without an answer.
    pub(crate) fn start(body: Vec<u8>, replies: Vec<Reply>) -> Server {
        Server::serve(State { files: None, body, tag: "\"one\"", replies: replies.into(), seen: Vec::new() })
    }

    /// Serves files by path, as often as they are asked for.
    pub(crate) fn of_files(files: BTreeMap<String, Vec<u8>>) -> Server {
        let (body, replies, seen) = (Vec::new(), VecDeque::new(), Vec::new());
        Server::serve(State { files: Some(files), body, tag: "\"one\"", replies, seen })
    }

    fn serve(state: State) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || answer(&stream, &shared));
            }
        });
        Server { address, state }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Adds replies.
    pub(crate) fn then(&self, replies: Vec<Reply>) {
        self.state.lock().unwrap().replies.extend(replies);
    }
}

fn request(stream: &TcpStream) -> Option<Seen> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut seen = Seen { path, range: None, if_range: None };
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        match name.to_lowercase().as_str() {
            "range" => seen.range = value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok(),
            "if-range" => seen.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(seen)
}

fn answer(mut stream: &TcpStream, state: &Mutex<State>) {
    let Some(seen) = request(stream) else { return };
    let (reply, body, tag) = {
        let mut state = state.lock().unwrap();
        state.seen.push(seen.clone());
        if let Some(files) = &state.files {
            let found = files.get(&seen.path).cloned();
            let reply = if found.is_some() { Reply::Whole } else { Reply::Status(404) };
            (state.body, state.replies) = (found.unwrap_or_default(), VecDeque::from([reply]));
        }
        let Some(reply) = state.replies.pop_front() else { return };
        if let Reply::Changed(body) = &reply {
            (state.body, state.tag) = (body.clone(), "\"two\"");
        }
        (reply, state.body.clone(), state.tag)
    };
    let mut head = vec![format!("ETag: {tag}"), "Connection: close".to_owned()];
    let same = seen.if_range.as_deref().is_none_or(|asked| asked == tag);
    let range = seen.range.filter(|_| same && !matches!(reply, Reply::IgnoreRange));
    let (mut status, mut part) = ("200 OK".to_owned(), &body[..]);
    match range {
        Some(from) if from >= body.len() => {
            (status, part) = ("416 Range Not Satisfiable".to_owned(), &[]);
            head.push(format!("Content-Range: bytes */{}", body.len()));
        }
        Some(from) => {
            (status, part) = ("206 Partial Content".to_owned(), &body[from..]);
            head.push(format!("Content-Range: bytes {from}-{}/{}", body.len() - 1, body.len()));
        }
        None => {}
    }
    let (mut announced, mut sent) = (part.len(), part.len());
    match reply {
        Reply::BreakAfter(count) | Reply::StallAfter(count) => sent = sent.min(count),
        Reply::AnnounceMore(more) => announced += more,
        Reply::AnnounceLess(less) => announced -= less,
        Reply::CalledGzip => head.push("Content-Encoding: gzip".to_owned()),
        Reply::Redirect(to) => {
            (status, announced, sent) = ("302 Found".to_owned(), 0, 0);
            head.push(format!("Location: {to}"));
        }
        Reply::Status(code) => {
            (status, part) = (format!("{code} Because"), b"<html>no</html>");
            (announced, sent) = (part.len(), part.len());
        }
        Reply::Whole | Reply::IgnoreRange | Reply::Changed(_) => {}
    }
    let head = format!("HTTP/1.1 {status}\r\n{}\r\nContent-Length: {announced}\r\n\r\n", head.join("\r\n"));
    // The client may hang up at any time.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&part[..sent]));
    if matches!(reply, Reply::StallAfter(_)) {
        std::thread::sleep(Duration::from_secs(2));
    }
}
