//! Brings one file to one place.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::sample::FetchRequest;
use md5::{Digest as _, Md5};

use super::checked::{self, Checked, Sums};
use super::http::{self, Failure};
use super::lock::Lock;
use super::{FetchError, FetchOptions, OnProgress, file_sha256};

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
pub fn file(
    request: &FetchRequest,
    options: &FetchOptions,
    on_progress: OnProgress<'_>,
) -> Result<(), FetchError> {
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
        std::fs::create_dir_all(folder).map_err(disk("making the folder", folder))?;
    }
    let lock = beside(&request.to, ".lock");
    let _held = Lock::acquire(&lock).map_err(disk("locking", &lock))?;
    // Another process may have been at it meanwhile.
    if is_there(request)? { Ok(()) } else { Download::new(request, options, on_progress).run() }
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
    if let Some(known) = checked::remembered(path)
        && checked::is_fresh(path, &known)
        && Published::of(request).agrees(&known)
    {
        return Ok(true);
    }
    let sums = verify(request, path, &path.display().to_string(), "delete it to have it fetched again")?;
    if let Err(error) = checked::remember(path, sums) {
        // In a folder that can only be read, the file is checked each time.
        tracing::debug!("{} was checked, which could not be noted: {error}", path.display());
    }
    Ok(true)
}

/// The sums that a file must have.
struct Published<'a> {
    /// The SHA-256, or the beginning of it.
    sha256: Option<&'a str>,
    md5: Option<&'a str>,
}

impl<'a> Published<'a> {
    fn of(request: &'a FetchRequest) -> Published<'a> {
        let name = request.to.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let sha256 = request.sha256.as_deref().or_else(|| sha256_prefix_in_name(name));
        Published { sha256, md5: request.md5.as_deref() }
    }

    fn is_none(&self) -> bool {
        self.sha256.is_none() && self.md5.is_none()
    }

    /// Whether a file that was checked earlier was checked against these, too.
    fn agrees(&self, known: &Checked) -> bool {
        let md5 = known.md5.as_deref();
        self.sha256.is_none_or(|sum| begins_with(&known.sha256, sum))
            && self.md5.is_none_or(|sum| md5.is_some_and(|known| known.eq_ignore_ascii_case(sum)))
    }
}

fn begins_with(found: &str, expected: &str) -> bool {
    found.get(..expected.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(expected))
}

/// Checks a file against all sums that are known of it, and gives its own.
fn verify(request: &FetchRequest, path: &Path, what: &str, remedy: &str) -> Result<Sums, FetchError> {
    let wrong = |sum, found: &str, expected: &str| FetchError::Checksum {
        what: what.to_owned(),
        sum,
        found: found.to_owned(),
        expected: expected.to_owned(),
        remedy: remedy.to_owned(),
    };
    let published = Published::of(request);
    let sha256 = file_sha256(path).map_err(disk("reading", path))?;
    // Where nothing is published, the first download says what later ones have to be.
    let recorded = checked::remembered(&request.to).filter(|_| published.is_none()).map(|known| known.sha256);
    if let Some(expected) = published.sha256.or(recorded.as_deref())
        && !begins_with(&sha256, expected)
    {
        return Err(wrong("SHA-256", &sha256, expected));
    }
    let mut md5 = None;
    if let Some(expected) = published.md5 {
        let found = file_md5(path).map_err(disk("reading", path))?;
        if !found.eq_ignore_ascii_case(expected) {
            return Err(wrong("MD5", &found, expected));
        }
        md5 = Some(found);
    }
    Ok(Sums { sha256, md5 })
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
    /// What the server recognizes the part's file by.
    tag: PathBuf,
    url: String,
}

impl<'a> Download<'a> {
    fn new(
        request: &'a FetchRequest,
        options: &'a FetchOptions,
        on_progress: OnProgress<'a>,
    ) -> Download<'a> {
        let (part, tag) = (beside(&request.to, ".part"), beside(&request.to, ".part.etag"));
        let url = options
            .mirror
            .as_ref()
            .map_or_else(|| request.url.clone(), |mirror| mirrored(&request.url, mirror));
        Download { request, options, on_progress, part, tag, url }
    }

    fn run(&self) -> Result<(), FetchError> {
        let resumed = self.arrived() > 0;
        self.bring()?;
        let mut outcome = self.verified();
        if outcome.is_err() && resumed {
            // What was there may have been of another file: once more, from the beginning.
            self.forget();
            self.bring()?;
            outcome = self.verified();
        }
        // Going on from wrong bytes would end in wrong bytes.
        let sums = outcome.inspect_err(|_| self.forget())?;
        let to = &self.request.to;
        std::fs::rename(&self.part, to).map_err(disk("putting in place", to))?;
        let _ = std::fs::remove_file(&self.tag);
        checked::remember(to, sums).map_err(disk("noting the checksum of", to))
    }

