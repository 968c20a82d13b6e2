//! Which file of a crate imports which, seen through re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Attribute, File, Item, ItemUse, UseTree, Visibility};

type ModulePath = Vec<String>;

/// A file's module.
struct Module {
    file: PathBuf,
    syntax: File,
    /// What it re-exports: the name, and the path behind it.
    exports: BTreeMap<String, ModulePath>,
    /// Paths of whose whole contents it re-exports.
    globs: Vec<ModulePath>,
}

/// The circles of imports among the files below `sources`, as lines of text.
pub(crate) fn circles(sources: &Path) -> Vec<String> {
    let modules = read(sources);
    let edges: BTreeMap<&ModulePath, BTreeSet<ModulePath>> =
        modules.keys().map(|path| (path, imports(path, &modules))).collect();
    let reach = |from: &ModulePath| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(next) = open.pop() {
            for target in edges.get(&next).into_iter().flatten() {
                if seen.insert(target.clone()) {
                    open.push(target.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&ModulePath, BTreeSet<ModulePath>> =
        modules.keys().map(|path| (path, reach(path))).collect();
    let mut found = BTreeSet::new();
    for path in modules.keys().filter(|path| reached[path].contains(*path)) {
        let members: BTreeSet<String> = modules
            .keys()
            .filter(|other| reached[path].contains(*other) && reached[other].contains(path))
            .map(|member| {
                let name = modules[member].file.strip_prefix(sources.parent().unwrap()).unwrap();
                let next: Vec<String> = edges[member]
                    .iter()
                    .filter(|next| reached[next].contains(path) && reached[path].contains(*next))
                    .map(|next| next.join("::"))
                    .collect();
                format!("  {} -> {}", name.display(), next.join(", "))
            })
            .collect();
        found.insert(format!(
            "{}:\n{}",
            sources.parent().unwrap().display(),
            members.into_iter().collect::<Vec<_>>().join("\n")
        ));
    }
    found.into_iter().collect()
}

/// All modules that are files of their own, by their paths from the crate's root.
fn read(sources: &Path) -> BTreeMap<ModulePath, Module> {
    let mut modules = BTreeMap::new();
    let root = ["lib.rs", "main.rs"].map(|name| sources.join(name)).into_iter().find(|path| path.is_file());
    if let Some(root) = root {
        read_module(&root, sources, Vec::new(), &mut modules);
    }
    modules
}

/// `below`: where the files of its modules are.
fn read_module(file: &Path, below: &Path, path: ModulePath, modules: &mut BTreeMap<ModulePath, Module>) {
    let syntax = syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap();
    for item in &syntax.items {
        let Item::Mod(module) = item else { continue };
        if module.content.is_some() || is_test(&module.attrs) {
            continue;
        }
        let name = module.ident.to_string();
        let inner = [path.clone(), vec![name.clone()]].concat();
        let (flat, deep) = (below.join(format!("{name}.rs")), below.join(&name).join("mod.rs"));
        let child = if flat.is_file() { flat } else { deep };
        if child.is_file() {
            read_module(&child, &below.join(&name), inner, modules);
        }
    }
    let mut module = Module { file: file.to_owned(), syntax, exports: BTreeMap::new(), globs: Vec::new() };
    for item in &module.syntax.items {
        if let Item::Use(import) = item
            && !matches!(import.vis, Visibility::Inherited)
        {
            for (name, target) in leaves(&import.tree) {
                match name {
                    Some(name) => drop(module.exports.insert(name, target)),
                    None => module.globs.push(target),
                }
            }
        }
    }
    modules.insert(path, module);
}

/// The names that an import brings with their paths; no name for `*`.
fn leaves(tree: &UseTree) -> Vec<(Option<String>, ModulePath)> {
    let under = |first: String, inner: Vec<(Option<String>, ModulePath)>| {
        inner.into_iter().map(|(name, path)| (name, [vec![first.clone()], path].concat())).collect()
    };
    match tree {
        UseTree::Path(path) => under(path.ident.to_string(), leaves(&path.tree)),
        UseTree::Name(name) if name.ident == "self" => vec![(Some("self".to_owned()), Vec::new())],
        UseTree::Name(name) => vec![(Some(name.ident.to_string()), vec![name.ident.to_string()])],
        UseTree::Rename(name) => vec![(Some(name.rename.to_string()), vec![name.ident.to_string()])],
        UseTree::Glob(_) => vec![(None, Vec::new())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// The modules that a module's code takes something from, those around it aside; what it re-exports only does not count.
fn imports(from: &ModulePath, modules: &BTreeMap<ModulePath, Module>) -> BTreeSet<ModulePath> {
    let mut collector = Collector { paths: Vec::new() };
    collector.visit_file(&modules[from].syntax);
    let found = collector.paths.into_iter().filter_map(|path| resolve(from, &path, modules, 0));
    // Parts of a module may use what the module's own file defines: that file and they are one concept.
    found.filter(|target| !from.starts_with(target)).collect()
}

/// The module in which what a path names is defined, if that is in this crate.
fn resolve(
    from: &ModulePath,
    path: &[String],
    modules: &BTreeMap<ModulePath, Module>,
    depth: usize,
) -> Option<ModulePath> {
    if depth > 8 {
        return None;
    }
    let mut rest = path;
    let mut at = match rest.first()?.as_str() {
        "crate" => Vec::new(),
        "self" => from.clone(),
        "super" => from[..from.len().checked_sub(1)?].to_vec(),
        first => {
            let child = [from.clone(), vec![first.to_owned()]].concat();
            modules.contains_key(&child).then_some(())?;
            return walk(child, &rest[1..], modules, depth);
        }
    };
    rest = &rest[1..];
    while rest.first().is_some_and(|next| next == "super") {
        at.pop()?;
        rest = &rest[1..];
    }
    walk(at, rest, modules, depth)
}

fn walk(
    mut at: ModulePath,
    mut rest: &[String],
    modules: &BTreeMap<ModulePath, Module>,
    depth: usize,
) -> Option<ModulePath> {
    while let Some(next) = rest.first() {
        let child = [at.clone(), vec![next.clone()]].concat();
        if modules.contains_key(&child) {
            at = child;
            rest = &rest[1..];
            continue;
        }
        let module = modules.get(&at)?;
        if let Some(target) = module.exports.get(next) {
            return resolve(&at, &[target.clone(), rest[1..].to_vec()].concat(), modules, depth + 1)
                .or(Some(at));
        }
        if !defines(&module.syntax, next) {
            for glob in &module.globs {
                let behind = resolve(&at, glob, modules, depth + 1);
                if let Some(behind) = behind.filter(|behind| defines(&modules[behind].syntax, next)) {
                    return Some(behind);
                }
            }
        }
        return Some(at);
    }
    Some(at)
}

/// Whether a file has an item of this name.
fn defines(file: &File, name: &str) -> bool {
    file.items.iter().any(|item| match item {
        Item::Const(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Fn(item) => item.sig.ident == name,
        Item::Static(item) => item.ident == name,
        Item::Struct(item) => item.ident == name,
        Item::Trait(item) => item.ident == name,
        Item::Type(item) => item.ident == name,
        Item::Macro(item) => item.ident.as_ref().is_some_and(|ident| ident == name),
        _ => false,
    })
}

/// `#[cfg(test)]`
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
    })
}

/// All paths that code uses, tests and re-exports aside.
struct Collector {
    paths: Vec<ModulePath>,
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(module) => &module.attrs,
            Item::Fn(function) => &function.attrs,
            Item::Impl(block) => &block.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        if matches!(import.vis, Visibility::Inherited) {
            self.paths.extend(leaves(&import.tree).into_iter().map(|(_, path)| path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: ModulePath = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.paths.push(segments);
        }
        syn::visit::visit_path(self, path);
    }
}
