use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{ArcArray, ArrayD, Dimension, IxDyn};

use crate::gradients::Registered;
use crate::{Gemm, Gradients, Pool, Scalar, Var, VarId};

/// What an operation does on the way back: from the gradient of its result, add to those of its
/// operands.
type Vjp<F> = Box<dyn FnOnce(ArrayD<F>, &mut Sink<'_, F>) + Send>;

struct Node<F: Scalar> {
    value: ArcArray<F, IxDyn>,
    needs_gradient: bool,
    parents: Box<[usize]>,
    /// Absent for a leaf, and where no operand needs a gradient.
    vjp: Option<Vjp<F>>,
}

/// The record of a computation, in order, so that it can be walked backwards once.
///
/// A tape is a local of the training step. It owns everything that the step computed, and
/// [`backward`](Tape::backward) takes it by value: activations are freed while the sweep goes on,
/// nothing global can leak, and a second sweep over the same tape does not compile:
///
/// ```compile_fail,E0382
/// # use autodiff_mini::Tape;
/// # use ndarray::arr0;
/// let tape = Tape::<f64>::new();
/// let loss = tape.parameter(&arr0(3.0).into_shared()).square().id();
/// tape.backward(loss);
/// tape.backward(loss); // the tape is gone
/// ```
///
/// Nor can a [`Var`] outlive its tape:
///
/// ```compile_fail,E0597
/// # use autodiff_mini::Tape;
/// # use ndarray::arr0;
/// let kept = {
///     let tape = Tape::<f64>::new();
///     tape.parameter(&arr0(3.0).into_shared())
/// };
/// kept.value();
/// ```
///
/// ```compile_fail,E0505
/// # use autodiff_mini::Tape;
/// # use ndarray::arr0;
/// let tape = Tape::<f64>::new();
/// let x = tape.parameter(&arr0(3.0).into_shared());
/// tape.backward(x.square().id());
/// x.value(); // its tape was consumed
/// ```
///
/// Gradients of gradients are out of scope: the rules are array code, not tape code.
pub struct Tape<F: Scalar> {
    id: u64,
    nodes: RefCell<Vec<Node<F>>>,
    parameters: RefCell<Vec<Registered<F>>>,
    gemm: Option<Arc<dyn Gemm<F>>>,
    pool: Pool<F>,
    records: Cell<bool>,
}

impl<F: Scalar> Default for Tape<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Scalar> fmt::Debug for Tape<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("nodes", &self.nodes.borrow().len()).field("records", &self.records.get()).finish()
    }
}

impl<F: Scalar> Tape<F> {
    /// An empty tape on the processor.
    pub fn new() -> Self {
        Self::with_pool(&Pool::default())
    }

    /// An empty tape whose operations take their memory from `pool`, and give it back.
    pub fn with_pool(pool: &Pool<F>) -> Self {
        /// Tells tapes apart, so that an id of one is never taken for an id of another.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let pool = pool.clone();
        Self {
            id,
            nodes: RefCell::default(),
            parameters: RefCell::default(),
            gemm: None,
            pool,
            records: Cell::new(true),
        }
    }

    /// An empty tape whose matrix products go through `gemm`.
    pub fn with_gemm(gemm: Arc<dyn Gemm<F>>) -> Self {
        Self { gemm: Some(gemm), ..Self::new() }
    }

    /// An empty tape on which nothing needs a gradient, parameters included: to evaluate a model as
    /// it was written for training, without keeping what only the way back would need.
    pub fn without_gradients() -> Self {
        Self { records: Cell::new(false), ..Self::new() }
    }

