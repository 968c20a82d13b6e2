//! Downloads from a server that breaks off, lies, redirects, stalls and fails.

#![allow(clippy::unwrap_used)]

mod fetch_server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fetch_server::{Reply, Server};
use lossnet_core::fetch::{FetchOptions, file};
use lossnet_core::weights::locate;
use lossnet_plugin_protocol::WeightsEntry;
use lossnet_plugin_protocol::sample::FetchRequest;
use md5::Digest as _;
use sha2::Sha256;

fn body() -> Vec<u8> {
    (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn options() -> FetchOptions {
    FetchOptions {
        stall_timeout: Duration::from_millis(300),
        attempts: 3,
        pause: Duration::from_millis(1),
        ..FetchOptions::default()
    }
}

fn request(url: String, to: &Path) -> FetchRequest {
    let command = "lossnet fetch this".to_owned();
    FetchRequest { url, to: to.to_owned(), md5: None, sha256: None, command }
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("deep/file.bin")
    }

    /// Names beside the file, but for the note of its checksum.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("deep")) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".checked.json"));
        names.sort();
        names
    }
}

fn get(request: &FetchRequest) -> Result<(), String> {
    file(request, &options(), &|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_file_arrives_whole_and_is_not_fetched_twice() {
    let (place, server) = (Place::new(), Server::start(body(), vec![Reply::Whole]));
    let request = FetchRequest {
        md5: Some(format!("{:X}", md5::Md5::digest(body()))),
        sha256: Some(sha256(&body())),
        ..request(server.url("/file.bin"), &place.file())
    };
    let told = std::sync::Mutex::new(Vec::new());
    file(&request, &options(), &|progress| told.lock().unwrap().push(progress)).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
    let told = told.into_inner().unwrap();
    let (last, size) = (told.last().unwrap(), body().len() as u64);
    assert_eq!((last.done, last.total, last.unit.as_str()), (size, Some(size), "bytes"));
    assert!(told.windows(2).all(|pair| pair[0].done <= pair[1].done));
    get(&request).unwrap();
    assert_eq!(server.requests().len(), 1);
    assert_eq!(place.names(), ["file.bin"]);
}

#[test]
fn a_broken_transfer_goes_on_where_it_stopped() {
    let place = Place::new();
    let server =
        Server::start(body(), vec![Reply::BreakAfter(70_000), Reply::BreakAfter(30_000), Reply::Whole]);
    get(&request(server.url("/file.bin"), &place.file())).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].range, None);
    for later in &requests[1..] {
        assert!(later.range.is_some_and(|from| from > 0), "{later:?}");
        assert_eq!(later.if_range.as_deref(), Some("\"one\""));
    }
    assert!(requests[2].range > requests[1].range);
    assert_eq!(place.names(), ["file.bin"]);
}

#[test]
fn a_later_run_goes_on_with_the_part_of_an_earlier_one() {
    let place = Place::new();
    let server =
        Server::start(body(), vec![Reply::BreakAfter(50_000), Reply::Status(500), Reply::Status(500)]);
    let request = request(server.url("/file.bin"), &place.file());
    let message = get(&request).unwrap_err();
    assert!(message.contains("500") && message.contains("kept"), "{message}");
    assert!(!place.file().exists());
    assert_eq!(place.names(), ["file.bin.part", "file.bin.part.etag"]);
    server.then(vec![Reply::Whole]);
    get(&request).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
    assert!(server.requests().last().unwrap().range.is_some());
}

#[test]
fn a_server_that_ignores_ranges_sends_all_again() {
    let place = Place::new();
    let server = Server::start(body(), vec![Reply::BreakAfter(50_000), Reply::IgnoreRange]);
    get(&request(server.url("/file.bin"), &place.file())).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
}