    fn verified(&self) -> Result<Sums, FetchError> {
        verify(self.request, &self.part, &format!("what {} sent", self.url), "try again, or ask its owner")
    }

    fn bring(&self) -> Result<(), FetchError> {
        if self.url.contains("://") {
            return self.transfer();
        }
        let from = Path::new(&self.url);
        let mut source = std::fs::File::open(from).map_err(disk("copying", from))?;
        let mut part = std::fs::File::create(&self.part).map_err(disk("writing", &self.part))?;
        io::copy(&mut source, &mut part).and_then(|_| part.sync_all()).map_err(disk("copying to", &self.part))
    }

    fn forget(&self) {
        for path in [&self.part, &self.tag] {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Attempts until the file is whole. Only attempts in a row that bring nothing count.
    fn transfer(&self) -> Result<(), FetchError> {
        let url = || self.url.clone();
        let to = || self.request.to.clone();
        let (mut attempts, mut failures) = (0, 0);
        loop {
            let before = self.arrived();
            attempts += 1;
            let reason = match self.attempt(before)? {
                Ok(()) => return Ok(()),
                Err(Failure::Status(status)) => {
                    return Err(FetchError::Status { to: to(), url: url(), status });
                }
                Err(Failure::Final(reason)) => {
                    return Err(FetchError::Refused { to: to(), url: url(), reason });
                }
                Err(Failure::Passing(reason)) => reason,
            };
            failures = if self.arrived() > before { 1 } else { failures + 1 };
            if failures >= self.options.attempts {
                return Err(FetchError::Network { to: to(), url: url(), reason, attempts });
            }
            // Once is enough to know why it takes so long.
            if failures == 1 && attempts == 1 {
                tracing::warn!(
                    "{}: {reason}; trying again, {} times at most",
                    self.url,
                    self.options.attempts - 1
                );
            } else {
                tracing::debug!("{}: {reason}; trying again", self.url);
            }
            std::thread::sleep(self.options.pause * 2_u32.saturating_pow(failures - 1));
        }
    }

    fn arrived(&self) -> u64 {
        std::fs::metadata(&self.part).map_or(0, |metadata| metadata.len())
    }

    /// One request. The outer error is the disk's.
    fn attempt(&self, arrived: u64) -> Result<Result<(), Failure>, FetchError> {
        let validator = std::fs::read_to_string(&self.tag).ok();
        // With neither a validator nor a checksum nothing would tell that the rest is of another file.
        let can_resume = validator.is_some() || !Published::of(self.request).is_none();
        let before = if can_resume { arrived } else { 0 };
        let mut response = match http::get(&self.url, before, validator.as_deref(), self.options) {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        let continues = response.status == 206;
        if response.status == 416 || (continues && response.start != Some(before)) {
            // The part may be all of the file. If it is of another one, or can't be told, it is fetched anew.
            if response.status == 416 && !Published::of(self.request).is_none() && self.verified().is_ok() {
                return Ok(Ok(()));
            }
            self.forget();
            return Ok(Err(Failure::Passing(
                "what had arrived does not belong to the server's file".to_owned(),
            )));
        }
        let from = if continues { before } else { 0 };
        let mut options = std::fs::OpenOptions::new();
        options.create(true).write(true).append(continues).truncate(!continues);
        let mut part = options.open(&self.part).map_err(disk("writing", &self.part))?;
        match &response.validator {
            Some(validator) => std::fs::write(&self.tag, validator).map_err(disk("writing", &self.tag))?,
            None => drop(std::fs::remove_file(&self.tag)),
        }
        let total = response.length.map(|length| from.saturating_add(length));
        let mut arrived = from;
        self.tell(arrived, total);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match response.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    part.write_all(&buffer[..read]).map_err(disk("writing", &self.part))?;
                    arrived += read as u64;
                    self.tell(arrived, total);
                }
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

    fn tell(&self, done: u64, total: Option<u64>) {
        let name = self.request.to.file_name().unwrap_or_default().to_string_lossy();
        let (stage, unit) = (format!("fetching {name}"), "bytes".to_owned());
        (self.on_progress)(Progress::new(stage, done, total, unit));
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
        assert_eq!(
            mirrored("https://example.org/models/a.pth", "http://here:8000/"),
            "http://here:8000/models/a.pth"
        );
        assert_eq!(mirrored("https://example.org/models/a.pth", "/mnt/files"), "/mnt/files/models/a.pth");
    }
}
