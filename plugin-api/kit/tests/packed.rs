//! Packed samples: what comes out is what went in, or an error that names the file.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::loader::LoaderOptions;
use lossnet_plugin_kit::packed::{Key, open_or_make, open_or_write};

const OPTIONS: LoaderOptions = LoaderOptions { threads: 3, batch_size: 4, ahead: 2 };

/// Samples of all kinds of fields and of different sizes, that count how often they are decoded.
struct Mixed {
    count: usize,
    broken: Option<usize>,
    decoded: AtomicUsize,
}

impl Mixed {
    fn new(count: usize) -> Mixed {
        Mixed { count, broken: None, decoded: AtomicUsize::new(0) }
    }

    fn decoded(&self) -> usize {
        self.decoded.load(Ordering::SeqCst)
    }
}

fn image(index: usize, side: usize, channels: usize) -> Field {
    let data = (0..side * side * channels).map(|at| (at * 7 + index * 13) as u8).collect();
    Field::Image(ImageData { width: side, height: side, channels, data })
}

impl Samples for Mixed {
    fn len(&self) -> usize {
        self.count
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        self.decoded.fetch_add(1, Ordering::SeqCst);
        if self.broken == Some(index) {
            return Err(PluginError::input("b.png is cut off"));
        }
        let mut fields = vec![
            ("rgb".to_owned(), image(index, 3 + index % 2, 3)),
            ("grey".to_owned(), image(index, 2, 1)),
            ("number".to_owned(), Field::Number(index as f64 / 3.0)),
        ];
        if index % 3 == 1 {
            let values = vec![0.5, -1.0, index as f32, f32::INFINITY, 1e-20, 7.0];
            fields.push(("array".to_owned(), Field::Array { shape: vec![2, 3], values }));
        }
        let group = ["", "cnn", "größe"][index % 3].to_owned();
        Ok(Sample { id: format!("{group}/{index:03}"), group, fields })
    }
}

#[derive(Default)]
struct Recorder {
    notices: Mutex<Vec<String>>,
    progress: Mutex<Vec<(u64, Option<u64>)>>,
    cancelled: bool,
}

impl Services for Recorder {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        Err(PluginError::input(request.url.clone()))
    }

    fn unpack(&self, archive: &Path, _: &Path) -> Result<(), PluginError> {
        Err(PluginError::input(archive.display().to_string()))
    }

    fn notice(&self, message: &str) {
        self.notices.lock().unwrap().push(message.to_owned());
    }

    fn progress(&self, progress: &Progress) {
        self.progress.lock().unwrap().push((progress.done, progress.total));
    }

    fn cancelled(&self) -> bool {
        self.cancelled
    }
}

fn key() -> Key {
    Key::new("mixed 1").with("side", 3)
}

fn make(path: &Path, key: &Key, samples: &Mixed) -> Result<Box<dyn Samples>, PluginError> {
    open_or_make(path, key, samples, &Recorder::default(), OPTIONS)
}

/// A folder and the path of a packed file in it, whose own folder is not there yet.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packed/val.lossnet");
    (folder, path)
}

fn all(samples: &dyn Samples) -> Result<Vec<Sample>, PluginError> {
    (0..samples.len()).map(|index| samples.sample(index)).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn samples_come_back_as_they_were_and_are_decoded_once() {
    let (_folder, path) = place();
    let samples = Mixed::new(150);
    let services = Recorder::default();
    let packed = open_or_make(&path, &key(), &samples, &services, OPTIONS).unwrap();
    let expected = all(&Mixed::new(150)).unwrap();
    assert_eq!(all(&*packed).unwrap(), expected);
    assert_eq!(samples.decoded(), 150);
    assert_eq!(services.progress.lock().unwrap().last(), Some(&(150, Some(150))));

    let again = make(&path, &key(), &samples).unwrap();
    assert_eq!(all(&*again).unwrap(), expected);
    assert_eq!(samples.decoded(), 150, "the second time they are read from the file");
    assert_eq!(names(path.parent().unwrap()), ["val.lossnet"]);
    assert!(again.sample(150).unwrap_err().to_string().contains("val.lossnet"));
}

#[test]
fn a_packed_file_is_read_from_many_threads() {
    let (_folder, path) = place();
    let packed = make(&path, &key(), &Mixed::new(60)).unwrap();
    let expected = all(&Mixed::new(60)).unwrap();
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (packed, expected) = (&packed, &expected);
            scope.spawn(move || {
                for index in (start..60).rev() {
                    assert_eq!(packed.sample(index).unwrap(), expected[index]);
                }
            });
        }
    });
}

#[test]
fn no_samples_are_packed_too() {
    let (_folder, path) = place();
    assert!(make(&path, &key(), &Mixed::new(0)).unwrap().is_empty());
    assert!(make(&path, &key(), &Mixed::new(0)).unwrap().is_empty());
}

#[test]
fn a_file_made_from_something_else_is_made_anew() {
    let (folder, path) = place();
    let source = folder.path().join("source.png");
    let of_source = || {
        let mut key = key();
        key.add_file(folder.path(), &source).map(|()| key)
    };
    std::fs::write(&source, "one").unwrap();
    let samples = Mixed::new(5);
    let expected = |times: usize| assert_eq!(samples.decoded(), 5 * times, "packed so often");
    make(&path, &of_source().unwrap(), &samples).unwrap();
    expected(1);
    make(&path, &of_source().unwrap(), &samples).unwrap();
    expected(1);
    // Changed at once, to the same length.
    std::fs::write(&source, "two").unwrap();
    make(&path, &of_source().unwrap(), &samples).unwrap();
    expected(2);
    make(&path, &of_source().unwrap().with("side", 4), &samples).unwrap();
    expected(3);
    std::fs::remove_file(&source).unwrap();
    let error = of_source().unwrap_err().to_string();
    assert!(error.contains("source.png"), "{error}");
}

