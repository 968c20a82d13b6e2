//! One training from its beginning, or from where it was left, to its end.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use lossnet_plugin_api::component::{Run, torch_error};
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::protocol::formula::fnv1a;
use lossnet_plugin_api::protocol::report::{Progress, Report, Scalar};
use lossnet_plugin_api::{PluginError, guard};
use serde_json::json;

use super::adam::Adam;
use super::checkpoint::{Checkpoints, Named};
use super::pictures;
use super::progress::{Best, Position};
use super::source::{mix, permutation};
use super::{At, BatchSource, Goal, Loss, TrainSettings, Trained, Trainee};

/// A training at work.
pub(super) struct Stage<'a, B> {
    name: &'a str,
    source: &'a dyn BatchSource<B>,
    settings: &'a TrainSettings,
    goal: Goal,
    run: &'a dyn Run,
    checkpoints: Checkpoints,
    /// What earlier attempts must have been trained with.
    data: String,
    seed: u64,
    worker: Worker<'a, B>,
    /// The best weights, until they are written.
    unsaved_best: Option<Named>,
    saved: Instant,
}

/// What changes from step to step.
struct Worker<'a, B> {
    trainee: &'a mut dyn Trainee<B>,
    adam: Adam,
    position: Position,
}

impl<B> Worker<'_, B> {
    /// Parameters and buffers.
    fn weights(&self) -> Result<Named, PluginError> {
        let named = |kind: &str, tensors: Named| -> Named {
            tensors.into_iter().map(|(name, tensor)| (format!("{kind}/{name}"), tensor)).collect()
        };
        let mut weights = named("parameter", self.trainee.parameters()?);
        weights.extend(named("buffer", self.trainee.buffers()?));
        Ok(weights)
    }

    fn tensors(&self) -> Result<Named, PluginError> {
        let mut tensors = self.weights()?;
        tensors.extend(self.adam.state().into_iter().map(|(name, tensor)| (format!("adam/{name}"), tensor)));
        Ok(tensors)
    }
}

