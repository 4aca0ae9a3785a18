"""Writes a small PyTorch autoencoder and its results, as a reference for the test `parity`.

    pip install torch safetensors numpy
    python make.py --k 1 --seed 1 --out tiny-k1.safetensors
    python make.py --k 3 --seed 2 --double --out tiny-k3-double.safetensors

The file contains the weights under the names of `state_dict()` and the images `x` [batch, channels, height, width]. The
results in training mode are the codes `z`, the reconstructions `y`, `loss`, `mse`, `entropy`, the gradient of each parameter
as `grad.NAME`, and each parameter after one step of Adam with a learning rate of 1e-3 as `adam.NAME`. The results of the
original weights in evaluation mode are `z_eval` and `y_eval`.
"""

import argparse
import math

import torch
from safetensors.torch import save_file
from torch import nn


def tiny(latent):
    """Returns an autoencoder with every kind of layer, small enough for its file to be in the repository."""
    encoder = nn.Sequential(
        nn.Conv2d(2, 3, 4, 2, 1), nn.ReLU(), nn.Conv2d(3, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Flatten(), nn.Linear(64, 10), nn.Tanh(), nn.Linear(10, latent), nn.BatchNorm1d(latent, affine=False),
    )
    decoder = nn.Sequential(
        nn.Linear(latent, 10), nn.LeakyReLU(0.1), nn.Linear(10, 64), nn.Softplus(), nn.Unflatten(1, (4, 4, 4)),
        nn.ConvTranspose2d(4, 3, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(3, 2, 4, 2, 1), nn.Sigmoid(),
    )
    return encoder, decoder


def entropy(z, k):
    """Returns the Kozachenko-Leonenko estimate: psi(n) - psi(k) + ln V_d + d times the mean of ln r_k."""
    n, d = z.shape
    gaps = (z[:, None] - z[None]).square().sum(2).detach().fill_diagonal_(math.inf)
    neighbor = gaps.argsort(dim=1, stable=True)[:, k - 1]
    psi = torch.digamma(torch.tensor([float(n), float(k)], dtype=torch.float64))
    constant = psi[0] - psi[1] + d / 2 * math.log(math.pi) - math.lgamma(d / 2 + 1)
    return constant.item() + d * (z - z[neighbor]).norm(dim=1).log().mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--k", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=9)
    parser.add_argument("--latent", type=int, default=3)
    parser.add_argument("--weight", type=float, default=0.7, help="lambda")
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()

    torch.set_default_dtype(torch.float64 if arguments.double else torch.float32)
    torch.manual_seed(arguments.seed)
    encoder, decoder = tiny(arguments.latent)
    with torch.no_grad():  # Random gamma and beta, as if trained.
        encoder[3].weight.uniform_(0.5, 1.5)
        encoder[3].bias.uniform_(-0.5, 0.5)
    model = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    x = torch.rand(arguments.batch, 2, 8, 8)
    found = {"x": x, **{name: value.clone() for name, value in model.state_dict().items()}}

    model.eval()
    with torch.no_grad():
        found["z_eval"] = encoder(x)
        found["y_eval"] = decoder(found["z_eval"])

    model.train()
    adam = torch.optim.Adam(model.parameters(), 1e-3)
    z = encoder(x)
    y = decoder(z)
    mse = (y - x).square().sum((1, 2, 3)).mean()
    h = entropy(z, arguments.k)
    loss = mse - arguments.weight * h
    loss.backward()
    found |= {"z": z, "y": y, "loss": loss.reshape(1), "mse": mse.reshape(1), "entropy": h.reshape(1)}
    found |= {f"grad.{name}": value.grad.clone() for name, value in model.named_parameters()}
    adam.step()
    found |= {f"adam.{name}": value.clone() for name, value in model.named_parameters()}
    metadata = {"model": "tiny", "k": str(arguments.k), "lambda": str(arguments.weight), "torch": torch.__version__}
    save_file({name: value.detach().contiguous() for name, value in found.items()}, arguments.out, metadata)


if __name__ == "__main__":
    main()
