//! Makes the folder from the published wheels.

use std::path::Path;

use fs_err as fs;

use super::pins::Pin;
use super::stamp::{Inspection, Origin, Part, Stamp};
use super::wheel::Wheel;
use super::{Error, layout, pins, pip, stamp, version};
use crate::terminal::say;

/// Completes the folder: fetches and unpacks what is not whole.
pub(super) fn unpack(folder: &Path, cuda: bool) -> Result<Stamp, Error> {
    let before = match stamp::inspect(folder) {
        Inspection::Complete(stamp) => Some(stamp),
        Inspection::Damaged(stamp) => {
            say("libtorch/ is damaged: completing it");
            Some(stamp)
        }
        Inspection::Unknown => None,
    };
    let had_cuda = before.as_ref().is_some_and(|stamp| stamp.cuda && !stamp.origin.is_linked());
    let cuda = cuda || had_cuda;
    let wheels = pins::wheels(cuda).ok_or(Error::NoWheels)?;
    // The CPU's share of the torch wheel is not what a GPU needs.
    let reusable = |part: &&Part| (had_cuda || !cuda || part.package != "torch") && part.is_whole(folder);
    let whole: Vec<&Part> = before.iter().flat_map(|stamp| stamp.origin.parts()).filter(reusable).collect();
    layout::remove_links(folder)?;
    fs::create_dir_all(layout::downloads(folder))?;
    let mut parts = Vec::new();
    for pin in wheels {
        let kept = whole.iter().find(|part| part.sha256 == pin.sha256);
        parts.push(match kept {
            Some(&part) => part.clone(),
            None => unpack_one(folder, &pin, cuda)?,
        });
    }
    layout::make_link_folder(folder)?;
    let found =
        version::of_headers(&folder.join(layout::INCLUDE)).unwrap_or_else(|| "of no version".to_owned());
    if found != pins::TORCH {
        return Err(Error::OtherVersion { folder: folder.to_owned(), found });
    }
    Ok(Stamp { version: found, cuda, origin: Origin::Wheels(parts) })
}

fn unpack_one(folder: &Path, pin: &Pin, cuda: bool) -> Result<Part, Error> {
    let wheel = pip::fetch(folder, pin)?;
    let files = Wheel::open(&wheel)?.unpack(folder, |entry| layout::place(entry, cuda))?;
    Ok(Part {
        package: pin.package.to_owned(),
        version: pin.version.to_owned(),
        sha256: pin.sha256.to_owned(),
        files,
    })
}
