"""An entropic autoencoder in PyTorch, whose entropy and gradient come from knn_entropy.

    pip install torch scikit-learn
    python examples/torch_entropy.py

The encoder maps each image of a digit to a code. Batch normalization gives each coordinate of the code mean 0 and
variance 1, and maximizing the entropy of the code drives it towards N(0, I). Decoded draws from N(0, I) are new digits.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import knn_entropy


class Entropy(torch.autograd.Function):
    """The Kozachenko-Leonenko entropy of a batch ``[n, d]``, in nats, with its gradient."""

    @staticmethod
    def forward(ctx, z, n_neighbors):
        # `detach().numpy()` shares the memory of a tensor on the CPU.
        value, gradient = knn_entropy.entropy_and_gradient(z.detach().cpu().numpy(), n_neighbors=n_neighbors, floor=1e-6)
        ctx.save_for_backward(torch.from_numpy(gradient).to(z))
        return z.new_tensor(value)

    @staticmethod
    def backward(ctx, outer):
        (gradient,) = ctx.saved_tensors
        return outer * gradient, None


def entropy(z, n_neighbors=1):
    """Return the entropy of a batch as a tensor that can be differentiated."""
    return Entropy.apply(z, n_neighbors)


def main(dimensions=4, epochs=60, weight=0.1):
    torch.manual_seed(0)
    images = torch.tensor(load_digits().data / 16, dtype=torch.float32)
    train, held_out = images[:1500], images[1500:]
    encoder = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, dimensions), nn.BatchNorm1d(dimensions, affine=False)
    )
    decoder = nn.Sequential(nn.Linear(dimensions, 128), nn.ReLU(), nn.Linear(128, 64), nn.Sigmoid())
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    of_normal = dimensions / 2 * np.log(2 * np.pi * np.e)
    for epoch in range(1, epochs + 1):
        for batch in torch.randperm(len(train)).split(250):
            z = encoder(train[batch])
            error = (decoder(z) - train[batch]).square().sum(dim=1).mean()
            loss = error - weight * entropy(z)
            adam.zero_grad()
            loss.backward()
            adam.step()
        if epoch % 20 == 0:
            with torch.no_grad():
                encoder.eval()
                z = encoder(held_out)
                error = (decoder(z) - held_out).square().sum(dim=1).mean()
                encoder.train()
            print(
                f"epoch {epoch}: held-out error {error:.2f}, entropy of the codes {entropy(z).item():.2f} nats, "
                f"of N(0, I) {of_normal:.2f}"
            )
    return error.item(), entropy(z).item()


if __name__ == "__main__":
    # The gradient equals finite differences.
    z = torch.randn(20, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(entropy, z)
    with_entropy, without = main(), main(weight=0.0)
    print(f"with the entropy: error {with_entropy[0]:.2f}, entropy {with_entropy[1]:.2f} nats")
    print(f"without:          error {without[0]:.2f}, entropy {without[1]:.2f} nats")
    assert with_entropy[1] > without[1]
