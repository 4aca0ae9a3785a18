use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{ArcArray, ArrayD, Dimension, IxDyn};

use crate::gradients::Registered;
use crate::{Gemm, Gradients, Parts, Pool, Scalar, Var, VarId};

/// The backward rule of an operation: takes the gradient of the result and adds to the gradients of
/// the operands.
type Vjp<F> = Box<dyn FnOnce(ArrayD<F>, &mut Sink<'_, F>) + Send>;

struct Node<F: Scalar> {
    value: ArcArray<F, IxDyn>,
    needs_gradient: bool,
    parents: Box<[usize]>,
    /// `None` for a leaf and for an operation whose operands need no gradient.
    vjp: Option<Vjp<F>>,
}

/// The record of a computation, in the order of its operations.
///
/// A tape is a local variable of the training step and owns every value that the step computed.
/// [`backward`](Tape::backward) takes the tape by value and frees activations as it goes. There is
/// no global state that could leak. Calling `backward` twice on one tape does not compile:
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
/// A [`Var`] cannot outlive its tape:
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
/// Gradients of gradients are not supported, because the rules compute on arrays and are not
/// recorded themselves.
pub struct Tape<F: Scalar> {
    id: u64,
    nodes: RefCell<Vec<Node<F>>>,
    parameters: RefCell<Vec<Registered<F>>>,
    gemm: Option<Arc<dyn Gemm<F>>>,
    parts: Option<Arc<dyn Parts>>,
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
    /// Creates an empty tape that computes on the CPU.
    pub fn new() -> Self {
        Self::with_pool(&Pool::default())
    }

    /// Creates an empty tape whose operations take memory from `pool` and return it there.
    pub fn with_pool(pool: &Pool<F>) -> Self {
        /// The id of the next tape. It distinguishes tapes, so that a variable's id is never used
        /// on the wrong tape.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let pool = pool.clone();
        Self {
            id,
            nodes: RefCell::default(),
            parameters: RefCell::default(),
            gemm: None,
            parts: None,
            pool,
            records: Cell::new(true),
        }
    }

    /// Creates an empty tape whose matrix products are computed by `gemm`.
    pub fn with_gemm(gemm: Arc<dyn Gemm<F>>) -> Self {
        Self { gemm: Some(gemm), ..Self::new() }
    }

    /// Makes this the tape of one part of a batch, of which other tapes compute the other parts.
    #[must_use]
    pub fn of_part(self, parts: Arc<dyn Parts>) -> Self {
        Self { parts: Some(parts), ..self }
    }

    /// Creates an empty tape on which nothing needs a gradient, not even parameters. Use it to
    /// evaluate a model that was written for training without saving values for the backward pass.
    pub fn without_gradients() -> Self {
        Self { records: Cell::new(false), ..Self::new() }
    }

    /// Records a leaf whose gradient [`backward`](Tape::backward) computes. The array is shared,
    /// not copied.
    ///
    /// The leaf is identified by its buffer: recording the same array twice gives one leaf, and
    /// [`Gradients::wrt`] takes the array itself.
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

    /// Runs `work` with parameters recorded as constants. Gradients still flow through the result
    /// to other variables. Use it for a loss that is computed by a network whose parameters must
    /// not change.
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

    /// Records a leaf without a gradient, such as data. An owned array is moved, a shared one is
    /// shared.
    pub fn constant<D: Dimension>(&self, array: impl Into<ArcArray<F, D>>) -> Var<'_, F> {
        self.push(array.into().into_dyn(), false, Box::default(), None)
    }

    /// Records an operation: its operands, its value, and its vector-Jacobian product. Every
    /// operation of this crate is made by this method, and so are your own.
    ///
    /// `vjp` takes the gradient of the loss with respect to the value. It adds the gradients with
    /// respect to the operands, by position, to the [`Sink`]. The closure owns the values it saved:
    /// they are dropped as soon as it has run, or at once if no operand needs a gradient.
    ///
    /// ```
    /// # use autodiff_mini::{Var, gradcheck};
    /// # use ndarray::array;
    /// /// Cubes each element.
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

    /// Returns the implementation passed to [`with_gemm`](Tape::with_gemm), or `None` if matrix
    /// products run on the CPU.
    pub fn gemm(&self) -> Option<&Arc<dyn Gemm<F>>> {
        self.gemm.as_ref()
    }

    /// Returns the parts of the batch that were passed to [`of_part`](Tape::of_part), or `None` if
    /// this tape computes the whole batch.
    pub fn parts(&self) -> Option<&Arc<dyn Parts>> {
        self.parts.as_ref()
    }

    /// Returns the pool from which operations take memory.
    pub fn pool(&self) -> &Pool<F> {
        &self.pool
    }

    /// Computes the gradient of `loss`, a value of one element, with respect to every parameter
    /// that it depends on.
    ///
    /// The tape is consumed. Each operation's saved values are freed, or returned to the pool,
    /// right after their use.
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
            // If the loss does not depend on a result, there is no gradient for it and its rule
            // never runs.
            if let Some(vjp) = vjp
                && let Some(gradient) = slots[nodes.len()].take()
            {
                vjp(gradient, &mut Sink { nodes: &nodes, parents: &parents, slots: &mut slots, pool: &self.pool });
            }
            // Every operation that used or saved this value has run and has been dropped.
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

/// Receives the gradients of an operation's operands from the operation's rule.
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
    /// Returns true if any parameter needs the gradient of the operand at this position. Ask before
    /// computing an expensive gradient.
    pub fn wants(&self, operand: usize) -> bool {
        self.nodes[self.parents[operand]].needs_gradient
    }

    /// Returns the pool, to take memory from and to return arrays that are no longer needed, above
    /// all the gradient that was passed to the rule.
    pub fn pool(&self) -> &'a Pool<F> {
        self.pool
    }

    /// Adds to the gradient of the operand at this position. The first gradient is moved into
    /// place, and later ones are added to it. A gradient that no parameter needs is dropped.
    ///
    /// # Panics
    ///
    /// If the gradient's shape differs from the operand's.
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