#[test]
fn a_part_of_a_file_that_changed_on_the_server_is_not_continued() {
    let place = Place::new();
    let server = Server::start(body(), vec![Reply::BreakAfter(50_000)]);
    server.then(vec![Reply::Changed(vec![9; 80_000])]);
    get(&request(server.url("/file.bin"), &place.file())).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), vec![9; 80_000]);
}

#[test]
fn a_stale_part_without_a_tag_is_replaced_as_its_checksum_is_wrong() {
    let place = Place::new();
    std::fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    for stale in [vec![1; 1000], vec![1; 300_000]] {
        let _ = std::fs::remove_file(place.file());
        std::fs::write(place.file().with_file_name("file.bin.part"), &stale).unwrap();
        let server = Server::start(body(), vec![Reply::Whole, Reply::Whole, Reply::Whole]);
        let sha256 = Some(sha256(&body()));
        get(&FetchRequest { sha256, ..request(server.url("/f"), &place.file()) }).unwrap();
        assert_eq!(std::fs::read(place.file()).unwrap(), body());
    }
    // Where no checksum is known, nothing could tell: it is not continued at all.
    std::fs::remove_dir_all(place.file().parent().unwrap()).unwrap();
    std::fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    std::fs::write(place.file().with_file_name("file.bin.part"), vec![1; 1000]).unwrap();
    let server = Server::start(body(), vec![Reply::Whole]);
    get(&request(server.url("/f"), &place.file())).unwrap();
    assert_eq!(server.requests()[0].range, None);
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
}