    /// A leaf whose gradient is wanted, known afterwards by its buffer: the same array given twice
    /// is one leaf, and [`Gradients::wrt`] takes the array itself. Shared and not copied.
    pub fn parameter<D: Dimension>(&self, array: &ArcArray<F, D>) -> Var<'_, F> {
        let value = array.clone().into_dyn();
        if !self.records.get() {
            return self.push(value, false, Box::default(), None);
        }
        if let Some(known) = self.parameters.borrow().iter().find(|known| known.is(array)) {
            return Var { tape: self, index: known.index };
        }
        let leaf = self.push(value.clone(), true, Box::default(), None);
        self.parameters.borrow_mut().push(Registered { array: value, index: leaf.index });
        leaf
    }

    /// What `work` returns, its parameters being data: gradients go through it to whatever else it
    /// is made of. For a loss that is measured by a network which it must not change.
    ///
    /// ```
    /// # use autodiff_mini::Tape;
    /// # use ndarray::arr0;
    /// let (x, w) = (arr0(3.0).into_shared(), arr0(2.0).into_shared());
    /// let tape = Tape::<f64>::new();
    /// let y = tape.parameter(&x);
    /// let loss = tape.frozen(|| tape.parameter(&w) * y).square().id();
    /// let gradients = tape.backward(loss);
    /// assert_eq!(gradients.wrt(&x).unwrap()[[]], 24.0);
    /// assert!(gradients.wrt(&w).is_none());
    /// ```
    pub fn frozen<R>(&self, work: impl FnOnce() -> R) -> R {
        let before = self.records.replace(false);
        let result = work();
        self.records.set(before);
        result
    }

    /// A leaf without gradient: data. An owned array is moved, a shared one is shared.
    pub fn constant<D: Dimension>(&self, array: impl Into<ArcArray<F, D>>) -> Var<'_, F> {
        self.push(array.into().into_dyn(), false, Box::default(), None)
    }

    /// An operation of your own, and the only way that any operation is made: its operands, its
    /// value, and its vector-Jacobian product. `vjp` gets the gradient of the loss with respect
    /// to the value and adds those with respect to the operands, by position, to the [`Sink`].
    /// It owns what it saved, which is dropped as soon as it has run; it is dropped at once if
    /// no operand needs a gradient.
    ///
    /// ```
    /// # use autodiff_mini::{Var, gradcheck};
    /// # use ndarray::array;
    /// /// `x^3`, of each element.
    /// fn cube(x: Var<'_, f64>) -> Var<'_, f64> {
    ///     let value = x.value();
    ///     x.tape().custom(&[x], value.mapv(|x| x.powi(3)), move |gradient, sink| {
    ///         sink.add(0, gradient * value.mapv(|x| 3.0 * x.powi(2)));
    ///     })
    /// }
    /// gradcheck(|x| cube(x[0]), &[array![1.0, -2.0, 0.5].into_dyn()]).unwrap();
    /// ```
    ///
    /// # Panics
    ///
    /// If an operand is on another tape.
    pub fn custom<'t, D: Dimension>(
        &'t self,
        operands: &[Var<'t, F>],
        value: impl Into<ArcArray<F, D>>,
        vjp: impl FnOnce(ArrayD<F>, &mut Sink<'_, F>) + Send + 'static,
    ) -> Var<'t, F> {
        self.record(operands, value.into().into_dyn(), Box::new(vjp))
    }

    fn record<'t>(&'t self, operands: &[Var<'t, F>], value: ArcArray<F, IxDyn>, vjp: Vjp<F>) -> Var<'t, F> {
        assert!(operands.iter().all(|x| std::ptr::eq(x.tape, self)), "an operand is on another tape");
        let parents: Box<[usize]> = operands.iter().map(|x| x.index).collect();
        let needs_gradient = parents.iter().any(|&parent| self.nodes.borrow()[parent].needs_gradient);
        if needs_gradient {
            self.push(value, true, parents, Some(vjp))
        } else {
            self.push(value, false, Box::default(), None)
        }
    }

    /// The device that matrix products go through, if it is not the processor.
    pub fn gemm(&self) -> Option<&Arc<dyn Gemm<F>>> {
        self.gemm.as_ref()
    }

    /// Where operations take memory from.
    pub fn pool(&self) -> &Pool<F> {
        &self.pool
    }

    /// Walks back from `loss`, a value of one element, and returns the gradient of every parameter
    /// that it depends on.
    ///
    /// The tape is consumed: each operation's saved values are freed right after their use, or
    /// given back to the pool.
    ///
    /// # Panics
    ///
    /// If `loss` is not on this tape or does not have exactly one element, or if an operation's
    /// rule adds a gradient of the wrong shape.
    pub fn backward(self, loss: VarId) -> Gradients<F> {
        assert!(loss.tape == self.id, "the loss is on another tape");
        let mut nodes = self.nodes.into_inner();
        nodes.truncate(loss.index + 1);
        let mut slots: Vec<Option<ArrayD<F>>> = Vec::new();
        slots.resize_with(nodes.len(), || None);
        let last = &nodes[loss.index].value;
        assert!(last.len() == 1, "backward starts from one element, got shape {:?}", last.shape());
        slots[loss.index] = Some(ArrayD::from_elem(last.raw_dim(), F::one()));
        while let Some(Node { value, parents, vjp, .. }) = nodes.pop() {
            // An operation whose result the loss does not depend on has no gradient, and its rule never runs.
            if let Some(vjp) = vjp
                && let Some(gradient) = slots[nodes.len()].take()
            {
                vjp(gradient, &mut Sink { nodes: &nodes, parents: &parents, slots: &mut slots, pool: &self.pool });
            }
            // Whoever used it as an operand, or saved it, has run and is gone.
            self.pool.recycle(value);
        }
        Gradients::new(loss.tape, slots, self.parameters.into_inner(), self.pool)
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn value(&self, index: usize) -> ArcArray<F, IxDyn> {
        self.nodes.borrow()[index].value.clone()
    }

    fn push(
        &self,
        value: ArcArray<F, IxDyn>,
        needs_gradient: bool,
        parents: Box<[usize]>,
        vjp: Option<Vjp<F>>,
    ) -> Var<'_, F> {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { value, needs_gradient, parents, vjp });
        Var { tape: self, index: nodes.len() - 1 }
    }
}

