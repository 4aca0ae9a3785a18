"""Compares the speed of two commits: the kernels and the training step, in turns, in one run.

    python benches/commits.py main HEAD --threads 1

Each commit is checked out and built in a folder of its own below `target/commits`, which later runs reuse. Every round runs
both programs one after the other and gives one ratio of times per measurement. A change is reported if the median ratio is off
by more than 2 % and at least three quarters of the rounds agree on its sign. Run the script on a quiet machine.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
from pathlib import Path

STEPS = [("mlp", 100, 16, 60), ("conv28", 100, 16, 20), ("conv28", 512, 16, 5), ("conv32", 100, 64, 5)]


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def build(commit, folder):
    """Builds a commit and returns the paths of its kernel benchmark and its program."""
    name = run(["git", "rev-parse", "--short", f"{commit}^{{commit}}"]).strip()
    tree, target = folder / f"{name}-tree", folder / f"{name}-target"
    if not tree.exists():
        run(["git", "worktree", "add", "--detach", str(tree), name])
    print(f"building {name}", flush=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    run(["cargo", "build", "--release", "-p", "eae-cli"], cwd=tree, env=environment)
    command = ["cargo", "bench", "-p", "nn-layers", "--bench", "layers", "--no-run", "--message-format=json"]
    messages = map(json.loads, run(command, cwd=tree, env=environment).splitlines())
    bench = next(path for path in (message.get("executable") for message in messages) if path)
    return name, bench, str(target / "release" / "eae")


def kernels(bench, threads):
    """Returns the time of each kernel, up to a factor that is the same in all commits."""
    times, layer = {}, ""
    for line in run([bench], env={**os.environ, "RAYON_NUM_THREADS": str(threads)}).splitlines():
        rate = re.fullmatch(r"  (.*\S) +([0-9.]+) Gflop/s", line)
        if rate:
            times[f"{layer}, {rate[1]}"] = 1 / float(rate[2])
        else:
            layer = line
    return times


def steps(program, threads):
    """Returns the time of each training step in milliseconds."""
    times = {}
    for model, batch, latent, count in STEPS:
        options = [f"--model={model}", f"--batch={batch}", f"--latent={latent}", f"--steps={count}", f"--threads={threads}"]
        times[f"step of {model}, batch {batch}"] = json.loads(run([program, "bench", "step", *options]))["min_ms"]
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after", nargs="?", default="HEAD")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=Path("target/commits"))
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sides = [build(commit, folder) for commit in (arguments.before, arguments.after)]

    ratios = {}
    for number in range(arguments.rounds):
        # The side that runs first may find another clock rate, so the order alternates.
        order = sides if number % 2 == 0 else sides[::-1]
        times = {}
        for side in order:
            times[side] = {**kernels(side[1], arguments.threads), **steps(side[2], arguments.threads)}
        before, after = (times[side] for side in sides)
        for measurement in before.keys() & after.keys():
            ratios.setdefault(measurement, []).append(after[measurement] / before[measurement])
        print(f"round {number + 1} of {arguments.rounds}", flush=True)

    print(f"| time of {sides[1][0]} over {sides[0][0]} | ratio | quartiles | |\n|---|---|---|---|")
    for measurement, some in sorted(ratios.items()):
        median = statistics.median(some)
        low, _, high = statistics.quantiles(some, n=4) if len(some) > 1 else [median] * 3
        changed = "" if low <= 1 <= high or abs(median - 1) < 0.02 else "faster" if median < 1 else "slower"
        print(f"| {measurement} | {median:.3f} | {low:.3f} to {high:.3f} | {changed} |")


if __name__ == "__main__":
    main()
