//! The colours of backbones, in the report and in the pictures that runs write.

/// The colours of backbones, those of a report in light colours, so that a backbone looks the same in both. People with any
/// colour vision can tell the first eight apart (after Okabe and Ito, "Color Universal Design", 2008, the light ones darker).
pub const PALETTE: [&str; 16] = [
    "#0072b2", "#d55e00", "#009e73", "#c35d97", "#c98a00", "#3fa2dc", "#5b5b66", "#7d5f00", //
    "#0f8a8a", "#b3262f", "#6a4fb0", "#6f8430", "#7a3b36", "#d45fae", "#1f3b73", "#4a8f1f",
];
