//! Brings one file to one place.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::sample::FetchRequest;
use md5::{Digest as _, Md5};

use super::http::{self, Failure};
use super::{FetchError, FetchOptions, OnProgress, checked, file_sha256};

/// The hexadecimal digits that torchvision puts before a file name's ending, the beginning of the file's SHA-256:
/// `7be5be79` of `alexnet-owt-7be5be79.pth`.
pub fn sha256_prefix_in_name(name: &str) -> Option<&str> {
    let (_, end) = name.rsplit_once('-')?;
    let digits = end.split('.').next().unwrap_or(end);
    let hexadecimal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    ((8..=64).contains(&digits.len()) && hexadecimal).then_some(digits)
}

/// Makes sure that the file is where the request says: takes it as it is if it is there and right, else downloads it.
///
/// Fails if it is there and is another file (it is left alone), may not be fetched, or can't be.
pub fn file(request: &FetchRequest, options: &FetchOptions, on_progress: OnProgress<'_>) -> Result<(), FetchError> {
    if is_there(request)? {
        return Ok(());
    }
    if options.offline {
        return Err(FetchError::Offline {
            path: request.to.clone(),
            url: request.url.clone(),
            command: request.command.clone(),
        });
    }
    if let Some(folder) = request.to.parent() {
        fs_err::create_dir_all(folder).map_err(disk("making the folder of", &request.to))?;
    }
    // Another process may be at it; the lock goes when its holder dies.
    let lock = beside(&request.to, ".lock");
    let lock_file = std::fs::File::create(&lock).map_err(disk("locking", &lock))?;
    lock_file.lock().map_err(disk("locking", &lock))?;
    let outcome = match is_there(request) {
        Ok(true) => Ok(()),
        Ok(false) => Download::new(request, options, on_progress).run(),
        Err(error) => Err(error),
    };
    let _ = std::fs::remove_file(lock);
    outcome
}

fn disk<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> FetchError + 'a {
    move |source| FetchError::Disk { action, path: path.to_owned(), source }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    file.with_file_name(name)
}

/// Whether the file is there and right.
fn is_there(request: &FetchRequest) -> Result<bool, FetchError> {
    let path = &request.to;
    if !path.is_file() {
        return Ok(false);
    }
    let known = checked::remembered(path);
    if let Some(known) = &known
        && checked::is_fresh(path, known)
    {
        return Ok(true);
    }
    let sha256 = verify(request, path, &path.display().to_string(), "delete it to have it fetched again")?;
    checked::remember(path, &sha256).map_err(disk("noting the checksum of", path))?;
    Ok(true)
}

/// Checks a file against all sums that are known of it, and gives its SHA-256.
fn verify(request: &FetchRequest, path: &Path, what: &str, remedy: &str) -> Result<String, FetchError> {
    let wrong = |sum, found: &str, expected: &str| FetchError::Checksum {
        what: what.to_owned(),
        sum,
        found: found.to_owned(),
        expected: expected.to_owned(),
        remedy: remedy.to_owned(),
    };
    let sha256 = file_sha256(path).map_err(disk("reading", path))?;
    let name = request.to.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let first_time = request.sha256.is_none() && request.md5.is_none() && sha256_prefix_in_name(name).is_none();
    let recorded = checked::remembered(&request.to).filter(|_| first_time).map(|known| known.sha256);
    let expected = request.sha256.as_deref().or(sha256_prefix_in_name(name)).or(recorded.as_deref());
    if let Some(expected) = expected
        && !sha256.starts_with(&expected.to_lowercase())
    {
        return Err(wrong("SHA-256", &sha256, expected));
    }
    if let Some(expected) = &request.md5 {
        let found = file_md5(path).map_err(disk("reading", path))?;
        if !found.eq_ignore_ascii_case(expected) {
            return Err(wrong("MD5", &found, expected));
        }
    }
    Ok(sha256)
}

fn file_md5(path: &Path) -> io::Result<String> {
    let mut hasher = Md5::new();
    io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(crate::hex::encode(&hasher.finalize()))
}

/// A file on its way.
struct Download<'a> {
    request: &'a FetchRequest,
    options: &'a FetchOptions,
    on_progress: OnProgress<'a>,
    /// What has arrived.
    part: PathBuf,
    /// The tag of the file that the part belongs to.
    tag: PathBuf,
    url: String,
}

