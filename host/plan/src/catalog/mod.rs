//! The components of all plugins, by kind and name.
//!
//! One lookup serves every kind. A name that two plugins claim is refused for both, so that the order of files
//! never decides which code runs; everything else in those plugins still works.

mod depth;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lossnet_core::nearest::{either, nearest};
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::{ComponentManifest, Kind, PluginError, PluginManifest};
use serde_json::{Map, Value};

pub use depth::depth;

/// Up to how many names are told where one is not known.
const NAMED: usize = 12;

/// A plugin's file and what it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct CataloguedPlugin {
    /// The shared library.
    pub path: PathBuf,
    /// What it holds.
    pub manifest: PluginManifest,
}

/// Descriptions of backbones.
pub trait Descriptions {
    /// Dotted names of all nodes of a backbone with its default settings; none if that is not known without loading it.
    fn node_names(&self, backbone: &str) -> Option<Vec<String>>;

    /// A backbone with these settings, which may give it other layers than its default ones do. None if it can't be asked here:
    /// its layers are then left to the engine to check. Fails if the backbone refuses the settings.
    fn described(&self, backbone: &str, settings: &Map<String, Value>) -> Result<Option<Graph>, PluginError>;
}

/// For callers that know of no descriptions.
impl Descriptions for () {
    fn node_names(&self, _: &str) -> Option<Vec<String>> {
        None
    }

    fn described(&self, _: &str, _: &Map<String, Value>) -> Result<Option<Graph>, PluginError> {
        Ok(None)
    }
}

/// The components of all plugins that can be used.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    plugins: Vec<CataloguedPlugin>,
    components: BTreeMap<(Kind, String), Claim>,
    searched: Vec<PathBuf>,
}

/// Who offers a name.
#[derive(Clone, Debug)]
enum Claim {
    One { plugin: usize, component: usize },
    Several(Vec<PathBuf>),
}

/// What is wrong with the plugins taken together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogProblem {
    /// A name is claimed more than once, so nobody gets it.
    #[error(
        "the {kind} `{name}` is claimed by {} and can't be used: remove or rename all but one of them",
        list(.plugins)
    )]
    Duplicate {
        /// The component's kind.
        kind: Kind,
        /// The name.
        name: String,
        /// The files that claim it; one file twice if it claims the name twice.
        plugins: Vec<PathBuf>,
    },
}

/// A name that can't be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// No plugin offers it.
    #[error("{}", unknown(*.kind, .name, .nearest, .available, .searched))]
    Unknown {
        /// The kind that was looked up.
        kind: Kind,
        /// The name that nobody offers.
        name: String,
        /// Offered names that are spelled like it.
        nearest: Vec<String>,
        /// The names of all components of this kind.
        available: Vec<String>,
        /// The folders that were searched for plugins.
        searched: Vec<PathBuf>,
    },
    /// Several plugins offer it.
    #[error(
        "the {kind} `{name}` is claimed by {} and can't be used: remove or rename all but one of them",
        list(.plugins)
    )]
    Duplicate {
        /// The kind that was looked up.
        kind: Kind,
        /// The name.
        name: String,
        /// The files that claim it.
        plugins: Vec<PathBuf>,
    },
}

impl Catalog {
    /// Gathers the components of these plugins, which were found in the folders `searched`.
    ///
    /// Also gives the names that are claimed more than once; they are left out.
    pub fn new(plugins: Vec<CataloguedPlugin>, searched: Vec<PathBuf>) -> (Catalog, Vec<CatalogProblem>) {
        let mut claims: BTreeMap<(Kind, String), Vec<(usize, usize)>> = BTreeMap::new();
        for (plugin, entry) in plugins.iter().enumerate() {
            for (component, manifest) in entry.manifest.components.iter().enumerate() {
                claims.entry((manifest.kind, manifest.name.clone())).or_default().push((plugin, component));
            }
        }
        let mut problems = Vec::new();
        let mut components = BTreeMap::new();
        for ((kind, name), claimants) in claims {
            let claim = if let [(plugin, component)] = claimants[..] {
                Claim::One { plugin, component }
            } else {
                let paths: Vec<PathBuf> =
                    claimants.iter().map(|&(plugin, _)| plugins[plugin].path.clone()).collect();
                problems.push(CatalogProblem::Duplicate { kind, name: name.clone(), plugins: paths.clone() });
                Claim::Several(paths)
            };
            components.insert((kind, name), claim);
        }
        (Catalog { plugins, components, searched }, problems)
    }

    /// The plugins, in the order in which they were found.
    pub fn plugins(&self) -> &[CataloguedPlugin] {
        &self.plugins
    }

    /// The folders that were searched.
    pub fn searched(&self) -> &[PathBuf] {
        &self.searched
    }

    /// What a component says of itself.
    ///
    /// Fails with a sentence for the user if no plugin offers the name, or several do.
    pub fn get(&self, kind: Kind, name: &str) -> Result<&ComponentManifest, LookupError> {
        self.find(kind, name).map(|(_, manifest)| manifest)
    }

