//! How much memory the values of a network take, counted from their shapes.

use lossnet_plugin_protocol::graph::{NodeId, Op, Shape};

use super::plan::{Plan, Step};

/// Memory of the values of a frozen network, in bytes, without its weights and what the kernels of libtorch need meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The most that is there at one time in a pass without gradients.
    pub forward: u64,
    /// The most that is there at one time in a pass and the one back to the image: the values that are kept for it, and
    /// the gradients of those of one step.
    pub backward: u64,
}

impl Memory {
    /// Counts what a plan does on the way to these nodes; `bytes` for each number.
    pub(super) fn count(plan: &Plan, wanted: &[NodeId], shapes: &[Option<Shape>], bytes: u64) -> Memory {
        let size = |node: usize| numbers(shapes, node) * bytes;
        // Whose memory a node's value lies in.
        let mut owner: Vec<usize> = (0..shapes.len()).collect();
        let mut there = vec![0usize];
        let (mut kept, mut memory) = (size(0), Memory { forward: size(0), backward: size(0) });
        for turn in plan.turns(wanted) {
            let step = &plan.steps[turn.step];
            if shares(step) {
                owner[step.node] = owner[step.inputs[0]];
            } else {
                kept += size(step.node);
            }
            kept += indices(step, shapes);
            there.push(step.node);
            let mut owners: Vec<usize> = there.iter().map(|&node| owner[node]).collect();
            owners.sort_unstable();
            owners.dedup();
            memory.forward = memory.forward.max(owners.into_iter().map(size).sum());
            let gradients = size(step.node) + step.inputs.iter().map(|&input| size(input)).sum::<u64>();
            memory.backward = memory.backward.max(kept + gradients);
            there.retain(|node| !turn.frees.contains(node));
        }
        memory
    }
}

/// Whether the value lies in the memory of the first input's.
fn shares(step: &Step) -> bool {
    let is_view = matches!(
        step.op,
        Op::Flatten
            | Op::Identity
            | Op::Dropout { .. }
            | Op::StochasticDepth { .. }
            | Op::ChannelSlice { .. }
    );
    step.in_place || is_view
}

/// What max pooling keeps of where it found its values: a 64-bit index for each.
fn indices(step: &Step, shapes: &[Option<Shape>]) -> u64 {
    if matches!(step.op, Op::MaxPool2d(_)) { numbers(shapes, step.node) * 8 } else { 0 }
}

/// How many numbers a node's value has.
fn numbers(shapes: &[Option<Shape>], node: usize) -> u64 {
    shapes[node].map_or(0, |shape| shape.count() as u64)
}
