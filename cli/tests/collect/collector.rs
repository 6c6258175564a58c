//! A collector as a process of its own, and the plainest of clients.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::process::{oidc_audit, text};

pub(crate) const STREAM: &str = "000102030405060708090a0b0c0d0e0f";

/// `{"id":"<stream>-<number>", ..}` with its line end.
pub(crate) fn record(number: u64, more: &str) -> String {
    format!("{{\"event\":\"token.issued\",\"id\":\"{STREAM}-{number}\"{more}}}\n")
}

pub(crate) struct Collector {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    pub(crate) dir: PathBuf,
}

impl Collector {
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        Self::start_with(dir, args, |_| {})
    }

    pub(crate) fn start_with(dir: &Path, args: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let mut command = oidc_audit(&["collect", "--listen", "127.0.0.1:0", "--dir", dir.to_str().unwrap()]);
        command.args(args);
        change(&mut command);
        Self::spawn(dir, command)
    }

    /// By a script that ends in `exec "$0" "$@"`.
    pub(crate) fn start_as(dir: &Path, script: &str) -> Self {
        let tool = env!("CARGO_BIN_EXE_oidc-audit");
        let mut command = Command::new("sh");
        command.args(["-c", script, tool, "collect", "--listen", "127.0.0.1:0", "--dir", dir.to_str().unwrap()]);
        Self::spawn(dir, command)
    }

    fn spawn(dir: &Path, mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split("://").nth(1).and_then(|rest| rest.split(['/', ',']).next()?.parse().ok());
        let Some(address) = address else {
            let mut why = String::new();
            child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            panic!("the collector did not start: {line}{why}");
        };
        Self { child, stdout, address, dir: dir.to_owned() }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// What it printed after its first line, and to standard error, once it ended.
    pub(crate) fn wait(&mut self) -> (ExitStatus, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap(), out, err)
    }

    pub(crate) fn stop(&mut self) -> (ExitStatus, String, String) {
        self.signal("TERM");
        self.wait()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    pub(crate) fn post(&self, body: &[u8]) -> Answer {
        self.send("POST", "/", &[], body)
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Answer::read(stream)
    }

    /// The names and contents of the segments, oldest first.
    pub(crate) fn segments(&self) -> Vec<(String, String)> {
        segments(&self.dir)
    }

    /// All lines of all segments.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.segments().iter().flat_map(|(_, content)| content.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn segments(dir: &Path) -> Vec<(String, String)> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut whole = Vec::new();
        // A connection that is reset after the answer has still given the answer.
        let _ = stream.read_to_end(&mut whole);
        let whole = text(&whole);
        let (head, body) = whole.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {whole:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
