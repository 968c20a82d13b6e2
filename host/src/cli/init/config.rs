//! Configs for what was found.

use std::collections::BTreeMap;
use std::path::Path;

use super::look::{Folder, Sizes, sizes};
use crate::cli::failure::Failure;

/// A config, and what it is made from.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) found: Vec<String>,
    pub(super) text: String,
}

/// Fields of triplets, and what people call them.
const TRIPLET: [(&str, &[&str]); 4] = [
    ("ref", &["ref", "reference", "original", "originals", "orig", "gt", "pristine", "source", "image"]),
    ("p0", &["p0", "a", "first", "left", "dist0", "d0", "x0", "image_a", "option_a"]),
    ("p1", &["p1", "b", "second", "right", "dist1", "d1", "x1", "image_b", "option_b"]),
    (
        "judge",
        &[
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
        ],
    ),
];

/// Counts of votes for the two images of a triplet.
const VOTES: [(&str, &str); 4] =
    [("votes_p0", "votes_p1"), ("votes_a", "votes_b"), ("n0", "n1"), ("va", "vb")];

const MASK: [(&str, &[&str]); 2] = [
    ("input", &["input", "inputs", "images", "image", "img", "imgs", "photos", "sat", "jpegimages", "x"]),
    (
        "output",
        &["output", "outputs", "masks", "mask", "maps", "map", "labels", "label", "gt", "annotations", "y"],
    ),
];

/// Which loss network agrees with the people asked.
pub(super) fn triplets(folder: &Folder) -> Result<Config, Failure> {
    if let [table] = folder.tables.as_slice() {
        let header = header(table)?;
        let votes = VOTES.iter().find(|(a, b)| has(&header, a).is_some() && has(&header, b).is_some());
        let mut fields = Vec::new();
        for (field, names) in TRIPLET {
            if let ("judge", Some((a, b))) = (field, votes) {
                let columns = [a, b].map(|name| quoted(&has(&header, name).unwrap_or_default()));
                fields.push(format!("judge = [{}, {}]", columns[0], columns[1]));
                continue;
            }
            let column = names.iter().find_map(|name| has(&header, name)).ok_or_else(|| {
                Failure::usage(format!(
                    "{} has no column that can be taken for `{field}`: it has {}",
                    table.display(),
                    header.join(", ")
                ))
                .with_hint(format!(
                    "name it one of {}; columns of any name are taken by `data.fields` in a config (docs/datasets.md, csv)",
                    names.join(", ")
                ))
            })?;
            fields.push(format!("{field} = {}", quoted(&column)));
        }
        let name = table.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = vec![format!("{}: a table with the columns {}", table.display(), header.join(", "))];
        let data = format!(
            "name = \"csv\"\nfolder = {}\nfile = {}\nfields = {{ {} }}\n# votes = 5                     # how many people were \
             asked, where `judge` counts those who chose p1\n",
            path(folder)?,
            quoted(&name),
            fields.join(", ")
        );
        return Ok(Config { found, text: metric(&data) });
    }
    let inside = folder.inside()?;
    let fields = fields(folder, &inside, &TRIPLET)?;
    let found = fields.iter().flat_map(|(_, name)| inside[name].found()).collect();
    let data = format!("name = \"paired-folder\"\nfolder = {}\n{}", path(folder)?, map(&fields));
    Ok(Config { found, text: metric(&data) })
}

fn metric(data: &str) -> String {
    format!(
        "# Which loss network agrees best with people? Written by `lossnet init triplets`.\n\
         # Try it without downloads: -s loss_network.weights=random:0\n\n\
         [experiment]\nname = \"my-triplets\"\n\n\
         [task]\nname = \"metric\"\nsize = 64                       # images are brought to this side\n\n\
         [loss_network]\nweights = \"imagenet\"\n\n\
         [data]\n{data}splits = [\"all\"]\n\n\
         [sweep]                         # every combination is a cell\n\
         \"loss_network.backbone\" = [\"alexnet\", \"squeezenet1_1\"]\n\
         \"loss_network.layers\" = \"paper\"\n"
    )
}

/// Enlarging the user's own images.
pub(super) fn hr(folder: &Folder) -> Result<Config, Failure> {
    needs_images(folder, 4)?;
    let side = folder_side(folder).map_or(96, |side| (side / 16 * 16).clamp(16, 288));
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
    Ok(Config { found: folder.found(), text })
}

/// Finding lines that masks show.
pub(super) fn masks(folder: &Folder) -> Result<Config, Failure> {
    let inside = folder.inside()?;
    let fields = fields(folder, &inside, &MASK)?;
    let shortest =
        fields.iter().filter_map(|(_, name)| sizes(inside[name].images.values())).map(|s| s.shortest).min();
    let crop = shortest.map_or(64, |side| (side / 16 * 16).clamp(32, 224));
    let found = fields.iter().flat_map(|(_, name)| inside[name].found()).collect();
    let text = format!(
        "# Lines found by a U-Net that is trained with a perceptual loss. Written by `lossnet init masks`.\n\
         # Try it without downloads: -s loss_network.weights=random:0\n\n\
         [experiment]\nname = \"my-masks\"\n\n\
         [task]\nname = \"delineation\"\nval_split = \"val\"\ncrop = {crop:<24} # random crops for training, a multiple of 16\n\
         evaluation = \"full\"             # images as they are\n\
         # foreground = [1]              # which values of the masks are lines, where brightness does not say it\n\
         # invert = true                 # lines are dark\n\n\
         [task.training]\nepochs = 100\nbatch_size = 8\n\n\
         [loss_network]\nbackbone = \"vgg16\"\nlayers = [3]\nweights = \"imagenet\"\nnormalize = \"imagenet\"\n\n\
         [data]\nname = \"paired-folder\"\nfolder = {}\n{}{SPLIT}splits = [\"test\"]\n",
        path(folder)?,
        map(&fields),
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

fn folder_side(folder: &Folder) -> Option<u32> {
    sizes(folder.images.values()).map(|Sizes { shortest, .. }| shortest)
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

/// The folders that can be taken for fields.
fn fields(
    folder: &Folder,
    inside: &BTreeMap<String, Folder>,
    wanted: &[(&'static str, &[&str])],
) -> Result<Vec<(&'static str, String)>, Failure> {
    let there: Vec<String> = inside.keys().cloned().collect();
    let field = |(field, names): &(&'static str, &[&str])| {
        let name = names.iter().find_map(|name| has(&there, name)).ok_or_else(|| {
            let holds = if there.is_empty() { "no folders".to_owned() } else { there.join(", ") };
            Failure::usage(format!(
                "{} has no folder that can be taken for `{field}`: it has {holds}",
                folder.path.display()
            ))
            .with_hint(format!(
                "name it one of {}; folders of any name are taken by `data.fields` in a config (docs/datasets.md, paired-folder)",
                names.join(", ")
            ))
        })?;
        Ok((*field, name))
    };
    wanted.iter().map(field).collect()
}

/// The one of these names that is meant, however it is capitalized.
fn has(names: &[String], wanted: &str) -> Option<String> {
    names.iter().find(|name| name.eq_ignore_ascii_case(wanted)).cloned()
}

fn map(fields: &[(&'static str, String)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(field, name)| format!("{field} = {}", quoted(name))).collect();
    format!("fields = {{ {} }}\n", pairs.join(", "))
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
