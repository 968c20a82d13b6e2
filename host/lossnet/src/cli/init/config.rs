//! Configs for what was found.

use std::path::{Path, PathBuf};

use super::look::{Folder, sizes};
use super::{mask_values, naming};
use crate::failure::Failure;

/// A config, and what it is made from.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) found: Vec<String>,
    pub(super) text: String,
}

/// What people call the original of a triplet, and the judgements.
const REFERENCE: &[&str] = &[
    "ref",
    "reference",
    "original",
    "originals",
    "orig",
    "gt",
    "pristine",
    "source",
    "clean",
    "hr",
    "image",
];
const JUDGE: &[&str] = &[
    "judge",
    "judgement",
    "judgment",
    "judgements",
    "votes",
    "vote",
    "choice",
    "answer",
    "label",
    "preference",
    "preferred",
];
/// What the names of the two images that people choose between begin with, before what tells them apart.
const CHOICES: &[&str] =
    &["", "dist", "distorted", "image", "img", "option", "choice", "candidate", "patch", "d", "x", "method"];
/// The same of columns that count the votes for each of them.
const VOTES: &[&str] = &["votes", "vote", "votesfor", "n", "v", "count", "chose", "wins"];

const MASK: [(&str, &[&str]); 2] = [
    ("input", &["input", "inputs", "images", "image", "img", "imgs", "photos", "sat", "jpegimages", "x"]),
    (
        "output",
        &[
            "output",
            "outputs",
            "masks",
            "mask",
            "maps",
            "map",
            "labels",
            "label",
            "gt",
            "groundtruth",
            "segmentation",
            "annotations",
            "y",
        ],
    ),
];

/// The names that can be taken for the fields of triplets; judgements are a name or two counts of votes.
fn triplet_fields(names: &[String]) -> Vec<(&'static str, Option<String>)> {
    let choices = naming::pair(names, CHOICES).map(|pair| pair.map(|name| quoted(&name)));
    let [p0, p1] = choices.map_or([None, None], |pair| pair.map(Some));
    let votes = naming::pair(names, VOTES).map(|[a, b]| format!("[{}, {}]", quoted(&a), quoted(&b)));
    let judge = votes.or_else(|| naming::one_of(names, JUDGE).map(|name| quoted(&name)));
    let reference = naming::one_of(names, REFERENCE).map(|name| quoted(&name));
    vec![("ref", reference), ("p0", p0), ("p1", p1), ("judge", judge)]
}

