//! What crosses the plugin boundary as plain data: network graphs, manifests, errors, results. No torch, no I/O.
