//! Image files of every kind, and folders of them, through the binary.

use std::path::Path;

use crate::support::User;

/// A file that was made for the tests of reading.
fn fixture(user: &User, file: &str, to: &str) {
    let from =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-api/kit/tests/fixtures/decode").join(file);
    let to = user.path(to);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
}

/// `compare` on a network that reads pixels alone.
fn compare<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["compare"], more, &["--backbone", "pixels", "--layers", "all", "--comparison", "spatial"]].concat()
}

#[test]
fn what_is_left_out_of_compared_folders_is_said() {
    let user = User::new();
    for folder in ["x", "y"] {
        fixture(&user, "rgb_lossless.webp", &format!("{folder}/1.webp"));
        fixture(&user, "palette.gif", &format!("{folder}/2.gif"));
        fixture(&user, "rgb.jfif", &format!("{folder}/3.jfif"));
        fixture(&user, "one_bit.pbm", &format!("{folder}/4.pbm"));
    }
    user.write("x/5.heic", "x");
    user.write("x/readme.txt", "x");
    user.write("y/._1.webp", "left by macOS");
    let done = user.run(&compare(&["--dir", "x", "--dir", "y"]));
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.out.matches(".webp").count(), 2, "{}", done.out);
    assert!(done.out.contains("4.pbm") && done.out.contains("3.jfif"), "{}", done.out);
    let said = "x: 2 files are left out: 1 .heic (not read here: convert it, for example to PNG), 1 .txt";
    assert!(done.err.contains(said), "{}", done.err);
    // Each kind of conversion once.
    for part in ["palette indices were replaced", "grey values were repeated"] {
        assert_eq!(done.err.matches(part).count(), 1, "{}", done.err);
    }
    for name in ["1.webp", "2.gif", "3.jfif", "4.pbm"] {
        std::fs::remove_file(user.path("x").join(name)).unwrap();
    }
    user.refused(&compare(&["--dir", "x", "--dir", "y"]), &["there are no images in x", "1 .heic"]);
}

#[test]
fn turned_images_are_named_and_turned_on_demand() {
    let user = User::new();
    fixture(&user, "turned.jpg", "turned.jpg");
    fixture(&user, "turned.jpg.upright.png", "upright.png");
    user.refused(
        &compare(&["upright.png", "turned.jpg"]),
        &["turned.jpg is 33×21: ", "the EXIF data of turned.jpg", "--exif-orientation"],
    );
    let out = user.must(&compare(&["upright.png", "turned.jpg", "--exif-orientation"]));
    assert!(out.starts_with("0.000000\n") && out.contains("size=none+exif-orientation"), "{out}");
    fixture(&user, "turned.webp", "turned.webp");
    fixture(&user, "rgb.png", "rgb.png");
    let done = user.run(&compare(&["rgb.png", "turned.webp"]));
    assert!(done.err.contains("the orientation in its EXIF data is not applied"), "{}", done.err);
}

#[test]
fn pictures_of_other_formats_are_named() {
    let user = User::new();
    fixture(&user, "rgb.png", "a.png");
    std::fs::write(user.path("b.png"), b"\0\0\0\x1cftypheic\0\0\0\0mif1heic").unwrap();
    user.refused(&compare(&["a.png", "b.png"]), &["b.png", "HEIC", "convert it, for example to PNG"]);
}