#[test]
fn lies_about_the_length_are_noticed() {
    let place = Place::new();
    // More is announced than comes, and what is missing never comes.
    let server = Server::start(body(), vec![Reply::AnnounceMore(500); 8]);
    let message = get(&request(server.url("/f"), &place.file())).unwrap_err();
    assert!(message.contains("attempts"), "{message}");
    assert!(!place.file().exists());
    // Less is announced: what arrives is too short, which the checksum tells.
    let place = Place::new();
    let server = Server::start(body(), vec![Reply::AnnounceLess(500)]);
    let sum = Some(sha256(&body()));
    let message = get(&FetchRequest { sha256: sum, ..request(server.url("/f"), &place.file()) }).unwrap_err();
    assert!(message.contains("SHA-256"), "{message}");
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn wrong_bytes_are_named_and_thrown_away() {
    let wrong = vec![3; 1000];
    let right = body();
    let by_name = format!("file-{}.pth", &sha256(&right)[..8]);
    for (name, sha, md5) in [
        ("file.bin", Some(sha256(&right)), None),
        ("file.bin", None, Some(format!("{:x}", md5::Md5::digest(&right)))),
        (by_name.as_str(), None, None),
    ] {
        let place = Place::new();
        let to = place.file().with_file_name(name);
        let server = Server::start(wrong.clone(), vec![Reply::Whole]);
        let request =
            FetchRequest { sha256: sha.clone(), md5: md5.clone(), ..request(server.url("/f"), &to) };
        let message = get(&request).unwrap_err();
        let (expected, found) = match &md5 {
            Some(md5) => (md5.clone(), format!("{:x}", md5::Md5::digest(&wrong))),
            None => (sha256(&right)[..8].to_owned(), sha256(&wrong)),
        };
        assert!(message.contains(&expected) && message.contains(&found), "{message}");
        assert!(message.contains(&server.url("/f")), "{message}");
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}

#[test]
fn without_a_published_sum_the_first_download_decides() {
    let place = Place::new();
    let first = Server::start(body(), vec![Reply::Whole]);
    get(&request(first.url("/f"), &place.file())).unwrap();
    std::fs::remove_file(place.file()).unwrap();
    let other = Server::start(vec![1; 100], vec![Reply::Whole]);
    let message = get(&request(other.url("/f"), &place.file())).unwrap_err();
    assert!(message.contains(&sha256(&body())), "{message}");
    assert!(!place.file().exists());
    let again = Server::start(body(), vec![Reply::Whole]);
    get(&request(again.url("/f"), &place.file())).unwrap();
}

#[test]
fn a_wrong_file_that_is_there_is_left_alone() {
    let place = Place::new();
    std::fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    std::fs::write(place.file(), "by hand").unwrap();
    let server = Server::start(body(), vec![Reply::Whole]);
    let sum = Some(sha256(&body()));
    let with_sum = FetchRequest { sha256: sum, ..request(server.url("/f"), &place.file()) };
    let message = get(&with_sum).unwrap_err();
    assert!(message.contains("file.bin") && message.contains("delete it"), "{message}");
    assert_eq!(std::fs::read(place.file()).unwrap(), b"by hand");
    // Without a sum it is taken as it is; with one it still is another file, though it was seen before.
    get(&request(server.url("/f"), &place.file())).unwrap();
    assert!(get(&with_sum).is_err());
    assert!(server.requests().is_empty());
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let place = Place::new();
    let server =
        Server::start(body(), vec![Reply::Redirect("/two"), Reply::Redirect("/three"), Reply::Whole]);
    get(&request(server.url("/one"), &place.file())).unwrap();
    let paths: Vec<String> = server.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/one", "/two", "/three"]);

    let place = Place::new();
    let server = Server::start(body(), vec![Reply::Redirect("/one"); 40]);
    let message = get(&request(server.url("/one"), &place.file())).unwrap_err();
    assert!(message.contains("redirects without end"), "{message}");
    assert!(server.requests().len() < 20, "a loop is not tried again");
}

#[test]
fn a_silent_server_is_given_up_after_the_stall_timeout() {
    let place = Place::new();
    let server = Server::start(body(), vec![Reply::StallAfter(40_000), Reply::Whole]);
    let begun = Instant::now();
    get(&request(server.url("/f"), &place.file())).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
    assert_eq!(server.requests().len(), 2);

    let place = Place::new();
    let server = Server::start(body(), vec![Reply::StallAfter(0); 3]);
    let message = get(&request(server.url("/f"), &place.file())).unwrap_err();
    assert!(message.contains("sent nothing for 0.3 s") && message.contains("3 attempts"), "{message}");
}

#[test]
fn errors_that_may_pass_are_tried_again_and_others_are_not() {
    let place = Place::new();
    let server = Server::start(body(), vec![Reply::Status(500), Reply::Status(503), Reply::Whole]);
    get(&request(server.url("/f"), &place.file())).unwrap();
    assert_eq!(server.requests().len(), 3);

    let place = Place::new();
    let server = Server::start(body(), vec![Reply::Status(404), Reply::Whole]);
    let message = get(&request(server.url("/f"), &place.file())).unwrap_err();
    assert!(message.contains("404") && message.contains(&server.url("/f")), "{message}");
    assert_eq!(server.requests().len(), 1);
    assert!(place.names().is_empty());

    let message = get(&request("http://127.0.0.1:1/nobody".to_owned(), &place.file())).unwrap_err();
    assert!(message.contains("127.0.0.1:1"), "{message}");
    let message = get(&request("gopher://example.org/x".to_owned(), &place.file())).unwrap_err();
    assert!(message.contains("gopher"), "{message}");
}

#[test]
fn offline_a_missing_file_is_named_with_what_fetches_it() {
    let place = Place::new();
    let server = Server::start(body(), vec![Reply::Whole]);
    let request = request(server.url("/f"), &place.file());
    let offline = FetchOptions { offline: true, ..options() };
    let message = file(&request, &offline, &|_| ()).unwrap_err().to_string();
    for part in ["file.bin", server.url("/f").as_str(), "`lossnet fetch this`"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(place.names().is_empty() && server.requests().is_empty());
    get(&request).unwrap();
    file(&request, &offline, &|_| ()).unwrap();
}

#[test]
fn mirrors_are_servers_or_folders() {
    let (place, server) = (Place::new(), Server::start(body(), vec![Reply::Whole]));
    let request = request("https://nowhere.invalid/models/f.bin".to_owned(), &place.file());
    let mirrored = |mirror: String| FetchOptions { mirror: Some(mirror), ..options() };
    file(&request, &mirrored(server.url("/all/")), &|_| ()).unwrap();
    assert_eq!(server.requests()[0].path, "/all/models/f.bin");
    let folder = place.folder.path().join("mirror");
    std::fs::create_dir_all(folder.join("models")).unwrap();
    std::fs::write(folder.join("models/f.bin"), body()).unwrap();
    std::fs::remove_dir_all(place.file().parent().unwrap()).unwrap();
    file(&request, &mirrored(folder.display().to_string()), &|_| ()).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), body());
    std::fs::remove_dir_all(place.file().parent().unwrap()).unwrap();
    std::fs::remove_file(folder.join("models/f.bin")).unwrap();
    let message = file(&request, &mirrored(folder.display().to_string()), &|_| ()).unwrap_err().to_string();
    assert!(message.contains("mirror/models/f.bin"), "{message}");
    assert!(place.names().is_empty());
}

#[test]
fn many_at_once_download_once() {
    let (place, server) = (Place::new(), Server::start(body(), vec![Reply::Whole; 8]));
    let request = request(server.url("/f"), &place.file());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| get(&request).unwrap());
        }
    });
    assert_eq!(server.requests().len(), 1);
    assert_eq!(place.names(), ["file.bin"]);
}