impl<'a> Download<'a> {
    fn new(request: &'a FetchRequest, options: &'a FetchOptions, on_progress: OnProgress<'a>) -> Download<'a> {
        let (part, tag) = (beside(&request.to, ".part"), beside(&request.to, ".part.etag"));
        let url = options.mirror.as_ref().map_or_else(|| request.url.clone(), |mirror| mirrored(&request.url, mirror));
        Download { request, options, on_progress, part, tag, url }
    }

    fn run(&self) -> Result<(), FetchError> {
        if self.url.contains("://") {
            self.transfer()?;
        } else {
            fs_err::copy(&self.url, &self.part).map_err(disk("copying from the mirror to", &self.part))?;
        }
        let checked = verify(self.request, &self.part, &format!("what {} sent", self.url), "try again, or ask its owner");
        let sha256 = match checked {
            Ok(sha256) => sha256,
            Err(error) => {
                // Going on from wrong bytes would end in wrong bytes.
                self.forget();
                return Err(error);
            }
        };
        let to = &self.request.to;
        fs_err::rename(&self.part, to).map_err(disk("putting in place", to))?;
        let _ = std::fs::remove_file(&self.tag);
        checked::remember(to, &sha256).map_err(disk("noting the checksum of", to))
    }

    fn forget(&self) {
        for path in [&self.part, &self.tag] {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Attempts until the file is whole. Only attempts that bring nothing count.
    fn transfer(&self) -> Result<(), FetchError> {
        let (mut attempts, mut failures) = (0, 0);
        loop {
            let before = self.arrived();
            attempts += 1;
            let reason = match self.attempt(before)? {
                Ok(()) => return Ok(()),
                Err(Failure::Status(status)) => {
                    return Err(FetchError::Status { url: self.url.clone(), status });
                }
                Err(Failure::Passing(reason)) => reason,
            };
            failures = if self.arrived() > before { 1 } else { failures + 1 };
            if failures >= self.options.attempts {
                return Err(FetchError::Network { url: self.url.clone(), reason, attempts });
            }
            tracing::warn!("{}: {reason}; trying again", self.url);
            std::thread::sleep(self.options.pause * 2_u32.saturating_pow(failures - 1));
        }
    }

    fn arrived(&self) -> u64 {
        std::fs::metadata(&self.part).map_or(0, |metadata| metadata.len())
    }

    /// One request. The outer error is the disk's.
    fn attempt(&self, before: u64) -> Result<Result<(), Failure>, FetchError> {
        let etag = std::fs::read_to_string(&self.tag).ok();
        let response = match http::get(&self.url, before, etag.as_deref(), self.options) {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        if response.status == 416 {
            // The part is as long as the file, or of another file: its checksum tells, or it is fetched anew.
            if self.verified() {
                return Ok(Ok(()));
            }
            self.forget();
            return Ok(Err(Failure::Passing("what had arrived was of another file".to_owned())));
        }
        let continues = response.status == 206;
        let from = if continues { before } else { 0 };
        let mut options = std::fs::OpenOptions::new();
        options.create(true).write(true).append(continues).truncate(!continues);
        let mut part = options.open(&self.part).map_err(disk("writing", &self.part))?;
        match &response.etag {
            Some(etag) => std::fs::write(&self.tag, etag).map_err(disk("writing", &self.tag))?,
            None => drop(std::fs::remove_file(&self.tag)),
        }
        let total = response.length.map(|length| from + length);
        let mut arrived = from;
        self.tell(arrived, total);
        loop {
            match response.next_chunk() {
                Ok(Some(chunk)) => {
                    part.write_all(&chunk).map_err(disk("writing", &self.part))?;
                    arrived += chunk.len() as u64;
                    self.tell(arrived, total.map(|total| total.max(arrived)));
                }
                Ok(None) => break,
                Err(failure) => return Ok(Err(failure)),
            }
        }
        part.sync_all().map_err(disk("writing", &self.part))?;
        if let Some(total) = total
            && arrived < total
        {
            let reason = format!("{arrived} of {total} bytes arrived before the connection closed");
            return Ok(Err(Failure::Passing(reason)));
        }
        Ok(Ok(()))
    }

    fn verified(&self) -> bool {
        verify(self.request, &self.part, "", "").is_ok()
    }

    fn tell(&self, done: u64, total: Option<u64>) {
        let name = self.request.to.file_name().unwrap_or_default().to_string_lossy();
        let (stage, unit) = (format!("fetching {name}"), "bytes".to_owned());
        (self.on_progress)(Progress { stage, done, total, unit });
    }
}

/// The address or path on the mirror.
fn mirrored(url: &str, mirror: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    format!("{}/{path}", mirror.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_found_in_names() {
        assert_eq!(sha256_prefix_in_name("alexnet-owt-7be5be79.pth"), Some("7be5be79"));
        assert_eq!(sha256_prefix_in_name("mnasnet0.5_top1_67.823-3ffadce67e.pth"), Some("3ffadce67e"));
        assert_eq!(sha256_prefix_in_name("vgg16-features.pth"), None);
        assert_eq!(sha256_prefix_in_name("plain.pth"), None);
    }

    #[test]
    fn mirrors_replace_scheme_and_host() {
        assert_eq!(mirrored("https://example.org/models/a.pth", "http://here:8000/"), "http://here:8000/models/a.pth");
        assert_eq!(mirrored("https://example.org/models/a.pth", "/mnt/files"), "/mnt/files/models/a.pth");
    }
}