/// Where an operation's rule leaves the gradients of its operands.
pub struct Sink<'a, F: Scalar> {
    nodes: &'a [Node<F>],
    parents: &'a [usize],
    slots: &'a mut [Option<ArrayD<F>>],
    pool: &'a Pool<F>,
}

impl<F: Scalar> fmt::Debug for Sink<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("operands", &self.parents.len()).finish()
    }
}

impl<'a, F: Scalar> Sink<'a, F> {
    /// Whether the gradient of the operand at this position leads anywhere. Ask before computing an
    /// expensive one.
    pub fn wants(&self, operand: usize) -> bool {
        self.nodes[self.parents[operand]].needs_gradient
    }

    /// Where to take memory from, and where to give back what is not needed any more: first of all
    /// the gradient that the rule was given.
    pub fn pool(&self) -> &'a Pool<F> {
        self.pool
    }

    /// Adds to the gradient of the operand at this position. The first is moved into place, later
    /// ones are added to it; one that leads nowhere is dropped.
    ///
    /// # Panics
    ///
    /// If the gradient's shape is not the operand's.
    pub fn add<D: Dimension>(&mut self, operand: usize, gradient: ndarray::Array<F, D>) {
        self.add_dyn(operand, gradient.into_dyn());
    }

    fn add_dyn(&mut self, operand: usize, gradient: ArrayD<F>) {
        let parent = self.parents[operand];
        let shape = self.nodes[parent].value.shape();
        assert!(gradient.shape() == shape, "gradient of shape {:?} for an operand of {shape:?}", gradient.shape());
        if !self.nodes[parent].needs_gradient {
            return self.pool.recycle(gradient);
        }
        match &mut self.slots[parent] {
            Some(sum) => {
                *sum += &gradient;
                self.pool.recycle(gradient);
            }
            empty => *empty = Some(gradient),
        }
    }
}
