//! Compares the optimizers with PyTorch.

use approx::assert_relative_eq;
use autodiff_mini::{Pool, Tape};
use ndarray::{Array2, ArrayD, array};
use nn_layers::optim::{Adam, Decay, Optimizer, Sgd};
use nn_layers::{Affine, Sequential, Tensor};

/// Makes five steps from `[1, -2, 3]` with gradients `2 x + (0.1, 0.2, 0.3)` and a learning rate of
/// 0.1.
fn five_steps(mut optimizer: impl Optimizer<f64>) -> ArrayD<f64> {
    let mut x: Tensor<f64> = array![1.0, -2.0, 3.0].into_dyn().into_shared();
    for _ in 0..5 {
        let g = &x * 2.0 + array![0.1, 0.2, 0.3].into_dyn();
        optimizer.update(0.1, vec![&mut x], &[Some(g.into_owned())]);
    }
    x.into_owned()
}

// Made by torch 2.15 in float64, for instance
//   x = torch.tensor([1., -2., 3.], requires_grad=True); o = torch.optim.Adam([x], 0.1)
//   for _ in range(5): o.zero_grad(); (x * x + x * torch.tensor([.1, .2, .3])).sum().backward();
// o.step()
#[test]
fn optimizers_match_pytorch() {
    let cases: [(ArrayD<f64>, [f64; 3]); 5] = [
        (five_steps(Sgd::new(0.0)), SGD),
        (five_steps(Sgd::new(0.9)), MOMENTUM),
        (five_steps(Adam::default()), ADAM),
        (five_steps(Adam::with_decay(Decay::L2(0.3))), ADAM_L2),
        (five_steps(Adam::with_decay(Decay::Decoupled(0.3))), ADAMW),
    ];
    for (found, expected) in cases {
        assert_relative_eq!(found, array![expected[0], expected[1], expected[2]].into_dyn(), max_relative = 1e-12);
    }
}

#[test]
fn a_parameter_without_a_gradient_does_not_change() {
    let mut adam = Adam::<f64>::with_decay(Decay::Decoupled(0.5));
    let (mut x, mut y) = (Tensor::<f64>::ones(vec![2]), Tensor::ones(vec![1]));
    adam.update(0.1, vec![&mut x, &mut y], &[None, Some(ArrayD::ones(vec![1]))]);
    assert_eq!(x, Tensor::<f64>::ones(vec![2]));
    assert!(y[0] < 1.0);
}

#[test]
fn a_step_updates_in_place_and_returns_memory() {
    let pool = Pool::default();
    let mut network = Sequential::<f32>::on(&[3]).then(Affine::new(3)).build().unwrap();
    let before: Vec<_> = network.parameters().iter().map(|parameter| parameter.as_ptr()).collect();
    for _ in 0..2 {
        let tape = Tape::with_pool(&pool);
        let loss = network.train(tape.constant(Array2::ones((2, 3)))).square().sum().id();
        Adam::default().step(0.1, &mut network, tape.backward(loss));
    }
    let parameters = network.parameters();
    assert_eq!(parameters.iter().map(|parameter| parameter.as_ptr()).collect::<Vec<_>>(), before);
    assert!(parameters.iter().all(|parameter| parameter.iter().all(|&x| x < 1.0)));
}

#[test]
#[should_panic(expected = "0 gradients for 1 parameters")]
fn a_missing_gradient_is_an_error() {
    Sgd::<f64>::new(0.0).update(0.1, vec![&mut Tensor::ones(vec![1])], &[]);
}

const SGD: [f64; 3] = [0.294064, -0.722592, 0.8821920000000001];
const MOMENTUM: [f64; 3] = [-0.6594410000000002, 1.002798, -1.9783230000000003];
const ADAM: [f64; 3] = [0.5073758405922469, -1.5031614496310395, 2.501678209514895];
const ADAM_L2: [f64; 3] = [0.5074478996813788, -1.5031330681503592, 2.5016907673537108];
const ADAMW: [f64; 3] = [0.3983474986240542, -1.2522813986148689, 2.1088661935526494];