impl<'a, B> Stage<'a, B> {
    pub(super) fn begin(
        name: &'a str,
        trainee: &'a mut dyn Trainee<B>,
        source: &'a dyn BatchSource<B>,
        settings: &'a TrainSettings,
        goal: Goal,
        run: &'a dyn Run,
    ) -> Result<Stage<'a, B>, PluginError> {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if name.is_empty() || !plain {
            return Err(PluginError::run(format!(
                "`{name}` can't be the name of a training: use a plain word"
            )));
        }
        if source.is_empty() {
            return Err(PluginError::input(format!("there is nothing to train `{name}` with")));
        }
        let cell = &run.context().cells[0];
        let adam = Adam::new(trainee.parameters()?, settings)?;
        let worker = Worker { trainee, adam, position: Position::default() };
        let mut stage = Stage {
            name,
            source,
            settings,
            goal,
            run,
            checkpoints: Checkpoints::new(cell.checkpoints.join(name)),
            data: format!("{} examples in batches of {}", source.len(), settings.batch_size),
            seed: run.context().seed,
            worker,
            unsaved_best: None,
            saved: Instant::now(),
        };
        let tensors = stage.worker.tensors()?;
        let mut names = HashSet::new();
        if let Some(twice) = tensors.iter().map(|(name, _)| name).find(|name| !names.insert(*name)) {
            return Err(PluginError::run(format!(
                "`{name}` can't be trained: two of its tensors have the name {twice}, and a checkpoint could keep only one"
            )));
        }
        let loaded = stage.checkpoints.load(&stage.data, &tensors, &|text| run.notice(text))?;
        if let Some(position) = loaded {
            stage.worker.trainee.restore(&position.trainee)?;
            stage.worker.position = position;
        }
        let position = &stage.worker.position;
        // An attempt that ended between an epoch's validation and its checkpoint has told of the validation, at the last
        // step: that goes, and the step's own points come again.
        let valid = if position.points.is_empty() { position.step } else { position.step - 1 };
        run.report(0, &Report::Resume { stage: name.to_owned(), step: valid })?;
        if stage.worker.trainee.records_steps() {
            for (name, bits) in &position.points {
                stage.scalar(name, position.step, f64::from_bits(*bits))?;
            }
        }
        Ok(stage)
    }

    pub(super) fn run(mut self) -> Result<Trained, PluginError> {
        if !self.worker.position.finished {
            if self.worker.position.step > 0 {
                self.run.notice(&format!("{} goes on after step {}", self.name, self.worker.position.step));
            }
            self.tell_beginning();
            while !self.over() {
                self.epoch()?;
            }
            self.worker.position.finished = true;
            self.save()?;
        }
        let position = self.worker.position.clone();
        let Some(best) = position.best else {
            return Err(PluginError::run(format!("{} ended without an epoch", self.name)));
        };
        self.checkpoints.load_best(best.epoch, &self.worker.weights()?)?;
        self.worker.trainee.set_training(false)?;
        tch::manual_seed((mix(&[self.seed, fnv1a(self.name), 4]) >> 1) as i64);
        pictures::keep(self.name, None, self.worker.trainee, self.settings, self.run)?;
        Ok(Trained {
            best_epoch: best.epoch,
            best_objective: best.objective(),
            epochs: position.epoch,
            steps: position.step,
        })
    }

    fn over(&self) -> bool {
        let position = &self.worker.position;
        let patience = self.settings.patience;
        position.epoch >= self.settings.epochs || (patience > 0 && position.since_best >= patience)
    }

    fn epoch(&mut self) -> Result<(), PluginError> {
        let epoch = self.worker.position.epoch;
        let order = permutation(self.source.len(), mix(&[self.seed, fnv1a(self.name), 1, epoch]));
        let batches: Vec<Vec<usize>> =
            order.chunks(self.settings.batch_size.max(1)).map(<[usize]>::to_vec).collect();
        let first = self.worker.position.batch;
        self.worker.trainee.set_training(true)?;
        self.worker.adam.zero_grad();
        let mut left = batches[first.min(batches.len())..].iter();
        let source = self.source;
        source.for_each(epoch, &batches[first.min(batches.len())..], &mut |batch| {
            let Some(examples) = left.next() else {
                return Err(PluginError::run("more batches came than were asked for"));
            };
            self.batch(batch, examples, batches.len())
        })?;
        if left.next().is_some() {
            return Err(PluginError::run("fewer batches came than were asked for"));
        }
        self.validate(epoch)
    }

    /// Learns from a batch; a step is made when enough batches are there.
    fn batch(&mut self, batch: B, examples: &[usize], batches: usize) -> Result<(), PluginError> {
        let size = examples.len();
        // Plain methods of tch panic, also where memory runs out.
        guard(|| self.learn(batch, examples, batches)).map_err(|error| match error.kind {
            // What it learned would depend on the size: only the user can say another one.
            ErrorKind::OutOfMemory => PluginError {
                kind: ErrorKind::Run,
                ..error.context(format_args!("{}: a training batch of {size} does not fit into memory", self.name))
            }
            .with_help(
                "give the training a smaller batch_size and as many more grad_accumulation_steps, which comes to the \
                 same where nothing is normalized over a batch; or use smaller images, or a device with more memory",
            ),
            _ => error,
        })
    }

    fn learn(&mut self, batch: B, examples: &[usize], batches: usize) -> Result<(), PluginError> {
        let (epoch, step, place) =
            (self.worker.position.epoch, self.worker.position.step, self.worker.position.batch);
        let grad_accumulation_steps = self.settings.grad_accumulation_steps.max(1);
        // The last step of an epoch may have fewer batches than the others.
        let together =
            grad_accumulation_steps.min(batches - place / grad_accumulation_steps * grad_accumulation_steps);
        if place.is_multiple_of(grad_accumulation_steps) {
            self.worker.position.points.clear();
            let trainee = &mut self.worker.trainee;
            tch::no_grad(|| trainee.before_step())?;
        }
        let seed = mix(&[self.seed, fnv1a(self.name), 2, step, place as u64]);
        tch::manual_seed((seed >> 1) as i64);
        let Loss { loss, scalars } = self.worker.trainee.loss(batch, &At { epoch, step, seed })?;
        let share = if together > 1 {
            loss.f_div_scalar(together as f64).map_err(torch_error)?
        } else {
            loss.shallow_clone()
        };
        self.worker.adam.backward(&share)?;
        // Reading a number waits for the device: only when it has all that there is to do.
        let value = loss.f_double_value(&[]).map_err(torch_error)?;
        if !value.is_finite() {
            return Err(self.not_finite(value, examples)?);
        }
        self.worker.position.add_loss(value, examples.len());
        self.worker.position.batch += 1;
        let number = step + 1;
        self.point("step_loss".to_owned(), number, value)?;
        for (name, tensor) in scalars {
            self.point(format!("step_{name}"), number, tensor.f_double_value(&[]).map_err(torch_error)?)?;
        }
        self.tell(batches);
        if self.worker.position.batch.is_multiple_of(grad_accumulation_steps)
            || self.worker.position.batch == batches
        {
            self.worker.adam.step(number, self.settings.learning_rate_in(epoch))?;
            self.worker.position.step = number;
            self.after_step()?;
        }
        Ok(())
    }

    /// Saves where that is due, and stops where the user asked for it.
    fn after_step(&mut self) -> Result<(), PluginError> {
        let cancelled = self.run.cancelled();
        // More than fits into a duration is never.
        let every =
            Duration::try_from_secs_f64(self.settings.checkpoint_minutes * 60.0).unwrap_or(Duration::MAX);
        if cancelled || self.saved.elapsed() >= every {
            self.save()?;
        }
        if cancelled { Err(PluginError::interrupted()) } else { Ok(()) }
    }

    fn save(&mut self) -> Result<(), PluginError> {
        self.worker.position.trainee = self.worker.trainee.state();
        if let Some(best) = &self.unsaved_best {
            self.checkpoints.save_best(&self.worker.position, &self.data, best)?;
            self.unsaved_best = None;
        }
        self.checkpoints.save(&self.worker.position, &self.data, &self.worker.tensors()?)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn validate(&mut self, epoch: u64) -> Result<(), PluginError> {
        let seed = mix(&[self.seed, fnv1a(self.name), 3, epoch]);
        tch::manual_seed((seed >> 1) as i64);
        let trainee = &mut self.worker.trainee;
        trainee.set_training(false)?;
        let found = match tch::no_grad(|| trainee.validate(self.run)) {
            Err(error) if error.kind == ErrorKind::Interrupted => {
                // The epoch's steps are done; only the validation is to be done again.
                self.save()?;
                return Err(error);
            }
            found => found?,
        };
        if found.objective.is_nan() {
            return Err(PluginError::input(format!(
                "the validation of {} after epoch {} gave no number (NaN)",
                self.name,
                epoch + 1
            )));
        }
        let step = self.worker.position.step;
        self.scalar("loss", step, self.worker.position.mean_loss())?;
        self.scalar("learning_rate", step, self.settings.learning_rate_in(epoch))?;
        if self.goal != Goal::Last {
            self.scalar("validation/objective", step, found.objective)?;
        }
        for (name, value) in &found.scalars {
            self.scalar(&format!("validation/{name}"), step, *value)?;
        }
        let best = self.worker.position.best;
        if best.is_none_or(|best| self.goal.better(found.objective, best.objective())) {
            let objective_bits = found.objective.to_bits();
            self.worker.position.best = Some(Best { epoch, objective_bits });
            self.worker.position.since_best = 0;
            let copies = self.worker.weights()?.into_iter().map(|(name, tensor)| {
                let copy = tensor.f_detach().and_then(|tensor| tensor.f_detach_copy()).map_err(torch_error);
                copy.map(|copy| (name, copy))
            });
            self.unsaved_best = Some(copies.collect::<Result<_, _>>()?);
        } else {
            self.worker.position.since_best += 1;
        }
        pictures::keep(self.name, Some((epoch, step)), self.worker.trainee, self.settings, self.run)?;
        self.worker.position.next_epoch();
        // The end of an epoch is as good a moment as any step.
        self.after_step()
    }

    /// A point of the step that is being made.
    fn point(&mut self, name: String, step: u64, value: f64) -> Result<(), PluginError> {
        if self.worker.trainee.records_steps() {
            self.scalar(&name, step, value)?;
        }
        self.worker.position.points.push((name, value.to_bits()));
        Ok(())
    }

    fn scalar(&self, name: &str, step: u64, value: f64) -> Result<(), PluginError> {
        let name = format!("{}/{name}", self.name);
        self.run.report(0, &Report::Scalar(Scalar { name, step, value }))
    }

    /// Says where the training begins.
    fn tell_beginning(&self) {
        let position = &self.worker.position;
        let samples = self.source.len() as u64;
        let done = position.epoch * samples + position.examples.min(samples);
        let total = Some(self.settings.epochs * samples);
        self.run.progress(&Progress::new(self.name, done, total, "samples"));
    }

    fn tell(&self, batches: usize) {
        let position = &self.worker.position;
        let (epochs, samples) = (self.settings.epochs, self.source.len() as u64);
        // An epoch that goes on from a checkpoint knows how many examples it has seen; the last batch completes it.
        let seen = if position.batch == batches { samples } else { position.examples.min(samples) };
        let best = position.best.filter(|_| self.goal != Goal::Last);
        let best = best.map(|best| format!(", best validation {:.4}", best.objective()));
        self.run.progress(&Progress {
            stage: self.name.to_owned(),
            done: position.epoch * samples + seen,
            total: Some(epochs * samples),
            unit: "samples".to_owned(),
            detail: format!(
                "epoch {}/{epochs}, loss {:.4}{}",
                position.epoch + 1,
                position.mean_loss(),
                best.unwrap_or_default()
            ),
        });
    }

    /// Writes down what is needed to look into a loss that is not a number.
    fn not_finite(&self, loss: f64, examples: &[usize]) -> Result<PluginError, PluginError> {
        let position = &self.worker.position;
        let mut norms = Vec::new();
        for (name, tensor) in self.worker.weights()? {
            let norm = tensor.f_detach().and_then(|tensor| tensor.f_norm()).map_err(torch_error)?;
            norms.push(json!({ "tensor": name, "norm": norm.double_value(&[]).to_string() }));
        }
        let gradients = self.worker.adam.gradient_norms()?;
        let gradients =
            gradients.iter().map(|(name, norm)| json!({ "parameter": name, "norm": norm.to_string() }));
        let gradients: Vec<_> = gradients.collect();
        let report = json!({
            "stage": self.name,
            "loss": loss.to_string(),
            "epoch": position.epoch,
            "step": position.step + 1,
            "examples": examples,
            "samples": self.source.names(examples),
            "gradient_norm": self.worker.adam.gradient_norm()?.to_string(),
            "gradients": gradients,
            "norms": norms,
        });
        let path = self.run.context().cells[0].folder.join(format!("{}-not-finite.json", self.name));
        std::fs::write(&path, format!("{report:#}"))
            .map_err(|error| PluginError::run(format!("{} can't be written: {error}", path.display())))?;
        Ok(PluginError::input(format!(
            "the loss of {} was {loss} at step {} (epoch {})",
            self.name,
            position.step + 1,
            position.epoch + 1
        ))
        .with_help(format!(
            "{} has the batch and the norms of all tensors; a smaller learning rate or `max_grad_norm` often helps",
            path.display()
        )))
    }
}