/// The map of fields as TOML. Fails if some of them can't be found among what `place` has.
fn mapped(
    fields: &[(&'static str, Option<String>)],
    place: &str,
    what: &str,
    names: &[String],
    dataset: &str,
) -> Result<String, Failure> {
    let missing: Vec<String> =
        fields.iter().filter(|(_, name)| name.is_none()).map(|(field, _)| format!("`{field}`")).collect();
    if !missing.is_empty() {
        let holds = if names.is_empty() { format!("no {what}s") } else { names.join(", ") };
        return Err(Failure::usage(format!(
            "{place} has no {what} that can be taken for {}: it has {holds}",
            missing.join(", ")
        ))
        .with_hint(format!(
            "call the {what}s {}, or say in a config which is which with `data.fields` (docs/reference/datasets.md, {dataset})",
            fields.iter().map(|(field, _)| *field).collect::<Vec<_>>().join(", ")
        )));
    }
    let pairs: Vec<String> =
        fields.iter().filter_map(|(field, name)| Some(format!("{field} = {}", name.as_ref()?))).collect();
    Ok(format!("fields = {{ {} }}\n", pairs.join(", ")))
}

/// Which loss network agrees with the people asked.
pub(super) fn triplets(folder: &Folder) -> Result<Config, Failure> {
    if let [table] = folder.tables.as_slice() {
        let header = header(table)?;
        let fields =
            mapped(&triplet_fields(&header), &table.display().to_string(), "column", &header, "csv")?;
        let name = table.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = vec![format!("{}: a table with the columns {}", table.display(), header.join(", "))];
        let data = format!(
            "name = \"csv\"\nfolder = {}\nfile = {}\n{fields}# votes = 5                     # how many people were \
             asked, where `judge` counts those who chose p1\n",
            path(folder)?,
            quoted(&name),
        );
        return Ok(Config { found, text: metric(&data) });
    }
    let inside = folder.inside()?;
    let names: Vec<String> = inside.keys().cloned().collect();
    let place = folder.path.display().to_string();
    let fields = mapped(&triplet_fields(&names), &place, "folder", &names, "paired-folder")?;
    let found = inside.values().flat_map(Folder::found).collect();
    let data = format!("name = \"paired-folder\"\nfolder = {}\n{fields}", path(folder)?);
    Ok(Config { found, text: metric(&data) })
}

fn metric(data: &str) -> String {
    format!(
        "# Which loss network agrees best with people? Written by `lossnet init triplets`.\n\
         # Try it without downloads: -s loss_network.weights=random:0\n\n\
         [experiment]\nname = \"my-triplets\"\n\n\
         [task]\nname = \"metric\"\n# size = 64                     # brings images to this side; without it they stay as they are\n\n\
         [loss_network]\nweights = \"imagenet\"\n\n\
         [data]\n{data}splits = [\"all\"]\n\n\
         [sweep]                         # every combination is a cell\n\
         \"loss_network.backbone\" = [\"alexnet\", \"squeezenet1_1\"]\n\
         \"loss_network.layers\" = \"paper\"\n"
    )
}

/// The smallest side of targets that is of any use: they are made smaller four times for the input.
const SMALLEST_TARGET: u32 = 32;

/// Enlarging the user's own images.
pub(super) fn hr(folder: &Folder) -> Result<Config, Failure> {
    needs_images(folder, 4)?;
    let sizes = sizes(folder.images.values());
    if let Some(small) = sizes.as_ref().filter(|sizes| sizes.shortest < SMALLEST_TARGET) {
        return Err(Failure::usage(format!(
            "{}: {} is {}×{} pixels, and targets need at least {SMALLEST_TARGET}×{SMALLEST_TARGET}",
            folder.path.display(),
            small.smallest_name,
            small.smallest.0,
            small.smallest.1
        ))
        .with_hint("move images that are so small to another folder"));
    }
    let side = sizes.map_or(96, |sizes| (sizes.shortest / 16 * 16).clamp(SMALLEST_TARGET, 288));
    let text = format!(
        "# Images enlarged four times by a network that is trained with a perceptual loss. Written by `lossnet init hr`.\n\
         # Try it without downloads: -s loss_network.weights=random:0\n\n\
         [experiment]\nname = \"my-super-resolution\"\n\n\
         [task]\nname = \"super-resolution\"\nfactor = 4                      # or 8\n\
         size = {side:<24} # side of the square targets\ntest_protocols = [\"standard\"]\n\n\
         [task.training]\nepochs = 80\nbatch_size = 4\n\n\
         [loss_network]\nbackbone = \"vgg16\"\nlayers = [8]                    # relu2_2\nweights = \"imagenet\"\n\
         normalize = \"none\"\n\n\
         [data]\n{}\n\
         [data.test.own]                 # what is tested on in the end\n{}splits = [\"test\"]\n",
        flat(folder)?,
        flat(folder)?,
    );
    let mut found = folder.found();
    if !folder.folders.is_empty() {
        let names: Vec<&str> = folder.folders.keys().map(String::as_str).collect();
        found.push(format!(
            "{}: not looked into are the folders {}",
            folder.path.display(),
            names.join(", ")
        ));
    }
    Ok(Config { found, text })
}

/// Finding lines that masks show.
pub(super) fn masks(folder: &Folder) -> Result<Config, Failure> {
    let inside = folder.inside()?;
    let names: Vec<String> = inside.keys().cloned().collect();
    let roles = MASK.map(|(field, wanted)| (field, naming::one_of(&names, wanted)));
    let fields = mapped(
        &roles.iter().map(|(field, name)| (*field, name.as_deref().map(quoted))).collect::<Vec<_>>(),
        &folder.path.display().to_string(),
        "folder",
        &names,
        "paired-folder",
    )?;
    let taken: Vec<&Folder> = roles.iter().filter_map(|(_, name)| inside.get(name.as_ref()?)).collect();
    let shortest = taken.iter().filter_map(|inside| sizes(inside.images.values())).map(|s| s.shortest).min();
    let crop = shortest.map_or(64, |side| (side / 16 * 16).clamp(32, 224));
    let mut found: Vec<String> = taken.iter().flat_map(|inside| inside.found()).collect();
    let files: Vec<PathBuf> =
        taken.last().map(|masks| masks.images.values().cloned().collect()).unwrap_or_default();
    let values = mask_values::look(&files);
    found.extend(values.found);
    let settings = if values.settings.is_empty() {
        "# foreground = [1]              # which values of the masks are lines, where brightness does not say it\n\
         # invert = true                 # lines are dark\n"
            .to_owned()
    } else {
        values.settings
    };
    let grey =
        if values.is_colored { "" } else { "grey = [\"output\"]               # masks have one channel\n" };
    let text = format!(
        "# Lines found by a U-Net that is trained with a perceptual loss. Written by `lossnet init masks`.\n\
         # Try it without downloads: -s loss_network.weights=random:0\n\n\
         [experiment]\nname = \"my-masks\"\n\n\
         [task]\nname = \"delineation\"\nval_split = \"val\"\ncrop = {crop:<24} # random crops for training, a multiple of 16\n\
         evaluation = \"full\"             # images as they are\n{settings}\n\
         [task.training]\nepochs = 100\nbatch_size = 8\n\n\
         [loss_network]\nbackbone = \"vgg16\"\nlayers = [3]\nweights = \"imagenet\"\nnormalize = \"imagenet\"\n\n\
         [data]\nname = \"paired-folder\"\nfolder = {}\n{fields}{grey}{SPLIT}splits = [\"test\"]\n",
        path(folder)?,
    );
    Ok(Config { found, text })
}

/// What autoencoders of the user's images learn: folders are classes.
pub(super) fn images(folder: &Folder) -> Result<Config, Failure> {
    let inside = folder.inside()?;
    let classes: Vec<&Folder> = inside.values().filter(|inside| !inside.images.is_empty()).collect();
    if classes.len() < 2 {
        return Err(Failure::usage(format!(
            "{} has {} folders with images, and the task `autoencoder` needs classes to predict: a folder for each of them",
            folder.path.display(),
            classes.len()
        ))
        .with_hint("without classes, `lossnet init hr` makes a config for super-resolution"));
    }
    let shortest =
        sizes(classes.iter().flat_map(|class| class.images.values())).map_or(64, |sizes| sizes.shortest);
    let side = if shortest >= 96 { 96 } else { 64 };
    let found = classes.iter().flat_map(|class| class.found()).collect();
    let text = format!(
        "# What the codes of an autoencoder are worth that is trained with a perceptual loss. Written by `lossnet init images`.\n\
         # Try it without downloads: -s loss_network.weights=random:0\n\n\
         [experiment]\nname = \"my-autoencoder\"\n\n\
         [task]\nname = \"autoencoder\"\nsize = {side:<24} # images are brought to this side\nclasses = {}\n\
         autoencoder_split = \"train\"\npredictor_split = \"train\"\n\n\
         [task.training]\nepochs = 50\nbatch_size = 64\n\n\
         [task.predictor_training]\nepochs = 500\nbatch_size = 64\n\n\
         [loss_network]\nbackbone = \"alexnet\"\nlayers = [4]\nweights = \"imagenet\"\nnormalize = \"none\"\n\n\
         [data]\nname = \"image-folder\"\nfolder = {}\nclasses = true                  # each folder is a class\n\
         split = {{ train = 0.8, test = 0.2 }}\nsplits = [\"test\"]\n",
        classes.len(),
        path(folder)?,
    );
    Ok(Config { found, text })
}

const SPLIT: &str =
    "split = { train = 0.8, val = 0.1, test = 0.1 }   # fractions of the samples, the same every time\n";

fn flat(folder: &Folder) -> Result<String, Failure> {
    Ok(format!("name = \"image-folder\"\nfolder = {}\n{SPLIT}", path(folder)?))
}

fn needs_images(folder: &Folder, least: usize) -> Result<(), Failure> {
    if folder.images.len() >= least {
        return Ok(());
    }
    let mut message = format!(
        "{} has {} images, and at least {least} are needed",
        folder.path.display(),
        folder.images.len()
    );
    if !folder.left_out.is_empty() {
        message = format!("{message}; {}", folder.left_out);
    }
    Err(Failure::usage(message))
}

/// The folder as a text of TOML; whole, so that the config can lie anywhere.
fn path(folder: &Folder) -> Result<String, Failure> {
    let whole = std::fs::canonicalize(&folder.path).map_err(|error| Failure::run(&error))?;
    let text = whole.to_str().ok_or_else(|| {
        Failure::usage(format!("the name of {} is not UTF-8, and a config is: rename it", whole.display()))
    })?;
    // Configs take `${NAME}` for a variable.
    Ok(quoted(&text.replace('$', "$$")))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The names of a table's columns.
fn header(table: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(table)
        .map_err(|error| Failure::usage(format!("{} can't be read: {error}", table.display())))?;
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().to_owned();
    let delimiter =
        [',', ';', '\t'].into_iter().rev().max_by_key(|&mark| first.matches(mark).count()).unwrap_or(',');
    Ok(first.split(delimiter).map(|name| name.trim().trim_matches('"').to_owned()).collect())
}