    /// The plugin that offers a component, and what the component says of itself. Fails as [`get`](Self::get).
    pub fn find(
        &self,
        kind: Kind,
        name: &str,
    ) -> Result<(&CataloguedPlugin, &ComponentManifest), LookupError> {
        match self.components.get(&(kind, name.to_owned())) {
            Some(&Claim::One { plugin, component }) => {
                let plugin = &self.plugins[plugin];
                Ok((plugin, &plugin.manifest.components[component]))
            }
            Some(Claim::Several(plugins)) => {
                Err(LookupError::Duplicate { kind, name: name.to_owned(), plugins: plugins.clone() })
            }
            None => Err(LookupError::Unknown {
                kind,
                name: name.to_owned(),
                nearest: nearest(name, self.names(kind)).into_iter().map(str::to_owned).collect(),
                available: self.names(kind).map(str::to_owned).collect(),
                searched: self.searched.clone(),
            }),
        }
    }

    /// The file of the plugin that offers a component.
    pub fn plugin_of(&self, kind: Kind, name: &str) -> Option<&Path> {
        self.find(kind, name).ok().map(|(plugin, _)| plugin.path.as_path())
    }

    /// The usable components of a kind, by name.
    pub fn iter(&self, kind: Kind) -> impl Iterator<Item = &ComponentManifest> {
        self.of_kind(kind).map(|(plugin, component)| &self.plugins[plugin].manifest.components[component])
    }

    /// Names of the usable components of a kind, sorted.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.iter(kind).map(|component| component.name.as_str())
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (usize, usize)> {
        self.components.range((kind, String::new())..).take_while(move |((of, _), _)| *of == kind).filter_map(
            |(_, claim)| match claim {
                Claim::One { plugin, component } => Some((*plugin, *component)),
                Claim::Several(_) => None,
            },
        )
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
}

fn unknown(kind: Kind, name: &str, nearest: &[String], available: &[String], searched: &[PathBuf]) -> String {
    let quoted: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    let hint = if quoted.is_empty() { String::new() } else { format!(": did you mean {}?", either(&quoted)) };
    let looked = if searched.is_empty() {
        "no folder was searched for plugins".to_owned()
    } else {
        let folders: Vec<String> = searched.iter().map(|path| path.display().to_string()).collect();
        format!("looked in {}", folders.join(", "))
    };
    let count = match available {
        [] => format!("there is no {kind} at all"),
        [only] => format!("there is `{only}`"),
        few if few.len() <= NAMED => {
            format!("there are {}", few.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
        many => format!("there are {}, see `lossnet list {kind}s`", many.len()),
    };
    format!("no {kind} is named `{name}`{hint} ({count}; {looked})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lossnet_plugin_protocol::Details;

    fn plugin(path: &str, components: &[(Kind, &str)]) -> CataloguedPlugin {
        let components = components
            .iter()
            .map(|&(kind, name)| ComponentManifest {
                kind,
                name: name.to_owned(),
                summary: String::new(),
                config_schema: serde_json::json!({}),
                details: Details::default(),
            })
            .collect();
        let manifest = PluginManifest {
            name: path.to_owned(),
            version: "1.0.0".to_owned(),
            components,
            refused: Vec::new(),
        };
        CataloguedPlugin { path: PathBuf::from(path), manifest }
    }

    fn catalog() -> (Catalog, Vec<CatalogProblem>) {
        let one =
            plugin("p/one.so", &[(Kind::Backbone, "vgg16"), (Kind::Backbone, "alexnet"), (Kind::Task, "x")]);
        let two = plugin("p/two.so", &[(Kind::Backbone, "alexnet"), (Kind::Backbone, "resnet18")]);
        Catalog::new(vec![one, two], vec![PathBuf::from("p")])
    }

    #[test]
    fn a_name_claimed_twice_is_refused_and_the_rest_works() {
        let (catalog, problems) = catalog();
        let sentence = "the backbone `alexnet` is claimed by p/one.so and p/two.so and can't be used: \
                        remove or rename all but one of them";
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].to_string(), sentence);
        assert_eq!(catalog.get(Kind::Backbone, "alexnet").unwrap_err().to_string(), sentence);
        assert_eq!(catalog.names(Kind::Backbone).collect::<Vec<_>>(), ["resnet18", "vgg16"]);
        assert_eq!(catalog.plugin_of(Kind::Backbone, "resnet18"), Some(Path::new("p/two.so")));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_and_where_it_looked() {
        let (catalog, _) = catalog();
        assert_eq!(
            catalog.get(Kind::Backbone, "resnet-81").unwrap_err().to_string(),
            "no backbone is named `resnet-81`: did you mean `resnet18`? (there are `resnet18`, `vgg16`; looked in p)"
        );
        assert_eq!(
            catalog.get(Kind::Dataset, "bapps").unwrap_err().to_string(),
            "no dataset is named `bapps` (there is no dataset at all; looked in p)"
        );
    }
}
