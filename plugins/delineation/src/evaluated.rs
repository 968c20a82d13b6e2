//! Images that are evaluated, once or again and again.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::loader::{LoaderOptions, load_batches};

use crate::data::{Pair, Reader};

/// Prepared images take at most this many bytes of memory; where they would take more, they are loaded each time.
const KEPT_BYTES: usize = 1 << 30;

/// Samples of a split that are evaluated.
pub(crate) struct Evaluated {
    samples: Box<dyn Samples>,
    indices: Vec<usize>,
    reader: Reader,
    loader: LoaderOptions,
    /// Bytes of prepared images that may be kept in memory.
    budget: usize,
    /// All pairs, in order, after they were loaded for the first time.
    kept: Option<Vec<Pair>>,
}

impl Evaluated {
    /// These samples, by their positions.
    pub(crate) fn new(
        samples: Box<dyn Samples>,
        indices: Vec<usize>,
        reader: Reader,
        loader: LoaderOptions,
    ) -> Evaluated {
        Evaluated { samples, indices, reader, loader, budget: 0, kept: None }
    }

    /// The same, to be evaluated many times: images are kept in memory where they fit.
    pub(crate) fn repeatedly(self) -> Evaluated {
        Evaluated { budget: KEPT_BYTES, ..self }
    }

    pub(crate) fn len(&self) -> usize {
        self.indices.len()
    }

    /// Hands out the pairs in order, in groups of at most a batch and of one size.
    pub(crate) fn for_each(
        &mut self,
        consume: &mut dyn FnMut(&[Pair]) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        let largest = self.loader.batch_size.max(1);
        if let Some(pairs) = &self.kept {
            return pairs.chunks(largest).try_for_each(|batch| by_size(batch, consume));
        }
        let batches: Vec<Vec<usize>> = self.indices.chunks(largest).map(<[usize]>::to_vec).collect();
        let (mut kept, mut bytes) = (Vec::with_capacity(self.indices.len()), 0);
        let reader = &self.reader;
        let prepare = |_: usize, sample: Sample| reader.evaluated(&sample);
        load_batches(&*self.samples, &batches, self.loader, prepare, |batch| {
            by_size(&batch, consume)?;
            bytes += batch.iter().map(Pair::bytes).sum::<usize>();
            if bytes <= self.budget {
                kept.extend(batch);
            } else {
                kept.clear();
            }
            Ok(())
        })?;
        self.kept = (kept.len() == self.indices.len()).then_some(kept);
        Ok(())
    }

    /// Prepares the first samples, to fail before hours are spent where they are of another kind.
    pub(crate) fn check(&self) -> Result<(), PluginError> {
        /// A map in color is mostly one of many; a folder's broken files were found when it was opened.
        const LOOKED_AT: usize = 16;
        for &index in self.indices.iter().take(LOOKED_AT) {
            let sample = self.samples.sample(index)?;
            let id = sample.id.clone();
            self.reader.evaluated(&sample).map_err(|error| error.context(format_args!("sample {id}")))?;
        }
        Ok(())
    }

    /// The first pairs.
    pub(crate) fn first(&self, count: usize) -> Result<Vec<Pair>, PluginError> {
        if let Some(pairs) = &self.kept {
            return Ok(pairs.iter().take(count).cloned().collect());
        }
        let pairs = self.indices.iter().take(count);
        pairs.map(|&index| self.reader.evaluated(&self.samples.sample(index)?)).collect()
    }
}

/// Hands out runs of pairs of one size.
fn by_size(
    pairs: &[Pair],
    consume: &mut dyn FnMut(&[Pair]) -> Result<(), PluginError>,
) -> Result<(), PluginError> {
    let size = |pair: &Pair| (pair.input.width(), pair.input.height());
    pairs.chunk_by(|a, b| size(a) == size(b)).try_for_each(consume)
}
