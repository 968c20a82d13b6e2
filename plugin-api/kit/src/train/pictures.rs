//! Sample images on the way.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::report::Report;

use super::{TrainSettings, Trainee};
use crate::image::write_png;

/// Writes the trainee's pictures after this epoch and step, if it is time for them, or those of the best weights at the end.
pub(super) fn keep<B>(
    stage: &str,
    after: Option<(u64, u64)>,
    trainee: &mut dyn Trainee<B>,
    settings: &TrainSettings,
    run: &dyn Run,
) -> Result<(), PluginError> {
    let every = settings.picture_epochs;
    let due = after.is_none_or(|(epoch, _)| epoch == 0 || (epoch + 1).is_multiple_of(every.max(1)));
    if every == 0 || !due {
        return Ok(());
    }
    for (name, image) in tch::no_grad(|| trainee.pictures())? {
        let file = match after {
            Some((epoch, _)) => format!("{stage}-{name}-epoch-{:04}.png", epoch + 1),
            None => format!("{stage}-{name}.png"),
        };
        let path = run.context().cells[0].folder.join(file);
        write_png(&path, &image)?;
        let (name, step) = (format!("{stage}/{name}"), after.map(|(_, step)| step));
        run.report(0, &Report::Image { name, path, step, caption: String::new() })?;
    }
    Ok(())
}