#[test]
fn a_compressed_file_is_stored_as_it_is() {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&body()).unwrap();
    let gzipped = encoder.finish().unwrap();
    let (place, server) = (Place::new(), Server::start(gzipped.clone(), vec![Reply::CalledGzip]));
    get(&request(server.url("/f.tar.gz"), &place.file())).unwrap();
    assert_eq!(std::fs::read(place.file()).unwrap(), gzipped);
}

#[test]
fn a_folder_that_can_not_be_written_is_named() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("deep"), "a file where a folder should be").unwrap();
    let server = Server::start(body(), vec![Reply::Whole]);
    let message = get(&request(server.url("/f"), &place.file())).unwrap_err();
    assert!(message.contains("deep") && !message.contains('\n'), "{message}");
}

#[test]
fn published_weights_are_kept_under_their_own_name_and_checked_against_it() {
    let (place, name) = (Place::new(), format!("net-{}.pth", &sha256(&body())[..8]));
    let server = Server::start(body(), vec![Reply::Whole, Reply::Whole]);
    let entry = WeightsEntry {
        name: "V1".to_owned(),
        url: server.url(&format!("/{name}")),
        ..WeightsEntry::default()
    };
    let folder = place.folder.path().join("weights");
    let command = "lossnet fetch net:V1".to_owned();
    let offline = FetchOptions { offline: true, command, ..options() };
    let message = locate(&entry, &folder, &offline, &|_| ()).unwrap_err().to_string();
    assert!(message.contains(&name) && message.contains("`lossnet fetch net:V1`"), "{message}");
    let file = locate(&entry, &folder, &options(), &|_| ()).unwrap();
    assert_eq!(file, folder.join(&name));
    assert_eq!(std::fs::read(&file).unwrap(), body());
    // It is not read again as long as it stays as it is; another one in its place is refused and left alone.
    locate(&entry, &folder, &offline, &|_| ()).unwrap();
    std::fs::write(&file, "something else").unwrap();
    let message = locate(&entry, &folder, &options(), &|_| ()).unwrap_err().to_string();
    assert!(message.contains(&name) && message.contains("SHA-256"), "{message}");
    assert_eq!(std::fs::read(&file).unwrap(), b"something else");
    assert_eq!(server.requests().len(), 1);
    let nameless = WeightsEntry { url: server.url("/"), ..entry };
    assert!(locate(&nameless, &folder, &options(), &|_| ()).unwrap_err().to_string().contains("file name"));
}
