"""Times a training step of this crate and of PyTorch alternately, and prints a table of ratios.

    pip install torch
    cargo build --release -p eae-cli && python crates/eae/benches/pytorch.py

Run it from the root of the repository. A step consists of the forward pass, the entropy of the codes, the backward pass and
Adam, in single precision, on a batch in memory. Each row is measured four times, alternately, in a separate process for each
side and with the same number of threads. PyTorch uses its faster memory layout. The ratio is the ratio of the medians.
"""
import argparse
import json
import math
import statistics
import subprocess
import sys
import time

ROWS = [("mlp", 100, 16), ("conv28", 100, 16), ("conv28", 512, 16), ("conv32", 100, 64), ("paper32", 100, 16)]


def networks(model, latent):
    """Returns the encoder, the decoder and the shape of an image of an `eae::Preset`."""
    from torch import nn

    halve = lambda a, b: nn.Conv2d(a, b, 4, stride=2, padding=1)
    double = lambda a, b: nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)
    code = nn.BatchNorm1d(latent, affine=False)

    def relu(*layers):
        return [part for layer in layers for part in (layer, nn.ReLU())]

    def norm_relu(*layers):
        return [part for layer, channels in layers for part in (layer, nn.BatchNorm2d(channels), nn.ReLU())]

    if model == "mlp":
        encoder = [nn.Flatten(), *relu(nn.Linear(784, 512), nn.Linear(512, 256)), nn.Linear(256, latent)]
        decoder = [*relu(nn.Linear(latent, 256), nn.Linear(256, 512)), nn.Linear(512, 784), nn.Sigmoid(),
                   nn.Unflatten(1, (1, 28, 28))]
        shape = (1, 28, 28)
    elif model == "conv28":
        encoder = [*relu(halve(1, 32), halve(32, 64)), nn.Flatten(), *relu(nn.Linear(3136, 256)), nn.Linear(256, latent)]
        decoder = [*relu(nn.Linear(latent, 256), nn.Linear(256, 3136)), nn.Unflatten(1, (64, 7, 7)),
                   *relu(double(64, 32)), double(32, 1), nn.Sigmoid()]
        shape = (1, 28, 28)
    elif model == "conv32":
        encoder = [*relu(halve(3, 64), halve(64, 128), halve(128, 256)), nn.Flatten(), nn.Linear(4096, latent)]
        decoder = [*relu(nn.Linear(latent, 4096)), nn.Unflatten(1, (256, 4, 4)),
                   *relu(double(256, 128), double(128, 64)), double(64, 3), nn.Sigmoid()]
        shape = (3, 32, 32)
    else:
        encoder = [*norm_relu((halve(1, 128), 128), (halve(128, 256), 256), (halve(256, 512), 512),
                              (halve(512, 1024), 1024)), nn.Flatten(), nn.Linear(4096, latent)]
        decoder = [nn.Linear(latent, 65536), nn.Unflatten(1, (1024, 8, 8)), nn.BatchNorm2d(1024), nn.ReLU(),
                   *norm_relu((double(1024, 512), 512), (double(512, 256), 256)),
                   nn.ConvTranspose2d(256, 1, 3, padding=1), nn.Sigmoid()]
        shape = (1, 32, 32)
    return nn.Sequential(*encoder, code), nn.Sequential(*decoder), shape


def entropy(z):
    """Returns the Kozachenko-Leonenko estimate from nearest neighbors."""
    import torch

    n, d = z.shape
    with torch.no_grad():
        apart = torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
        nearest = apart.argmin(1)
    constant = math.log(n - 1) + 0.5772 + d / 2 * math.log(math.pi) - math.lgamma(d / 2 + 1)
    return constant + d * (z - z[nearest]).norm(dim=1).log().mean()


def torch_step(model, batch, latent, threads, steps, channels_last):
    """Returns the median duration of a step in milliseconds."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    encoder, decoder, shape = networks(model, latent)
    x = torch.rand(batch, *shape)
    if channels_last:
        encoder, decoder, x = (part.to(memory_format=torch.channels_last) for part in (encoder, decoder, x))
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        z = encoder(x)
        loss = (decoder(z) - x).square().sum() / batch - 0.5 * entropy(z)
        adam.zero_grad()
        loss.backward()
        adam.step()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[2:])


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(model, batch, latent, threads, eae):
    steps = 3 if model == "paper32" else 20
    ours, theirs = [], []
    for _ in range(1 if model == "paper32" else 4):
        options = [f"--model={model}", f"--batch={batch}", f"--latent={latent}", f"--threads={threads}", f"--steps={steps}"]
        ours.append(json.loads(run([eae, "bench", "step", "--warmup=2", *options]))["median_ms"])
        layouts = ["False"] if model == "mlp" else ["False", "True"]
        theirs.append(min(float(run([sys.executable, __file__, "--step", model, str(batch), str(latent), str(threads),
                                     str(steps), layout])) for layout in layouts))
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(f"| {model} | {batch} | {threads} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--models", nargs="+", default=[row[0] for row in ROWS])
    parser.add_argument("--eae", default="target/release/eae")
    parser.add_argument("--step", nargs=6, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        model, *numbers, layout = arguments.step
        print(torch_step(model, *map(int, numbers), layout == "True"))
    else:
        print("| preset | batch | threads | PyTorch, ms | here, ms | ratio |\n|---|---|---|---|---|---|")
        for row in ROWS:
            for threads in arguments.threads:
                if row[0] in arguments.models:
                    compare(*row, threads, arguments.eae)
