//! Image data sets: BAPPS, folders, photographs, synthetic.