#[test]
fn settings_do_not_run_together() {
    let (_folder, path) = place();
    let samples = Mixed::new(2);
    for (times, key) in
        [Key::new("a").with("b", "cd"), Key::new("a").with("bc", "d"), Key::new("ab").with("c", "d")]
            .iter()
            .enumerate()
    {
        make(&path, key, &samples).unwrap();
        assert_eq!(samples.decoded(), 2 * (times + 1));
    }
}

#[test]
fn no_flipped_byte_goes_unnoticed() {
    let (_folder, path) = place();
    let expected = all(&Mixed::new(4)).unwrap();
    make(&path, &key(), &Mixed::new(4)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let (mut remade, mut named) = (0, 0);
    for position in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        let samples = Mixed::new(4);
        let opened = make(&path, &key(), &samples).unwrap();
        match all(&*opened) {
            Ok(read) => {
                assert_eq!(read, expected, "byte {position}");
                assert_eq!(samples.decoded(), 4, "byte {position} was not noticed");
                remade += 1;
            }
            Err(error) => {
                let message = error.to_string();
                assert!(
                    message.contains("val.lossnet") && message.contains("damaged at sample"),
                    "{message}"
                );
                named += 1;
            }
        }
    }
    // Records are checked when they are read, all else when the file is opened.
    assert!(remade > 150 && named > 200, "{remade} {named} of {}", whole.len());
}

#[test]
fn a_cut_off_file_is_made_anew_and_the_user_hears_of_it() {
    let (_folder, path) = place();
    make(&path, &key(), &Mixed::new(4)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(3) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (samples, services) = (Mixed::new(4), Recorder::default());
        let opened = open_or_make(&path, &key(), &samples, &services, OPTIONS).unwrap();
        assert_eq!(all(&*opened).unwrap().len(), 4);
        assert_eq!(samples.decoded(), 4, "{length} bytes");
        let notices = services.notices.lock().unwrap();
        assert!(notices[0].contains("val.lossnet") && notices[0].contains("damaged"), "{notices:?}");
    }
    std::fs::write(&path, vec![0xff; 4000]).unwrap();
    assert_eq!(make(&path, &key(), &Mixed::new(4)).unwrap().len(), 4);
}

#[test]
fn an_error_while_packing_leaves_what_was_there() {
    let (_folder, path) = place();
    let broken = Mixed { broken: Some(9), ..Mixed::new(20) };
    let error = make(&path, &key(), &broken).err().unwrap().to_string();
    assert_eq!(error, "sample 9: b.png is cut off");
    assert!(names(path.parent().unwrap()).is_empty());

    make(&path, &key(), &Mixed::new(20)).unwrap();
    let before = std::fs::read(&path).unwrap();
    make(&path, &key().with("side", 9), &broken).err().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(names(path.parent().unwrap()), ["val.lossnet"]);
}

#[test]
fn packing_stops_when_the_user_asks() {
    let (_folder, path) = place();
    let services = Recorder { cancelled: true, ..Recorder::default() };
    let opened = open_or_make(&path, &key(), &Mixed::new(200), &services, OPTIONS);
    assert_eq!(opened.err().unwrap(), PluginError::interrupted());
    assert!(names(path.parent().unwrap()).is_empty());
}

#[test]
fn drafts_of_killed_processes_are_neither_used_nor_kept() {
    let (_folder, path) = place();
    let folder = path.parent().unwrap();
    make(&path, &key(), &Mixed::new(3)).unwrap();
    let draft = folder.join(".val.lossnet.draft-Xy12");
    std::fs::rename(&path, &draft).unwrap();
    std::fs::write(folder.join(".other"), "kept").unwrap();
    let samples = Mixed::new(3);
    make(&path, &key(), &samples).unwrap();
    assert_eq!(samples.decoded(), 3);
    assert!(!draft.exists() && folder.join(".other").exists());
}

#[test]
fn two_that_pack_at_once_pack_once() {
    let (_folder, path) = place();
    let samples = Mixed::new(300);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(make(&path, &key(), &samples).unwrap().len(), 300));
        }
    });
    assert_eq!(samples.decoded(), 300);
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("packed"), "a file where a folder should be").unwrap();
    let error = make(&folder.path().join("packed/val.lossnet"), &key(), &Mixed::new(3)).err().unwrap();
    assert!(error.to_string().contains("packed/val.lossnet"), "{error}");
    assert!(error.help.unwrap().contains("packed = false"));
}

#[test]
fn samples_may_come_one_by_one() {
    let (_folder, path) = place();
    let source = Mixed::new(70);
    let services = Recorder::default();
    let packed = open_or_write(&path, &key(), &services, |writer| {
        writer.expect(70);
        (0..70).try_for_each(|index| writer.push(&source.sample(index)?))
    });
    assert_eq!(all(&*packed.unwrap()).unwrap(), all(&Mixed::new(70)).unwrap());
    assert!(services.progress.lock().unwrap().contains(&(65, Some(70))));

    let image = ImageData { width: 2, height: 2, channels: 3, data: vec![0; 5] };
    let sample = Sample {
        id: "x".to_owned(),
        group: String::new(),
        fields: vec![("i".to_owned(), Field::Image(image))],
    };
    let refused = open_or_write(&path.with_extension("2"), &key(), &services, |writer| writer.push(&sample));
    assert!(refused.err().unwrap().to_string().contains("2×2×3"));
}
