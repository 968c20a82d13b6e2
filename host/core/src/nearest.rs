//! Which of the valid names a wrong one was probably meant to be.

/// At most three valid names that are spelled like `wrong`, the nearest first.
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let simple = simplify(wrong);
    let tolerance = (simple.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = valid
        .into_iter()
        .filter_map(|name| {
            let candidate = simplify(name);
            let distance = strsim::damerau_levenshtein(&simple, &candidate);
            let contained = simple.len() >= 3 && (candidate.contains(&simple) || simple.contains(&candidate));
            (distance <= tolerance || (contained && !candidate.is_empty())).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    if near.first().is_some_and(|(distance, _)| *distance == 0) {
        // Only case or separators are wrong.
        near.retain(|(distance, _)| *distance == 0);
    }
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// "did you mean `a` or `b`?", or nothing where no name is near.
pub fn did_you_mean<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let quoted: Vec<String> = nearest(wrong, valid).into_iter().map(|name| format!("`{name}`")).collect();
    (!quoted.is_empty()).then(|| format!("did you mean {}?", either(&quoted)))
}

/// "a", "a or b", "a, b or c".
pub fn either(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Case and separators are what people mix up most.
fn simplify(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_first_and_far_ones_not_at_all() {
        let names = ["alexnet", "squeezenet1_1", "squeezenet1_0", "vgg16", "vgg16_bn"];
        let cases: [(&str, &[&str]); 5] = [
            ("alexnt", &["alexnet"]),
            ("SqueezeNet1-1", &["squeezenet1_1"]),
            ("vgg-16", &["vgg16"]),
            ("vgg", &["vgg16", "vgg16_bn"]),
            ("perceptron", &[]),
        ];
        for (wrong, expected) in cases {
            assert_eq!(nearest(wrong, names), expected, "{wrong}");
        }
    }

    #[test]
    fn the_question_lists_what_is_near() {
        assert_eq!(did_you_mean("layer", ["layers", "size"]).as_deref(), Some("did you mean `layers`?"));
        assert_eq!(did_you_mean("zzz", ["layers", "size"]), None);
    }
}
