//! A plugin that panics while it lists its components, for the tests of the host.

use lossnet_plugin_api::prelude::*;

submit! { Components::Backbones(|| panic!("no components today")) }
export_plugin!();
